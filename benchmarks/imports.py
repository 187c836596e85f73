"""Imports over HTTP, from upload to Success, on both stores, against bare loads of the same rows in the same schema.

Not one of the product's own steps is in the loads they are compared with: no upload, no check, no progress.
"""

import gc
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from msgspec.structs import replace
from tests.support.postgres import Postgres, running_postgres

from benchmarks.bare import Bare, Rows, rows_of
from benchmarks.cargo import sizes, write_package
from benchmarks.figures import Figure, at_least, compared
from benchmarks.place import Served, settled
from benchmarks.watching import Seen, watched
from benchmarks.wide import STORES, place, url_of
from romaport.storage import Database, DatabaseOptions

_ROUNDS_MAX = 3
# So many assets in all rounds of one size together, but at least one round.
_ROUNDS_ASSETS = 300_000
_MIB = 1024 * 1024
_INSTANCE = "development"
_LIMITS = (
    ("bare two-step load, same rows and schema", "two_steps", 0.8),
    ("bare load at once, same rows and schema", "at_once", None),
)


@dataclass
class Rounds:
    """Assets per second and MiB, round by round."""

    imported: list[float] = field(default_factory=list)
    two_steps: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    """Answer for both stores and every size: the rates and their ratios, memory, and what others see meanwhile."""
    found = []
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as name, running_postgres() as postgres:
        folder = Path(name)
        for size in sizes():
            write_package(folder / f"{size}.zip", size)
        for store in STORES:
            costs = []
            for size in sizes():
                rounds = _rounds(store, postgres, folder, size)
                costs.append(1 / median(rounds.imported))
                found += _figures(f"import of {size:,}, {store}", rounds)
            found.append(_growth(f"import, {store}", costs))
            found += _seen(f"import of {max(sizes()):,}, {store}", _watched(store, postgres, folder))
    return found


def _rounds(store: str, postgres: Postgres, folder: Path, size: int) -> Rounds:
    rounds = Rounds()
    for _ in range(max(1, min(_ROUNDS_MAX, _ROUNDS_ASSETS // size))):
        rows = _imported(store, postgres, folder, size, rounds)
        for rates, load in ((rounds.two_steps, Bare.in_two_steps), (rounds.at_once, Bare.at_once)):
            options = DatabaseOptions(url=url_of(store, postgres))
            with tempfile.TemporaryDirectory(dir=folder) as data:
                bare = Bare(Path(data, "bare.db"), options, rows)
                gc.collect()
                gc.disable()
                rates.append(size / load(bare))
                gc.enable()
                bare.close()
    return rounds


def _imported(store: str, postgres: Postgres, folder: Path, size: int, rounds: Rounds) -> Rows:
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        place(store, postgres, Path(data)) as (server, options, path),
    ):
        _import(server, folder / f"{size}.zip", size, rounds)
        database = Database(path, options)
        rows = rows_of(database, server.credentials["instances"][_INSTANCE])
        database.close()
    assert rows.count == size, rows.count
    return rows


def _import(server: Served, package: Path, size: int, rounds: Rounds) -> None:
    with server.client(_INSTANCE) as client:
        idle = server.memory_bytes("VmRSS")
        server.forget_peak()
        began_at = time.perf_counter()
        job, _ = settled(client, client.import_package(package))
        rounds.imported.append(size / (time.perf_counter() - began_at))
        assert job.status == "Success", job
        rounds.peaks.append((server.memory_bytes("VmHWM") - idle) / _MIB)


def _watched(store: str, postgres: Postgres, folder: Path) -> Seen:
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        place(store, postgres, Path(data)) as (server, _, _),
        server.client(_INSTANCE) as client,
    ):
        job_id = client.import_package(folder / f"{max(sizes())}.zip")
        with watched(server, _INSTANCE, job_id) as seen:
            job, _ = settled(client, job_id)
        assert job.status == "Success", job
        return seen


def _figures(name: str, rounds: Rounds) -> list[Figure]:
    peak = Figure(name=f"{name}, peak above idle", value=round(median(rounds.peaks), 1), unit="MiB", target=64)
    return [
        *(
            compared(name, "assets/s", rounds.imported, (limit, getattr(rounds, which)), at_least(target))
            for limit, which, target in _LIMITS
        ),
        replace(peak, rounds=len(rounds.peaks)),
    ]


def _growth(name: str, costs: list[float]) -> Figure:
    """Compare the time an asset takes in the largest package with that in the smallest but the very small."""
    smallest, largest = costs[0], costs[-1]
    return Figure(
        name=f"{name}, {max(sizes()):,} assets, time for one",
        value=round(largest * 1e6, 2),
        unit="us",
        limit=f"the same with {sizes()[0]:,}",
        limit_value=round(smallest * 1e6, 2),
        ratio=round(largest / smallest, 3),
    )


def _seen(name: str, seen: Seen) -> list[Figure]:
    return [
        Figure(
            name=f"{name}, meanwhile a poll's p99",
            value=round(seen.poll_p99, 1),
            unit="ms",
            target=20,
            rounds=len(seen.polls),
        ),
        Figure(
            name=f"{name}, meanwhile another user's longest write",
            value=round(seen.write_max, 1),
            unit="ms",
            target=100,
            rounds=len(seen.writes),
        ),
    ]
