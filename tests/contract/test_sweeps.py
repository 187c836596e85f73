"""Sweeps beside jobs that begin while they run: on a shared database nobody waits for them, and nothing is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from tests.contract.extras import Extras, swept
from tests.contract.workplace import Workplace
from tests.support.embedded import EmbeddedServer
from tests.support.stores import HIDDEN
from tests.support.waiting import until

DAY_SECONDS = 86_400
STAGED = "select count(*) from staged_assets"
WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

pytestmark = pytest.mark.stores("postgresql")


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    return elsewhere.exported(elsewhere.add_set("orders")["app"])


@contextmanager
def begun_while_a_sweep_looks(
    server: EmbeddedServer, work: Workplace, package: bytes, gate: str
) -> Iterator[httpx.Response]:
    """Have an import begin and come as far as a gate while a sweep looks, and stand there once that is over."""
    with ThreadPoolExecutor(1) as threads, server.gates.held(gate) as reached:
        with server.gates.held("sweep.looked") as looked:
            sweeping = threads.submit(swept, server)
            assert looked.wait(30)
            started = work.import_package(package)
            assert reached.wait(30)
        sweeping.result(30)
        yield started


def test_what_is_staged_by_a_job_that_begins_while_a_sweep_looks_stays(
    server: EmbeddedServer, work: Workplace, package: bytes
) -> None:
    work.add_app("theirs")
    with begun_while_a_sweep_looks(server, work, package, "import.staged") as started:
        assert server.kept.rows(STAGED) == [(4,)]
    assert work.settled(started)["status"] == "Success"


def test_what_is_placed_by_a_job_that_begins_while_a_sweep_looks_stays(
    server: EmbeddedServer, work: Workplace, package: bytes
) -> None:
    with begun_while_a_sweep_looks(server, work, package, "import.checked") as started:
        assert server.kept.rows(HIDDEN) == [(started.json()["job_id"],)]
    assert work.settled(started)["status"] == "Success"
    assert work.names() == {"apps": ["orders"], "sources": ["orders-in", "orders-out"], "tasks": ["orders-run"]}


def test_a_plan_that_is_being_executed_when_its_time_is_over_keeps_its_package(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    plan = extras.planned(package)
    with ThreadPoolExecutor(2) as threads:
        with server.gates.held("execution.opening") as opening:
            asking = threads.submit(extras.ask_execution, plan["id"])
            assert opening.wait(30)
            server.clock.advance(DAY_SECONDS)
            sweeping = threads.submit(swept, server)
            until(lambda: sweeping.done() or server.kept.rows(WAITING))
        sweeping.result(30)
        assert extras.told(asking.result(30))["state"] == "succeeded"
