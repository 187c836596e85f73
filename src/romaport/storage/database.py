"""The database: connections, transactions, and what is done once they are committed.

A use case opens one transaction and hands it down; nothing below it commits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Row, Select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from romaport.errors import StoreUnavailable
from romaport.storage.dialects import DatabaseOptions, Dialect, dialect_of
from romaport.storage.feed import Feed
from romaport.storage.marks import Marks
from romaport.storage.twins import NUMBER, Twins, commits_seen, see, state_of
from romaport.storage.versions import Versions

__all__ = [
    "Database",
    "DatabaseOptions",
    "Transaction",
    "TransactionConflict",
    "after_commit",
    "asked_often",
    "can_read_beside",
    "read_beside",
    "streamed",
    "streamed_in_parts",
]

_CALLBACKS = "after_commit"
_STREAMS = "streams"
_TWINS = "twins"
_ROWS_AT_ONCE = 1_000
_PART_ROWS = 500

Item = TypeVar("Item")
Found = TypeVar("Found")

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
    def snapshot(self, *, has_twins: bool = False) -> Iterator[Transaction]:
        """Open a transaction that reads one unchanging state, and may fill temporary tables.

        With twins, others read the same state beside it, for `read_beside`.
        """
        with (
            _translated(self._dialect),
            self._engine.connect() as connection,
            self._dialect.reading(connection).begin(),
            self._twins_of(connection) if has_twins else nullcontext() as twins,
            _lent(connection, {_TWINS: twins}),
        ):
            yield connection

    @contextmanager
    def _twins_of(self, tx: Transaction) -> Iterator[Callable[[], Twins | None]]:
        """Have twins of a transaction that has read nothing yet, for whoever asks."""
        with ExitStack() as stack:
            if self.is_shared:
                yield cache(lambda: self._following(tx, stack))
            else:
                twins = self._begun_with(tx, stack)
                yield lambda: twins

    def _begun_with(self, tx: Transaction, stack: ExitStack) -> Twins | None:
        """Begin twins on SQLite.

        There are none if somebody commits in the moment in which they begin: what is wanted of them, the transaction
        does itself.
        """
        others = [stack.enter_context(self._dialect.apart.connect()) for _ in range(NUMBER)]
        seen = [commits_seen(twin) for twin in others]
        # What a transaction sees is what was committed when it read for the first time.
        commits_seen(tx)
        for twin in others:
            stack.enter_context(twin.begin())
        is_same = [commits_seen(twin) for twin in others] == seen
        return stack.enter_context(Twins(others, nullcontext)) if is_same else None

    def _following(self, tx: Transaction, stack: ExitStack) -> Twins | None:
        """Open twins on PostgreSQL, where a state has a name; none if it has no sessions left to give."""
        state = state_of(tx)

        @contextmanager
        def begun(twin: Connection) -> Iterator[None]:
            with twin.begin():
                see(twin, state)
                yield

        with suppress(DBAPIError), ExitStack() as opened:
            others = [self._dialect.reading(opened.enter_context(self._dialect.apart.connect())) for _ in range(NUMBER)]
            for twin in others:
                # What is between us and PostgreSQL may hand sessions to servers that know nothing of each other.
                with begun(twin):
                    pass
            stack.enter_context(opened.pop_all())
            return stack.enter_context(Twins(others, begun))
        return None

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


def can_read_beside(tx: Transaction) -> bool:
    """Say whether a transaction has twins; they are opened if they were not yet."""
    return _twins(tx) is not None


def read_beside(tx: Transaction, read: Callable[[Transaction, Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """Yield what is read for every item, in their order: by twins of the transaction if it has any, else by itself.

    Twins read in threads of their own, a few items before they are asked for; what was written to temporary tables
    they do not see.
    """
    twins = _twins(tx)
    yield from twins.each(read, items) if twins else (read(tx, item) for item in items)


def _twins(tx: Transaction) -> Twins | None:
    asked: Callable[[], Twins | None] | None = tx.info.get(_TWINS)
    return asked() if asked else None


def asked_often(
    tx: Transaction, statement: Select[*tuple[Any, ...]]
) -> Callable[[Transaction, Mapping[str, Any]], tuple[Any, ...] | None]:
    """Make a statement ready to be asked many times, by any transaction of the same database, for one row each.

    Each of its values has a default. SQLAlchemy takes longer to ask than the driver does, and is spared here.
    """
    compiled = statement.compile(dialect=tx.dialect, compile_kwargs={"render_postcompile": True})
    fixed = compiled.construct_params()
    text, places = str(compiled), compiled.positiontup

    def first(asking: Transaction, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        given = {**fixed, **values}
        cursor: Any = asking.connection.cursor()
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
