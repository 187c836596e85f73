"""Where a server under test keeps what it holds, and a look at it that needs none of the server's own code."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import psycopg
from tests.support.packages import packages_of
from tests.support.postgres import Postgres, running_postgres
from tests.support.s3 import S3, running_s3

from romaport.storage import ArchiveOptions, Database, DatabaseOptions
from romaport.storage.migrations import migrate

__all__ = ["HIDDEN", "LIE_IN", "STORES", "PostgresStore", "Store", "Stores", "Written", "running_stores"]

STORES = ("sqlite", "postgresql")
LIE_IN = "instance_id = (select coalesce(space_id, id) from instances where id = ?)"
"""Matches the assets of an instance, wherever they lie."""
HIDDEN = """
select space.id from instances space join instances home on home.id = space.space_of
where space.id <> coalesce(home.space_id, home.id)
"""
"""Selects the spaces that are not shown."""
_TOLD = f"""
select a.id, a.kind, a.key, a.reference_keys, r.field, t.key from assets a
left join asset_references r on r.asset_id = a.id left join assets t on t.id = r.target_id
where a.instance_id not in ({HIDDEN}) order by a.id, r.field
"""
_FILE = "romaport.db"
_TABLES = {
    "sqlite": "select name from sqlite_master where type = 'table' order by name",
    "postgresql": "select tablename from pg_tables where schemaname = current_schema() order by tablename",
}

Prepare = Callable[[Database], object]
"""Fills an empty database."""


class Store:
    """All in the data folder: a SQLite file, and packages as files."""

    name = "sqlite"
    prompt: Mapping[str, str] = {}
    """Settings with which what a killed process leaves behind is soon taken up, or removed."""

    def __init__(self) -> None:
        self._prepared: dict[Prepare, bytes] = {}
        self._opened: list[Database] = []

    def broken(self) -> Exception:
        """Make what the driver raises when the database is no longer there: one more for every time."""
        return sqlite3.OperationalError("disk I/O error")

    def fresh(self) -> dict[str, str]:
        """Answer the settings of a server that holds nothing yet."""
        return {}

    def opened(self, folder: Path, prepare: Prepare, options: DatabaseOptions | None = None) -> Database:
        """Open a database of the test's own, filled as said; what fills it runs once for all tests."""
        if prepare not in self._prepared:
            with TemporaryDirectory() as made:
                _prepare(Path(made) / _FILE, DatabaseOptions(), prepare)
                self._prepared[prepare] = (Path(made) / _FILE).read_bytes()
        (folder / _FILE).write_bytes(self._prepared[prepare])
        return self._noted(Database(folder / _FILE, options or DatabaseOptions()))

    def _noted(self, database: Database) -> Database:
        self._opened.append(database)
        return database

    def close(self) -> None:
        """Close every database that was opened here."""
        while self._opened:
            self._opened.pop().close()


class PostgresStore(Store):
    """What machines can share: for every server a database, the copy of a migrated one, and a bucket of its own."""

    name = "postgresql"
    prompt: Mapping[str, str] = {
        "ROMAPORT_JOBS_HEARTBEAT_SECONDS": "2",
        "ROMAPORT_JOBS_DEQUEUE_SECONDS": "0.5",
        "ROMAPORT_ARCHIVES_SWEEP_SECONDS": "1",
        # Longer than a test holds a job between a package and its row.
        "ROMAPORT_ARCHIVES_GRACE_SECONDS": "5",
    }

    def __init__(self, server: Postgres, s3: Callable[[], S3]) -> None:
        super().__init__()
        self._server = server
        self._s3 = s3
        self._templates: dict[Prepare, str] = {}

    def broken(self) -> Exception:
        """Make what the driver raises when the database is no longer there: one more for every time."""
        return psycopg.OperationalError("server closed the connection unexpectedly")

    def fresh(self) -> dict[str, str]:
        """Answer the settings of a server that holds nothing yet."""
        s3 = self._s3()
        return {
            "ROMAPORT_DATABASE_URL": self._copy(migrate),
            "ROMAPORT_SERVER_WITH_WORKER": "true",
            # This machine may be busy, and nothing here waits for a store to be given up.
            **s3.environment(s3.bucket(), timeout_seconds=30),
        }

    def opened(self, folder: Path, prepare: Prepare, options: DatabaseOptions | None = None) -> Database:
        """Open a database of the test's own, filled as said; what fills it runs once for all tests."""
        chosen = msgspec.structs.replace(options or DatabaseOptions(), url=self._copy(prepare))
        return self._noted(Database(folder / _FILE, chosen))

    def _copy(self, prepare: Prepare) -> str:
        if prepare not in self._templates:
            name = self._server.database()
            _prepare(Path(), DatabaseOptions(url=self._server.url(name)), prepare)
            self._templates[prepare] = name
        return self._server.url(self._server.database(self._templates[prepare]))


class Stores:
    """The two stores, each started when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def named(self, name: str) -> Store:
        """Answer one of `STORES`."""
        return self.folder if name == Store.name else self.distributed

    @cached_property
    def folder(self) -> Store:
        """All in the data folder."""
        return Store()

    @cached_property
    def postgres(self) -> Postgres:
        """A PostgreSQL server."""
        return self._stack.enter_context(running_postgres())

    @cached_property
    def s3(self) -> S3:
        """An S3-protocol server."""
        return self._stack.enter_context(running_s3())

    @cached_property
    def distributed(self) -> PostgresStore:
        """What many machines can share."""
        return PostgresStore(self.postgres, lambda: self.s3)


@contextmanager
def running_stores() -> Iterator[Stores]:
    """Have stores for the length of the block."""
    with ExitStack() as stack:
        yield Stores(stack)


def _prepare(path: Path, options: DatabaseOptions, prepare: Prepare) -> None:
    with closing(Database(path, options)) as database:
        prepare(database)


class Written:
    """What a server has written down, read beside it; values in a statement are question marks."""

    def __init__(self, data: Path, url: str = "", archives: ArchiveOptions | None = None) -> None:
        self._data = data
        self._url = url
        self.packages = packages_of(data / "store", archives or ArchiveOptions())

    @property
    def is_in_folder(self) -> bool:
        """Say whether the database lies in the data folder."""
        return not self._url

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Answer what a statement selects."""
        with self._connected() as execute:
            return [tuple(row) for row in execute(statement, values)]

    def change(self, statement: str, *values: object) -> None:
        """Write past the server."""
        with self._connected() as execute:
            execute(statement, values)

    def tables(self) -> list[str]:
        """Answer the names of all tables."""
        return [name for (name,) in self.rows(_TABLES["sqlite" if self.is_in_folder else "postgresql"])]

    def everything(self) -> dict[str, object]:
        """Answer every row of every table, as text, in an order that says nothing; not the queue's own tables.

        Where the assets of an instance lie says nothing either.
        """
        homes = dict(self.rows("select space_id, id from instances where space_id is not null"))
        return {
            name: sorted(repr(_at_home(row, homes)) for row in rows if name != "instances" or row["id"] not in homes)
            for name, rows in self._all()
            if not name.startswith("pgqueuer")
        }

    def mistold(self) -> list[str]:
        """Answer the assets whose text of what they refer to is another than follows from their references."""
        told: dict[tuple[str, ...], list[str]] = {}
        for asset_id, kind, key, text, field, target in self.rows(_TOLD):
            members = told.setdefault((asset_id, kind, key, text), [])
            members += [] if field is None else [f'"{field}":{target}']
        return [
            f"{kind} {key}: {text}"
            for (_, kind, key, text), members in told.items()
            if text != (f"{{{','.join(members)}}}" if members else None)
        ]

    def content(self) -> bytes:
        """Answer all that lies anywhere: every file, every stored package, every value of a database elsewhere."""
        files = b"".join(path.read_bytes() for path in self._data.rglob("*") if path.is_file())
        if self.is_in_folder:
            return files
        files += b"".join(map(self.packages.read, self.packages.names()))
        values = (value for _, rows in self._all() for row in rows for value in row.values())
        return b"\n".join([files, *(value if isinstance(value, bytes) else str(value).encode() for value in values)])

    def files(self) -> list[str]:
        """Answer the packages that are kept, and those in the making, by path."""
        making = (self._data / "scratch").rglob("*.zip")
        return sorted([*self.packages.names(), *(str(path.relative_to(self._data)) for path in making)])

    def _all(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Yield every table with its rows, read by one connection."""
        with self._connected() as execute:
            for (name,) in list(execute(_TABLES["sqlite" if self.is_in_folder else "postgresql"], ())):
                found = execute(f'select * from "{name}"', ())
                names = [column[0] for column in found.description]
                yield name, [dict(zip(names, row, strict=True)) for row in found]

    @contextmanager
    def _connected(self) -> Iterator[Callable[[str, tuple[object, ...]], Any]]:
        if self.is_in_folder:
            with closing(sqlite3.connect(self._data / _FILE, timeout=30)) as file, file:
                yield file.execute
            return
        with psycopg.connect(self._url) as session:
            yield lambda statement, values: session.execute(_for_psycopg(statement), values or None)


def _at_home(row: dict[str, Any], homes: Mapping[str, str]) -> tuple[Any, ...]:
    if "instance_id" in row:
        row = {**row, "instance_id": homes.get(row["instance_id"], row["instance_id"])}
    return tuple(None if name == "space_id" else value for name, value in row.items())


def _for_psycopg(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()
