"""The change feed and what is kept by it: told in time here and elsewhere, and emptied when it may have missed some."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.stores import Store

from romaport.jobs import Answers
from romaport.storage import Database, Topic, announce
from romaport.storage.migrations import migrate

JOB = "job"
SECONDS = 30
END_FEEDS = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'romaport feed'")


@pytest.fixture
def database(tmp_path: Path, store: Store) -> Iterator[Database]:
    found = store.opened(tmp_path, migrate)
    yield found
    found.close()


@pytest.fixture
def answers(database: Database) -> Answers[str]:
    return Answers(database.feed, entries_max=2)


def kept(answers: Answers[str], job_id: str, answer: str = "now") -> str | None:
    """Look a job up without anything coming between; answer what is ready then."""
    answers.keep(job_id, answers.ticket(job_id), answer)
    return answers.get(job_id)


def change(database: Database, job_id: str = JOB) -> None:
    with database.transaction() as tx:
        announce(tx, Topic.JOB, job_id)


def nothing() -> None:
    """Take no notice of what was lost."""


def test_what_is_kept_goes_with_a_change_and_nothing_else_does(database: Database, answers: Answers[str]) -> None:
    assert kept(answers, JOB) == kept(answers, "other") == "now"
    change(database)
    assert (answers.get(JOB), answers.get("other")) == (None, "now")


def test_the_oldest_go_when_there_is_no_more_room(answers: Answers[str]) -> None:
    for job_id in ("first", "second", "third"):
        assert kept(answers, job_id) == "now"
    assert [answers.get(job_id) for job_id in ("first", "second", "third")] == [None, "now", "now"]


def test_what_was_read_before_a_change_is_not_kept_after_it(database: Database, answers: Answers[str]) -> None:
    ticket = answers.ticket(JOB)
    change(database)
    answers.keep(JOB, ticket, "old")
    assert answers.get(JOB) is None
    assert kept(answers, JOB) == "now"


def test_what_is_read_while_a_change_is_being_committed_is_not_kept(database: Database, answers: Answers[str]) -> None:
    seen = []

    def read(job_id: str) -> None:
        seen.append(kept(answers, job_id))

    database.feed.listen(Topic.JOB, read, lost=nothing)
    change(database)
    # The second was read after the commit; that it is not kept is caution, and costs one more look.
    assert seen == [None, None]
    assert kept(answers, JOB) == "now"


def test_nothing_old_is_kept_for_the_moment_in_which_a_commit_is_being_told(database: Database) -> None:
    tickets: list[object] = []
    seen = []

    def keep(job_id: str) -> None:
        if tickets:
            late.keep(job_id, tickets.pop(), "old")
            seen.append(late.get(job_id))

    database.feed.listen(Topic.JOB, keep, lost=nothing)
    late: Answers[str] = Answers(database.feed, entries_max=2)
    # Whoever is told after the answers were takes a ticket right before the commit, and reads the old state; whoever
    # is told before them comes with it right after the commit, when others may have read the new one.
    database.feed.listen(Topic.JOB, lambda job_id: tickets.append(late.ticket(job_id)), lost=nothing)
    change(database)
    assert seen == [None]


def test_a_change_that_is_undone_leaves_nothing_open(database: Database, answers: Answers[str]) -> None:
    with suppress(ZeroDivisionError), database.transaction() as tx:
        announce(tx, Topic.JOB, JOB)
        _ = 1 / 0
    assert kept(answers, JOB) == "now"


# what other processes tell


class Other:
    """Another process's end of the feed: what it heard, and how often it may have missed something."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.changed = asyncio.Event()
        self.heard: list[str] = []
        self.losses = 0
        database.feed.listen(Topic.JOB, self._hear, lost=self._lose)

    def _hear(self, job_id: str) -> None:
        self.heard.append(job_id)
        self.changed.set()

    def _lose(self) -> None:
        self.losses += 1
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what was heard."""
        async with asyncio.timeout(SECONDS):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


def told(database: Database, story: Callable[[Other], Coroutine[Any, Any, None]]) -> None:
    """Have another process hear for as long as a story lasts."""

    async def hear() -> None:
        other = Other(Database(Path("unused"), database.options))
        async with other.database.feed.hearing():
            # Once for what was told before it listened.
            await other.until(lambda: other.losses == 1)
            await story(other)
        other.database.close()

    asyncio.run(hear())


@pytest.mark.stores("postgresql")
def test_other_processes_are_told_of_what_is_committed_and_of_nothing_that_is_undone(database: Database) -> None:
    async def story(other: Other) -> None:
        with suppress(ZeroDivisionError), database.transaction() as tx:
            announce(tx, Topic.JOB, "undone")
            _ = 1 / 0
        change(database, "done")
        await other.until(lambda: bool(other.heard))
        assert other.heard == ["done"]

    told(database, story)


@pytest.mark.stores("postgresql")
def test_a_lost_connection_is_a_loss_of_all_that_is_kept_and_is_opened_again(database: Database) -> None:
    async def story(other: Other) -> None:
        answers: Answers[str] = Answers(other.database.feed, entries_max=2)
        assert kept(answers, JOB) == "now"
        with database.session() as session:
            session.execute(END_FEEDS)
        # Once for the loss, once for what was told until it listened again.
        await other.until(lambda: other.losses == 3)
        assert answers.get(JOB) is None
        change(database)
        await other.until(lambda: other.heard == [JOB])

    told(database, story)
