"""What transfers are measured against: the same rows loaded, or read and deflated, with nothing else done."""

import io
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isal import isal_zlib
from sqlalchemy import Table, func, insert, select

from romaport.packages.registers import clear_registers
from romaport.packages.zipwriter import LEVEL
from romaport.storage import Database, DatabaseOptions, Transaction
from romaport.storage.migrations import migrate
from romaport.storage.tables import (
    asset_references,
    asset_uniques,
    assets,
    domains,
    instances,
    projects,
    staged_assets,
    staged_references,
    staged_uniques,
)

__all__ = ["Bare", "Rows", "deflated", "read", "read_and_deflated", "rows_of", "space_of", "zipped"]

_JOB = "j" * 32
_BLOCK_BYTES = 256 * 1024
_ROWS_AT_ONCE = 1_000
_ASSETS = "INSERT INTO assets ({columns}) SELECT {columns_staged} FROM staged_assets s ORDER BY s.kind, s.position"
_EDGES = """
INSERT INTO asset_references (asset_id, field, target_id, owns)
SELECT s.new_id, r.field, r.target_id, r.owns
FROM staged_references r JOIN staged_assets s USING (job_id, kind, position) ORDER BY s.kind, s.position
"""
_UNIQUE = """
INSERT INTO asset_uniques (asset_id, field, instance_id, kind, value)
SELECT s.new_id, u.field, '{instance}', s.kind, u.value
FROM staged_uniques u JOIN staged_assets s USING (job_id, kind, position) ORDER BY s.kind, s.position
"""
_SAID = """
SELECT key, body, reference_keys FROM assets WHERE instance_id = '{instance}' AND kind = '{kind}' ORDER BY key
"""
_COPIED = ("key", "name", "body", "reference_keys", "local", "secrets", "secret_paths", "holes", "published", "kind")

Filled = list[tuple[Table, list[str], list[tuple[Any, ...]]]]
"""Tables with columns and rows."""


@dataclass(frozen=True)
class Rows:
    """All rows of an instance's assets, as the product has left them."""

    instance_id: str
    tables: Filled

    @property
    def count(self) -> int:
        """Count the assets."""
        return len(self.tables[0][2])


def space_of(database: Database, instance_id: str) -> str:
    """Answer under which id the assets of an instance lie."""
    statement = select(func.coalesce(instances.c.space_id, instances.c.id)).where(instances.c.id == instance_id)
    with database.snapshot() as tx:
        return str(tx.execute(statement).scalar_one())


def rows_of(database: Database, instance_id: str) -> Rows:
    """Read the rows of an instance or a space, in the order of kinds and keys."""
    mine = select(assets.c.id).where(assets.c.instance_id == instance_id)
    statements = (
        (assets, select(assets).where(assets.c.instance_id == instance_id).order_by(assets.c.kind, assets.c.key)),
        (asset_references, select(asset_references).where(asset_references.c.asset_id.in_(mine))),
        (asset_uniques, select(asset_uniques).where(asset_uniques.c.instance_id == instance_id)),
    )
    with database.snapshot() as tx:
        found = [
            (table, table.columns.keys(), [tuple(row) for row in tx.execute(statement)])
            for table, statement in statements
        ]
    return Rows(instance_id, found)


class Bare:
    """An empty database of the product's own schema, into which rows are loaded without the product."""

    def __init__(self, path: Path, options: DatabaseOptions, rows: Rows) -> None:
        self._database = Database(path, options)
        self._rows = rows
        migrate(self._database)
        with self._database.transaction() as tx:
            tx.execute(insert(domains).values(id="d", name="bare"))
            tx.execute(insert(projects).values(id="p", domain_id="d", name="bare"))
            tx.execute(
                insert(instances).values(id=rows.instance_id, project_id="p", name="bare", description="", created_at=0)
            )

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def at_once(self) -> float:
        """Load the rows straight into their tables, in one transaction; answer the seconds."""
        ready = self._ready(self._rows.tables)
        began_at = time.perf_counter()
        with self._database.transaction() as tx:
            _load(tx, ready)
        return time.perf_counter() - began_at

    def in_two_steps(self) -> float:
        """Load the rows into the staging tables, and from there in order into their own; answer the seconds."""
        ready = self._ready(_staged(self._rows))
        columns = [name for name in self._rows.tables[0][1] if name != "id"]
        first = dict(zip(self._rows.tables[0][1], self._rows.tables[0][2][0], strict=True))
        staged = [f"s.{name}" if name in _COPIED else _literal(first[name]) for name in columns]
        words = {
            "columns": ", ".join(["id", *columns]),
            "columns_staged": ", ".join(["s.new_id", *staged]),
            "instance": self._rows.instance_id,
        }
        began_at = time.perf_counter()
        with self._database.transaction() as tx:
            _load(tx, ready)
        with self._database.transaction() as tx:
            for step in (_ASSETS, _EDGES, _UNIQUE):
                tx.exec_driver_sql(step.format(**words))
        return time.perf_counter() - began_at

    def _ready(self, tables: Filled) -> list[tuple[str, Any]]:
        if not self._database.is_shared:
            return [(_insertion(table, columns), rows) for table, columns, rows in tables]
        return [
            (f"COPY {table.name} ({', '.join(columns)}) FROM STDIN", list(_copy_blocks(rows)))
            for table, columns, rows in tables
        ]


def _literal(value: object) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


def _insertion(table: Table, columns: Sequence[str]) -> str:
    places = ", ".join("?" for _ in columns)
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own names


def _load(tx: Transaction, ready: list[tuple[str, Any]]) -> None:
    cursor: Any = tx.connection.cursor()
    for statement, rows in ready:
        if statement.startswith("COPY"):
            _copy(cursor, statement, rows)
        else:
            cursor.executemany(statement, rows)
    cursor.close()


def _copy(cursor: Any, statement: str, blocks: Sequence[bytes]) -> None:  # noqa: ANN401 - the driver's own
    with cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)


def _copy_blocks(rows: Sequence[tuple[Any, ...]]) -> Iterator[bytes]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        lines = ("\t".join(map(_copied, row)) for row in rows[start : start + _ROWS_AT_ONCE])
        yield "".join(f"{line}\n" for line in lines).encode()


def _copied(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _staged(rows: Rows) -> Filled:
    (_, columns, held), (_, _, edges), (_, _, unique) = rows.tables
    records = [dict(zip(columns, row, strict=True)) for row in held]
    place = {record["id"]: (record["kind"], number) for number, record in enumerate(records)}
    names = {record["id"]: (record["kind"], record["key"]) for record in records}
    own = [name for name in _COPIED if name != "kind"]
    return [
        (
            staged_assets,
            ["job_id", "kind", "position", "new_id", *own],
            [(_JOB, *place[record["id"]], record["id"], *(record[name] for name in own)) for record in records],
        ),
        (
            staged_references,
            [
                "job_id",
                "kind",
                "position",
                "field",
                "target_kind",
                "target_key",
                "target_key_bare",
                "owns",
                "target_id",
            ],
            [
                (_JOB, *place[asset_id], field, *names[target_id], names[target_id][1], owns, target_id)
                for asset_id, field, target_id, owns in edges
            ],
        ),
        (
            staged_uniques,
            ["job_id", "kind", "position", "field", "value", "spare"],
            [(_JOB, *place[asset_id], field, value, "") for asset_id, field, _, _, value in unique],
        ),
    ]


def read(database: Database, instance_id: str, kinds: Sequence[str]) -> float:
    """Read what a package says of every asset, in its order, and drop it; answer the seconds."""
    began_at = time.perf_counter()
    with database.snapshot() as tx:
        for kind in kinds:
            with _cursor(tx, shared=database.is_shared) as cursor:
                cursor.execute(_SAID.format(instance=instance_id, kind=kind))
                _exhaust(cursor)
    return time.perf_counter() - began_at


def _exhaust(cursor: Any) -> None:  # noqa: ANN401 - the driver's own
    while cursor.fetchmany(_ROWS_AT_ONCE):
        pass


@contextmanager
def _cursor(tx: Transaction, *, shared: bool) -> Iterator[Any]:
    connection: Any = tx.connection.driver_connection
    cursor = connection.cursor("bare") if shared else connection.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def deflated(blocks: Sequence[bytes]) -> None:
    """Deflate as the product does, and drop it."""
    packer = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
    for block in blocks:
        packer.compress(block)
    packer.flush()


def read_and_deflated(reading: threading.Thread, blocks: Sequence[bytes]) -> float:
    """Deflate beside a reading in another thread; answer the seconds until both are done."""
    began_at = time.perf_counter()
    reading.start()
    deflated(blocks)
    reading.join()
    return time.perf_counter() - began_at


def zipped(blocks: Sequence[bytes]) -> float:
    """Pack as the standard library does at level 6; answer the seconds."""
    # What ISA-L leaves in the registers would slow it by a quarter, in a process that has used both.
    clear_registers()
    began_at = time.perf_counter()
    with (
        zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package,
        package.open("assets.jsonl", "w") as member,
    ):
        for block in blocks:
            member.write(block)
    return time.perf_counter() - began_at
