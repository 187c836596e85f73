"""Sessions of PostgreSQL that belong to the event loop: asked too often, or waiting too long, for a thread."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from romaport.errors import StoreUnavailable
from romaport.storage.dialects import DatabaseOptions, network_limits

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["ANSWER_SECONDS", "LastingSession", "lost_causes", "open_session"]

_STATEMENT_MILLISECONDS = 5_000
ANSWER_SECONDS = 5.0
"""Longer than any healthy database takes; whoever waits for the answer is told 503 after this."""


def lost_causes() -> tuple[type[Exception], ...]:
    """Answer what is raised where a session cannot be had, is lost, or does not answer."""
    from psycopg import Error

    return (Error, OSError, TimeoutError)


async def open_session(options: DatabaseOptions, purpose: str) -> "AsyncConnection":
    """Open a session in which every statement is a transaction of its own.

    Raises one of `lost_causes`.
    """
    from psycopg import AsyncConnection

    url = make_url(options.url).set(drivername="postgresql").render_as_string(hide_password=False)
    words: dict[str, Any] = {
        "application_name": f"romaport {purpose}",
        "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
        **network_limits(),
    }
    return await AsyncConnection.connect(url, autocommit=True, **words)


class LastingSession:
    """One session, opened when it is needed, and again when it was lost. Of one event loop."""

    def __init__(self, options: DatabaseOptions, purpose: str) -> None:
        self._options = options
        self._purpose = purpose
        self._session: AsyncConnection | None = None
        self._opening = asyncio.Lock()

    async def rows(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        """Answer the rows of a statement, done twice if its first answer was lost; raise `StoreUnavailable`."""
        reading = asyncio.create_task(self._rows(statement, values))
        # Not cancelled when its time is over: the driver would wait for a server that may be gone.
        await asyncio.wait({reading}, timeout=ANSWER_SECONDS)
        if not reading.done():
            self._session = None
            reading.add_done_callback(_passed_over)
            reading.cancel()
            raise StoreUnavailable(store="database")
        try:
            return reading.result()
        except lost_causes() as cause:
            raise StoreUnavailable(store="database") from cause

    async def close(self) -> None:
        """Close the session; whoever asks again opens another."""
        if self._session is not None:
            await self.lose(self._session)

    async def opened(self) -> "AsyncConnection":
        """Answer the session, opened if there is none; raise one of `lost_causes`."""
        async with self._opening:
            if self._session is None:
                self._session = await open_session(self._options, self._purpose)
            return self._session

    async def lose(self, session: "AsyncConnection") -> None:
        """Close a session that failed, and give it up, unless another has taken its place by now."""
        if self._session is session:
            self._session = None
        await session.close()

    async def _rows(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        session = await self.opened()
        try:
            return await _rows_by(session, statement, values)
        except lost_causes():
            # Cut since it was asked last, by a restart or an administrator: a new one is asked.
            await self.lose(session)
        return await _rows_by(await self.opened(), statement, values)


async def _rows_by(session: "AsyncConnection", statement: Any, values: Any) -> list[Any]:  # noqa: ANN401 - passed on
    cursor = await session.execute(statement, values, prepare=True)
    return await cursor.fetchall()


def _passed_over(reading: "asyncio.Task[list[Any]]") -> None:
    if not reading.cancelled():
        reading.exception()
