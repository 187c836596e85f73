"""What must hold once the weather is fine again: nothing half done, nothing without an owner."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from tests.chaos.weather import Struck
from tests.support.s3 import Bucket
from tests.support.waiting import remaining

__all__ = ["Takeovers", "inspect", "takeovers"]

_TABLES = ("staged_assets", "staged_references", "staged_uniques")
_SWEEP_SECONDS = 60


def inspect(url: str, bucket: Bucket, prefix: str) -> Iterator[str]:
    """Yield everything that is not as it must be; what a sweep may still remove is waited for."""
    yield from remaining(lambda: list(_leftovers(url, bucket, prefix)), _SWEEP_SECONDS, look_seconds=1)


def _leftovers(url: str, bucket: Bucket, prefix: str) -> Iterator[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        for row in connection.execute("SELECT id, type, attempt FROM jobs WHERE state = 'running'"):
            yield f"job {row} is not final"
        for table in _TABLES:
            (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
            if number:
                yield f"{number} rows left in {table}"
        (waiting,) = connection.execute("SELECT count(*) FROM pgqueuer").fetchone() or (0,)
        if waiting:
            yield f"{waiting} jobs wait in the queue"
        offered = connection.execute(
            "SELECT a.id FROM archives a JOIN jobs j ON j.id = a.job_id WHERE j.state = 'succeeded'"
        ).fetchall()
        plans = connection.execute("SELECT id FROM jobs WHERE type = 'planAsset' AND kept_until IS NOT NULL").fetchall()
    wanted = {f"{prefix}/archives/{row[0]}.zip" for row in offered}
    may_be = {f"{prefix}/uploads/{row[0]}.zip" for row in plans}
    there = bucket.names()
    yield from (f"archive {name} is gone" for name in sorted(wanted - there))
    yield from (f"{name} has no owner" for name in sorted(there - wanted - may_be))
    yield from (f"upload of {name} was never ended" for name in bucket.unfinished())


@dataclass(frozen=True)
class Takeovers:
    """How long jobs of killed and frozen workers waited for another, in seconds."""

    seconds: Sequence[float]

    def __str__(self) -> str:
        if not self.seconds:
            return "no job was taken over"
        median = statistics.median(self.seconds)
        return f"{len(self.seconds)} jobs taken over, median {median:.1f} s, longest {max(self.seconds):.1f} s"


def takeovers(folder: Path, struck: Sequence[Struck]) -> Takeovers:
    """Read from the workers' logs who began which attempt when, and how long after the blow the next began."""
    begun: dict[str, list[tuple[int, float, str]]] = defaultdict(list)
    for path in sorted(folder.glob("worker-*.log")):
        for event in _events(path):
            if event.get("event") == "job_started":
                at = datetime.fromisoformat(event["timestamp"]).timestamp()
                begun[event["job_id"]].append((event["attempt"], at, path.stem))
    seconds = []
    for attempts in begun.values():
        ordered = sorted(attempts)
        for (_, began_at, worker), (_, next_at, _) in pairwise(ordered):
            blows = [blow.at for blow in struck if blow.worker == worker and began_at <= blow.at <= next_at]
            if blows:
                seconds.append(next_at - min(blows))
    return Takeovers(seconds)


def _events(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            # A killed process may have left half a line.
            continue
        if isinstance(found, dict):
            yield found
