"""What SQLite and PostgreSQL are asked in different words: opening, waiting for a turn, fields of JSON texts.

Everything else is said once, in SQLAlchemy's words, for both.
"""

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Protocol

from msgspec import Meta, Struct
from sqlalchemy import URL, Connection, Engine, LargeBinary, Table, Text, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from romaport.errors import SettingInvalid
from romaport.storage import checkpoints
from romaport.storage.line import Line

__all__ = ["DatabaseOptions", "Dialect", "dialect_of", "hold", "json_field", "survey", "utf8"]

_SETTING = "ROMAPORT_DATABASE_URL"
_CONNECT_SECONDS = 5
# A peer that acknowledges nothing for so long is gone: a cut cable must not hold a request or a job for good.
_SILENT_SECONDS = 10
# Sent as an error of a class that the driver takes for ours: the session was idle too long, or the server became
# a standby.
_BROKEN_STATES = frozenset({"25P03", "25006"})


class DatabaseOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the database is used."""

    url: Annotated[
        str,
        Meta(
            description="postgresql://user:password@host:port/database; empty keeps a SQLite file in the data folder.",
            extra_json_schema={"format": "uri"},
        ),
    ] = ""
    connections_max: Annotated[
        int,
        Meta(
            ge=2,
            le=256,
            description="Connections this process holds at once.",
        ),
    ] = 32
    wait_seconds: Annotated[
        int, Meta(ge=1, le=300, description="How long a writer waits for its turn before 503 is answered.")
    ] = 30
    start_seconds: Annotated[
        int, Meta(ge=0, le=3600, description="How long a starting process waits for PostgreSQL to answer.")
    ] = 60
    idle_seconds: Annotated[
        int,
        Meta(ge=1, le=3600, description="How long a transaction may be silent before PostgreSQL undoes it."),
    ] = 30


class Dialect(Protocol):
    """One of the two databases."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Answer what the driver itself raises, where SQLAlchemy is not between."""

    def engine(self, options: DatabaseOptions) -> Engine:
        """Open a bounded pool of connections."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait for those who write in this process, where only one can."""

    def writing(self, connection: Connection) -> Connection:
        """Prepare a connection for a transaction that writes what is committed by then, statement by statement."""

    def reading(self, connection: Connection) -> Connection:
        """Prepare a connection for a transaction that sees one unchanging state."""

    def is_broken(self, cause: Exception) -> bool:
        """Say whether an error is the database's state of health and not a mistake of ours."""


class Sqlite:
    """One file in write-ahead mode.

    Writers stand in line, and take turns from their first statement on (`BEGIN IMMEDIATE`), so a transaction that has
    begun is never refused half-way for another writer's sake.
    """

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path, options: DatabaseOptions) -> None:
        self._path = path
        self._wait_seconds = options.wait_seconds
        self._line = Line(options.wait_seconds)
        self._checkpoints = checkpoints.Checkpoints(path, self._line)

    def engine(self, options: DatabaseOptions) -> Engine:
        """Open a bounded pool of connections."""
        engine = self._engine(
            pool_size=options.connections_max,
            max_overflow=0,
            pool_timeout=options.wait_seconds,
            # Taking them by turns would fill the page cache of each, and find none of it warm.
            pool_use_lifo=True,
        )
        event.listen(engine, "engine_disposed", lambda _engine: self._checkpoints.wait())
        return engine

    def _engine(self, **pool: Any) -> Engine:  # noqa: ANN401 - passed on
        engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            connect_args={"timeout": self._wait_seconds, "check_same_thread": False},
            **pool,
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for those who came before; what is written by then is moved beside those who come after."""
        with self._line.turn():
            yield
        self._checkpoints.offer()

    def writing(self, connection: Connection) -> Connection:
        """Prepare a connection for a transaction that takes the writer's turn."""
        return connection.execution_options(writes=True)

    def reading(self, connection: Connection) -> Connection:
        """Prepare a connection for a transaction that sees one unchanging state."""
        return connection

    def is_broken(self, cause: Exception) -> bool:
        """Say whether an error is the database's state of health and not a mistake of ours."""
        return isinstance(_driver_error(cause), sqlite3.DatabaseError)


# With pages of SQLite's own choice, a quarter as long, an import of a million takes a sixth longer and an export a
# tenth: each is a call to the system, and three rows. A database that is there keeps its pages.
_PAGE_BYTES = 16 * 1024
_PRAGMAS = (
    f"page_size={_PAGE_BYTES}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=FILE",
    "cache_size=-8000",
)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction control would begin transactions late; ours begin them by hand.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    [page_bytes] = cursor.execute("PRAGMA page_size").fetchone()
    for pragma in checkpoints.pragmas(page_bytes):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Postgresql:
    """A PostgreSQL server; writers work side by side, and whoever must be alone says so with `hold`."""

    def __init__(self, url: URL) -> None:
        from psycopg import Error

        self.errors: tuple[type[Exception], ...] = (Error,)
        self._url = url.set(drivername="postgresql+psycopg")

    def engine(self, options: DatabaseOptions) -> Engine:
        """Open a bounded pool of connections."""
        return self._engine(
            _session(options),
            pool_size=options.connections_max,
            max_overflow=0,
            pool_timeout=options.wait_seconds,
            # A connection that a restart of the server has cut is replaced before anyone works with it.
            pool_pre_ping=True,
        )

    def _engine(self, session: str, **pool: Any) -> Engine:  # noqa: ANN401 - passed on
        words = {"options": session, "application_name": "romaport"} | network_limits()
        return create_engine(self._url, connect_args=words, **pool)

    def turn(self) -> AbstractContextManager[None]:
        """Wait for nobody."""
        return nullcontext()

    def writing(self, connection: Connection) -> Connection:
        """Prepare a connection for a transaction that writes what is committed by then, statement by statement."""
        return connection.execution_options(isolation_level="READ COMMITTED")

    def reading(self, connection: Connection) -> Connection:
        """Prepare a connection for a transaction that sees one unchanging state."""
        return connection.execution_options(isolation_level="REPEATABLE READ")

    def is_broken(self, cause: Exception) -> bool:
        """Say whether an error is the database's state of health and not a mistake of ours."""
        from psycopg import InterfaceError, OperationalError

        found = _driver_error(cause)
        is_cut = isinstance(cause, DBAPIError) and cause.connection_invalidated
        is_ill = isinstance(found, (OperationalError, InterfaceError))
        return is_cut or is_ill or getattr(found, "sqlstate", None) in _BROKEN_STATES


def _driver_error(cause: Exception) -> BaseException | None:
    return cause.orig if isinstance(cause, DBAPIError) else cause


def network_limits() -> dict[str, int]:
    """Answer what libpq is told, so that a peer that is gone is noticed: seconds, and milliseconds for the last."""
    return {
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": _SILENT_SECONDS // 2,
        "keepalives_interval": 1,
        "keepalives_count": _SILENT_SECONDS // 2,
        "tcp_user_timeout": _SILENT_SECONDS * 1000,
    }


def _session(options: DatabaseOptions) -> str:
    # A process that is frozen in a transaction must not keep its locks for good.
    limits = {"lock_timeout": options.wait_seconds, "idle_in_transaction_session_timeout": options.idle_seconds}
    return " ".join(f"-c {name}={seconds * 1000}" for name, seconds in limits.items())


def dialect_of(path: Path, options: DatabaseOptions) -> Dialect:
    """Answer the database that the options name, or without a URL that of a file; raise `SettingInvalid`."""
    if not options.url:
        return Sqlite(path, options)
    try:
        parsed = make_url(options.url)
    except ArgumentError:
        # The cause names the whole URL, and a password may be in it.
        raise SettingInvalid(name=_SETTING, rule="must be postgresql://user:password@host:port/database") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingInvalid(name=_SETTING, rule="must begin with postgresql://; empty keeps a file in the data folder")
    if find_spec("psycopg") is None:
        raise SettingInvalid(name=_SETTING, rule="needs the PostgreSQL driver: pip install 'romaport[postgres]'")
    return Postgresql(parsed)


def hold(tx: Connection, name: str) -> None:
    """Be the only transaction that holds a name, until this one ends; whoever else wants it waits.

    What is read after this was committed by everyone who held the name before. On SQLite every writer is alone
    anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


class utf8(GenericFunction[bytes]):  # noqa: N801 - used like a function of SQL
    """A text as its bytes in UTF-8, which Python takes without decoding them and encoding them again."""

    type = LargeBinary()
    inherit_cache = True


@compiles(utf8, "sqlite")
def _sqlite_utf8(element: utf8, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401 - passed on
    return f"CAST({compiler.process(element.clauses, **words)} AS BLOB)"


@compiles(utf8, "postgresql")
def _postgresql_utf8(element: utf8, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401 - passed on
    return f"convert_to({compiler.process(element.clauses, **words)}, 'UTF8')"


class json_field(GenericFunction[str]):  # noqa: N801 - used like a function of SQL
    """The text of a field of a JSON text, by dotted path; null where there is none.

    A name with a dot of its own stands in double quotes. A truth is `true` or `false` on PostgreSQL and `1` or `0` on
    SQLite.
    """

    type = Text()
    inherit_cache = True

    def __init__(self, column: Any, path: str) -> None:  # noqa: ANN401 - any expression that is a text
        # The same names as PostgreSQL writes a list of them.
        names = ",".join(f'"{name}"' for name in next(csv.reader([path], delimiter=".")))
        super().__init__(column, path, f"{{{names}}}")


@compiles(json_field, "sqlite")
def _sqlite_field(element: json_field, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401 - passed on
    column, path, _ = element.clauses
    return f"CAST(json_extract({compiler.process(column, **words)}, '$.' || {compiler.process(path, **words)}) AS TEXT)"


@compiles(json_field, "postgresql")
def _postgresql_field(element: json_field, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401 - passed on
    column, _, names = element.clauses
    place = f"CAST({compiler.process(names, **words)} AS TEXT[])"
    return f'((CAST({compiler.process(column, **words)} AS JSON) #>> {place}) COLLATE "C")'


def survey(tx: Connection, tables: Iterable[Table], *, detail: int | None = None) -> None:
    """Have the database look at what tables hold by now, where its plans depend on that; in less detail than usual.

    What it finds stays until it looks again, so of tables that stay nothing less than usual will do.
    """
    if tx.dialect.name == "postgresql":
        # Of a table that was empty a moment ago it would read all for every row of another.
        if detail is not None:
            tx.exec_driver_sql(f"SET LOCAL default_statistics_target = {detail:d}")
        tx.exec_driver_sql(f"ANALYZE {', '.join(table.name for table in tables)}")
