"""One PostgreSQL server for the folder, and a cluster on a fresh database per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.cluster import Cluster
from tests.crash.cargo import Cargo
from tests.support.postgres import Postgres, running_postgres

CARGO = Cargo(tasks=120, schedules=10)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def cluster(postgres: Postgres, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without a process, on an empty database."""
    found = Cluster(postgres, postgres.database(), tmp_path)
    yield found
    found.close()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package to import."""
    return CARGO.write(tmp_path / "cargo.zip")
