"""The database: connections, transactions, and the questions in which dialects differ.

A use case opens one transaction and hands it down; nothing below it commits. Writers take turns
from their first statement on (`BEGIN IMMEDIATE`), so a transaction that has begun is never
refused half-way for another writer's sake.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from sqlalchemy import Connection, CursorResult, Row, Select, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from romaport.errors import StoreUnavailable

__all__ = ["Database", "DatabaseOptions", "Transaction", "TransactionConflict", "after_commit", "streamed"]

_CALLBACKS = "after_commit"
_STREAMS = "streams"
_ROWS_AT_ONCE = 1_000

Transaction = Connection
"""An open transaction; whoever receives one never ends it."""

TransactionConflict = IntegrityError
"""A uniqueness rule was about to be broken: someone else was faster."""


class DatabaseOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the database is used."""

    connections_max: Annotated[int, Meta(ge=2, le=256, description="Connections this process holds at once.")] = 32
    wait_seconds: Annotated[
        int, Meta(ge=1, le=300, description="How long a writer waits for its turn before 503 is answered.")
    ] = 30


class Database:
    """One SQLite database in write-ahead mode.

    Raises `StoreUnavailable` wherever the database cannot be opened, read or written.
    """

    def __init__(self, path: Path, options: DatabaseOptions) -> None:
        self.path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            pool_size=options.connections_max,
            max_overflow=0,
            pool_timeout=options.wait_seconds,
            connect_args={"timeout": options.wait_seconds, "check_same_thread": False},
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes; commit when the block ends, undo everything when it raises."""
        callbacks: list[Callable[[], None]] = []
        with _translated(), self._engine.connect() as connection, connection.execution_options(writes=True).begin():
            connection.info[_CALLBACKS] = callbacks
            with _streams_ended(connection):
                yield connection
        for callback in callbacks:
            callback()

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction that reads one unchanging state, and may fill temporary tables."""
        with _translated(), self._engine.connect() as connection, connection.begin(), _streams_ended(connection):
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def after_commit(tx: Transaction, callback: Callable[[], None]) -> None:
    """Have something done as soon as the transaction is committed, and not at all if it is undone."""
    tx.info[_CALLBACKS].append(callback)


def streamed(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield what a statement selects, without holding it; what is not read to its end, the transaction's end ends."""
    result = tx.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    streams: list[CursorResult[Any]] = tx.info[_STREAMS]
    streams.append(result)
    yield from result
    streams.remove(result)


@contextmanager
def _streams_ended(connection: Connection) -> Iterator[None]:
    """Leave no half-read result behind: its snapshot would be seen by whoever uses the connection next."""
    streams: list[CursorResult[Any]] = []
    connection.info[_STREAMS] = streams
    try:
        yield
    finally:
        for result in streams:
            result.close()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction control would begin transactions late; ours begin them by hand.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=FILE", "cache_size=-16000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, DatabaseError, sqlite3.Error, PoolTimeout) as cause:
        if isinstance(cause, DBAPIError) and not isinstance(
            cause.orig, (sqlite3.OperationalError, sqlite3.DatabaseError)
        ):
            raise
        raise StoreUnavailable(store="database") from cause
