"""The moment between an archive's last byte and the row that says so.

The download counts only when its last byte was handed over, so a client may hold the whole package an
instant before its job is Finished. Whoever asks about the job in that instant waits for the end of it:
nobody reads an older state than one they have caused.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["HandOvers"]

# Far longer than the row takes; a client that stalls on the last bytes must not stall those who poll.
_WAIT_SECONDS = 2.0


class HandOvers:
    """The jobs whose archive is being handed over right now; of one event loop."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}

    @contextmanager
    def of(self, job_id: str) -> Iterator[None]:
        """Have those who ask about the job wait for the end of the block."""
        event = self._open.setdefault(job_id, asyncio.Event())
        try:
            yield
        finally:
            event.set()
            self._open.pop(job_id, None)

    def is_open(self, job_id: str) -> bool:
        """Say whether the job's archive is being handed over."""
        return job_id in self._open

    async def settled(self, job_id: str) -> None:
        """Wait while the job's archive is being handed over; at once if it is not."""
        event = self._open.get(job_id)
        if event is not None:
            try:
                await asyncio.wait_for(event.wait(), _WAIT_SECONDS)
            except TimeoutError:
                return
