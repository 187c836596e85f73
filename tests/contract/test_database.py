"""The database: rows come and go as they are, results read row by row leave nothing behind, and waiting has an end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from tests.support.stores import Store

from romaport.errors import StoreUnavailable
from romaport.storage import Database, DatabaseOptions, load, streamed
from romaport.storage.migrations import migrate
from romaport.storage.tables import domains, staged_assets

NUMBER = 3_000
STAGED = ("job_id", "kind", "position", "new_id", "key", "name", "body", "secrets", "holes", "secret_paths")
NAMES = select(domains.c.name).order_by(domains.c.name)


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Iterator[Database]:
    """A database with two connections for all, whoever had them last."""
    found = store.opened(tmp_path, migrate, DatabaseOptions(connections_max=2, wait_seconds=1))
    with found.transaction() as tx:
        tx.execute(insert(domains), [{"id": f"{number:032}", "name": f"{number:05}"} for number in range(NUMBER)])
    yield found
    found.close()


def test_rows_come_in_their_order_and_all_of_them(database: Database) -> None:
    with database.snapshot() as tx:
        assert [row[0] for row in streamed(tx, NAMES)] == [f"{number:05}" for number in range(NUMBER)]


@pytest.mark.parametrize("number", [0, 1, 400, 801])
def test_rows_are_loaded_as_they_are_however_many(database: Database, number: int) -> None:
    rows = [(f"{place:05}\t\\N\n\r'", f"x{place:031}") for place in range(number)]
    with database.transaction() as tx:
        load(tx, domains, ("name", "id"), rows)
    with database.snapshot() as tx:
        found = tx.execute(select(domains.c.name, domains.c.id).where(domains.c.id.like("x%")).order_by(domains.c.id))
        assert [tuple(row) for row in found] == rows


@pytest.mark.parametrize("number", [1, 2, 400, 801])
def test_what_is_the_same_in_all_rows_is_loaded_into_each(database: Database, number: int) -> None:
    rows = [
        (
            "j" * 32,
            "task",
            place,
            f"{place:032}",
            f'["{place}"]',
            "\\N",
            "{}",
            b"\0\\" if place % 2 else None,
            "[]",
            "[]",
        )
        for place in range(number)
    ]
    with database.transaction() as tx:
        load(tx, staged_assets, STAGED, rows)
    with database.snapshot() as tx:
        found = tx.execute(select(*(staged_assets.c[name] for name in STAGED)).order_by(staged_assets.c.position))
        assert [tuple(row) for row in found] == rows


@contextmanager
def half_read(database: Database) -> Iterator[Iterator[object]]:
    """Read the first row of many, in a transaction of its own that ends before the block does."""
    with database.snapshot() as tx:
        rows = streamed(tx, NAMES)
        assert next(rows)[0] == "00000"
    yield rows


@contextmanager
def broken_off(database: Database) -> Iterator[Iterator[object]]:
    """The same, but the transaction ends by an exception."""
    rows: Iterator[object] = iter(())
    with suppress(ZeroDivisionError), database.snapshot() as tx:
        rows = streamed(tx, NAMES)
        assert next(rows)
        _ = 1 / 0
    yield rows


@pytest.mark.parametrize("left", [half_read, broken_off])
def test_what_was_not_read_to_its_end_is_no_old_state_for_whoever_comes_next(
    database: Database, left: Callable[[Database], AbstractContextManager[Iterator[object]]]
) -> None:
    with left(database):
        # The second connection is the writer's, for the first has not been given back.
        with database.snapshot(), database.transaction() as tx:
            tx.execute(insert(domains).values(id="late", name="late"))
        with database.snapshot() as tx, database.snapshot() as other:
            assert [len(list(streamed(one, NAMES))) for one in (tx, other)] == [NUMBER + 1] * 2


def test_who_waits_too_long_for_a_connection_is_told_that_the_database_is_not_available(database: Database) -> None:
    with database.snapshot(), database.snapshot(), pytest.raises(StoreUnavailable), database.snapshot():
        pass
