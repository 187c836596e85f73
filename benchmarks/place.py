"""What benchmarks measure on: real server processes, each on a core of its own where there are two."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from romaport.cli.serving import FirstCredentials
from romaport.client import AccessKey, Client, Secret, is_final
from romaport.wire.assets import JobAnswer

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]
LOAD_CORE = _CORES[-1]
_WAIT_SECONDS = 600
_REST_SECONDS = 0.05
_ASK_SECONDS = 0.01
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A program under measurement."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """Answer for how long it has been at work, all its threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_bytes(self, field: str) -> int:
        """Read `VmRSS`, the memory held now, or `VmHWM`, the most ever held."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Have the peak counted from here."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def rest(self) -> None:
        """Wait until it has nothing to do: what it has begun must not be a burden for what is measured next."""
        worked, deadline = -1.0, time.monotonic() + _WAIT_SECONDS
        while worked != self.cpu_seconds():
            assert time.monotonic() < deadline, self
            worked = self.cpu_seconds()
            time.sleep(_REST_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server under measurement."""

    pid: int
    endpoint: str
    credentials: dict[str, Any]

    @property
    def process(self) -> Process:
        """The server as a program like others."""
        return Process(pid=self.pid, port=urlsplit(self.endpoint).port or 0)

    def client(self, instance: str) -> Client:
        """Open a client for the instance of a name."""
        key = AccessKey(access_key=self.credentials["access_key"], secret=Secret(self.credentials["secret_key"]))
        return Client(
            self.endpoint,
            key,
            project_id=self.credentials["project_id"],
            instance_id=self.credentials["instances"][instance],
        )

    def path(self, instance: str, job_id: str) -> str:
        """Answer the path of the progress of a job."""
        found = self.credentials
        return f"/v2/{found['project_id']}/instances/{found['instances'][instance]}/assets/jobs/{job_id}"

    def token(self) -> str:
        """Log in and answer the token."""
        found = self.credentials
        user = {"name": found["user"], "password": found["password"], "domain": {"name": found["domain"]}}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"id": found["project_id"]}},
            }
        }
        answer = httpx.post(f"{self.endpoint}/v3/auth/tokens", json=body)
        return str(answer.headers["x-subject-token"])


@contextmanager
def served(**settings: str) -> Iterator[Served]:
    """Run a server on a folder of its own, pinned to its core."""
    with (
        tempfile.TemporaryDirectory(prefix="romaport-bench-") as folder,
        serving(Path(folder), None, **settings) as found,
    ):
        yield found


@contextmanager
def serving(folder: Path, made: FirstCredentials | None, **settings: str) -> Iterator[Served]:
    """Run a server on a folder, with the credentials that were made for it, or those of its first start."""
    environment = os.environ | {
        "ROMAPORT_SERVER_DATA": f"{folder}/data",
        "ROMAPORT_SERVER_PORT": "0",
        "ROMAPORT_SERVER_LOG_LEVEL": "warning",
        **settings,
    }
    command = [sys.executable, "-m", "romaport", "serve", "--json"]
    with started(command, environment) as (process, line):
        announced = json.loads(line)
        credentials = announced["credentials"] or (asdict(made) if made else {})
        yield Served(pid=process.pid, endpoint=announced["endpoint"], credentials=credentials)


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run a program on the server's core, and answer it with the first line it prints."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@contextmanager
def following(server: Served, instance: str) -> Iterator[Callable[[str], JobAnswer]]:
    """Answer what follows a job of an instance to its end, a hundred questions a second.

    It shares the cores of the server, so it asks by the plainest means: by the client each question takes three times
    as much of them.
    """
    header = {"X-Auth-Token": server.token()}
    connection = HTTPConnection("127.0.0.1", server.process.port, timeout=_WAIT_SECONDS)

    def asked(job_id: str) -> JobAnswer:
        connection.request("GET", server.path(instance, job_id), headers=header)
        with connection.getresponse() as answer:
            assert answer.status == HTTPStatus.OK, answer.read()
            return msgspec.json.decode(answer.read(), type=JobAnswer)

    def settled(job_id: str) -> JobAnswer:
        began_at = time.perf_counter()
        while not is_final(found := asked(job_id)):
            assert time.perf_counter() - began_at < _WAIT_SECONDS, found
            time.sleep(_ASK_SECONDS)
        return found

    with closing(connection):
        yield settled
