"""Exports over HTTP, from submit to Success, against reading and deflating alone, and against the standard zipfile."""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.postgres import Postgres, running_postgres

from benchmarks.bare import deflated, read, read_and_deflated, space_of, zipped
from benchmarks.cargo import blocks_of, sizes, write_package
from benchmarks.figures import Figure
from benchmarks.place import following
from benchmarks.transfers import INSTANCE, Rounds, growth, rounds_of
from benchmarks.wide import STORES, place
from romaport.client import Client, Extras
from romaport.storage import Database

# A round of a million takes half a minute: three of them are worth it.
_ASSETS_MAX = 3_000_000
_KINDS = ("app", "data_source", "task")
_LIMITS = (
    ("read and deflate the same in two threads", "beside", 0.8),
    ("read and deflate the same, one after the other", "in_turn", None),
    ("standard zipfile, level 6, same lines", "standard", 6.0),
)


def measure() -> list[Figure]:
    """Answer for both stores and every size: the rates and their ratios, and peak memory."""
    found = []
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as name, running_postgres() as postgres:
        for store in STORES:
            measured = []
            for size in sizes():
                rounds = _rounds(store, postgres, Path(name), size)
                measured.append(rounds)
                found += rounds.figures(f"export of {size:,}, {store}", _LIMITS)
            found += growth(f"export, {store}", measured)
    return found


def _rounds(store: str, postgres: Postgres, folder: Path, size: int) -> Rounds:
    package = folder / f"{size}.zip"
    write_package(package, size)
    blocks = blocks_of(package)
    rounds = Rounds(size)
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        place(store, postgres, Path(data)) as (server, options, path),
        server.client(INSTANCE) as client,
        following(server, INSTANCE) as settled,
    ):
        job = settled(client.import_package(package))
        assert job.status == "Success", job
        database = Database(path, options)
        space_id = space_of(database, server.credentials["instances"][INSTANCE])

        def reading() -> float:
            return read(database, space_id, _KINDS)

        for _ in rounds_of(size, assets_max=_ASSETS_MAX):
            rounds.add(server, _export)
            rounds.limits["beside"].append(size / read_and_deflated(threading.Thread(target=reading), blocks))
            rounds.limits["in_turn"].append(size / (reading() + _timed(lambda: deflated(blocks))))
            rounds.limits["standard"].append(size / zipped(blocks))
        database.close()
    return rounds


def _timed(work: Callable[[], object]) -> float:
    began_at = time.perf_counter()
    work()
    return time.perf_counter() - began_at


def _export(client: Client) -> str:
    return Extras(client).export(everything=True)
