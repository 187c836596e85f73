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

    @property
    def length(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only writer for the length of the block; raise `StoreUnavailable` if that takes too long."""
        self._take()
        try:
            yield
        finally:
            self._give()

    def _take(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=self._patience_seconds):
            return
        with self._guard:
            # Given to us in the last moment, it is ours to give on.
            if mine in self._waiting:
                self._waiting.remove(mine)
                raise StoreUnavailable(store="database")

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
