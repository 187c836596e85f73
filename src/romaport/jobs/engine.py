"""What runs jobs, as everyone else sees it: `engine_embedded` in the process, `engine_distributed` on many machines."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Event
from typing import Protocol

from romaport.jobs.job import Job
from romaport.storage import Transaction

__all__ = ["Attempt", "Ended", "Ending", "Engine"]


class Ending(Enum):
    """How an attempt at a job ended, for whoever runs it."""

    SETTLED = "settled"
    """The job needs no other attempt, or somebody else is at it."""
    AGAIN = "again"
    """A store did not answer: the job is to be tried again after a pause."""
    STOPPED = "stopped"
    """It was asked to stop, and did at a safe point: whoever is free goes on at once."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The end of an attempt, and for how long the job rests then."""

    how: Ending
    pause_seconds: float = 0.0


Attempt = Callable[[str, Event], Ended]
"""Runs one attempt at a job, by id; it ends at its next checkpoint once the event is set."""


class Engine(Protocol):
    """Runs submitted jobs beside the requests, a bounded number at a time."""

    def submit(self, tx: Transaction, job: Job) -> None:
        """Have a job run as soon as its row is committed and a worker is free, and not at all if it is undone."""

    async def start(self) -> None:
        """Begin to run jobs, those that an earlier process left behind included."""

    def halt(self) -> None:
        """Take no more jobs, and ask those that run to end at their next checkpoint."""

    async def stop(self) -> None:
        """Take no more jobs, and wait until those that run have reached a safe point."""

    async def drain(self) -> None:
        """Wait until nothing runs and nothing waits."""
