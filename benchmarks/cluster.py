"""Many machines on one database: how fast a dead worker's job goes on, and what the engine makes of small jobs."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from pgqueuer import Job, QueueManager
from pgqueuer.queries import Queries
from psycopg import AsyncConnection
from tests.cluster.cluster import FAST, Cluster, until
from tests.support.postgres import Postgres, running_postgres

from benchmarks.engine import LIMIT, own_latencies
from benchmarks.figures import Figure
from romaport.jobs.engine_driver import LastingDriver
from romaport.storage import DatabaseOptions

_KILLS = 20
_JOBS = 100
_LATENCIES = 60
_GATE = "exportAsset.started"
_DEFAULT = {"ROMAPORT_JOBS_HEARTBEAT_SECONDS": "10", "ROMAPORT_JOBS_DEQUEUE_SECONDS": "2"}
_SLOTS = {"ROMAPORT_JOBS_RUNNING_PER_USER": str(_JOBS), "ROMAPORT_JOBS_WORKERS": "2"}


def measure() -> list[Figure]:
    """Answer takeovers, throughput and latency, beside the engine's own with jobs that do nothing."""
    with running_postgres() as postgres:
        idle_rate, idle_latency = asyncio.run(_idle(postgres))
        found = [
            _takeover(postgres, "default settings", _DEFAULT, target=12),
            _takeover(postgres, "fast settings", FAST, target=4),
        ]
        found += [_throughput(postgres, workers, idle_rate) for workers in (1, 2, 4)]
        return [*found, _latency(postgres, idle_latency)]


@contextmanager
def _cluster(postgres: Postgres, settings: dict[str, str]) -> Iterator[tuple[Cluster, str]]:
    """Run a server without workers; answer it and an application to export."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(postgres, postgres.database(), Path(folder))
        cluster.settings |= settings
        try:
            cluster.serve()
            with cluster.client() as client:
                app = client.post("instances", client.instance_id, "apps", body={"name": "moved"})
            assert isinstance(app, dict)
            yield cluster, str(app["id"])
        finally:
            cluster.close()


def _takeover(postgres: Postgres, name: str, settings: dict[str, str], *, target: float) -> Figure:
    seconds = []
    with _cluster(postgres, settings) as (cluster, app), cluster.client() as client:
        cluster.work()
        for _ in range(_KILLS):
            cluster.work()
            cluster.shut(_GATE)
            job_id = client.export(apps=[app])
            victim = cluster.reached(_GATE)
            victim.send(signal.SIGKILL)
            began_at = time.monotonic()
            cluster.open(_GATE)
            until(partial(_is_taken_over, cluster, job_id), "another attempt")
            seconds.append(time.monotonic() - began_at)
            victim.wait()
            cluster.until_final(job_id)
    return Figure(name=f"takeover, {name}, median", value=median(seconds), unit="s", target=target, rounds=_KILLS)


def _is_taken_over(cluster: Cluster, job_id: str) -> bool:
    return cluster.job(job_id).attempt > 1


def _throughput(postgres: Postgres, workers: int, idle_rate: float) -> Figure:
    with _cluster(postgres, _SLOTS) as (cluster, app):
        # Held until all workers work: their starts would be measured otherwise.
        cluster.shut(_GATE)
        for _ in range(workers):
            cluster.work()
        with cluster.client() as client:
            for _ in range(_JOBS):
                client.export(apps=[app])
        opened_at = time.time()
        cluster.open(_GATE)
        until(lambda: not cluster.rows("SELECT FROM jobs WHERE state = 'running'"), "all are done")
        [(ended_at,)] = cluster.rows("SELECT max(ended_at) FROM jobs")
    rate = _JOBS / (ended_at / 1000 - opened_at)
    return _beside(f"small exports, {workers} workers", rate, "jobs/s", idle_rate)


def _latency(postgres: Postgres, idle_latency: float) -> Figure:
    with _cluster(postgres, _SLOTS) as (cluster, app), cluster.client() as client:
        cluster.work()
        for _ in range(_LATENCIES):
            cluster.until_final(client.export(apps=[app]))
        waited = [row[0] for row in cluster.rows("SELECT started_at - created_at FROM jobs")]
    return _beside("submit to start, median", float(median(waited)), "ms", idle_latency, target=50)


def _beside(name: str, value: float, unit: str, idle: float, target: float | None = None) -> Figure:
    return Figure(name=name, value=value, unit=unit, limit=LIMIT, limit_value=idle, ratio=value / idle, target=target)


async def _idle(postgres: Postgres) -> tuple[float, float]:
    """Answer PgQueuer's own jobs per second with one worker, and milliseconds from entry to start.

    Through our driver: through its own, which listens and asks on one connection, an entry waits for seconds.
    """
    url = postgres.url(postgres.database())
    started: asyncio.Queue[float] = asyncio.Queue()
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        entering = Queries.from_psycopg_connection(connection)
        await entering.install()
        driver = LastingDriver(DatabaseOptions(url=url), lambda _seconds: None)
        worker = QueueManager(Queries(driver))

        @worker.entrypoint("idle")
        async def idle(_job: Job) -> None:
            started.put_nowait(time.monotonic())

        await entering.enqueue(["idle"] * _JOBS, [None] * _JOBS, [0] * _JOBS)
        running = asyncio.create_task(worker.run(batch_size=1, max_concurrent_tasks=2))
        times = [await started.get() for _ in range(_JOBS)]
        latencies = await own_latencies(lambda: entering.enqueue("idle", None), started)
        worker.shutdown.set()
        await running
        await driver.disconnect()
    return (_JOBS - 1) / (times[-1] - times[0]), median(latencies)
