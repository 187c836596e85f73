"""Two API processes and three workers on one PostgreSQL and one S3 store, each of which can be harmed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server_process import ServerProcess

__all__ = ["Fleet", "Member", "running_fleet"]


class Member(ServerProcess):
    """One process of the fleet; started again, it is another process under the same name and port."""

    def __init__(self, name: str, command: str, settings: Mapping[str, str], folder: Path) -> None:
        program = [sys.executable, "-m", "romaport", command, "--json"]
        super().__init__(folder / name, settings=settings, command=program, is_forked=True)
        self.name = name
        self.turn = threading.Lock()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def end(self) -> None:
        """Ask it to end, frozen or not, and insist when it does not."""
        if not self.is_running:
            return
        self.signal(signal.SIGCONT)
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The processes, by what they do."""

    servers: tuple[Member, ...]
    workers: tuple[Member, ...]
    endpoints: tuple[str, ...]

    @property
    def members(self) -> tuple[Member, ...]:
        """Answer every process."""
        return (*self.servers, *self.workers)


@contextmanager
def running_fleet(folder: Path, settings: Mapping[str, str], ports: Sequence[int], *, workers: int) -> Iterator[Fleet]:
    """Run an API process at each port, and some workers."""
    fleet = Fleet(
        servers=tuple(
            Member(f"server-{at}", "serve", {**settings, "ROMAPORT_SERVER_PORT": str(port)}, folder)
            for at, port in enumerate(ports)
        ),
        workers=tuple(Member(f"worker-{at}", "worker", settings, folder) for at in range(workers)),
        endpoints=tuple(f"http://127.0.0.1:{port}" for port in ports),
    )
    try:
        for member in fleet.members:
            member.launch()
        yield fleet
    finally:
        for member in fleet.members:
            member.end()
