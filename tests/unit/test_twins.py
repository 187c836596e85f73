"""Several transactions read the state of one, each in a thread of its own."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, event, text
from tests.support.postgres import Postgres
from tests.support.stores import Store
from tests.support.waiting import until

from romaport.errors import StoreUnavailable
from romaport.storage import Database, DatabaseOptions, Transaction, can_read_beside, read_beside

NUMBERS = range(40)
INSERT = text("INSERT INTO held VALUES (:number)")


def prepare(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text("CREATE TABLE held (number INTEGER)"))
        tx.execute(INSERT, {"number": 1})


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Database:
    return store.opened(tmp_path, prepare, DatabaseOptions(idle_seconds=1))


def write(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(INSERT, {"number": 2})


def read(tx: Transaction, number: int) -> tuple[int, int, str]:
    return number, tx.execute(text("SELECT count(*) FROM held")).scalar_one(), threading.current_thread().name


def names() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("twin")}


def others(database: Database) -> int:
    """Count the sessions of a database on PostgreSQL, but one."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with database.session() as session:
        return int(session.execute(text(count)).scalar_one())


def test_all_read_what_the_first_sees_whatever_is_written_meanwhile(database: Database) -> None:
    found = []
    with database.snapshot(has_twins=True) as tx:
        read(tx, 0)
        write(database)
        for said in read_beside(tx, read, NUMBERS):
            write(database)
            found.append(said)
    assert [number for number, _, _ in found] == list(NUMBERS)
    assert {count for _, count, _ in found} == {1}
    assert threading.current_thread().name not in {name for _, _, name in found}
    assert not names()


def test_what_is_read_later_is_still_of_the_same_state(database: Database) -> None:
    with database.snapshot(has_twins=True) as tx:
        assert read(tx, 0)[1] == 1
        for _ in range(3):
            write(database)
            assert can_read_beside(tx)
            assert {count for _, count, _ in read_beside(tx, read, NUMBERS)} == {1}
    with database.snapshot(has_twins=True) as tx:
        assert {count for _, count, _ in read_beside(tx, read, NUMBERS)} == {4}


def test_they_read_at_the_same_time(database: Database) -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(_tx: Transaction, number: int) -> int:
        both.wait()
        return number

    with database.snapshot(has_twins=True) as tx:
        assert list(read_beside(tx, meet, NUMBERS)) == list(NUMBERS)


def test_without_twins_the_transaction_itself_reads(database: Database) -> None:
    with database.snapshot() as tx:
        assert not can_read_beside(tx)
        found = list(read_beside(tx, read, NUMBERS))
    assert found == [(number, 1, threading.current_thread().name) for number in NUMBERS]


@pytest.mark.stores("sqlite")
def test_who_was_overtaken_by_a_commit_while_they_began_reads_alone(database: Database, tmp_path: Path) -> None:
    def overtake(_connection: object) -> None:
        with closing(sqlite3.connect(tmp_path / "romaport.db", isolation_level=None)) as other:
            other.execute("INSERT INTO held VALUES (3)")

    event.listen(Engine, "begin", overtake)
    try:
        with database.snapshot(has_twins=True) as tx:
            # What was written before the first of them began to read, all see.
            found = list(read_beside(tx, read, NUMBERS))
    finally:
        event.remove(Engine, "begin", overtake)
    assert found == [(number, 2, threading.current_thread().name) for number in NUMBERS]


@pytest.mark.stores("postgresql")
def test_who_is_given_no_session_for_them_reads_alone(database: Database, postgres: Postgres) -> None:
    with database.snapshot() as tx:
        name = Identifier(tx.execute(text("SELECT current_database()")).scalar_one())
    postgres.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
    with database.snapshot(has_twins=True) as tx:
        assert not can_read_beside(tx)
        assert list(read_beside(tx, read, NUMBERS)) == [read(tx, number) for number in NUMBERS]
    until(lambda: not others(database))


@pytest.mark.stores("postgresql")
def test_until_they_read_they_are_not_taken_for_forgotten(database: Database) -> None:
    with database.snapshot(has_twins=True) as tx:
        assert can_read_beside(tx)
        for _ in range(3):
            # What the transaction itself does is no silence of its own.
            tx.execute(text("SELECT pg_sleep(0.6)"))
        assert {count for _, count, _ in read_beside(tx, read, NUMBERS)} == {1}


def lost(tx: Transaction, number: int) -> int:
    if number == 3:
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    return number


@pytest.mark.stores("postgresql")
def test_a_session_that_is_lost_is_the_database_that_is_broken(database: Database) -> None:
    with pytest.raises(StoreUnavailable), database.snapshot(has_twins=True) as tx:
        list(read_beside(tx, lost, NUMBERS))
    assert not names()
    write(database)
    until(lambda: not others(database))


def broken(_tx: Transaction, number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return number


def stopped(_tx: Transaction, number: int) -> int:
    return number


def give_up(database: Database, work: Callable[[Transaction, int], int]) -> None:
    with database.snapshot(has_twins=True) as tx:
        for number in read_beside(tx, work, NUMBERS):
            if number == 5:
                raise ValueError("three")


@pytest.mark.parametrize("work", [broken, stopped])
def test_whoever_gives_up_leaves_no_thread_and_no_transaction_behind(
    database: Database, work: Callable[[Transaction, int], int]
) -> None:
    with pytest.raises(ValueError, match="three"):
        give_up(database, work)
    until(lambda: not names())
    write(database)
    if database.is_shared:
        until(lambda: not others(database))
        return
    with database.session() as session:
        # Moved whole, so nobody reads an older state.
        busy, log, moved = session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    assert (busy, log, moved) == (0, 0, 0)
