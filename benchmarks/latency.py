"""How long a small job of the embedded mode waits for its start and lasts, as the one who submits it sees it."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.engine import LIMIT, embedded_latencies
from benchmarks.figures import Bound, Figure, compared
from benchmarks.place import serving
from romaport.client import is_final

_JOBS = 60
_PAUSE_SECONDS = 0.002
_STARTED_MS_MAX = 15


def measure() -> list[Figure]:
    """Answer the medians from the beginning of the request, its way over HTTP included."""
    idle = (LIMIT, asyncio.run(embedded_latencies()))
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as name:
        submitted, ended = _exported(Path(name))
        started = _started(Path(name))
    waited = [started[job_id] - at for job_id, at in submitted.items()]
    lasted = [ended[job_id] - at for job_id, at in submitted.items()]
    target = (Bound.VALUE_AT_MOST, _STARTED_MS_MAX)
    return [
        compared("submit to started, embedded, p50", "ms", waited, idle, target),
        compared("submit to final, export of one application, p50", "ms", lasted, idle),
    ]


def _exported(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Run one small export after the other; answer when each was submitted and seen final, in milliseconds."""
    submitted, ended = {}, {}
    with serving(folder, None) as server, server.client("development") as client:
        app = client.post("instances", client.instance_id, "apps", body={"name": "moved"})
        assert isinstance(app, dict)
        for _ in range(_JOBS):
            at = _now()
            job_id = client.export(apps=[str(app["id"])])
            submitted[job_id] = at
            while not is_final(client.job(job_id)):
                time.sleep(_PAUSE_SECONDS)
            ended[job_id] = _now()
    return submitted, ended


def _started(folder: Path) -> dict[str, float]:
    with closing(sqlite3.connect(folder / "data" / "romaport.db")) as session:
        return dict(session.execute("SELECT id, started_at FROM jobs"))


def _now() -> float:
    return time.time() * 1000
