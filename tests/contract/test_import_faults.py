"""Every SQL statement of a job fails once: nothing is left of it, the job says so, and another try succeeds.

Where each takes its time, on what many machines share, a run takes every third; which ones is chance that repeats.

The fault is no exception of a driver, so nobody may take it for a store that will be back; where it is one, the
job waits and goes on by itself.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.contract.extras import altered, assets_of, scheduled
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import Account, EmbeddedServer
from tests.support.packages import copied
from tests.support.stores import Store

from romaport.assets import (
    ImportOptions,
    Selected,
    Side,
    Values,
    Window,
    find_report,
    start_comparison,
    start_deletion,
    start_execution,
    start_import,
    start_plan,
    start_rollback,
    sweep,
)
from romaport.auth import AuthOptions
from romaport.catalog import Actor
from romaport.errors import StoreUnavailable
from romaport.jobs import JobOptions, Owner
from romaport.settings import Settings

WINDOW = Window(offset=0, limit=1000)
ADD, MERGE = ImportOptions(), ImportOptions(merges=True, datasource_overwrite=True)
VALUES: Values = {"app": {"orders": {"secret": "given"}}, "data_source": {"orders-in": {"content.password": "given"}}}
# The statements of a start, which are undone together.
BEGINNING = 3
SHARED_STRIDE = 3
STAGED = {"staged_assets", "staged_references", "staged_uniques"}
# What is placed out of sight is among them.
PUT_ASIDE = STAGED | {"instances", "assets", "asset_references", "asset_uniques"}


class Fault(Exception):
    """Raised by no driver."""


@dataclass
class Statements:
    """Counts the statements of some threads, and makes one of them fail."""

    threads: str
    number: int = 0
    error: Exception | None = None
    count: int = 0
    ended: int = 0
    """How many there were when the job's end was committed."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_moved: bool = False

    def executed(self, *given: Any) -> None:
        if threading.current_thread().name.startswith(self.threads):
            with self._lock:
                self.count += 1
                self._is_moved |= given[2].startswith("UPDATE jobs SET state")
                fails = self.count == self.number and self.error is not None
            if fails:
                assert self.error is not None
                raise self.error

    def committed(self, _: Any) -> None:
        if self._is_moved and threading.current_thread().name.startswith(self.threads):
            self._is_moved = False
            self.ended = self.count


@contextmanager
def statements(threads: str, number: int = 0, error: Exception | None = None) -> Iterator[Statements]:
    """Count statements for the length of the block; the one of that number raises."""
    found = Statements(threads, number, error)
    heard = {"before_cursor_execute": found.executed, "commit": found.committed}
    for name, hear in heard.items():
        event.listen(Engine, name, hear)
    try:
        yield found
    finally:
        for name, hear in heard.items():
            event.remove(Engine, name, hear)


@dataclass(frozen=True)
class Bench:
    """A user at work in one instance, without HTTP between."""

    server: EmbeddedServer
    account: Account
    instance_id: str

    @property
    def desk(self) -> Any:
        return self.server.system.parts.desk

    @property
    def actor(self) -> Actor:
        return Actor(user_id=self.account.id, user_name=self.account.name, sees_all=True, at=self.server.clock())

    @property
    def owner(self) -> Owner:
        return Owner(
            project_id=self.server.project_id,
            instance_id=self.instance_id,
            user_id=self.account.id,
            user_name=self.account.name,
        )

    def report(self, job_id: str) -> dict[str, Any]:
        """Await a job, and answer its report."""
        self.server.drain()
        return find_report(self.desk, self.owner, self.actor, job_id, WINDOW)

    def imported(self, package: Path, options: ImportOptions, values: Values | None = None) -> dict[str, Any]:
        return self.report(start_import(self.desk, self.owner, self.actor, copied(package), options, values=values))

    def rolled_back(self, job_id: str) -> dict[str, Any]:
        return self.report(start_rollback(self.desk, self.owner, self.actor, job_id, overwrites=False))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[EmbeddedServer]:
    settings = Settings(auth=AuthOptions(token_seconds=30 * 86_400), jobs=JobOptions(retry_seconds=0.1))
    found = EmbeddedServer(Path(tmp_path_factory.mktemp("faults")) / "data", settings, store=store)
    found.start()
    yield found
    found.close()


@pytest.fixture
def bench(server: EmbeddedServer, work: Workplace, admin: Account) -> Bench:
    return Bench(server, admin, work.instance_id)


@pytest.fixture
def package(elsewhere: Workplace, tmp_path: Path) -> Path:
    path = tmp_path / "orders.zip"
    path.write_bytes(scheduled(elsewhere))
    return path


def fail_everywhere(
    bench: Bench, begin: Callable[[], str], undo: Callable[[str], object] | None = None, *, retries: bool = True
) -> int:
    """Fail a job at each chosen statement in turn; answer how many it has.

    If it can be undone, it is tried again after each failure, or, without `retries`, after the last.
    What fails after the job's end leaves no more than what was put aside, for a sweep.
    """
    with statements("job") as undisturbed:
        job_id = begin()
        assert bench.report(job_id)["state"] == "succeeded"
    if undo:
        undo(job_id)
    stride = 1 if bench.server.kept.is_in_folder else SHARED_STRIDE
    first = random.randint(1, stride)  # noqa: S311 - chance that repeats
    for number in range(first, undisturbed.count + 1, stride):
        before = assets_of(bench.server)
        with statements("job", number, Fault()) as faulty:
            report = bench.report(begin())
        assert faulty.count > number
        if BEGINNING < faulty.ended < number:
            assert report["state"] == "succeeded", (number, report)
            sweep(bench.desk, grace=timedelta(0))
            assert not any(rows for name, rows in assets_of(bench.server).items() if name in STAGED), number
            if undo:
                undo(report["id"])
            continue
        assert report["state"] == "failed", (number, report)
        assert [(found["kind"], found["code"]) for found in report["findings"]["items"]] == [("job", "ROMAPORT.9001")]
        after = assets_of(bench.server)
        assert {name for name in before if after[name] != before[name]} <= PUT_ASIDE, number
        sweep(bench.desk, grace=timedelta(0))
        assert assets_of(bench.server) == before, number
        if undo and retries:
            retried = begin()
            assert bench.report(retried)["state"] == "succeeded"
            undo(retried)
    assert bench.report(begin())["state"] == "succeeded"
    return undisturbed.count


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Leave out of a failure's report the hundreds of crashes that are meant."""
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("options", [ADD, MERGE], ids=["AddNew", "Merge"])
def test_an_import_that_fails_at_any_statement_leaves_nothing_and_succeeds_when_tried_again(
    bench: Bench, work: Workplace, ben: Account, package: Path, options: ImportOptions
) -> None:
    if options.merges:
        altered(work, ben)
    before = assets_of(bench.server)

    def undo(job_id: str) -> None:
        assert bench.rolled_back(job_id)["state"] == "succeeded"
        assert assets_of(bench.server) == before

    count = fail_everywhere(
        bench,
        lambda: start_import(bench.desk, bench.owner, bench.actor, copied(package), options, values=VALUES),
        undo,
    )
    assert count > 50


def test_a_plan_that_fails_at_any_statement_leaves_nothing(
    bench: Bench, work: Workplace, ben: Account, package: Path
) -> None:
    altered(work, ben)
    count = fail_everywhere(
        bench, lambda: start_plan(bench.desk, bench.owner, bench.actor, copied(package), MERGE, values=VALUES)
    )
    assert count > 50


def test_an_execution_that_fails_at_any_statement_leaves_its_plan_to_be_executed(
    bench: Bench, work: Workplace, ben: Account, package: Path
) -> None:
    altered(work, ben)
    plan = bench.report(start_plan(bench.desk, bench.owner, bench.actor, copied(package), MERGE, values=VALUES))
    # Rolled back, the instance is as the plan has seen it; so the last execution is as good as the first.
    first = bench.report(start_execution(bench.desk, bench.owner, bench.actor, plan["id"]))
    assert bench.rolled_back(first["id"])["state"] == "succeeded"
    count = fail_everywhere(
        bench,
        lambda: start_execution(bench.desk, bench.owner, bench.actor, plan["id"]),
        bench.rolled_back,
        retries=False,
    )
    assert count > 50


def test_a_deletion_that_fails_at_any_statement_deletes_nothing(bench: Bench, work: Workplace, ben: Account) -> None:
    made = altered(work, ben)
    chosen = Selected(apps=(made["app"], made["other"]))
    count = fail_everywhere(
        bench, lambda: start_deletion(bench.desk, bench.owner, bench.actor, chosen), bench.rolled_back
    )
    assert count > 20
    assert work.names() == {"apps": [], "sources": [], "tasks": []}


def test_a_rollback_that_fails_at_any_statement_leaves_the_job_to_be_taken_back(
    bench: Bench, work: Workplace, ben: Account, package: Path
) -> None:
    altered(work, ben)
    before = assets_of(bench.server)
    jobs = [bench.imported(package, MERGE)["id"]]

    def again(_: str) -> None:
        assert assets_of(bench.server) == before
        jobs.append(bench.imported(package, MERGE)["id"])

    def begin() -> str:
        return start_rollback(bench.desk, bench.owner, bench.actor, jobs[-1], overwrites=False)

    assert fail_everywhere(bench, begin, again) > 20
    assert assets_of(bench.server) == before


def test_a_comparison_that_fails_at_any_statement_leaves_nothing(bench: Bench, work: Workplace, package: Path) -> None:
    work.add_set("orders")

    def begin() -> str:
        sides = (Side(instance_id=work.instance_id), Side(package=copied(package)))
        return start_comparison(bench.desk, bench.owner, bench.actor, sides)

    assert fail_everywhere(bench, begin) > 10


# what is not ours to mend


@pytest.mark.parametrize("share", [0, 0.2, 0.4, 0.6, 0.8, 1])
def test_an_import_whose_database_breaks_goes_on_by_itself_and_is_done_once(
    bench: Bench, server: EmbeddedServer, admin: Account, package: Path, share: float, store: Store
) -> None:
    undisturbed = Bench(server, admin, server.instance())
    with statements("job") as counted:
        expected = undisturbed.imported(package, ADD, VALUES)
    number = 1 + round(share * (counted.ended - 1))
    with statements("job", number, store.broken()) as broken:
        report = bench.imported(package, ADD, VALUES)
    assert broken.count > counted.count / 2
    assert (report["state"], report["outcome"]) == ("succeeded", expected["outcome"])
    # What was not even begun has not been started twice.
    assert report["starts"] == (2 if number > BEGINNING else 1)
    sides = (Side(instance_id=undisturbed.instance_id), Side(instance_id=bench.instance_id))
    compared = bench.report(start_comparison(bench.desk, bench.owner, bench.actor, sides))
    assert set(compared["outcome"]) <= {"same", "differs"}
    assert compared["outcome"].get("differs", {}) in ({}, {"app": 1})


def test_an_import_whose_database_breaks_for_too_long_is_given_up(
    bench: Bench, server: EmbeddedServer, package: Path, store: Store
) -> None:
    def broken(*arguments: Any) -> None:
        if "FROM staged_assets" in arguments[2]:
            server.clock.advance(server.settings.jobs.patience_seconds / 2)
            raise store.broken()

    before = assets_of(server)
    event.listen(Engine, "before_cursor_execute", broken)
    try:
        report = bench.imported(package, ADD)
    finally:
        event.remove(Engine, "before_cursor_execute", broken)
    assert (report["state"], report["starts"]) == ("failed", 2)
    assert [found["code"] for found in report["findings"]["items"]] == [StoreUnavailable.code]
    sweep(bench.desk, grace=timedelta(0))
    assert assets_of(server) == before
    assert bench.imported(package, ADD)["state"] == "succeeded"


# what fails before there is a job


def test_a_request_that_fails_at_any_statement_begins_nothing(
    server: EmbeddedServer, work: Workplace, package: Path
) -> None:
    content = package.read_bytes()
    with statements("request") as undisturbed:
        started = work.import_package(content, prefix="first-")
    work.settled(started)
    assert undisturbed.count >= 5
    for number in range(1, undisturbed.count + 1):
        server.drain()
        before = server.written()
        with statements("request", number, Fault()):
            answer = work.import_package(content)
        refusal(answer, 500, "ROMAPORT.9001")
        assert server.written() == before, number
    assert work.imported(content)["status"] == "Success"
