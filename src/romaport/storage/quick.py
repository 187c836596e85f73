"""One statement that is asked over and over of PostgreSQL, by libpq's own calls, which the driver offers too.

The driver's usual way makes a cursor, a statement and values of every question, and takes three times as much.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from romaport.errors import StoreUnavailable
from romaport.storage.sessions import ANSWER_SECONDS, lost_causes, open_session

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from romaport.storage.dialects import DatabaseOptions

__all__ = ["QuickSession"]

_NAME = b"quick"

Rows = list[tuple[str, ...]]


class QuickSession:
    """A session for one statement, whose values and columns are texts; opened when it is needed, and when it was lost.

    Of one event loop, and for one question at a time.
    """

    def __init__(self, options: "DatabaseOptions", purpose: str, statement: str) -> None:
        """Take a statement with its values as $1, $2 and so on."""
        self._options = options
        self._purpose = purpose
        self._statement = statement.encode()
        self._line: _Line | None = None

    async def rows(self, *values: str) -> Rows:
        """Answer the rows of the statement, asked twice if its first answer was lost; raise `StoreUnavailable`."""
        given = [value.encode() for value in values]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._line is not None and (found := await self._again(self._line, given)) is not None:
                    return found
                self._line = _Line(await open_session(self._options, self._purpose))
                await self._line.prepare(self._statement)
                return await self._line.rows(given)
        except BaseException as cause:
            # What it would answer next is the answer to this question.
            await self.close()
            if isinstance(cause, lost_causes()):
                raise StoreUnavailable(store="database") from cause
            raise

    async def close(self) -> None:
        """Close the session; whoever asks again opens another."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _again(self, line: "_Line", given: list[bytes]) -> Rows | None:
        """Ask a session that was asked before; None if it was cut since, by a restart or an administrator."""
        try:
            return await line.rows(given)
        except lost_causes():
            await self.close()
            return None


class _Line:
    """A session that is spoken to by libpq's own calls, none of which waits."""

    def __init__(self, session: "AsyncConnection") -> None:
        from psycopg.pq import ExecStatus

        self._sound = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
        self._session = session
        self._pg = session.pgconn
        self._socket = self._pg.socket
        self._loop = asyncio.get_running_loop()
        self._moved: asyncio.Future[None] | None = None
        self._is_heard = False

    async def prepare(self, statement: bytes) -> None:
        """Have a statement ready."""
        self._pg.send_prepare(_NAME, statement)
        await self._result()

    async def rows(self, values: list[bytes]) -> Rows:
        """Answer what the statement selects."""
        self._pg.send_query_prepared(_NAME, values)
        result = await self._result()
        columns = range(result.nfields)
        return [
            tuple(str(result.get_value(row, column), "utf-8") for column in columns) for row in range(result.ntuples)
        ]

    async def close(self) -> None:
        """Hang up."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        await self._session.close()

    async def _result(self) -> Any:  # noqa: ANN401 - the driver's, which may not be installed
        while self._pg.flush():
            self._loop.add_writer(self._socket, self._move)
            await self._movement()
            self._loop.remove_writer(self._socket)
        found = None
        while True:
            while self._pg.is_busy():
                await self._movement()
                self._pg.consume_input()
            result = self._pg.get_result()
            if result is None:
                return found
            if result.status not in self._sound:
                from psycopg.errors import error_from_result

                raise error_from_result(result)
            found = result

    async def _movement(self) -> None:
        """Wait until more has come, or can be sent where that is wanted."""
        if not self._is_heard:
            # Kept from one question to the next: to begin and to end it takes longer than to be told once too often.
            self._loop.add_reader(self._socket, self._move)
            self._is_heard = True
        self._moved = self._loop.create_future()
        await self._moved

    def _move(self) -> None:
        if self._moved is not None and not self._moved.done():
            self._moved.set_result(None)
        else:
            # Nobody waits, and whoever asks next will see it: the end of the session is told of again and again.
            self._loop.remove_reader(self._socket)
            self._is_heard = False
