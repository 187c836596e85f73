"""The last bytes of a download and the end of its job are one thing, also for who asks another process."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.contract.workplace import Workplace, refusal
from tests.support.beside import running_beside
from tests.support.embedded import EmbeddedServer
from tests.support.stores import Store

from romaport.api import handover

pytestmark = pytest.mark.stores("postgresql")

LOOKED_SECONDS = 0.3
PATIENCE_SECONDS = 2.0
# The session that holds the marks of both; nothing else is harmed.
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'romaport marks'"

Pair = tuple[Workplace, Workplace]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[list[EmbeddedServer]]:
    with running_beside(Path(tmp_path_factory.mktemp("servers")), store, 2) as found:
        yield found


@pytest.fixture
def pair(servers: list[EmbeddedServer]) -> Pair:
    """One user in one instance, by two processes."""
    here, there = servers
    account = here.account("Tenant Administrator")
    instance_id = here.instance()
    headers = {"x-auth-token": account.token}
    elsewhere = there.http(f"/v2/{account.project_id}/", headers)
    return Workplace(account.http, instance_id), Workplace(elsewhere, instance_id)


def exported(work: Workplace, name: str = "orders") -> tuple[str, str]:
    """Answer a job, and the archive that it offers."""
    found = work.settled(work.export({"apps": [{"id": work.add_app(name)["id"]}]}))
    return found["id"], found["archive_id"]


def status(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    word: str = answer.json()["status"]
    return word


@pytest.mark.parametrize("is_remembered", [True, False], ids=["asked before", "asked first now"])
def test_who_asks_another_process_while_the_last_bytes_are_out_is_told_finished(
    servers: list[EmbeddedServer], pair: Pair, *, is_remembered: bool
) -> None:
    here, there = pair
    job_id, archive_id = exported(here)
    if is_remembered:
        assert status(there.progress(job_id)) == "Success"
    with ThreadPoolExecutor(3) as threads:
        with servers[0].gates.held("download.handed") as handed:
            taking = threads.submit(here.download, archive_id)
            assert handed.wait(30)
            polling = threads.submit(there.progress, job_id)
            taking_too = threads.submit(there.download, archive_id)
            time.sleep(LOOKED_SECONDS)
            assert not polling.done()
            assert not taking_too.done()
        assert taking.result(30).status_code == 200
        assert status(polling.result(30)) == "Finished"
        refusal(taking_too.result(30), 410, "ROMAPORT.2102")


def test_a_client_that_stalls_on_the_last_bytes_does_not_stall_those_who_ask_another_process(
    servers: list[EmbeddedServer], pair: Pair
) -> None:
    here, there = pair
    job_id, archive_id = exported(here)
    with ThreadPoolExecutor(1) as threads, servers[0].gates.held("download.handed") as handed:
        threads.submit(here.download, archive_id)
        assert handed.wait(30)
        # What the first was told is not kept for the second: until then the row may change.
        for _ in range(2):
            began_at = time.monotonic()
            assert status(there.progress(job_id)) == "Success"
            assert time.monotonic() - began_at >= PATIENCE_SECONDS


def test_a_process_whose_session_was_cut_is_heard_again(servers: list[EmbeddedServer], pair: Pair) -> None:
    here, there = pair
    for name in ("first", "second"):
        job_id, archive_id = exported(here, name)
        with psycopg.connect(servers[0].settings.database.url, autocommit=True) as session:
            session.execute(CUT)
        assert here.download(archive_id).status_code == 200
        assert status(there.progress(job_id)) == "Finished"


def test_a_process_that_dies_with_the_last_bytes_out_holds_nobody_up(
    servers: list[EmbeddedServer], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = pair
    # Far longer than a busy machine takes, so that it cannot be what ended the wait.
    monkeypatch.setattr(handover, "_WAIT_SECONDS", 300)
    job_id, archive_id = exported(here)
    with ThreadPoolExecutor(1) as threads, servers[0].gates.held("download.handed") as handed:
        threads.submit(here.download, archive_id)
        assert handed.wait(30)
        with psycopg.connect(servers[0].settings.database.url, autocommit=True) as session:
            # Whatever ends a process ends its sessions.
            session.execute(CUT)
        assert status(there.progress(job_id)) == "Success"
