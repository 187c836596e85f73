"""The moment between an archive's last byte and the row that says so.

The download counts only when its last byte was handed over, so a client may hold the whole package an
instant before its job is Finished. Whoever asks about the job in that instant, of this process or another, waits
for the end of it: nobody reads an older state than one they have caused.

To other processes a mark says so. What they keep of the job does not hold any more from then on, so they look, and ask
for the mark; where nothing has begun since they looked, they need not.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
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
    async def of(self, job_id: str, outdate: Callable[[], None]) -> AsyncIterator[None]:
        """Have those who ask about the job wait for the end of the block; raise `StoreUnavailable`.

        `outdate` makes what other processes keep of the job no longer hold; called in a thread, where there are any.
        """
        event = self._open.setdefault(job_id, asyncio.Event())
        try:
            if self._marks is not None:
                await self._marks.set(_mark(job_id))
                # Not before: whoever looks at once must find the mark.
                await asyncio.to_thread(outdate)
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

    async def settled_elsewhere(self, job_id: str) -> bool:
        """Wait while the job's archive is being handed over by another process; say whether it is not any more.

        To be asked before the row is read, where the archive may be offered. Raises `StoreUnavailable`.
        """
        if self._marks is None:
            return True
        ends_at = time.monotonic() + _WAIT_SECONDS
        while await self._marks.is_set_elsewhere(_mark(job_id)):
            if time.monotonic() >= ends_at:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True


def _mark(job_id: str) -> str:
    return f"handover:{job_id}"
