"""Who hears of a job's change: caches of ready answers drop what was announced, waiters wake.

A reader takes a ticket before it looks the job up and hands it in with the answer; an announcement in
between voids the ticket, so that an answer read before a change is never kept after it.
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Answers", "Watch"]

Answer = TypeVar("Answer")


class Watch:
    """Tells every listener that a job has changed, after the change is committed."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Have a function called with the id of every job that changes; it must not block."""
        self._listeners.append(listener)

    def announce(self, job_id: str) -> None:
        """Say that a job has changed."""
        for listener in self._listeners:
            listener(job_id)


class Answers(Generic[Answer]):
    """A bounded cache of ready answers by job id; the oldest go first."""

    def __init__(self, watch: Watch, *, entries_max: int) -> None:
        self._ready: dict[str, Answer] = {}
        self._tickets: dict[str, object] = {}
        self._entries_max = entries_max
        self._lock = Lock()
        watch.listen(self._drop)

    def get(self, job_id: str) -> Answer | None:
        """Answer what is ready for a job: one dictionary lookup."""
        return self._ready.get(job_id)

    def ticket(self, job_id: str) -> object:
        """Begin to look a job up."""
        with self._lock:
            return self._tickets.setdefault(job_id, object())

    def keep(self, job_id: str, ticket: object, answer: Answer) -> None:
        """Keep an answer unless the job has changed since the ticket was taken."""
        with self._lock:
            if self._tickets.pop(job_id, None) is not ticket:
                return
            while len(self._ready) >= self._entries_max:
                del self._ready[next(iter(self._ready))]
            self._ready[job_id] = answer

    def forget(self, job_id: str, ticket: object) -> None:
        """End a look-up that found nothing to keep."""
        with self._lock:
            if self._tickets.get(job_id) is ticket:
                del self._tickets[job_id]

    def _drop(self, job_id: str) -> None:
        with self._lock:
            self._tickets.pop(job_id, None)
            self._ready.pop(job_id, None)
