"""Moving everything that is kept from one store to another: rows in the order of their keys, then files, then a check.

What has arrived says where to go on, so that a move that was cut off anywhere is simply begun again.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Row, Select, Table, delete, func, insert, select, tuple_, update

from romaport.errors import MoveRefused
from romaport.storage.archives import Archives
from romaport.storage.database import Database, streamed
from romaport.storage.dialects import hold
from romaport.storage.facts import fact
from romaport.storage.loading import load
from romaport.storage.tables import METADATA, counters, facts

__all__ = ["Holding", "Move", "check_moved"]

_ROWS_AT_ONCE = 1_000
_FOLDERS = ("archives", "uploads")
_SOURCE, _MOVING, _MOVED = "source_of_moves", "moving_from", "moved_from"
# Facts are each store's own: what it agreed on with its processes, and how far a move is.
_TABLES = tuple(table for table in METADATA.sorted_tables if table is not facts)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A database and the archive store that goes with it."""

    database: Database
    archives: Archives


class Move:
    """One move; `report` is told in a sentence of everything that has arrived, and that was found to be the same."""

    def __init__(self, source: Holding, target: Holding, report: Callable[[str], None]) -> None:
        self._source = source
        self._target = target
        self._report = report

    def run(self) -> bool:
        """Move what has not arrived yet, and check all of it; False if that was done already.

        Raises `MoveRefused` for a target that holds anything else, or that does not hold the same at the end.
        """
        if not self._begin():
            return False
        for table in _TABLES:
            self._copy_table(table)
        for folder in _FOLDERS:
            self._copy_files(folder)
        self._check()
        with self._target.database.transaction() as tx:
            tx.execute(update(facts).where(facts.c.name == _MOVING).values(name=_MOVED))
        return True

    def _begin(self) -> bool:
        with self._target.database.transaction() as tx:
            hold(tx, _MOVING)
            begun, ended = fact(tx, _MOVING), fact(tx, _MOVED)
            if self._name in (begun, ended):
                return begun == self._name
            if begun is not None:
                raise MoveRefused(reason="another folder is being moved to this database")
            # A new schema has its counters already; those of the source take their place.
            tx.execute(delete(counters).where(counters.c.last == 0))
            full = [table.name for table in _TABLES if tx.execute(select(func.count()).select_from(table)).scalar()]
            full += [folder for folder in _FOLDERS if next(self._target.archives.names(folder), None)]
            if full:
                raise MoveRefused(reason=f"the new place is not empty; it has {', '.join(full)}")
            tx.execute(insert(facts).values(name=_MOVING, value=self._name))
        return True

    @cached_property
    def _name(self) -> bytes:
        """What tells this data folder from any other."""
        with self._source.database.transaction() as tx:
            found = fact(tx, _SOURCE)
            if found is None:
                found = os.urandom(16)
                tx.execute(insert(facts).values(name=_SOURCE, value=found))
            return found

    def _copy_table(self, table: Table) -> None:
        copied = 0
        with self._source.database.snapshot() as source:
            rows = iter(streamed(source, _after(table, self._last(table))))
            while batch := list(islice(rows, _ROWS_AT_ONCE)):
                with self._target.database.transaction() as target:
                    load(target, table, batch[0]._fields, [tuple(row) for row in batch])
                copied += len(batch)
                self._report(f"{table.name}: {copied} rows more have arrived")

    def _last(self, table: Table) -> Row[*tuple[Any, ...]] | None:
        """Answer the key of the last row that has arrived."""
        key = table.primary_key.columns
        with self._target.database.snapshot() as tx:
            return tx.execute(select(*key).order_by(*(column.desc() for column in key)).limit(1)).one_or_none()

    def _copy_files(self, folder: str) -> None:
        # A file arrives whole or not at all.
        arrived = set(self._target.archives.names(folder))
        names = [name for name in self._source.archives.names(folder) if name not in arrived]
        with TemporaryDirectory(prefix="romaport-move-") as scratch:
            path = Path(scratch) / "package.zip"
            for name in names:
                self._source.archives.fetch(name, path)
                self._target.archives.put(name, path)
                self._report(f"{name} has arrived")

    def _check(self) -> None:
        """Compare both sides by their content, row by row and byte by byte."""
        for table in _TABLES:
            mine, theirs = (_digest_of_rows(side.database, table) for side in (self._source, self._target))
            if mine != theirs:
                raise MoveRefused(reason=f"{table.name} is not the same on both sides; begin with an empty database")
            self._report(f"{table.name}: {mine[0]} rows are the same")
        for folder in _FOLDERS:
            digests, others = (_digests_of_files(side.archives, folder) for side in (self._source, self._target))
            if digests != others:
                raise MoveRefused(reason=f"{folder} are not the same on both sides; begin with an empty store")
            self._report(f"{folder}: {len(digests)} files are the same")


def check_moved(database: Database) -> None:
    """Raise `MoveRefused` while a move into a database is not at its end: half of everything must not be served."""
    with database.snapshot() as tx:
        if fact(tx, _MOVING) is not None:
            raise MoveRefused(reason="the move to this database is not at its end; run romaport migrate-store again")


def _after(table: Table, last: Row[*tuple[Any, ...]] | None = None) -> Select[*tuple[Any, ...]]:
    key = table.primary_key.columns
    statement = select(table).order_by(*key)
    return statement if last is None else statement.where(tuple_(*key) > tuple_(*last))


def _digest_of_rows(database: Database, table: Table) -> tuple[int, str]:
    digest, count = sha256(), 0
    with database.snapshot() as tx:
        for count, row in enumerate(streamed(tx, _after(table)), 1):  # noqa: B007 - the last number is the count
            digest.update(repr(tuple(row)).encode())
    return count, digest.hexdigest()


def _digests_of_files(archives: Archives, folder: str) -> dict[str, str]:
    return {name: _digest_of_bytes(archives.chunks(name)) for name in archives.names(folder)}


def _digest_of_bytes(chunks: Iterator[bytes]) -> str:
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
