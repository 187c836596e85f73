"""The database: connections, transactions, and what is done once they are committed.

A use case opens one transaction and hands it down; nothing below it commits.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, Select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from romaport.errors import StoreUnavailable
from romaport.storage.dialects import DatabaseOptions, Dialect, dialect_of
from romaport.storage.feed import Feed
from romaport.storage.marks import Marks
from romaport.storage.versions import Versions

__all__ = [
    "Database",
    "DatabaseOptions",
    "Transaction",
    "TransactionConflict",
    "after_commit",
    "asked_often",
    "streamed",
    "streamed_in_parts",
]

_CALLBACKS = "after_commit"
_STREAMS = "streams"
_ROWS_AT_ONCE = 1_000
_PART_ROWS = 500

Transaction = Connection
"""An open transaction; whoever receives one never ends it."""

TransactionConflict = IntegrityError
"""A uniqueness rule was about to be broken: someone else was faster."""


class Database:
    """One database: SQLite in a file, or PostgreSQL if the options name one.

    Raises `StoreUnavailable` wherever the database cannot be opened, read or written.
    """

    def __init__(self, path: Path, options: DatabaseOptions) -> None:
        self.options = options
        self._dialect = dialect_of(path, options)
        self._engine = self._dialect.engine(options)
        self.feed = Feed(options)
        self.versions = Versions(options) if self.is_shared else None
        """Confirms what is kept of jobs and credentials; None where no other process changes either."""
        self.marks = Marks(options) if self.is_shared else None
        """Tells other processes what this one is about to do; None where no other process is."""

    @property
    def is_shared(self) -> bool:
        """Say whether other processes may work on it at the same time."""
        return bool(self.options.url)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes; commit when the block ends, undo everything when it raises."""
        callbacks: list[Callable[[], None]] = []
        with (
            _translated(self._dialect),
            self._dialect.turn(),
            self._engine.connect() as connection,
            self.feed.telling(connection) as about_to_commit,
            self._dialect.writing(connection).begin(),
        ):
            with _lent(connection, {_CALLBACKS: callbacks}):
                yield connection
            about_to_commit()
        for callback in callbacks:
            callback()

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction that reads one unchanging state, and may fill temporary tables."""
        with (
            _translated(self._dialect),
            self._engine.connect() as connection,
            self._dialect.reading(connection).begin(),
            _lent(connection, {}),
        ):
            yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Have a connection on which every statement is a transaction of its own."""
        with _translated(self._dialect), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def after_commit(tx: Transaction, callback: Callable[[], None]) -> None:
    """Have something done as soon as the transaction is committed, and not at all if it is undone."""
    tx.info[_CALLBACKS].append(callback)


def asked_often(
    tx: Transaction, statement: Select[*tuple[Any, ...]]
) -> Callable[[Mapping[str, Any]], tuple[Any, ...] | None]:
    """Make a statement ready to be asked many times in a transaction, for one row each.

    Each of its values has a default. SQLAlchemy takes longer to ask than the driver does, and is spared here.
    """
    compiled = statement.compile(dialect=tx.dialect, compile_kwargs={"render_postcompile": True})
    fixed = compiled.construct_params()
    text, places = str(compiled), compiled.positiontup
    # PostgreSQL hands a long text over in its binary form in a fifth less time.
    form = {"binary": True} if tx.dialect.name == "postgresql" else {}

    def first(values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        given = {**fixed, **values}
        cursor: Any = tx.connection.cursor(**form)
        cursor.execute(text, given if places is None else [given[name] for name in places])
        row: tuple[Any, ...] | None = cursor.fetchone()
        cursor.close()
        return row

    return first


def streamed(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield what a statement selects, without holding it; what is not read to its end, the transaction's end ends."""
    result = tx.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    streams: list[CursorResult[Any]] = tx.info[_STREAMS]
    streams.append(result)
    yield from result
    streams.remove(result)


def streamed_in_parts(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield what a statement selects, many rows at a time, as the driver gives them: texts and whole numbers."""
    result = tx.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    streams: list[CursorResult[Any]] = tx.info[_STREAMS]
    streams.append(result)
    cursor: Any = result.cursor
    # The first row is fetched with the result; the others come without SQLAlchemy between, which costs as much
    # again as the driver.
    first = result.fetchone()
    rows = [] if first is None else [tuple(first)]
    while rows:
        yield rows
        rows = cursor.fetchmany(_PART_ROWS)
    result.close()
    streams.remove(result)


@contextmanager
def _lent(connection: Connection, belongings: Mapping[str, Any]) -> Iterator[None]:
    """Keep what belongs to a transaction with its connection, and leave nothing of it behind.

    What a result that is half read has seen would be seen by whoever uses the connection next.
    """
    streams: list[CursorResult[Any]] = []
    # Of a connection that breaks it could not be asked for any more.
    info = connection.info
    info.update(belongings, **{_STREAMS: streams})
    try:
        yield
    finally:
        for result in streams:
            result.close()
        for name in (*belongings, _STREAMS):
            info.pop(name, None)


@contextmanager
def _translated(dialect: Dialect) -> Iterator[None]:
    ours: tuple[type[Exception], ...] = (DBAPIError, *dialect.errors)
    try:
        yield
    except IntegrityError:
        raise
    except PoolTimeout as cause:
        raise StoreUnavailable(store="database") from cause
    except ours as cause:
        if not dialect.is_broken(cause):
            raise
        raise StoreUnavailable(store="database") from cause
