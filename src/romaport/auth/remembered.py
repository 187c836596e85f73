"""What this process remembers of credentials for a moment: bounded, and never longer than it may.

Readers on the event loop take no lock: they see a whole entry or none. Writers take turns.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Failures", "Remembered"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values that hold until a moment, in seconds since the epoch; when there is no more room, the oldest goes."""

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._entries: dict[K, tuple[float, V]] = {}
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K, *, at: float) -> V | None:
        """Answer the value, if there is one that still holds."""
        found = self._entries.get(key)
        return None if found is None or found[0] <= at else found[1]

    def put(self, key: K, value: V, *, until: float) -> None:
        """Remember a value until the moment given."""
        with self._turn:
            self._entries.pop(key, None)
            while len(self._entries) >= self._entries_max:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (until, value)

    def forget(self, key: K) -> None:
        """Remember the value no longer."""
        with self._turn:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Remember nothing."""
        with self._turn:
            self._entries.clear()


@dataclass(frozen=True, slots=True)
class _Row:
    count: int
    locked_until: float | None


class Failures(Generic[K]):
    """Failures in a row per name; as many as `failures_max` lock the name for a while.

    A name is counted whether it exists or not, so that being locked tells nothing. Moments are seconds since the epoch.
    """

    def __init__(self, *, failures_max: int, lock_seconds: int, entries_max: int) -> None:
        self._failures_max = failures_max
        self._lock_seconds = lock_seconds
        self._entries_max = entries_max
        self._rows: dict[K, _Row] = {}
        self._turn = Lock()

    def locked_seconds(self, name: K, *, at: float) -> int:
        """Answer for how many more seconds the name is locked; 0 if it is not."""
        row = self._rows.get(name)
        if row is None or row.locked_until is None or row.locked_until <= at:
            return 0
        return math.ceil(row.locked_until - at)

    def add(self, name: K, *, at: float) -> None:
        """Count one more failure, and lock the name if it is the last it may have."""
        with self._turn:
            row = self._rows.pop(name, None)
            is_over = row is None or (row.locked_until is not None and row.locked_until <= at)
            count = 1 if is_over or row is None else row.count + 1
            while len(self._rows) >= self._entries_max:
                del self._rows[next(iter(self._rows))]
            self._rows[name] = _Row(count, at + self._lock_seconds if count >= self._failures_max else None)

    def clear(self, name: K) -> None:
        """Begin to count anew: the name has succeeded."""
        if name in self._rows:
            with self._turn:
                self._rows.pop(name, None)
