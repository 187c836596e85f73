"""What time it is, as an argument: everything that depends on time is handed a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

__all__ = ["Clock", "iso", "iso_micro", "milliseconds", "system_clock"]

Clock = Callable[[], datetime]
"""Answers the present moment as an aware UTC datetime."""


system_clock: Clock = partial(datetime.now, UTC)
"""Answers the machine's present moment; asked at every request, hence without a frame of its own."""


def iso(moment: datetime) -> str:
    """Write a moment the way the public resources do: `2019-12-06T06:49:04Z` (contract 1.5)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_micro(moment: datetime) -> str:
    """Write a moment the way IAM does, with microseconds (contract 4.1)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def milliseconds(moment: datetime) -> int:
    """Answer a moment as milliseconds since the epoch, as FDI writes times (contract 7.1)."""
    return int(moment.timestamp() * 1000)
