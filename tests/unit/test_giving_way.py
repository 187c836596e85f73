"""A long statement on SQLite is undone for who waits for its transaction, and for nobody else."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.waiting import until

from romaport.assets.landing import _in_steps
from romaport.catalog import Portion, Walk
from romaport.storage import Database, DatabaseOptions, GaveWay, Transaction, giving_way

SECONDS = 30
MANY = text(
    "WITH RECURSIVE found(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM found WHERE number < :many)"
    " INSERT INTO held SELECT number FROM found"
)
ENDLESS = 1_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "held.db", DatabaseOptions(wait_seconds=SECONDS))
    with found.transaction() as tx:
        tx.execute(text("CREATE TABLE held (number INTEGER)"))
    yield found
    found.close()


def held(database: Database) -> list[int]:
    with database.snapshot() as tx:
        return list(tx.execute(text("SELECT number FROM held")).scalars())


def write_once_begun(database: Database, begun: threading.Event) -> None:
    assert begun.wait(SECONDS)
    write_one(database)


def write_one(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text("INSERT INTO held VALUES (-1)"))


def write_without_end(database: Database, begun: threading.Event) -> None:
    with database.transaction() as tx:
        tx.execute(text("INSERT INTO held VALUES (-2)"))
        begun.set()
        with giving_way(tx, after_seconds=0.01):
            tx.execute(MANY, {"many": ENDLESS})


def test_what_takes_long_is_undone_as_soon_as_somebody_waits(database: Database) -> None:
    begun = threading.Event()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(write_once_begun, database, begun)
        with pytest.raises(GaveWay):
            write_without_end(database, begun)
        waiting.result(SECONDS)
    assert held(database) == [-1], "nothing is left of what gave way"
    with database.transaction() as tx:
        tx.execute(text("INSERT INTO held VALUES (-3)"))
    assert held(database) == [-1, -3], "its connection is as good as before"


def test_steps_come_to_their_end_however_many_others_write(database: Database) -> None:
    others, end = [], threading.Event()

    def other() -> None:
        while not end.is_set():
            write_one(database)
            others.append(1)

    def work(tx: Transaction, portion: Portion) -> None:
        for _, positions in portion:
            tx.execute(MANY, {"many": 200 * len(positions)})

    with ThreadPoolExecutor(2) as threads:
        writing = [threads.submit(other) for _ in range(2)]
        until(lambda: len(others) > 0)
        try:
            steps = sum(1 for _ in _in_steps(database.transaction, Walk({"task": 20_000}), work, gives_way=True))
        finally:
            end.set()
        for other_one in writing:
            other_one.result(SECONDS)
    numbers = held(database)
    assert len(numbers) - numbers.count(-1) == 200 * 20_000
    assert numbers.count(-1) == len(others)
    assert len(others) > steps / 2, "others wrote in between"


def test_without_others_nothing_is_given_up(database: Database) -> None:
    with database.transaction() as tx, giving_way(tx, after_seconds=0):
        tx.execute(MANY, {"many": 200_000})
    assert len(held(database)) == 200_000


def test_who_comes_early_waits_for_what_does_not_take_long(database: Database) -> None:
    begun = threading.Event()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(write_once_begun, database, begun)
        with database.transaction() as tx:
            begun.set()
            with giving_way(tx, after_seconds=SECONDS):
                tx.execute(MANY, {"many": 200_000})
        waiting.result(SECONDS)
    assert len(held(database)) == 200_001


def test_another_error_of_the_block_stays_what_it_is(database: Database) -> None:
    with pytest.raises(ValueError, match="mine"), database.transaction() as tx, giving_way(tx, after_seconds=0):
        raise ValueError("mine")
    assert held(database) == []
