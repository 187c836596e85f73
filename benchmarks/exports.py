"""Exports over HTTP, from submit to Success, against reading and deflating alone, and against the standard zipfile."""

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from msgspec.structs import replace
from tests.support.postgres import Postgres, running_postgres

from benchmarks.bare import deflated, read, read_and_deflated, zipped
from benchmarks.cargo import blocks_of, sizes, write_package
from benchmarks.figures import Figure, at_least, compared
from benchmarks.place import Served, settled
from benchmarks.wide import STORES, place
from romaport.client import Extras
from romaport.storage import Database

_ROUNDS_MAX = 3
# So many assets in all rounds of one size together, but at least one round.
_ROUNDS_ASSETS = 300_000
_MIB = 1024 * 1024
_INSTANCE = "development"
_FIELDS = {
    "app": (),
    "data_source": ("app_id",),
    "task": ("source_datasource_id", "target_datasource_id"),
}
_LIMITS = (
    ("read and deflate the same in two threads", "beside", 0.8),
    ("read and deflate the same, one after the other", "in_turn", None),
    ("standard zipfile, level 6, same lines", "standard", 6.0),
)


@dataclass
class Rounds:
    """Assets per second and MiB, round by round."""

    exported: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    in_turn: list[float] = field(default_factory=list)
    standard: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    """Answer for both stores and every size: the rates and their ratios, and peak memory."""
    found = []
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as name, running_postgres() as postgres:
        for store in STORES:
            costs = []
            for size in sizes():
                rounds = _rounds(store, postgres, Path(name), size)
                costs.append(1 / median(rounds.exported))
                found += _figures(f"export of {size:,}, {store}", rounds)
            found.append(_growth(f"export, {store}", costs))
    return found


def _rounds(store: str, postgres: Postgres, folder: Path, size: int) -> Rounds:
    package = folder / f"{size}.zip"
    write_package(package, size)
    blocks = blocks_of(package)
    rounds = Rounds()
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        place(store, postgres, Path(data)) as (server, options, path),
        server.client(_INSTANCE) as client,
    ):
        job, _ = settled(client, client.import_package(package))
        assert job.status == "Success", job
        database, instance_id = Database(path, options), server.credentials["instances"][_INSTANCE]

        def reading() -> float:
            return read(database, instance_id, _FIELDS)

        for _ in range(max(1, min(_ROUNDS_MAX, _ROUNDS_ASSETS // size))):
            _export(server, size, rounds)
            rounds.beside.append(size / read_and_deflated(threading.Thread(target=reading), blocks))
            rounds.in_turn.append(size / (reading() + _timed(lambda: deflated(blocks))))
            rounds.standard.append(size / zipped(blocks))
        database.close()
    return rounds


def _timed(work: Callable[[], object]) -> float:
    began_at = time.perf_counter()
    work()
    return time.perf_counter() - began_at


def _export(server: Served, size: int, rounds: Rounds) -> None:
    with server.client(_INSTANCE) as client:
        idle = server.memory_bytes("VmRSS")
        server.forget_peak()
        began_at = time.perf_counter()
        job, _ = settled(client, Extras(client).export(everything=True))
        rounds.exported.append(size / (time.perf_counter() - began_at))
        assert job.status == "Success", job
        rounds.peaks.append((server.memory_bytes("VmHWM") - idle) / _MIB)


def _figures(name: str, rounds: Rounds) -> list[Figure]:
    peak = Figure(name=f"{name}, peak above idle", value=round(median(rounds.peaks), 1), unit="MiB", target=64)
    return [
        *(
            compared(name, "assets/s", rounds.exported, (limit, getattr(rounds, which)), at_least(target))
            for limit, which, target in _LIMITS
        ),
        replace(peak, rounds=len(rounds.peaks)),
    ]


def _growth(name: str, costs: list[float]) -> Figure:
    smallest, largest = costs[0], costs[-1]
    return Figure(
        name=f"{name}, {max(sizes()):,} assets, time for one",
        value=round(largest * 1e6, 2),
        unit="us",
        limit=f"the same with {sizes()[0]:,}",
        limit_value=round(smallest * 1e6, 2),
        ratio=round(largest / smallest, 3),
    )
