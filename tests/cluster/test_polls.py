"""The same as on one process, by three: what one of them has shown or done, none of the others is behind."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from tests.cluster.cluster import Cluster, until
from tests.support.changes import Changes
from tests.support.polling import JOBS, Polls, assert_in_order
from tests.support.server_process import Place

SERVERS = 3
SECONDS = 3.0
PAUSE_SECONDS = 0.25
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = ANY(%s)"
)


@pytest.fixture
def endpoints(cluster: Cluster) -> list[str]:
    """Servers that run no jobs."""
    members = [cluster.launch("serve", "--json") for _ in range(SERVERS)]
    said = [member.announced() for member in members]
    [first] = [found for found in said if found["credentials"]]
    cluster.place = Place(endpoint=first["endpoint"], **first["credentials"])
    return [str(found["endpoint"]) for found in said]


@pytest.fixture
def changes(cluster: Cluster, endpoints: list[str], tmp_path: Path) -> Iterator[Changes]:
    """A further process, in which jobs change."""
    assert endpoints
    found = Changes("write", tmp_path, cluster.settings)
    yield found
    found.close()


@pytest.fixture
def polls(cluster: Cluster, endpoints: list[str], changes: Changes) -> Polls:
    assert cluster.place
    return Polls.of(cluster.place, endpoints, changes)


def test_nobody_reads_an_older_state_than_anyone_has_seen_or_caused_on_any_process(
    polls: Polls, changes: Changes
) -> None:
    changes.begin(SECONDS)
    seen = polls.run()
    assert changes.answer() > JOBS
    assert seen.refused == 0
    assert_in_order(seen)


def test_nobody_reads_an_older_state_while_connections_are_lost_on_which_changes_are_told(
    cluster: Cluster, polls: Polls, changes: Changes
) -> None:
    over = Event()

    def cut() -> int:
        count = 0
        while not over.is_set():
            count += len(cluster.rows(END, ["romaport feed", "romaport versions"]))
            time.sleep(PAUSE_SECONDS)
        return count

    with ThreadPoolExecutor() as threads:
        cutting = threads.submit(cut)
        changes.begin(SECONDS)
        try:
            seen = polls.run()
        finally:
            over.set()
    assert cutting.result() > SERVERS
    assert changes.answer() > JOBS
    assert_in_order(seen)
    until(lambda: cluster.rows(SESSIONS, "romaport feed") == [(SERVERS,)], "all hear again")
