"""Programs that are asked the same in turns: what they are asked, and how a round of it is measured."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import httpx
from tests.support.ports import free_port

from benchmarks.place import LOAD_CORE, Process, Served, started

__all__ = ["HELLO", "Contestant", "Load", "Round", "answer_bytes", "exporting", "peer", "request", "token_requests"]

HELLO = "bare ASGI hello-world, same server"


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A program, and what it is asked."""

    process: Process
    requests: Callable[[], list[bytes]]
    """Called before each round."""

    @classmethod
    def asked(cls, process: Process, requests: list[bytes]) -> Self:
        """Ask a program the same in all rounds."""
        return cls(process=process, requests=lambda: requests)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What came of asking for a while."""

    per_second: float
    p99_ms: float
    per_cpu_second: float
    """Answers for each second that the program was at work: what a core of its own would give."""
    added_bytes: int
    """The most memory that the program held, above what it held before."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """For how long is asked, on how many connections, and in which period on each: 0 is without a pause."""

    seconds: float
    connections: int
    period_seconds: float = 0

    def rounds(self, contestants: Mapping[str, Contestant], number: int) -> dict[str, list[Round]]:
        """Ask all of them in turns, so many times."""
        found: dict[str, list[Round]] = {name: [] for name in contestants}
        for _ in range(number):
            for name, contestant in contestants.items():
                found[name].append(self._round(contestant))
        return found

    def _round(self, contestant: Contestant) -> Round:
        """Ask one program, and wait until it has come to rest."""
        requests, process = contestant.requests(), contestant.process
        worked, held = process.cpu_seconds(), process.memory_bytes("VmRSS")
        process.forget_peak()
        place = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "benchmarks.load", str(process.port)]
        command = [*place, *map(str, (self.seconds, self.connections, self.period_seconds))]
        done = subprocess.run(command, input=b"\0".join(requests), capture_output=True, check=True)
        found = json.loads(done.stdout)
        at_work = process.cpu_seconds() - worked
        added = process.memory_bytes("VmHWM") - held
        process.rest()
        return Round(
            per_second=found["per_second"],
            p99_ms=found["p99_ms"],
            per_cpu_second=found["per_second"] * self.seconds / at_work,
            added_bytes=added,
        )


@contextmanager
def peer(name: str, *arguments: str) -> Iterator[Process]:
    """Run one of the peers."""
    port = free_port()
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", str(port), *arguments]
    with started(command, dict(os.environ)) as (process, _):
        yield Process(pid=process.pid, port=port)


def token_requests(served: Served, job_ids: Sequence[str]) -> list[bytes]:
    """Answer polls of these jobs with a token."""
    headers = {"host": "localhost", "X-Auth-Token": served.token()}
    return [request(served.path("development", job_id), headers) for job_id in job_ids]


def request(path: str, headers: dict[str, str]) -> bytes:
    """Answer a request as it travels."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def exporting(served: Served) -> Callable[[int], list[str]]:
    """Answer what begins so many exports, whose ids it answers: they wait, run and end while they are asked for."""
    with served.client("development") as client:
        app = client.post("instances", client.instance_id, "apps", body={"name": "polled"})
    assert isinstance(app, dict)

    def begin(number: int) -> list[str]:
        with served.client("development") as client:
            return [client.export(apps=[str(app["id"])]) for _ in range(number)]

    return begin


def answer_bytes(served: Served, job_id: str) -> int:
    """Answer how long an answer about a job is, without its head."""
    path = served.path("development", job_id)
    return len(httpx.get(served.endpoint + path, headers={"X-Auth-Token": served.token()}).content)
