"""What SQLite has put in its log is moved beside those who write, and its log begins anew."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.waiting import until

from romaport.storage import checkpoints
from romaport.storage.checkpoints import Checkpoints
from romaport.storage.line import Line

LOG_BYTES = 256 * 1024
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a ?#% name.db"


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database as the product does, with a log that is cut to nothing when it begins anew."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=WAL", *checkpoints.pragmas(PAGE), "journal_size_limit=0"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE held (content BLOB)")
        yield connection


def write(writer: sqlite3.Connection, pages: int) -> None:
    writer.execute("INSERT INTO held VALUES (zeroblob(?))", [pages * PAGE])


def log_bytes(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def test_a_log_that_has_grown_is_moved_and_begins_anew(path: Path, writer: sqlite3.Connection) -> None:
    found = Checkpoints(path, Line(30), log_bytes=LOG_BYTES)
    write(writer, 32)
    found.offer()
    assert not threads(), "not for so little"
    before = path.stat().st_size
    write(writer, 64)
    found.offer()
    until(lambda: not threads())
    found.wait()
    assert path.stat().st_size > before + 64 * PAGE
    write(writer, 1)
    assert log_bytes(path) < LOG_BYTES / 4
    assert writer.execute("SELECT sum(length(content)) FROM held").fetchone() == (97 * PAGE,)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "checkpoint"]


def test_who_writes_is_waited_for_and_one_is_at_work_at_a_time(path: Path, writer: sqlite3.Connection) -> None:
    line = Line(30)
    found = Checkpoints(path, line, log_bytes=LOG_BYTES)
    with line.turn():
        write(writer, 96)
        found.offer()
        until(lambda: line.length == 1)
        found.offer()
        assert len(threads()) == 1
        write(writer, 96)
    found.wait()
    write(writer, 1)
    assert log_bytes(path) < LOG_BYTES / 4


def test_while_somebody_reads_it_is_tried_again_only_after_as_much_again(
    path: Path, writer: sqlite3.Connection
) -> None:
    found = Checkpoints(path, Line(30), log_bytes=LOG_BYTES)
    write(writer, 32)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM held").fetchone() == (1,)
        write(writer, 96)
        found.offer()
        until(lambda: not threads())
        write(writer, 1)
        assert log_bytes(path) > LOG_BYTES, "the log is still read"
        found.offer()
        assert not threads()
        write(writer, 96)
        found.offer()
        until(lambda: not threads())
        assert reader.execute("SELECT count(*) FROM held").fetchone() == (1,)
        reader.execute("ROLLBACK")
    write(writer, 96)
    found.offer()
    until(lambda: not threads())
    write(writer, 1)
    assert log_bytes(path) < LOG_BYTES / 4


def test_a_file_that_is_gone_is_not_made_again(path: Path, writer: sqlite3.Connection) -> None:
    found = Checkpoints(path, Line(30), log_bytes=LOG_BYTES)
    write(writer, 96)
    path.rename(path.with_name("moved"))
    found.offer()
    until(lambda: not threads())
    assert not path.exists()
