"""Three servers on one PostgreSQL: how soon after a commit each of them answers the new state to those who poll it."""

import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg
from tests.cluster.cluster import Cluster
from tests.support.changes import Changes, Marks
from tests.support.polling import Polls, Seen
from tests.support.postgres import Postgres, running_postgres

from benchmarks.figures import Figure

_SERVERS = 3
_CHANGES = 1_000
_POLLERS = 12
_PAUSE_SECONDS = 0.01
_SECONDS_MAX = 300.0
_TARGET_MILLISECONDS = 50.0
_LIMIT = "NOTIFY to LISTEN and nothing else, median"


def measure() -> list[Figure]:
    """Answer milliseconds from a commit's return until the last of the servers has answered the new state."""
    with running_postgres() as postgres, tempfile.TemporaryDirectory(prefix="romaport-bench-") as folder:
        limit = median(_told(postgres))
        late = sorted(_late(postgres, Path(folder)))
    found = {"median": median(late), "p99": late[int(0.99 * len(late))], "worst": late[-1]}
    return [
        Figure(
            name=f"commit until {_SERVERS} servers answer it, {name}",
            value=round(milliseconds, 2),
            unit="ms",
            limit=_LIMIT,
            limit_value=round(limit, 2),
            ratio=round(milliseconds / limit, 3),
            target=_TARGET_MILLISECONDS,
            rounds=len(late),
        )
        for name, milliseconds in found.items()
    ]


def _told(postgres: Postgres) -> list[float]:
    """Answer milliseconds from telling a listener something until it has heard it."""
    took = []
    with (
        psycopg.connect(postgres.url(), autocommit=True) as teller,
        psycopg.connect(postgres.url(), autocommit=True) as listener,
    ):
        listener.execute("LISTEN bench")
        for _ in range(_CHANGES):
            began_at = time.monotonic()
            teller.execute("NOTIFY bench, 'changed'")
            assert list(listener.notifies(timeout=_SECONDS_MAX, stop_after=1))
            took.append(1000 * (time.monotonic() - began_at))
    return took


def _late(postgres: Postgres, folder: Path) -> list[float]:
    """Change one job again and again, polled on every server without a pause; answer each change's milliseconds."""
    cluster = Cluster(postgres, postgres.database(), folder)
    try:
        cluster.serve()
        assert cluster.place
        others = [cluster.launch("serve", "--json") for _ in range(_SERVERS - 1)]
        endpoints = [cluster.place.endpoint, *(str(member.announced()["endpoint"]) for member in others)]
        changes = Changes("write", folder, cluster.settings)
        polls = Polls.of(cluster.place, endpoints, changes, jobs=1, pollers=_POLLERS)
        changes.begin(_SECONDS_MAX, count=_CHANGES, pause_seconds=_PAUSE_SECONDS)
        seen = polls.run(2 * _SECONDS_MAX)
        count = int(changes.answer())
        changes.close()
    finally:
        cluster.close()
    assert not seen.wrong, seen.wrong
    each = [_of_server(seen, changes.marks, endpoint, count) for endpoint in endpoints]
    return [max(found) for found in zip(*each, strict=True)]


def _of_server(seen: Seen, marks: Marks, endpoint: str, count: int) -> list[float]:
    """Answer for each change how long one server took; what it never answered was over when it answered the next."""
    read = sorted((number, at) for (where, _, number), at in seen.first_at.items() if where == endpoint)
    found = []
    for number in range(1, count + 1):
        at = next(at for newer, at in read if newer >= number)
        # Who polls may read it before the one who commits is told so.
        found.append(max(0.0, 1000 * (at - marks.at(0, number))))
    return found
