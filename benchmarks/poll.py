"""The progress operation with real credentials: over tables of 10 to 1,000,000 jobs, one polled or many, jobs changing.

Beside it, in the same rounds: a bare ASGI application on the same server, nginx with a static file, and what a
textbook would make of the same tables. The server under measurement has one core, the load another.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contest import HELLO, Contestant, Load, Round, answer_bytes, exporting, peer, request, token_requests
from benchmarks.crowd import Crowd, crowded
from benchmarks.figures import Bound, Figure, compared, missed
from benchmarks.peers import nginx
from romaport.wire.signing import EMPTY_HASH, SignedRequest, sign

# Many short ones: what else the machine does lasts for seconds, and meets all alike.
_ROUNDS = 21
_LOAD = Load(seconds=0.5, connections=64)
_SIZES = (10, 1_000, 1_000_000)
_MANY = 1_000
# All at once, so that they wait, run and end while they are polled.
_CHANGING = 100
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


def measure() -> list[Figure]:
    """Answer polls per second and their 99th percentile, beside the limits."""
    with ExitStack() as stack:
        rounds = _LOAD.rounds(dict(_contestants(stack)), _ROUNDS)
    return list(_figures(rounds))


def _contestants(stack: ExitStack) -> Iterator[tuple[str, Contestant]]:
    crowds = {size: stack.enter_context(_crowd(size)) for size in _SIZES}
    largest = crowds[max(_SIZES)]
    for size, crowd in crowds.items():
        yield _sized(size), Contestant.asked(crowd.served.process, token_requests(crowd.served, crowd.job_ids[:1]))
    process, job_ids = largest.served.process, largest.job_ids
    yield _MANY_POLLED, Contestant.asked(process, token_requests(largest.served, job_ids))
    yield _SIGNED, Contestant.asked(process, _signatures(largest, job_ids[:1]))
    yield _MANY_SIGNED, Contestant.asked(process, _signatures(largest, job_ids))
    changing = stack.enter_context(_crowd(10)).served
    begin = exporting(changing)
    changed = Contestant(process=changing.process, requests=lambda: token_requests(changing, begin(_CHANGING)))
    yield _RUNNING, changed
    token = token_requests(largest.served, job_ids[:1])
    size_bytes = answer_bytes(largest.served, job_ids[0])
    yield HELLO, Contestant.asked(stack.enter_context(peer("hello", str(size_bytes))), token)
    if nginx.PROGRAM:
        file = stack.enter_context(nginx.serving_file(largest.path(job_ids[0]), size_bytes))
        yield _NGINX, Contestant.asked(file, token)
    textbook = stack.enter_context(peer("textbook", str(largest.database)))
    yield _TEXTBOOK, Contestant.asked(textbook, token)


def _figures(rounds: dict[str, list[Round]]) -> Iterator[Figure]:
    rates = {name: [one.per_second for one in found] for name, found in rounds.items()}
    latencies = {name: [one.p99_ms for one in found] for name, found in rounds.items()}
    costs = {name: [one.per_cpu_second for one in found] for name, found in rounds.items()}
    hello, largest = (HELLO, rates[HELLO]), _sized(max(_SIZES))
    for name, found in rates.items():
        if name in _TARGETS or name == _RUNNING:
            yield compared(f"poll, {name}", "polls/s", found, hello, _TARGETS.get(name))
    for name in (largest, _SIGNED):
        limit = (f"{HELLO}, by its CPU", costs[HELLO])
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
        limit = (f"{HELLO}, p99", latencies[HELLO])
        # Of 64 who ask at once, the last waits for all others: twice the work is twice the wait.
        target = (Bound.RATIO_AT_MOST, 1.5) if name == largest else None
        yield compared(f"poll, {name}, p99 at {_LOAD.connections}", "ms", latencies[name], limit, target)


@contextmanager
def _crowd(size: int) -> Iterator[Crowd]:
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as folder:
        polled = min(size, _MANY)
        with crowded(Path(folder), size, polled=polled, ROMAPORT_JOBS_RUNNING_PER_USER=str(_CHANGING)) as crowd:
            yield crowd


def _signatures(crowd: Crowd, job_ids: list[str]) -> list[bytes]:
    return [_signed(crowd, crowd.path(job_id)) for job_id in job_ids]


def _signed(crowd: Crowd, path: str) -> bytes:
    found, headers = crowd.served.credentials, {"host": "localhost"}
    poll = SignedRequest(method="GET", path=path, query="", headers=headers, payload_hash=EMPTY_HASH)
    key, secret, project_id = found["access_key"], found["secret_key"], found["project_id"]
    added = sign(poll, access_key=key, secret=secret, at=datetime.now(UTC), project_id=project_id)
    return request(path, headers | added)
