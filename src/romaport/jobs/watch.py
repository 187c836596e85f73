"""What is kept of jobs, ready to be answered: dropped with every change that the feed tells of.

A reader takes a ticket before it looks the job up and hands it in with the answer; a change in between voids the
ticket, so that an answer read before a change is never kept after it.
"""

from threading import Lock
from typing import Generic, TypeVar

from romaport.storage import Feed, Topic

__all__ = ["Answers"]

Answer = TypeVar("Answer")


class Answers(Generic[Answer]):
    """A bounded cache of ready answers by job id; the oldest go first."""

    def __init__(self, feed: Feed, *, entries_max: int) -> None:
        self._feed = feed
        self._ready: dict[str, Answer] = {}
        self._tickets: dict[str, object] = {}
        self._entries_max = entries_max
        self._lock = Lock()
        feed.listen(Topic.JOB, self._drop, lost=self._drop_all)

    def get(self, job_id: str) -> Answer | None:
        """Answer what is ready for a job: one dictionary lookup."""
        return self._ready.get(job_id)

    def ticket(self, job_id: str) -> object:
        """Begin to look a job up."""
        with self._lock:
            return self._tickets.setdefault(job_id, object())

    def keep(self, job_id: str, ticket: object, answer: Answer) -> None:
        """Keep an answer unless the job has changed since the ticket was taken, or is about to."""
        with self._lock:
            if self._tickets.pop(job_id, None) is not ticket or self._feed.is_changing(Topic.JOB, job_id):
                return
            self._ready.pop(job_id, None)
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

    def _drop_all(self) -> None:
        with self._lock:
            self._tickets.clear()
            self._ready.clear()
