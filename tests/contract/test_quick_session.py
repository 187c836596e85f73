"""One statement asked over and over of PostgreSQL: each question gets its own answer, whatever became of the last."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import LiteralString

import psycopg
import pytest
from tests.support.stores import Store
from tests.support.waiting import until

from romaport.errors import StoreUnavailable
from romaport.storage import DatabaseOptions, quick
from romaport.storage.quick import QuickSession

pytestmark = pytest.mark.stores("postgresql")

PURPOSE = "quick test"
# Answers the first value after as many seconds as the second says.
LATE = "SELECT $1, 'after', pg_sleep($2::float8)::text"
WORDS = "SELECT word, length(word)::text FROM unnest(string_to_array($1, ' ')) AS word"
BROKEN = "SELECT (1 / length($1))::text"
OPEN: LiteralString = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
CUT: LiteralString = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
LONG = "x" * 5_000_000
SOON_SECONDS = 0.3

Ask = Callable[[QuickSession], Awaitable[object]]


@pytest.fixture(scope="module")
def url(store: Store) -> str:
    """Answer where an empty database is."""
    return store.fresh()["ROMAPORT_DATABASE_URL"]


@pytest.fixture
def run(url: str) -> Iterator[Callable[[str, Ask], object]]:
    """Ask by a session for a statement."""

    def asked(statement: str, ask: Ask) -> object:
        async def one() -> object:
            session = QuickSession(DatabaseOptions(url=url), PURPOSE, statement)
            try:
                return await ask(session)
            finally:
                await session.close()

        return asyncio.run(one())

    yield asked
    # The server notices that one is closed when the statement ends.
    until(lambda: rows(url, OPEN) == [], "no session is left open")


def rows(url: str, statement: LiteralString) -> list[tuple[object, ...]]:
    """Ask about the sessions."""
    with psycopg.connect(url, autocommit=True) as session:
        return session.execute(statement, (f"romaport {PURPOSE}",)).fetchall()


@pytest.mark.parametrize(
    "value", ["", "one", "Größe 東京 {\"',\\}", f"{LONG} {LONG}"], ids=["none", "one", "odd", "long"]
)
def test_rows_are_texts(run: Callable[[str, Ask], object], value: str) -> None:
    found = run(WORDS, lambda session: session.rows(value))
    assert found == [(word, str(len(word))) for word in value.split(" ") if word or value]


def test_it_is_asked_again_and_again_by_one_session(run: Callable[[str, Ask], object]) -> None:
    async def ask(session: QuickSession) -> list[object]:
        return [await session.rows(word) for word in ("a", "bb", "ccc")]

    assert run(WORDS, ask) == [[("a", "1")], [("bb", "2")], [("ccc", "3")]]


def test_a_session_that_was_cut_since_is_opened_again(run: Callable[[str, Ask], object], url: str) -> None:
    async def ask(session: QuickSession) -> list[object]:
        found: list[object] = [await session.rows("a")]
        assert await asyncio.to_thread(rows, url, CUT) == [(True,)]
        return [*found, await session.rows("bb")]

    assert run(WORDS, ask) == [[("a", "1")], [("bb", "2")]]


def test_a_session_that_was_cut_keeps_nobody_busy(
    run: Callable[[str, Ask], object], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    async def ask(session: QuickSession) -> int:
        loop = asyncio.get_running_loop()
        add = loop.add_reader

        def noted(socket: int, move: Callable[..., None], *values: object) -> None:
            def moved() -> None:
                told.append(socket)
                move(*values)

            add(socket, moved)

        monkeypatch.setattr(loop, "add_reader", noted)
        await session.rows("a")
        told.clear()
        await asyncio.to_thread(rows, url, CUT)
        await asyncio.sleep(SOON_SECONDS)
        return len(told)

    assert run(WORDS, ask) == 1


def test_a_statement_that_fails_is_said_to(run: Callable[[str, Ask], object]) -> None:
    async def ask(session: QuickSession) -> object:
        with pytest.raises(StoreUnavailable):
            await session.rows("")
        return await session.rows("a")

    assert run(BROKEN, ask) == [("1",)]


def test_who_asks_after_one_that_was_not_answered_in_time_gets_the_answer_to_their_own(
    run: Callable[[str, Ask], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(session: QuickSession) -> object:
        assert await session.rows("first", "0")
        monkeypatch.setattr(quick, "ANSWER_SECONDS", SOON_SECONDS)
        with pytest.raises(StoreUnavailable):
            await session.rows("late", str(2 * SOON_SECONDS))
        monkeypatch.undo()
        return await session.rows("next", "0")

    assert run(LATE, ask) == [("next", "after", "")]


def test_who_asks_after_one_that_went_away_gets_the_answer_to_their_own(run: Callable[[str, Ask], object]) -> None:
    async def ask(session: QuickSession) -> object:
        assert await session.rows("first", "0")
        going = asyncio.create_task(session.rows("gone", str(SOON_SECONDS)))
        await asyncio.sleep(SOON_SECONDS / 3)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        return await session.rows("next", "0")

    assert run(LATE, ask) == [("next", "after", "")]


def test_nobody_who_may_be_asked_is_said_to_be_so(run: Callable[[str, Ask], object]) -> None:
    async def ask(_session: QuickSession) -> None:
        nowhere = QuickSession(DatabaseOptions(url="postgresql://romaport@127.0.0.1:1/none"), PURPOSE, WORDS)
        with pytest.raises(StoreUnavailable):
            await nowhere.rows("a")

    run(WORDS, ask)
