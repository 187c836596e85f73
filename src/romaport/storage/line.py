"""Who writes next: those who wait, in the order in which they came, so that each waits for those before it alone.

SQLite itself has them ask again after ever longer pauses, in which whoever writes without end is always faster.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from romaport.errors import StoreUnavailable

__all__ = ["Line"]


class Line:
    """The writers of one database in this process."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._guard = Lock()
        self._is_taken = False
        self._waiting: deque[Lock] = deque()
        self._patient: set[Lock] = set()

    @property
    def length(self) -> int:
        """How many wait and would have others make haste."""
        with self._guard:
            return len(self._waiting) - len(self._patient)

    @contextmanager
    def turn(self, *, is_patient: bool = False) -> Iterator[None]:
        """Be the only writer for the length of the block; raise `StoreUnavailable` if that takes too long.

        For one that is patient nobody has to make haste.
        """
        self._take(is_patient=is_patient)
        try:
            yield
        finally:
            self._give()

    def _take(self, *, is_patient: bool) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
            if is_patient:
                self._patient.add(mine)
        if mine.acquire(timeout=self._patience_seconds):
            return
        with self._guard:
            # Given to us in the last moment, it is ours to give on.
            if mine in self._waiting:
                self._waiting.remove(mine)
                self._patient.discard(mine)
                raise StoreUnavailable(store="database")

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                first = self._waiting.popleft()
                self._patient.discard(first)
                first.release()
            else:
                self._is_taken = False
