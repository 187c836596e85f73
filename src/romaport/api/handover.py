"""The moment between an archive's last byte and the row that says so.

The download counts only when its last byte was handed over, so a client may hold the whole package an
instant before its job is Finished. Whoever asks about the job in that instant, of this process or another, waits
for the end of it: nobody reads an older state than one they have caused.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from romaport.storage import Marks

__all__ = ["HandOvers"]

# Far longer than the row takes; a client that stalls on the last bytes must not stall those who poll.
_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.01


class HandOvers:
    """The jobs whose archive is being handed over right now; of one event loop."""

    def __init__(self, marks: Marks | None = None) -> None:
        """Take what tells other processes; None if there is none."""
        self._open: dict[str, asyncio.Event] = {}
        self._marks = marks

    @asynccontextmanager
    async def of(self, job_id: str) -> AsyncIterator[None]:
        """Have those who ask about the job wait for the end of the block; raise `StoreUnavailable`."""
        event = self._open.setdefault(job_id, asyncio.Event())
        try:
            if self._marks is not None:
                await self._marks.set(_mark(job_id))
            yield
        finally:
            if self._marks is not None:
                await self._marks.clear(_mark(job_id))
            event.set()
            self._open.pop(job_id, None)

    def is_open(self, job_id: str) -> bool:
        """Say whether the job's archive is being handed over."""
        return job_id in self._open

    async def settled(self, job_id: str) -> None:
        """Wait while the job's archive is being handed over by this process; at once if it is not."""
        event = self._open.get(job_id)
        if event is not None:
            try:
                await asyncio.wait_for(event.wait(), _WAIT_SECONDS)
            except TimeoutError:
                return

    async def settled_elsewhere(self, job_id: str) -> None:
        """Wait while the job's archive is being handed over by another process; raise `StoreUnavailable`.

        To be asked before the row is read, where the archive may be offered.
        """
        if self._marks is None:
            return
        ends_at = time.monotonic() + _WAIT_SECONDS
        while await self._marks.is_set_elsewhere(_mark(job_id)) and time.monotonic() < ends_at:  # noqa: ASYNC110 - the end is in another process
            await asyncio.sleep(_LOOK_SECONDS)


def _mark(job_id: str) -> str:
    return f"handover:{job_id}"
