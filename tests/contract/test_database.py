"""The database: results read row by row leave nothing behind, and who waits too long for a connection is told so."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from tests.support.stores import Store

from romaport.errors import StoreUnavailable
from romaport.storage import Database, DatabaseOptions, streamed
from romaport.storage.migrations import migrate
from romaport.storage.tables import domains

NUMBER = 3_000
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
