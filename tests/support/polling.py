"""Many who ask for the progress of jobs over and over, and judge each answer by what was known before they asked."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

import httpx
import msgspec
import uvloop
from tests.support.changes import CHANGES_MAX, FINISHED, SUCCEEDED, Changes, Marks
from tests.support.server_process import Place

from romaport.jobs import Owner

__all__ = ["JOBS", "Poll", "Polls", "Seen", "assert_in_order", "login"]

POLLERS = 200
JOBS = 4
LATE_SECONDS = 0.05
"""Within so long everyone is to have read the last state, on a machine that does nothing else."""
# Order is judged strictly; time is the machine's as well, which others may be using.
_BUSY = 40

_ANSWERED = b"HTTP/1.1 200"
_LENGTH = b"content-length:"
_SECONDS_MAX = 60.0
_NUMBERS = {"Success": SUCCEEDED, "Finished": FINISHED}


class _Answer(msgspec.Struct):
    status: str
    progress_percent: float

    @property
    def number(self) -> int:
        """Answer which of the job's changes this is the state after."""
        return _NUMBERS.get(self.status) or round(self.progress_percent * CHANGES_MAX)


def login(place: Place) -> tuple[str, Owner]:
    """Log in as the first user; answer the token, and whose jobs it shows."""
    user = {"name": place.user, "password": place.password, "domain": {"name": place.domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": place.project_id}}}}
    answer = httpx.post(f"{place.endpoint}/v3/auth/tokens", json=body).raise_for_status()
    owner = Owner(
        project_id=place.project_id,
        instance_id=place.source,
        user_id=answer.json()["token"]["user"]["id"],
        user_name=place.user,
    )
    return answer.headers["x-subject-token"], owner


@dataclass(frozen=True)
class Poll:
    """One who polls: whom, and which job."""

    endpoint: str
    job: int
    request: bytes

    @classmethod
    def of(cls, endpoint: str, token: str, owner: Owner, job: int, job_id: str) -> "Poll":
        """Prepare the question."""
        path = f"/v2/{owner.project_id}/instances/{owner.instance_id}/assets/jobs/{job_id}"
        head = f"GET {path} HTTP/1.1\r\nHost: {urlsplit(endpoint).netloc}\r\nX-Auth-Token: {token}\r\n\r\n"
        return cls(endpoint, job, head.encode())


@dataclass
class Seen:
    """What all who polled have seen together."""

    polls: int = 0
    refused: int = 0
    """Answers that none could be given at the moment (503)."""
    numbers: dict[int, set[int]] = field(default_factory=dict)
    """The changes of each job that anyone saw the state after."""
    first_at: dict[tuple[str, int, int], float] = field(default_factory=dict)
    """When a server first answered the state after a change of a job, on the machine's monotonic clock."""
    wrong: list[str] = field(default_factory=list)
    """Answers older than what was known before the question, or newer than what was committed."""
    late: list[float] = field(default_factory=list)
    """For each who polled, the seconds from the last commit until they had read it."""

    @property
    def told(self) -> str:
        """Say it in a line."""
        late = sorted(1000 * seconds for seconds in self.late)
        p90 = late[int(0.9 * len(late))]
        states = sum(map(len, self.numbers.values()))
        return (
            f"{self.polls} polls, {self.refused} refused, {states} states seen, "
            f"the last after {median(late):.1f} ms (median), {p90:.1f} (p90), {late[-1]:.1f} (worst)"
        )


class Polls:
    """All who poll, on one event loop: what one has read, all know of."""

    def __init__(self, polls: Sequence[Poll], marks: Marks) -> None:
        self._polls = polls
        self._marks = marks
        self._newest = dict.fromkeys((poll.job for poll in polls), 0)
        self.seen = Seen(numbers={poll.job: set() for poll in polls})

    @classmethod
    def of(
        cls, place: Place, endpoints: Sequence[str], changes: Changes, *, jobs: int = JOBS, pollers: int = POLLERS
    ) -> "Polls":
        """Have jobs opened, and as many who poll them as there are to be, on all servers."""
        token, owner = login(place)
        job_ids = changes.open(owner, jobs)
        polls = [
            Poll.of(endpoints[number % len(endpoints)], token, owner, job, job_ids[job])
            for number, job in enumerate(list(range(jobs)) * (pollers // jobs))
        ]
        return cls(polls, changes.marks)

    def run(self, seconds_max: float = _SECONDS_MAX) -> Seen:
        """Poll until everyone has read the last state of their job."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(seconds_max))
        return self.seen

    async def _run(self, seconds_max: float) -> None:
        async with asyncio.timeout(seconds_max), asyncio.TaskGroup() as group:
            for poll in self._polls:
                group.create_task(self._ask(poll))

    async def _ask(self, poll: Poll) -> None:
        address = urlsplit(poll.endpoint)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        has_read_all = False
        # Until the last has read the last state, the others go on asking for it.
        while len(self.seen.late) < len(self._polls):
            known = max(self._newest[poll.job], self._marks.number(poll.job))
            writer.write(poll.request)
            body = await _body(reader)
            self.seen.polls += 1
            if body is None:
                self.seen.refused += 1
                continue
            number = msgspec.json.decode(body, type=_Answer).number
            read_at = time.monotonic()
            self._judge(poll.job, known, number)
            self.seen.first_at.setdefault((poll.endpoint, poll.job, number), read_at)
            if number == FINISHED and not has_read_all:
                has_read_all = True
                self.seen.late.append(read_at - self._marks.at(poll.job, FINISHED))
        writer.close()

    def _judge(self, job: int, known: int, number: int) -> None:
        # What is being committed may be read before the one who commits it is told so.
        committed = self._marks.number(job) + 1
        if not known <= number <= committed:
            self.seen.wrong.append(f"job {job}: {number}, when {known} was known and {committed} not yet committed")
        self._newest[job] = max(self._newest[job], number)
        self.seen.numbers[job].add(number)


def assert_in_order(seen: Seen) -> None:
    """Expect no wrong answer, and that all had the last one soon, as far as a busy machine lets them."""
    sys.stdout.write(f"{seen.told}\n")
    assert seen.wrong == []
    assert all(len(numbers) > JOBS for numbers in seen.numbers.values()), seen.told
    assert len(seen.late) == POLLERS
    assert median(seen.late) < _BUSY * LATE_SECONDS, seen.told


async def _body(reader: asyncio.StreamReader) -> bytes | None:
    """Read one answer; None if it says that there is none at the moment."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length_at = head.index(_LENGTH) + len(_LENGTH)
    body = await reader.readexactly(int(head[length_at : head.index(b"\r", length_at)]))
    if head.startswith(_ANSWERED.lower()):
        return body
    assert head.startswith(b"http/1.1 503"), (head, body)
    assert b"retry-after" in head
    return None
