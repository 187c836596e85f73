"""PgQueuer's way to PostgreSQL, which outlives every connection: a lost one is opened again, for as long as it takes.

One session asks, another listens; on a single one, every question would wait for the listening to pause.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Self, TypeVar

from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import Driver, NotifyCallback

from romaport.storage import DatabaseOptions, LastingSession, open_session

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["LastingDriver", "rest"]

_log = logging.getLogger("romaport.jobs")

Answer = TypeVar("Answer")

_SESSION = "queue"
_PAUSE_SECONDS = 0.05
_PAUSE_SECONDS_MAX = 5.0
# A server that says nothing for so long is gone, even if its machine still acknowledges what is sent.
_ANSWER_SECONDS = 10.0

# Every worker hears of every entry that comes or goes; looking once for each would keep the database busy with looks.
_GATHER_SECONDS = 0.02
_CHANGE = "table_changed_event"


class LastingDriver(Driver):
    """Asks until it is answered; once it is closing, what cannot be had at once is an error."""

    def __init__(self, options: DatabaseOptions, on_silence: Callable[[float], None]) -> None:
        """Take the database, and what is told how many seconds nothing was heard of it, at every failed try."""
        self._options = options
        self._on_silence = on_silence
        self._asking = LastingSession(options, _SESSION)
        self._heard_at = time.monotonic()
        self._closing = asyncio.Event()
        self._tasks = TaskManager()
        self._shutdown = asyncio.Event()

    @property
    def shutdown(self) -> asyncio.Event:
        """Answer the event that ends the listening."""
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        """Answer what keeps the listening tasks."""
        return self._tasks

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Answer the rows of a statement; it may have been done twice, if its first answer was lost."""
        from psycopg import AsyncRawCursor
        from psycopg.rows import dict_row

        async def rows(connection: "AsyncConnection") -> list[dict[str, object]]:
            cursor = AsyncRawCursor(connection, row_factory=dict_row)
            await cursor.execute(query, args or None)
            return await cursor.fetchall()

        return await self._answered(rows)

    async def execute(self, query: str, *args: object) -> str:
        """Do a statement, at least once; answer what PostgreSQL says of it."""
        from psycopg import AsyncRawCursor

        async def status(connection: "AsyncConnection") -> str:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(query, args or None)
            return cursor.statusmessage or ""

        return await self._answered(status)

    async def notify(self, channel: str, payload: str) -> None:
        """Tell everyone who listens."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Have a function called with all that is told on a channel, from the first time the server answers on."""
        self._tasks.add(asyncio.create_task(self._listen(channel, callback)))

    async def __aenter__(self) -> Self:
        self._shutdown.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shutdown.set()
        for task in self._tasks.tasks:
            task.cancel()
        await self._tasks.gather_tasks()

    def close(self) -> None:
        """Try nothing a second time from now on."""
        self._closing.set()

    async def disconnect(self) -> None:
        """End the session that asks, when all is said."""
        await self._asking.close()

    async def _answered(self, ask: Callable[["AsyncConnection"], Awaitable[Answer]]) -> Answer:
        from psycopg import InterfaceError, OperationalError

        pause_seconds = _PAUSE_SECONDS
        while True:
            connection = None
            try:
                connection = await self._asking.opened()
                async with asyncio.timeout(_ANSWER_SECONDS):
                    answer = await ask(connection)
            except (OperationalError, InterfaceError, TimeoutError, OSError) as cause:
                if self._closing.is_set():
                    raise
                await self._lost(connection, cause)
                await rest(self._closing, pause_seconds)
                pause_seconds = min(pause_seconds * 2, _PAUSE_SECONDS_MAX)
            else:
                self._heard_at = time.monotonic()
                return answer

    async def _lost(self, connection: "AsyncConnection | None", cause: Exception) -> None:
        silent_seconds = time.monotonic() - self._heard_at
        _log.warning("queue_lost", extra={"silent_seconds": round(silent_seconds, 3), "cause": str(cause)})
        if connection is not None:
            await self._asking.lose(connection)
        self._on_silence(silent_seconds)

    async def _listen(self, channel: str, callback: NotifyCallback) -> None:
        from psycopg import InterfaceError, OperationalError

        pause_seconds = _PAUSE_SECONDS
        while not self._shutdown.is_set():
            try:
                async for payload in self._heard(channel):
                    callback(payload)
                    pause_seconds = _PAUSE_SECONDS
            except (OperationalError, InterfaceError, OSError):
                # What is told meanwhile is found by looking, a little later.
                await rest(self._closing, pause_seconds)
                pause_seconds = min(pause_seconds * 2, _PAUSE_SECONDS_MAX)

    async def _heard(self, channel: str) -> AsyncIterator[str]:
        from psycopg import sql

        async with await open_session(self._options, _SESSION) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            while True:
                told = [note.payload async for note in connection.notifies(stop_after=1)]
                for payload in _weighed(told):
                    yield payload
                await asyncio.sleep(_GATHER_SECONDS)


async def rest(ending: asyncio.Event, seconds: float) -> None:
    """Pause, but no longer than until the event."""
    try:
        async with asyncio.timeout(seconds):
            await ending.wait()
    except TimeoutError:
        return


def _weighed(told: list[str]) -> list[str]:
    """Answer what was told at once, but of changes of the queue only the last: one look finds them all."""
    changes = [payload for payload in told if _CHANGE in payload]
    return [*(payload for payload in told if _CHANGE not in payload), *changes[-1:]]
