"""Jobs that compute let requests of the same process go first.

They share one interpreter. It hands its lock on every tenth of a millisecond, which a request needs several times for
one answer; a job that stands still until there is nobody to be answered costs it nothing else.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

__all__ = ["Courtesy"]

Item = TypeVar("Item")

# One who has come so long ago waits for something else than the interpreter, such as a slow network.
_NEW_SECONDS = 0.05
_ITEMS_AT_ONCE = 16


class Courtesy:
    """Told of requests by the event loop, and asked by the threads of jobs."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody; `clock` tells seconds."""
        self._clock = clock
        self._number = 0
        self._came_at = 0.0
        self._nobody = Event()
        self._nobody.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer a request for the length of the block; of one event loop."""
        self._number += 1
        self._came_at = self._clock()
        self._nobody.clear()
        try:
            yield
        finally:
            self._number -= 1
            if not self._number:
                self._nobody.set()

    def letting_pass(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield items that are worked on, and now and then stand still while somebody is answered.

        Never for longer than was worked since, so that work goes on however many come.
        """
        began_at = self._clock()
        for number, item in enumerate(items):
            if not number % _ITEMS_AT_ONCE and self._number:
                now = self._clock()
                if now - self._came_at < _NEW_SECONDS:
                    self._nobody.wait(min(now - began_at, _NEW_SECONDS))
                began_at = self._clock()
            yield item
