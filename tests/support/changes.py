"""Jobs that change as fast as they can, and what of it was committed when, as every process on the machine sees it.

As a program, a server with such jobs in it, or what changes them alone:
`python -m tests.support.changes serve|write MARKS`. It prints where it answers; told `{"owner": …, "jobs": …}` on its
standard input it opens jobs and prints their ids; told `{"seconds": …, "count": …, "pause_seconds": …}` it changes
them for so long or so often, ends them, and prints how often it did.
"""

import asyncio
import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import uvloop
from tests.support.ports import free_port
from tests.support.server_process import Place

from romaport.assembly import System, build
from romaport.cli.serving import first_start, serve
from romaport.jobs import Job, JobType, Owner
from romaport.settings import read_settings

__all__ = ["CHANGES_MAX", "FINISHED", "SUCCEEDED", "Changes", "Marks"]

JOBS_MAX = 16
CHANGES_MAX = 9_000
"""So many that each is a progress of its own on the wire, which has four digits."""
# Work that is all counted would read as less than complete until the job has ended.
_COUNT_MAX = CHANGES_MAX - 2
SUCCEEDED = CHANGES_MAX + 1
FINISHED = CHANGES_MAX + 2
# A job's last number, and the time of every number from 1 on.
_CELLS = FINISHED + 1
_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 30


class Marks:
    """The number of each job's last change that is committed, and when each was: in memory that is shared."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8 * _CELLS * JOBS_MAX))
        with path.open("r+b") as file:
            self._cells = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")

    def note(self, job: int, number: int) -> None:
        """Note that a change was committed just now."""
        self._cells[_CELLS * job + number] = time.monotonic_ns()
        self._cells[_CELLS * job] = number

    def number(self, job: int) -> int:
        """Answer the number of the last change of a job."""
        return self._cells[_CELLS * job]

    def at(self, job: int, number: int) -> float:
        """Answer when a change was committed, on the machine's monotonic clock."""
        return self._cells[_CELLS * job + number] / 1e9


class _Writer:
    """Changes jobs of its own, one after the other, each in a transaction as a worker would."""

    def __init__(self, system: System, marks: Marks) -> None:
        self._database = system.database
        self._ledger = system.parts.desk.ledger
        self._marks = marks
        self._jobs: list[Job] = []

    def obey(self) -> None:
        """Do what the standard input says, until it ends."""
        for line in iter(sys.stdin.readline, ""):
            asked = json.loads(line)
            if "jobs" in asked:
                say(self._open(Owner(**asked["owner"]), asked["jobs"]))
            else:
                say(self._change(**asked))

    def _open(self, owner: Owner, jobs: int) -> list[str]:
        for _number in range(jobs):
            with self._database.transaction() as tx:
                job_id = self._ledger.open(tx, owner, JobType.EXPORT, {}).id
                job = self._ledger.begin(tx, job_id)
                assert job is not None
                self._jobs.append(self._ledger.record(tx, job, total=CHANGES_MAX))
        return [job.id for job in self._jobs]

    def _change(self, seconds: float, count: int, pause_seconds: float) -> int:
        ends_at = time.monotonic() + seconds
        number = 0
        while time.monotonic() < ends_at and number < count:
            time.sleep(pause_seconds)
            number += 1
            for place in range(len(self._jobs)):
                self._count(place, number)
        for place, job in enumerate(self._jobs):
            self._end(place, job)
        return number

    def _count(self, place: int, number: int) -> None:
        with self._database.transaction() as tx:
            self._jobs[place] = self._ledger.record(tx, self._jobs[place], done=number)
        self._marks.note(place, number)

    def _end(self, place: int, job: Job) -> None:
        archive = self._ledger.new_archive(job, size_bytes=1, sha256="", ttl_seconds=3_600)
        with self._database.transaction() as tx:
            self._ledger.succeed(tx, job, archive=archive)
        self._marks.note(place, SUCCEEDED)
        with self._database.transaction() as tx:
            assert self._ledger.take(tx, archive, by=job.owner.user_id)
        self._marks.note(place, FINISHED)


class Changes:
    """The program, from outside."""

    def __init__(self, role: str, folder: Path, settings: Mapping[str, str]) -> None:
        self._path = folder / "marks"
        self.marks = Marks(self._path)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ROMAPORT_")}
        clean |= {"ROMAPORT_SERVER_DATA": str(folder / "changes"), "ROMAPORT_JOBS_RUNNING_PER_USER": str(JOBS_MAX)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, role, str(self._path)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=clean | dict(settings),
            text=True,
        )
        said = self.answer()
        self.place = Place(endpoint=said["endpoint"], **said["credentials"]) if said else None

    def open(self, owner: Owner, jobs: int) -> list[str]:
        """Have jobs opened; answer their ids."""
        self._ask(owner=asdict(owner), jobs=jobs)
        found: list[str] = self.answer()
        return found

    def begin(self, seconds: float, *, count: int = _COUNT_MAX, pause_seconds: float = 0.0) -> None:
        """Have each job changed for so long or so often, and then ended; `answer` answers how often."""
        self._ask(seconds=seconds, count=count, pause_seconds=pause_seconds)

    def _ask(self, **asked: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for what the program prints next."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait(_STOP_SECONDS)
        self._process.stdout.close()


def say(said: object) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main(role: str, path: Path) -> None:
    """Change jobs, as a server or alone."""
    settings = read_settings(os.environ)
    system = build(settings)
    writer = _Writer(system, Marks(path))
    if role == "write":
        say(None)
        writer.obey()
        system.database.close()
        return
    credentials = first_start(system.directory)
    assert credentials is not None

    def announce(address: str) -> None:
        say({"endpoint": address, "credentials": asdict(credentials)})
        Thread(target=writer.obey, daemon=True).start()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(system.app, settings.server, free_port(), announce))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
