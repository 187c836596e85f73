"""Two API processes and three workers on one PostgreSQL and one S3 store, each of which can be harmed."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Fleet", "Member", "running_fleet"]

_START_SECONDS = 120
_STOP_SECONDS = 60


class Member:
    """One process of the fleet; started again, it is another process under the same name and port."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        self._command = [sys.executable, "-m", "romaport", *command, "--json"]
        self._environment = {**environment, "ROMAPORT_SERVER_DATA": str(folder / name)}
        self._process: subprocess.Popen[str] | None = None
        self.turn = threading.Lock()

    def start(self) -> None:
        """Start, and wait for the line that says it works."""
        with self.log_path.open("a") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        said: queue.Queue[str] = queue.Queue()
        assert self._process.stdout is not None
        reader = threading.Thread(target=_read_line, args=(self._process.stdout, said), daemon=True)
        reader.start()
        line = said.get(timeout=_START_SECONDS)
        assert line, f"{self.name} did not start: {self.log_path.read_text()[-2000:]}"
        json.loads(line)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._forget()

    def stop(self) -> None:
        """Ask it to end, and insist when it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._forget()

    def _forget(self) -> None:
        assert self._process is not None
        self._process.wait(_STOP_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    @property
    def pid(self) -> int:
        """Answer the id of the process that runs now, 0 if none does."""
        return 0 if self._process is None else self._process.pid


def _read_line(stream: Iterator[str], said: "queue.Queue[str]") -> None:
    said.put(next(stream, ""))


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The processes, by what they do."""

    servers: tuple[Member, ...]
    workers: tuple[Member, ...]
    endpoints: tuple[str, ...]
    started_at: float = field(default_factory=time.monotonic)

    @property
    def members(self) -> tuple[Member, ...]:
        """Answer every process."""
        return (*self.servers, *self.workers)


@contextmanager
def running_fleet(folder: Path, settings: Mapping[str, str], ports: Sequence[int], *, workers: int) -> Iterator[Fleet]:
    """Run an API process at each port, and some workers."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROMAPORT_")}
    environment = {**inherited, **settings}
    fleet = Fleet(
        servers=tuple(
            Member(f"server-{at}", ["serve"], {**environment, "ROMAPORT_SERVER_PORT": str(port)}, folder)
            for at, port in enumerate(ports)
        ),
        workers=tuple(Member(f"worker-{at}", ["worker"], environment, folder) for at in range(workers)),
        endpoints=tuple(f"http://127.0.0.1:{port}" for port in ports),
    )
    try:
        for member in fleet.members:
            member.start()
        yield fleet
    finally:
        for member in fleet.members:
            member.stop()
