"""Marks that one process sets and every process on the database sees, until they are cleared or the process is gone.

A mark is a lock that many may have at once (a shared advisory lock of PostgreSQL), kept by a session of the event loop:
nothing is written, and nothing stays behind of a process that dies. Whoever wants to know tries to have the lock alone.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from romaport.errors import StoreUnavailable
from romaport.storage.rounds import Rounds
from romaport.storage.sessions import LastingSession

if TYPE_CHECKING:
    from romaport.storage.dialects import DatabaseOptions

__all__ = ["Marks"]

_SET = "SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))"
_CLEAR = "SELECT pg_advisory_unlock_shared(hashtextextended(%s, 0))"
# Given back with the end of the statement.
_TRY = "SELECT name, pg_try_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS name"


class Marks:
    """The marks of one process, and a look at those of the others. Of one event loop."""

    def __init__(self, options: "DatabaseOptions") -> None:
        self._session = LastingSession(options, "marks")
        # Of a job that has just ended all ask who wait for it.
        self._rounds: Rounds[str, bool] = Rounds(self._free)

    async def set(self, name: str) -> None:
        """Set a mark, once more if it is set already; raise `StoreUnavailable`."""
        await self._session.rows(_SET, (name,))

    async def clear(self, name: str) -> None:
        """Take back that a mark was set; one that was lost with its session is no error."""
        with suppress(StoreUnavailable):
            await self._session.rows(_CLEAR, (name,))

    async def is_set_elsewhere(self, name: str) -> bool:
        """Say whether another process has set a mark, or is just asking the same; raise `StoreUnavailable`."""
        return not (await self._rounds.answer(name))[name]

    async def close(self) -> None:
        """Clear every mark of this process."""
        await self._session.close()

    async def _free(self, names: Collection[str]) -> Mapping[str, bool]:
        return dict(await self._session.rows(_TRY, (list(names),)))
