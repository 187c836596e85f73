"""Several servers and workers as real processes on one PostgreSQL database and one folder of archives."""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from tests.cluster import held_process
from tests.support import waiting
from tests.support.nursery import Forked
from tests.support.postgres import Postgres
from tests.support.server_process import Place

from romaport.client import AccessKey, Client, Secret

__all__ = ["FAST", "Cluster", "JobRow", "Member", "until"]

FAST = {"ROMAPORT_JOBS_HEARTBEAT_SECONDS": "2", "ROMAPORT_JOBS_DEQUEUE_SECONDS": "0.5"}
KEY = "5a" * 32
_SECONDS = 60
_CONTENT = """
SELECT a.kind, a.key, a.body, r.field, t.key FROM assets a
LEFT JOIN asset_references r ON r.asset_id = a.id LEFT JOIN assets t ON t.id = r.target_id
WHERE a.instance_id = %s ORDER BY 1, 2, 4
"""


until = partial(waiting.until, seconds=_SECONDS)
"""Wait until something holds, as long as a takeover may take on a busy machine."""


@dataclass(frozen=True)
class JobRow:
    """What the database says of a job."""

    state: str
    attempt: int
    strikes: int
    done: int
    total: int


class Member:
    """One process of the cluster."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log_path = log
        self._process = Forked(command, environment, log)
        self.pid = self._process.pid

    def announced(self) -> dict[str, Any]:
        """Wait for the process to say that it is ready, and answer what it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log_path.read_text()[-4000:]
        said: dict[str, Any] = json.loads(line)
        return said

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end, and answer the exit code."""
        code = self._process.wait(_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def events(self, name: str) -> list[dict[str, Any]]:
        """Answer the logged events of a name."""
        # The last one may be half written yet.
        whole = (line for line in self.log_path.read_text().splitlines(keepends=True) if line.endswith("\n"))
        lines = [line for line in whole if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event.get("event") == name]

    def end(self) -> None:
        """End it, however it is."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()


class Cluster:
    """Processes on one database; all ends with `close`."""

    def __init__(self, postgres: Postgres, database: str, folder: Path) -> None:
        self.postgres = postgres
        self.database = database
        self.folder = folder
        self.gates = folder / "gates"
        self.gates.mkdir(parents=True)
        self.members: list[Member] = []
        self.place: Place | None = None
        self.settings = FAST | {
            "ROMAPORT_DATABASE_URL": postgres.url(database),
            "ROMAPORT_SERVER_DATA": str(folder / "data"),
            "ROMAPORT_SERVER_PORT": "0",
            "ROMAPORT_SECRETS_KEY": KEY,
        }

    def launch(self, *command: str, settings: Mapping[str, str] | None = None) -> Member:
        """Start `romaport` with a command."""
        return self._start([sys.executable, "-m", "romaport", *command], settings or {})

    def held(self, role: str, settings: Mapping[str, str] | None = None) -> Member:
        """Start a server or a worker that heeds the gates."""
        assert held_process.__file__
        return self._start([sys.executable, held_process.__file__, role, str(self.gates)], settings or {})

    def _start(self, command: list[str], settings: Mapping[str, str]) -> Member:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ROMAPORT_")}
        log = self.folder / f"member-{len(self.members)}.log"
        member = Member(command, clean | self.settings | dict(settings), log)
        self.members.append(member)
        return member

    def serve(self) -> Member:
        """Start a server, and remember where it is."""
        member = self.held("serve")
        said = member.announced()
        if said["credentials"]:
            self.place = Place(endpoint=said["endpoint"], **said["credentials"])
        return member

    def work(self, settings: Mapping[str, str] | None = None) -> Member:
        """Start a worker, and wait until it works."""
        member = self.held("worker", settings)
        member.announced()
        return member

    def member(self, pid: int) -> Member:
        """Answer the process of an id."""
        return next(member for member in self.members if member.pid == pid)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Speak to the server about the first instance."""
        assert self.place is not None
        key = AccessKey(access_key=self.place.access_key, secret=Secret(self.place.secret_key))
        with Client(
            self.place.endpoint, key, project_id=self.place.project_id, instance_id=self.place.source
        ) as client:
            yield client

    def rows(self, statement: Any, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.postgres.url(self.database), autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()

    def job(self, job_id: str) -> JobRow:
        """Answer what the database says of a job."""
        [row] = self.rows("SELECT state, attempt, strikes, done, total FROM jobs WHERE id = %s", job_id)
        return JobRow(*row)

    def until_final(self, job_id: str, seconds: float = _SECONDS) -> JobRow:
        """Wait for the end of a job."""
        until(lambda: self.job(job_id).state != "running", "the job is final", seconds=seconds)
        until(lambda: not self.rows("SELECT 1 FROM pgqueuer"), "the queue is empty")
        return self.job(job_id)

    def content(self) -> list[tuple[Any, ...]]:
        """Answer the assets of the first instance, without what is new in every one."""
        assert self.place is not None
        return self.rows(_CONTENT, self.place.source)

    def shut(self, checkpoint: str) -> None:
        """Shut a gate."""
        (self.gates / f"{checkpoint}.shut").touch()

    def open(self, checkpoint: str) -> None:
        """Open a gate."""
        (self.gates / f"{checkpoint}.shut").unlink()

    def reached(self, checkpoint: str) -> Member:
        """Wait until somebody stands before a gate, and answer who."""
        mark = self.gates / f"{checkpoint}.reached"
        until(mark.exists, f"{checkpoint} is reached")
        member = self.member(int(mark.read_text()))
        mark.unlink()
        return member

    def close(self) -> None:
        """End every process."""
        for member in self.members:
            member.end()
