"""What others see of a server that works: how long a poll takes, and how long another user's write waits."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.place import Served

__all__ = ["Seen", "watched"]

_POLL_PAUSE_SECONDS = 0.01
_WRITE_PAUSE_SECONDS = 0.05


@dataclass
class Seen:
    """Durations in milliseconds."""

    polls: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)

    @property
    def poll_p99(self) -> float:
        """The duration that 99 of 100 polls stay below."""
        return sorted(self.polls)[int(len(self.polls) * 0.99)]

    @property
    def write_max(self) -> float:
        """The longest write."""
        return max(self.writes)


@contextmanager
def watched(server: Served, instance: str, job_id: str) -> Iterator[Seen]:
    """Poll a job of one instance, and write to another, until the block ends."""
    seen, end = Seen(), threading.Event()
    other = next(name for name in server.credentials["instances"] if name != instance)

    def poll() -> None:
        with server.client(instance) as client:
            _repeat(seen.polls, end, _POLL_PAUSE_SECONDS, lambda _number: client.job(job_id))

    def write() -> None:
        with server.client(other) as client:
            place = ("instances", client.instance_id, "apps")
            _repeat(
                seen.writes,
                end,
                _WRITE_PAUSE_SECONDS,
                lambda number: client.post(*place, body={"name": f"meanwhile-{number}-{time.time_ns()}"}),
            )

    threads = [threading.Thread(target=work) for work in (poll, write)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _repeat(into: list[float], end: threading.Event, pause_seconds: float, ask: Callable[[int], object]) -> None:
    number = 0
    while not end.wait(pause_seconds):
        began_at = time.perf_counter()
        ask(number)
        into.append((time.perf_counter() - began_at) * 1000)
        number += 1
