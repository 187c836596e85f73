"""Versions of rows on PostgreSQL: whether what is kept of a row is still what every process sees.

The server itself gives every version of a row the number of the transaction that wrote it (`xmin`). So nothing has
to be counted by those who write, and no two states that anyone could see have the same version.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import FromClause, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from romaport.errors import StoreUnavailable
from romaport.storage.rounds import Rounds
from romaport.storage.sessions import lost_causes, open_session

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from romaport.storage.dialects import DatabaseOptions

__all__ = ["Versions", "row_version"]

_READ = "SELECT id, xmin::text FROM jobs WHERE id = ANY(%s::text[])"
# Longer than any healthy database takes; who polls is told 503 after this.
_ANSWER_SECONDS = 5.0


class Versions:
    """Answers versions of jobs as of now, to all who ask at once by one read on a session of its own."""

    def __init__(self, options: "DatabaseOptions") -> None:
        self._options = options
        self._session: AsyncConnection | None = None
        self._rounds: Rounds[str, str] = Rounds(self._answers)

    async def of(self, job_id: str) -> str | None:
        """Answer the version that a read finds that begins from now on, None without a row.

        Raises `StoreUnavailable`.
        """
        return await self._rounds.answer(job_id)

    async def close(self) -> None:
        """Close the session; whoever asks again opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _answers(self, asked: set[str]) -> Mapping[str, str]:
        reading = asyncio.create_task(self._rows(list(asked)))
        # Not cancelled when its time is over: the driver would wait for a server that may be gone.
        await asyncio.wait({reading}, timeout=_ANSWER_SECONDS)
        if not reading.done():
            self._session = None
            reading.add_done_callback(_passed_over)
            reading.cancel()
            raise StoreUnavailable(store="database")
        try:
            return reading.result()
        except lost_causes() as cause:
            raise StoreUnavailable(store="database") from cause

    async def _rows(self, job_ids: list[str]) -> dict[str, str]:
        if self._session is not None:
            try:
                return await self._rows_by(self._session, job_ids)
            except lost_causes():
                # Cut since it was asked last, by a restart or an administrator: a new one is asked.
                await self.close()
        self._session = await open_session(self._options, "versions")
        return await self._rows_by(self._session, job_ids)

    async def _rows_by(self, session: "AsyncConnection", job_ids: list[str]) -> dict[str, str]:
        cursor = await session.execute(_READ, (job_ids,), prepare=True)
        return dict(await cursor.fetchall())


def _passed_over(reading: "asyncio.Task[dict[str, str]]") -> None:
    if not reading.cancelled():
        reading.exception()


class row_version(GenericFunction[str]):  # noqa: N801 - used like a function of SQL
    """The version of a table's row; empty on SQLite, where one process sees every change."""

    type = Text()
    inherit_cache = True

    def __init__(self, table: FromClause) -> None:
        # A column stands for its table, so that the statement knows where the row comes from.
        super().__init__(next(iter(table.primary_key)))


@compiles(row_version, "sqlite")
def _sqlite_version(_element: row_version, _compiler: SQLCompiler, **_words: Any) -> str:  # noqa: ANN401 - passed on
    return "''"


@compiles(row_version, "postgresql")
def _postgresql_version(element: row_version, _compiler: SQLCompiler, **_words: Any) -> str:  # noqa: ANN401 - passed on
    (column,) = element.clauses
    return f"CAST({column.table.name}.xmin AS TEXT)"
