"""References that wait until there are many, and are then given out in order, some at a time."""

from bisect import bisect_right
from collections.abc import Iterable

from romaport.catalog.store.placing import Edge

__all__ = ["Held"]

_MARKED = 25


class Held:
    """In order of their targets, without all of them being put in order at once.

    That takes tens of milliseconds in which the interpreter does nothing else, and somebody's poll waits for it.
    """

    def __init__(self) -> None:
        self._runs: list[list[Edge]] = []
        self._marks: list[Edge] = []
        """One for so many of each run, the first of them last."""

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, edges: Iterable[Edge]) -> None:
        """Hold some more."""
        self._runs.append(sorted(edges))
        self._marks = []

    def take(self, number: int) -> list[Edge]:
        """Let about so many go, and no more: those that come first, in order; none if there are none."""
        if not self._marks:
            self._marks = sorted((edge for run in self._runs for edge in run[::_MARKED]), reverse=True)
        passed = max(number // _MARKED, 1)
        last, self._marks = self._marks[-passed:], self._marks[:-passed]
        if not self._marks:
            # No later one is marked.
            taken = [edge for run in self._runs for edge in run]
            self._runs = []
            return sorted(taken)
        taken = []
        for run in self._runs:
            end = bisect_right(run, last[0])
            taken += run[:end]
            del run[:end]
        return sorted(taken)
