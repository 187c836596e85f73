"""Servers whose table of jobs already holds many: made straight in the database, before the server starts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.place import Served, serving
from romaport.assembly import open_directory
from romaport.cli.serving import FirstCredentials, first_start
from romaport.settings import read_settings

# One statement; ids are random, as romaport's own are.
_INSERT = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO jobs (id, project_id, instance_id, user_id, user_name, type, state, slot, request, attempt, done, total,
                  created_at, started_at, ended_at)
SELECT lower(hex(randomblob(16))), :project_id, :instance_id, :user_id, 'admin', 'exportAsset', 'finished', 1, '{}',
       1, 100, 100, 1767225600000 + n, 1767225600000 + n, 1767225601000 + n
FROM numbers
"""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A server with many jobs."""

    served: Served
    database: Path
    job_ids: list[str]
    """Some of the jobs."""

    def path(self, job_id: str) -> str:
        """Answer the path of a job's progress."""
        return self.served.path("development", job_id)


@contextmanager
def crowded(folder: Path, jobs: int, *, polled: int, **settings: str) -> Iterator[Crowd]:
    """Run a server whose table holds so many jobs, some of which will be polled."""
    made = _made(folder)
    database = folder / "data" / "romaport.db"
    with closing(sqlite3.connect(database)) as session:
        job_ids = _filled(session, made, jobs, polled)
    with serving(folder, made, **settings) as served:
        yield Crowd(served=served, database=database, job_ids=job_ids)


def _made(folder: Path) -> FirstCredentials:
    with open_directory(read_settings({"ROMAPORT_SERVER_DATA": f"{folder}/data"})) as directory:
        made = first_start(directory)
    assert made is not None, "the folder is new"
    return made


def _filled(session: sqlite3.Connection, made: FirstCredentials, jobs: int, polled: int) -> list[str]:
    [(user_id,)] = session.execute("SELECT id FROM users")
    place = {"project_id": made.project_id, "instance_id": made.instances["development"], "user_id": user_id}
    session.execute(_INSERT, {"count": jobs, **place})
    session.commit()
    # In the order of ids, which is that of nothing else: rows from all over the table.
    return [row[0] for row in session.execute("SELECT id FROM jobs ORDER BY id LIMIT ?", (polled,))]
