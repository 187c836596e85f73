"""Waiting for what follows by itself, and asking at the same moment."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

__all__ = ["at_once", "remaining", "until"]

_SECONDS = 30.0
_LOOK_SECONDS = 0.01
_LOOK_SECONDS_MAX = 0.5
_PART_WAITED = 0.1
_START_SECONDS = 30

Answer = TypeVar("Answer")
Found = TypeVar("Found")


def until(holds: Callable[[], object], what: str = "what is waited for", seconds: float = _SECONDS) -> None:
    """Wait until something holds."""
    began_at = time.monotonic()
    while not holds():
        assert time.monotonic() < began_at + seconds, f"{what}: not within {seconds} s"
        time.sleep(_pause(began_at))


def remaining(
    find: Callable[[], Sequence[Found]], seconds: float, *, look_seconds: float = _LOOK_SECONDS
) -> list[Found]:
    """Answer what is found once nothing is, or once the time is over."""
    began_at = time.monotonic()
    while (found := list(find())) and time.monotonic() < began_at + seconds:
        time.sleep(max(look_seconds, _pause(began_at)))
    return found


def _pause(began_at: float) -> float:
    """Look less often at what takes long; a look may cost a new session of a database."""
    return min(max(_LOOK_SECONDS, _PART_WAITED * (time.monotonic() - began_at)), _LOOK_SECONDS_MAX)


def at_once(number: int, ask: Callable[[int], Answer]) -> list[Answer]:
    """Have so many threads ask at the same moment; answer what each was answered."""
    barrier = Barrier(number)

    def run(position: int) -> Answer:
        barrier.wait(_START_SECONDS)
        return ask(position)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))
