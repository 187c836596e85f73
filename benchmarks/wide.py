"""A server that has every core: a transfer is not asked for more than it can do beside the little load it has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Postgres

from benchmarks.place import Served, served
from romaport.storage import DatabaseOptions

__all__ = ["STORES", "place", "url_of"]

STORES = ("SQLite", "PostgreSQL")


def url_of(store: str, postgres: Postgres) -> str:
    """Answer the URL of an empty database, which is empty itself for SQLite."""
    return postgres.url(postgres.database()) if store == "PostgreSQL" else ""


@contextmanager
def place(store: str, postgres: Postgres, folder: Path) -> Iterator[tuple[Served, DatabaseOptions, Path]]:
    """Run a server on an empty database and all cores; answer it, and how its database is opened."""
    url = url_of(store, postgres)
    settings = {"ROMAPORT_SERVER_DATA": str(folder), "ROMAPORT_CATALOG_QUOTAS_ENFORCED": "false"}
    if url:
        settings |= {"ROMAPORT_DATABASE_URL": url, "ROMAPORT_SERVER_WITH_WORKER": "true"}
    with served(**settings) as server:
        for thread in Path(f"/proc/{server.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), os.sched_getaffinity(0))
        yield server, DatabaseOptions(url=url), folder / "romaport.db"
