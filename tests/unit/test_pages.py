"""The pages of SQLite: long ones in a new database, and few of them kept by whoever reads everything once."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from romaport.storage import Database, DatabaseOptions, Transaction, read_through
from romaport.storage.checkpoints import PAGE_BYTES

SHORT_BYTES = 4096


def told(tx: Transaction, pragma: str) -> int:
    found: int = tx.execute(text(f"PRAGMA {pragma}")).scalar_one()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "romaport.db"


def test_a_new_database_has_long_pages(path: Path) -> None:
    database = Database(path, DatabaseOptions())
    with database.transaction() as tx:
        tx.execute(text("CREATE TABLE held (value TEXT)"))
    with database.snapshot() as tx:
        assert told(tx, "page_size") == PAGE_BYTES
    database.close()


def test_a_database_that_is_there_keeps_its_pages_and_is_written_to(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.execute(f"PRAGMA page_size={SHORT_BYTES}")
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE held (value TEXT)")
    database = Database(path, DatabaseOptions())
    with database.transaction() as tx:
        tx.execute(text("INSERT INTO held VALUES ('new')"))
    with database.snapshot() as tx:
        assert tx.execute(text("SELECT value FROM held")).scalar_one() == "new"
        assert told(tx, "page_size") == SHORT_BYTES
    database.close()


def test_who_reads_through_leaves_the_cache_as_it_was(path: Path) -> None:
    database = Database(path, DatabaseOptions())
    with database.snapshot() as tx:
        before = told(tx, "cache_size")
    with database.snapshot() as tx:
        read_through(tx)
        assert abs(told(tx, "cache_size")) < abs(before)
    with database.snapshot() as tx:
        assert told(tx, "cache_size") == before
    with suppress(ZeroDivisionError), database.snapshot() as tx:
        read_through(tx)
        raise ZeroDivisionError
    with database.snapshot() as tx:
        assert told(tx, "cache_size") == before
    database.close()
