"""Waiting for what follows by itself, and asking at the same moment."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

__all__ = ["at_once", "remaining", "until"]

_SECONDS = 30.0
_LOOK_SECONDS = 0.01
_START_SECONDS = 30

Answer = TypeVar("Answer")
Found = TypeVar("Found")


def until(holds: Callable[[], object], what: str = "what is waited for", seconds: float = _SECONDS) -> None:
    """Wait until something holds."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, f"{what}: not within {seconds} s"
        time.sleep(_LOOK_SECONDS)


def remaining(
    find: Callable[[], Sequence[Found]], seconds: float, *, look_seconds: float = _LOOK_SECONDS
) -> list[Found]:
    """Answer what is found once nothing is, or once the time is over."""
    ends_at = time.monotonic() + seconds
    while (found := list(find())) and time.monotonic() < ends_at:
        time.sleep(look_seconds)
    return found


def at_once(number: int, ask: Callable[[int], Answer]) -> list[Answer]:
    """Have so many threads ask at the same moment; answer what each was answered."""
    barrier = Barrier(number)

    def run(position: int) -> Answer:
        barrier.wait(_START_SECONDS)
        return ask(position)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))
