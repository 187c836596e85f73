"""How long people wait: for `romaport --help`, and for a server from its exec to its first answer."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.figures import Bound, Figure, compared
from benchmarks.place import SERVER_CORE, serving

_ROUNDS = 11
_HELP_MS_MAX = 150
_READY_MS_MAX = 1_000


def measure() -> list[Figure]:
    """Answer the medians of interleaved rounds, beside an interpreter that does nothing."""
    nothing, helped, first, again = [], [], [], []
    romaport = str(Path(sys.executable).with_name("romaport"))
    for _ in range(_ROUNDS):
        nothing.append(_run([sys.executable, "-c", "pass"]))
        helped.append(_run([romaport, "--help"]))
        with tempfile.TemporaryDirectory(prefix="romaport-bench-") as name:
            first.append(_ready(Path(name)))
            again.append(_ready(Path(name)))
    limit = ("python -c pass", nothing)
    ready = (Bound.VALUE_AT_MOST, _READY_MS_MAX)
    return [
        compared("romaport --help", "ms", helped, limit, (Bound.VALUE_AT_MOST, _HELP_MS_MAX)),
        compared("server ready", "ms", again, limit, ready),
        compared("server ready, first start (makes database, key, administrator)", "ms", first, limit),
    ]


def _run(command: list[str]) -> float:
    began_at = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    assert process.wait() == 0
    return (time.perf_counter() - began_at) * 1000


def _ready(folder: Path) -> float:
    # An answer is one that says that there is no such operation.
    with httpx.Client() as client:
        began_at = time.perf_counter()
        with serving(folder, None) as server:
            client.get(server.endpoint)
            return (time.perf_counter() - began_at) * 1000
