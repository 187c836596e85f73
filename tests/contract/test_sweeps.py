"""Sweeps beside jobs that begin while they run: on a shared database nobody waits for them, and nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

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


def test_what_is_staged_by_a_job_that_begins_while_a_sweep_looks_stays(
    server: EmbeddedServer, work: Workplace, package: bytes
) -> None:
    work.add_app("theirs")
    with ThreadPoolExecutor(1) as threads, server.gates.held("import.staged") as staged:
        with server.gates.held("sweep.looked") as looked:
            sweeping = threads.submit(swept, server)
            assert looked.wait(30)
            started = work.import_package(package)
            assert staged.wait(30)
        sweeping.result(30)
        assert server.kept.rows(STAGED) == [(4,)]
    assert work.settled(started)["status"] == "Success"


def test_what_is_placed_by_a_job_that_begins_while_a_sweep_looks_stays(
    server: EmbeddedServer, work: Workplace, package: bytes
) -> None:
    with ThreadPoolExecutor(1) as threads, server.gates.held("import.checked") as checked:
        with server.gates.held("sweep.looked") as looked:
            sweeping = threads.submit(swept, server)
            assert looked.wait(30)
            started = work.import_package(package)
            assert checked.wait(30)
        sweeping.result(30)
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
