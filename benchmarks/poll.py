"""The progress operation with real credentials: over tables of 10 to 1,000,000 jobs, one polled or many, jobs changing.

Beside it, in the same rounds: a bare ASGI application on the same server, nginx with a static file, and what a
textbook would make of the same tables. The server under measurement has one core, the load another.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from tests.support.ports import free_port

from benchmarks.crowd import Crowd, crowded
from benchmarks.figures import Bound, Figure, compared, missed
from benchmarks.peers import nginx
from benchmarks.place import LOAD_CORE, Process, started
from romaport.wire.signing import EMPTY_HASH, SignedRequest, sign

# Many short ones: what else the machine does lasts for seconds, and meets all alike.
_ROUNDS = 21
_SECONDS = 0.5
_CONNECTIONS = 64
_SIZES = (10, 1_000, 1_000_000)
_MANY = 1_000
# All at once, so that they wait, run and end while they are polled.
_CHANGING = 100
_HELLO = "bare ASGI hello-world, same server"
_NGINX = "nginx, static file"
_TEXTBOOK = "FastAPI and async ORM, same tables"
_MANY_POLLED = "token, many polled"
_SIGNED = "AK/SK"
_MANY_SIGNED = "AK/SK, many polled"
_RUNNING = "token, running"


def _sized(size: int) -> str:
    return f"token, {size:,} jobs"


_TARGETS = {
    **dict.fromkeys((*map(_sized, _SIZES), _MANY_POLLED), (Bound.RATIO_AT_LEAST, 0.9)),
    **dict.fromkeys((_SIGNED, _MANY_SIGNED), (Bound.RATIO_AT_LEAST, 0.4)),
}
"""Against the bare application."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A program, and what it is asked."""

    process: Process
    requests: Callable[[], list[bytes]]


@dataclass(frozen=True, kw_only=True)
class Round:
    """What came of asking for a while."""

    per_second: float
    p99_ms: float
    per_cpu_second: float
    """Answers for each second that the program was at work: what a core of its own would give."""


def measure() -> list[Figure]:
    """Answer polls per second and their 99th percentile, beside the limits."""
    with ExitStack() as stack:
        contestants = dict(_contestants(stack))
        rounds: defaultdict[str, list[Round]] = defaultdict(list)
        for _ in range(_ROUNDS):
            for name, contestant in contestants.items():
                rounds[name].append(_round(contestant))
    return list(_figures(rounds))


def _contestants(stack: ExitStack) -> Iterator[tuple[str, Contestant]]:
    crowds = {size: stack.enter_context(_crowd(size)) for size in _SIZES}
    largest = crowds[max(_SIZES)]
    for size, crowd in crowds.items():
        yield _sized(size), _asked(crowd, _tokens(crowd, crowd.job_ids[:1]))
    yield _MANY_POLLED, _asked(largest, _tokens(largest, largest.job_ids))
    yield _SIGNED, _asked(largest, _signatures(largest, largest.job_ids[:1]))
    yield _MANY_SIGNED, _asked(largest, _signatures(largest, largest.job_ids))
    changing = stack.enter_context(_crowd(10))
    yield _RUNNING, Contestant(process=changing.served.process, requests=_running(changing))
    path = largest.path(largest.job_ids[0])
    [token] = _tokens(largest, largest.job_ids[:1])
    size_bytes = len(httpx.get(largest.served.endpoint + path, headers=_token_header(largest)).content)
    yield _HELLO, Contestant(process=stack.enter_context(_peer("hello", str(size_bytes))), requests=lambda: [token])
    if nginx.PROGRAM:
        file = stack.enter_context(nginx.serving_file(path, size_bytes))
        yield _NGINX, Contestant(process=file, requests=lambda: [token])
    textbook = stack.enter_context(_peer("textbook", str(largest.database)))
    yield _TEXTBOOK, Contestant(process=textbook, requests=lambda: [token])


def _figures(rounds: dict[str, list[Round]]) -> Iterator[Figure]:
    rates = {name: [one.per_second for one in found] for name, found in rounds.items()}
    latencies = {name: [one.p99_ms for one in found] for name, found in rounds.items()}
    costs = {name: [one.per_cpu_second for one in found] for name, found in rounds.items()}
    hello, largest = (_HELLO, rates[_HELLO]), _sized(max(_SIZES))
    for name, found in rates.items():
        if name in _TARGETS or name == _RUNNING:
            yield compared(f"poll, {name}", "polls/s", found, hello, _TARGETS.get(name))
    for name in (largest, _SIGNED):
        limit = (f"{_HELLO}, by its CPU", costs[_HELLO])
        yield compared(f"poll, {name}, by the server's CPU", "polls/CPU s", costs[name], limit)
    smallest = _sized(min(_SIZES))
    few = (f"poll, {smallest}", rates[smallest])
    yield compared(f"poll, {largest}", "polls/s", rates[largest], few, (Bound.RATIO_AT_LEAST, 0.95))
    if _NGINX in rates:
        limit = (_NGINX, rates[_NGINX])
        yield compared(f"poll, {largest}", "polls/s", rates[largest], limit, (Bound.RATIO_AT_LEAST, 0.45))
    else:
        yield missed(f"poll, {largest}", "polls/s", "there is no nginx on this machine (Debian: apt-get install nginx)")
    limit = (_TEXTBOOK, rates[_TEXTBOOK])
    yield compared(f"poll, {largest}", "polls/s", rates[largest], limit, (Bound.RATIO_AT_LEAST, 20))
    for name in (largest, _SIGNED):
        limit = (f"{_HELLO}, p99", latencies[_HELLO])
        # Of 64 who ask at once, the last waits for all others: twice the work is twice the wait.
        target = (Bound.RATIO_AT_MOST, 1.5) if name == largest else None
        yield compared(f"poll, {name}, p99 at {_CONNECTIONS}", "ms", latencies[name], limit, target)


@contextmanager
def _crowd(size: int) -> Iterator[Crowd]:
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as folder:
        polled = min(size, _MANY)
        with crowded(Path(folder), size, polled=polled, ROMAPORT_JOBS_RUNNING_PER_USER=str(_CHANGING)) as crowd:
            yield crowd


@contextmanager
def _peer(name: str, *arguments: str) -> Iterator[Process]:
    port = free_port()
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", str(port), *arguments]
    with started(command, dict(os.environ)) as (process, _):
        yield Process(pid=process.pid, port=port)


def _asked(crowd: Crowd, requests: list[bytes]) -> Contestant:
    return Contestant(process=crowd.served.process, requests=lambda: requests)


def _token_header(crowd: Crowd) -> dict[str, str]:
    return {"X-Auth-Token": crowd.served.token()}


def _tokens(crowd: Crowd, job_ids: list[str]) -> list[bytes]:
    header = _token_header(crowd)
    return [_request(crowd.path(job_id), {"host": "localhost", **header}) for job_id in job_ids]


def _signatures(crowd: Crowd, job_ids: list[str]) -> list[bytes]:
    return [_signed(crowd, crowd.path(job_id)) for job_id in job_ids]


def _signed(crowd: Crowd, path: str) -> bytes:
    found, headers = crowd.served.credentials, {"host": "localhost"}
    request = SignedRequest(method="GET", path=path, query="", headers=headers, payload_hash=EMPTY_HASH)
    key, secret, project_id = found["access_key"], found["secret_key"], found["project_id"]
    added = sign(request, access_key=key, secret=secret, at=datetime.now(UTC), project_id=project_id)
    return _request(path, headers | added)


def _request(path: str, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def _running(crowd: Crowd) -> Callable[[], list[bytes]]:
    """Answer what begins many exports and asks for them all, which change while they are asked for."""
    with crowd.served.client("development") as client:
        app = client.post("instances", client.instance_id, "apps", body={"name": "polled"})
    assert isinstance(app, dict)

    def begin() -> list[bytes]:
        with crowd.served.client("development") as client:
            return _tokens(crowd, [client.export(apps=[str(app["id"])]) for _ in range(_CHANGING)])

    return begin


def _round(contestant: Contestant) -> Round:
    requests, process = contestant.requests(), contestant.process
    worked = process.cpu_seconds()
    place = ["taskset", "-c", str(LOAD_CORE), sys.executable]
    command = [*place, "-m", "benchmarks.load", str(process.port), str(_SECONDS), str(_CONNECTIONS)]
    done = subprocess.run(command, input=b"\0".join(requests), capture_output=True, check=True)
    found = json.loads(done.stdout)
    at_work = process.cpu_seconds() - worked
    process.rest()
    return Round(
        per_second=found["per_second"],
        p99_ms=found["p99_ms"],
        per_cpu_second=found["per_second"] * _SECONDS / at_work,
    )
