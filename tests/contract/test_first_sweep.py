"""The first sweep: before the first request where the folder is the server's own, beside the requests elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from tests.support.beside import Given
from tests.support.embedded import EmbeddedServer
from tests.support.proxy import Weather, running_proxy
from tests.support.s3 import running_s3
from tests.support.stores import Store
from tests.support.waiting import until

STAGED = "select job_id from staged_assets"
ABANDONED = """
insert into staged_assets (job_id, kind, position, new_id, key, name, body, secret_paths, holes)
values ('nobodys', 'app', 0, 'new', '["orders"]', 'orders', '{}', '[]', '[]')
"""
WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture
def server(tmp_path: Path, store: Store) -> Iterator[EmbeddedServer]:
    """A server that is not started."""
    found = EmbeddedServer(tmp_path / "data", store=store)
    yield found
    found.close()


@pytest.mark.stores("sqlite")
def test_a_server_alone_with_its_folder_has_removed_what_nobody_needs_when_it_answers(server: EmbeddedServer) -> None:
    server.kept.change(ABANDONED)
    stray = server.data / "store" / "archives" / "stray.zip"
    stray.parent.mkdir()
    stray.touch()
    # Files are as old as the clock of the machine says, which is not the server's.
    os.utime(stray, (0, 0))
    server.start()
    assert server.kept.rows(STAGED) == []
    assert not stray.exists()


@pytest.mark.stores("postgresql")
def test_a_server_on_a_shared_database_answers_while_the_first_sweep_still_waits(server: EmbeddedServer) -> None:
    server.kept.change(ABANDONED)
    with psycopg.connect(server.settings.database.url) as session:
        session.execute("LOCK TABLE staged_assets IN ACCESS EXCLUSIVE MODE")
        server.start()
        assert server.account("ROMA FullAccess").http.get("instances").status_code == 200
        until(lambda: server.kept.rows(WAITING))
    until(lambda: not server.kept.rows(STAGED))


@pytest.mark.stores("postgresql")
def test_a_stop_waits_for_a_sweep_that_has_begun(tmp_path: Path, store: Store) -> None:
    server = EmbeddedServer(tmp_path / "data", store=store)
    server.kept.change(ABANDONED)
    with psycopg.connect(server.settings.database.url) as session:
        session.execute("LOCK TABLE staged_assets IN ACCESS EXCLUSIVE MODE")
        server.start()
        until(lambda: server.kept.rows(WAITING))
        stop = Thread(target=server.close)
        stop.start()
        until(lambda: "server.stopping" in server.gates.passed)
    stop.join(30)
    assert server.kept.rows(STAGED) == []


def test_a_server_with_a_bucket_answers_while_the_bucket_is_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    patient = {"ROMAPORT_ARCHIVES_TIMEOUT_SECONDS": "30", "ROMAPORT_ARCHIVES_RETRY_SECONDS": "0"}
    with running_s3() as s3, running_proxy(s3.port) as proxy:
        store = Given(s3.environment(s3.bucket(), endpoint=proxy.endpoint) | patient)
        server = EmbeddedServer(tmp_path / "data", store=store)
        try:
            with proxy.weather(Weather(hangs=True)):
                server.start()
                assert server.account("ROMA FullAccess").http.get("instances").status_code == 200
                assert "sweep_interrupted" not in caplog.messages
            until(lambda: "sweep_interrupted" in caplog.messages)
        finally:
            server.close()
