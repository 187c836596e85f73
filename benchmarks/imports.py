"""Imports over HTTP, from upload to Success, on both stores, against bare loads of the same rows in the same schema.

Not one of the product's own steps is in the loads they are compared with: no upload, no check, no progress.
"""

import gc
import tempfile
from pathlib import Path

from tests.support.postgres import Postgres, running_postgres

from benchmarks.bare import Bare, Rows, rows_of, space_of
from benchmarks.cargo import sizes, write_package
from benchmarks.figures import Figure
from benchmarks.place import following
from benchmarks.transfers import INSTANCE, Rounds, growth, rounds_of
from benchmarks.watching import Seen, watched
from benchmarks.wide import STORES, place, url_of
from romaport.storage import Database, DatabaseOptions

# A round of a million takes two to three minutes, but its limit differs by a fifth from one round to the next.
_ASSETS_MAX = 3_000_000
_LIMITS = (
    ("bare two-step load, same rows and schema", "two_steps", 0.8),
    ("bare load at once, same rows and schema", "at_once", None),
)


def measure() -> list[Figure]:
    """Answer for both stores and every size: the rates and their ratios, memory, and what others see meanwhile."""
    found = []
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as name, running_postgres() as postgres:
        folder = Path(name)
        for size in sizes():
            write_package(folder / f"{size}.zip", size)
        for store in STORES:
            measured = []
            for size in sizes():
                rounds = _rounds(store, postgres, folder, size)
                measured.append(rounds)
                found += rounds.figures(f"import of {size:,}, {store}", _LIMITS)
            found += growth(f"import, {store}", measured)
            found += _seen(f"import of {max(sizes()):,}, {store}", _watched(store, postgres, folder))
    return found


def _rounds(store: str, postgres: Postgres, folder: Path, size: int) -> Rounds:
    rounds = Rounds(size)
    for _ in rounds_of(size, assets_max=_ASSETS_MAX):
        rows = _imported(store, postgres, folder, rounds)
        for which, load in (("two_steps", Bare.in_two_steps), ("at_once", Bare.at_once)):
            options = DatabaseOptions(url=url_of(store, postgres))
            with tempfile.TemporaryDirectory(dir=folder) as data:
                bare = Bare(Path(data, "bare.db"), options, rows)
                gc.collect()
                gc.disable()
                rounds.limits[which].append(size / load(bare))
                gc.enable()
                bare.close()
    return rounds


def _imported(store: str, postgres: Postgres, folder: Path, rounds: Rounds) -> Rows:
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        place(store, postgres, Path(data)) as (server, options, path),
    ):
        package = folder / f"{rounds.size}.zip"
        rounds.add(server, lambda client: client.import_package(package))
        database = Database(path, options)
        rows = rows_of(database, space_of(database, server.credentials["instances"][INSTANCE]))
        database.close()
    assert rows.count == rounds.size, rows.count
    return rows


def _watched(store: str, postgres: Postgres, folder: Path) -> Seen:
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        place(store, postgres, Path(data)) as (server, _, _),
        server.client(INSTANCE) as client,
        following(server, INSTANCE) as settled,
    ):
        job_id = client.import_package(folder / f"{max(sizes())}.zip")
        with watched(server, INSTANCE, job_id) as seen:
            job = settled(job_id)
        assert job.status == "Success", job
        return seen


def _seen(name: str, seen: Seen) -> list[Figure]:
    measured = (
        ("a poll's p99", seen.poll_p99, 20, seen.polls),
        ("another user's longest write", seen.write_max, 100, seen.writes),
    )
    return [
        Figure(name=f"{name}, meanwhile {what}", value=round(value, 1), unit="ms", target=target, rounds=len(rounds))
        for what, value, target, rounds in measured
    ]
