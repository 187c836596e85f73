"""A thousand scripts that wait for jobs: each keeps a connection open and asks once a second.

What they cost the server, on both stores, beside a bare ASGI application that answers as much on the same server.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.support.postgres import Postgres, running_postgres

from benchmarks.contest import HELLO, Contestant, Load, Round, answer_bytes, exporting, peer, token_requests
from benchmarks.figures import Figure, compared
from benchmarks.place import served
from benchmarks.wide import STORES, url_of

_ROUNDS = 3
_LOAD = Load(seconds=10, connections=1_000, period_seconds=1)
_BYTES_PER_KIB = 1024
# Ten waiters have one job. They have ended: what changes a job is not to be counted among what waiting costs.
_JOBS = 100

_MEASURED: tuple[tuple[str, str, Callable[[Round], float]], ...] = (
    ("p99 of an answer", "ms", lambda one: one.p99_ms),
    ("the server's CPU for an answer", "us", lambda one: 1e6 / one.per_cpu_second),
)
"""What is shown of a round, and in which unit."""


def measure() -> list[Figure]:
    """Answer what the waiters cost and how long they wait for an answer, beside the bare application."""
    with ExitStack() as stack:
        rounds = _LOAD.rounds(dict(_contestants(stack)), _ROUNDS)
    return [figure for store in STORES for figure in _figures(store, rounds[store], rounds[HELLO])]


def _contestants(stack: ExitStack) -> Iterator[tuple[str, Contestant]]:
    postgres = stack.enter_context(running_postgres())
    places = {store: stack.enter_context(served(**_settings(store, postgres))) for store in STORES}
    job_ids = {store: exporting(place)(_JOBS) for store, place in places.items()}
    asked = {store: token_requests(place, job_ids[store]) for store, place in places.items()}
    for store, place in places.items():
        place.process.rest()
        yield store, Contestant.asked(place.process, asked[store])
    # As long as the answers of one store, which are as long as those of the other.
    one = STORES[0]
    bare = stack.enter_context(peer("hello", str(answer_bytes(places[one], job_ids[one][0]))))
    yield HELLO, Contestant.asked(bare, asked[one])


def _settings(store: str, postgres: Postgres) -> dict[str, str]:
    settings = {"ROMAPORT_JOBS_RUNNING_PER_USER": str(_JOBS)}
    if url := url_of(store, postgres):
        settings |= {"ROMAPORT_DATABASE_URL": url, "ROMAPORT_SERVER_WITH_WORKER": "true"}
    return settings


def _figures(store: str, found: list[Round], bare: list[Round]) -> Iterator[Figure]:
    name = f"{_LOAD.connections:,} waiters, {store}"
    for what, unit, value in _MEASURED:
        limit = (HELLO, [value(one) for one in bare])
        yield compared(f"{name}, {what}", unit, [value(one) for one in found], limit)
    yield compared(f"{name}, memory of each", "KiB", [_each_kib(found)], (HELLO, [_each_kib(bare)]))


def _each_kib(rounds: list[Round]) -> float:
    # What one round has taken stays with the process, and the next takes no more.
    return max(one.added_bytes for one in rounds) / _BYTES_PER_KIB / _LOAD.connections
