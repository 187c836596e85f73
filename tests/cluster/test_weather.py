"""The database goes away in the middle of a job, and comes back; no job is stuck, and none is done twice."""

import signal
from pathlib import Path

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.test_takeover import assert_done_once, begun


@pytest.mark.parametrize("gate", ["import.batch", "import.applied"])
def test_a_job_goes_on_after_a_restart_of_the_database(cluster: Cluster, package: Path, gate: str) -> None:
    job_id, _ = begun(cluster, package, gate)
    cluster.postgres.stop(signal.SIGQUIT)
    cluster.open(gate)
    cluster.postgres.start()
    row = cluster.until_final(job_id)
    assert_done_once(cluster, job_id, row)
    assert row.strikes == 1


def test_killed_sessions_stop_no_worker(cluster: Cluster, package: Path) -> None:
    job_id, _ = begun(cluster, package, "import.applied")
    for _ in range(3):
        cluster.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'romaport%%'")
    cluster.open("import.applied")
    row = cluster.until_final(job_id)
    assert_done_once(cluster, job_id, row)
