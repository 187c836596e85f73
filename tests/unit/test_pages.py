"""The pages of SQLite: long ones in a new database; one that is there keeps its own, and a log of the same length."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from romaport.storage import Database, DatabaseOptions, Transaction

LONG_BYTES, SHORT_BYTES = 16_384, 4_096
LOG_BYTES_MAX = 256 * 1024 * 1024


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
        assert told(tx, "page_size") == LONG_BYTES
        assert told(tx, "wal_autocheckpoint") * LONG_BYTES == LOG_BYTES_MAX
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
        assert told(tx, "wal_autocheckpoint") * SHORT_BYTES == LOG_BYTES_MAX
    database.close()
