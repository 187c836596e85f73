"""A job outlives its worker: killed, frozen, stopped or cut off, another goes on, and there is one effect."""

import signal
import time
from pathlib import Path

import pytest
from tests.cluster.cluster import Cluster, JobRow, Member, until
from tests.cluster.conftest import CARGO

TAKEOVER_SECONDS = 4.0
ASSETS = CARGO.apps + CARGO.data_sources + CARGO.tasks + CARGO.schedules


def begun(cluster: Cluster, package: Path, gate: str) -> tuple[str, Member]:
    """Import a package with two workers; answer the job, and who of them stands before a gate."""
    cluster.serve()
    cluster.shut(gate)
    cluster.work()
    cluster.work()
    with cluster.client() as client:
        job_id = client.import_package(package)
    return job_id, cluster.reached(gate)


def assert_done_once(cluster: Cluster, job_id: str, row: JobRow) -> None:
    """Expect what an undisturbed run leaves: every asset once, everything counted, nothing left over."""
    assert (row.state, row.done) == ("succeeded", row.total)
    assert cluster.rows("SELECT count(*) FROM assets WHERE origin_id = %s", job_id) == [(ASSETS,)]
    assert cluster.rows("SELECT count(*) FROM staged_assets") == [(0,)]
    assert cluster.rows("SELECT id FROM instances WHERE space_of IS NOT NULL") == [(job_id,)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_job_of_a_killed_or_frozen_worker_is_taken_over(
    cluster: Cluster, package: Path, number: signal.Signals
) -> None:
    job_id, worker = begun(cluster, package, "import.batch")
    worker.send(number)
    cluster.open("import.batch")
    began_at = time.monotonic()
    until(lambda: cluster.job(job_id).attempt == 2, "another attempt")
    assert time.monotonic() - began_at < TAKEOVER_SECONDS
    row = cluster.until_final(job_id)
    assert (row.attempt, row.strikes) == (2, 2)
    assert_done_once(cluster, job_id, row)


@pytest.mark.parametrize("gate", ["import.applied", "import.staging"])
def test_a_worker_that_wakes_up_with_locks_in_its_hands_changes_nothing_any_more(
    cluster: Cluster, package: Path, gate: str
) -> None:
    job_id, zombie = begun(cluster, package, gate)
    zombie.send(signal.SIGSTOP)
    cluster.open(gate)
    row = cluster.until_final(job_id)
    content = cluster.content()
    zombie.send(signal.SIGCONT)
    until(lambda: zombie.events("job_fenced") or zombie.events("job_interrupted"), "the zombie is refused")
    assert_done_once(cluster, job_id, row)
    assert cluster.content() == content
    assert cluster.job(job_id) == row


def test_a_worker_that_is_stopped_hands_its_job_over_at_once(cluster: Cluster, package: Path) -> None:
    job_id, worker = begun(cluster, package, "import.batch")
    worker.send(signal.SIGTERM)
    until(lambda: worker.events("worker_stopping"), "the worker is told to stop")
    cluster.open("import.batch")
    until(lambda: cluster.job(job_id).attempt == 2, "another attempt", seconds=1.5)
    assert worker.wait() == 0
    row = cluster.until_final(job_id)
    assert (row.attempt, row.strikes) == (2, 1)
    assert_done_once(cluster, job_id, row)


def test_a_job_that_kills_its_workers_is_given_up_after_three(cluster: Cluster, package: Path) -> None:
    cluster.serve()
    (cluster.gates / "import.fetched.deadly").touch()
    with cluster.client() as client:
        job_id = client.import_package(package)
        for attempt in (1, 2, 3):
            worker = cluster.work()
            assert worker.wait() == -signal.SIGKILL
            assert cluster.job(job_id).attempt == attempt
        cluster.work()
        assert cluster.until_final(job_id).state == "failed"
        answer = client.job(job_id)
    assert "Given up after 3 starts." in str(answer.reasons)


def test_a_job_without_an_entry_in_the_queue_gets_one(cluster: Cluster, package: Path) -> None:
    cluster.serve()
    with cluster.client() as client:
        job_id = client.import_package(package)
    cluster.rows("DELETE FROM pgqueuer RETURNING id")
    worker = cluster.work()
    assert_done_once(cluster, job_id, cluster.until_final(job_id))
    assert worker.events("job_astray")
