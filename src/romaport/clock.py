"""What time it is, as an argument: everything that depends on time is handed a `Clock`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

__all__ = ["Clock", "iso", "iso_micro", "milliseconds", "seconds_of", "system_clock"]

Clock = Callable[[], datetime]
"""Answers the present moment as an aware UTC datetime."""


system_clock: Clock = partial(datetime.now, UTC)
"""Answers the machine's present moment; asked at every request, hence without a frame of its own."""


def seconds_of(clock: Clock) -> Callable[[], float]:
    """Answer what tells the moments of a clock as seconds since the epoch.

    Who asks at every poll asks this: the machine tells its seconds in a third of the time that a datetime takes.
    """
    return time.time if clock is system_clock else lambda: clock().timestamp()


def iso(moment: datetime) -> str:
    """Write a moment the way the public resources do: `2019-12-06T06:49:04Z` (contract 1.5)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_micro(moment: datetime) -> str:
    """Write a moment the way IAM does, with microseconds (contract 4.1)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def milliseconds(moment: datetime) -> int:
    """Answer a moment as milliseconds since the epoch, as FDI writes times (contract 7.1)."""
    return int(moment.timestamp() * 1000)
