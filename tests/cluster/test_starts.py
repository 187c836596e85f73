"""Starting: many at once, without the database, with another key, beside a newer release."""

import subprocess
import sys
import time

from tests.cluster.cluster import Cluster, until

NUMBER = 10


def refused(cluster: Cluster, *command: str, **settings: str) -> tuple[int, str]:
    """Run a command that ends by itself; answer its exit code and the last it says."""
    member = cluster.launch(*command, settings=settings)
    return member.wait(), member.log_path.read_text().strip().splitlines()[-1]


def test_ten_servers_start_at_once_on_an_empty_database(cluster: Cluster) -> None:
    members = [cluster.launch("serve", "--json") for _ in range(NUMBER)]
    said = [member.announced() for member in members]
    assert len({found["endpoint"] for found in said}) == NUMBER
    assert sum(found["credentials"] is not None for found in said) == 1
    assert sum(len(member.events("database_migrated")) for member in members) == 1
    assert cluster.rows("SELECT count(*) FROM users") == [(1,)]


def test_a_start_waits_for_the_database(cluster: Cluster) -> None:
    cluster.postgres.stop()
    try:
        member = cluster.launch("serve", "--json")
        until(lambda: member.events("database_awaited"), "the server waits")
    finally:
        cluster.postgres.start()
    assert member.announced()["credentials"]


def test_a_start_whose_sessions_are_ended_goes_on_and_makes_everything_once(cluster: Cluster) -> None:
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    member = cluster.launch("serve", "--json")
    ended = 0
    for _ in range(150):
        ended += len(cluster.rows(f"{ends} AND pid <> pg_backend_pid()"))
        time.sleep(0.02)
    assert ended > 0
    assert member.announced()["credentials"]
    assert cluster.rows("SELECT count(*) FROM projects") == [(1,)]


def test_a_start_without_a_database_ends_in_one_sentence(cluster: Cluster) -> None:
    settings = {"ROMAPORT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "ROMAPORT_DATABASE_START_SECONDS": "1"}
    began_at = time.monotonic()
    code, said = refused(cluster, "worker", **settings)
    assert (code, said) == (1, "romaport: The database is not available; try again in a moment. [ROMAPORT.5001]")
    assert time.monotonic() - began_at < 20


def test_a_process_with_another_key_for_secrets_does_not_start(cluster: Cluster) -> None:
    cluster.serve()
    code, said = refused(cluster, "worker", ROMAPORT_SECRETS_KEY="ab" * 32)
    assert code == 2
    assert said == (
        "romaport: Setting ROMAPORT_SECRETS_KEY: is not the key under which this data was written [ROMAPORT.5002]"
    )


def test_a_worker_needs_a_database_that_is_shared(cluster: Cluster) -> None:
    code, said = refused(cluster, "worker", ROMAPORT_DATABASE_URL="")
    assert code == 2
    assert "ROMAPORT_DATABASE_URL" in said


def test_migrate_says_from_where_to_where_and_leaves_a_newer_release_alone(cluster: Cluster) -> None:
    def migrated() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "romaport", "migrate"],
            env=cluster.settings,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert migrated().startswith("migrated from nothing to revision ")
    assert migrated().startswith("the database is at revision ")
    cluster.rows("UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    assert migrated() == "the database is at revision 9999"
    member = cluster.serve()
    assert member.events("database_newer")
