"""The progress operation, in front of the framework: the hot path of the whole house.

On a hit it costs two dictionary lookups: the caller by the token, the answer by the job. No thread,
no SQL, no validation, and nothing to wait for: `at_once` is a plain function. Whatever it cannot answer,
refusals among it, goes the long way (decision 24).
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import msgspec
from litestar.types import HTTPResponseBodyEvent, HTTPScope, Scope, Send

from romaport.api.callers import Credentials, caller_of, credentials_of
from romaport.api.errors import envelope, extra_headers, status_of
from romaport.api.parts import Parts
from romaport.auth import Caller, Gate
from romaport.clock import iso
from romaport.errors import JobMissing, MethodRefused, PermissionMissing, RomaportError
from romaport.ids import ID_LENGTH
from romaport.jobs import Answers, Finding, Job, Owner, State
from romaport.kinds import KINDS
from romaport.storage import Kept, Rounds, Versions
from romaport.wire.assets import AssetJobReason, JobAnswer
from romaport.wire.dialects import Dialect, status_word

__all__ = ["ACTION", "PATH", "Progress", "job_answer"]

ACTION = "roma:assets:get"
"""The permission to ask for progress; ours, as none is published (contract 5.1, product decision 23)."""
PATH = "/v2/{project_id}/instances/{instance_id}/assets/jobs/{job_id}"

_REASONS_MAX = 10
_STEPS = 8
_TEXT_MAX = 64


class Ready(msgspec.Struct, frozen=True):
    """An answer that only has to be sent, to those who may see the job."""

    headers: list[tuple[bytes, bytes]]
    rest: HTTPResponseBodyEvent
    """The message that follows the headers; the same for everyone."""
    raw_path: bytes
    """The path of a request for it, as every client writes it."""
    owner: Owner
    version: str
    is_offered: bool
    """Whether the job has an archive that somebody may be taking right now."""

    def is_for(self, caller: Caller) -> bool:
        """Say whether the caller may see the job."""
        return caller.sees_all or self.owner.user_id == caller.user_id


def job_answer(job: Job, dialect: Dialect) -> JobAnswer:
    """Say a job on the wire (contract 1.1, product decisions 1 to 3)."""
    reasons = [_reason(found) for found in job.findings[:_REASONS_MAX]] or msgspec.UNSET
    return JobAnswer(
        id=job.id,
        type=job.type.value,
        status=status_word(dialect, job.state.value),
        progress_percent=round(job.progress, 4),
        begin_time=iso(job.created_at),
        end_time=iso(job.ended_at) if job.ended_at else msgspec.UNSET,
        archive_id=job.archive_id or msgspec.UNSET,
        reason=reasons,
        reasons=reasons,
    )


def _reason(found: Finding) -> AssetJobReason:
    word = KINDS[found.kind].word if found.kind in KINDS else found.kind
    return AssetJobReason(
        resource_type=word,
        resource_name=_cut(found.name),
        error_code=found.code,
        error_msg=_cut(found.message),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 3] + "..."


class Progress:
    """Answers `PATH`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._gate = parts.gate
        self._handovers = parts.handovers
        database, self._ledger = parts.desk.database, parts.desk.ledger
        self._answers: Answers[Ready] = Answers(database.feed, entries_max=self._ledger.options.answers_max)
        self._versions = database.versions
        # Many who poll one job miss at once when it changes: one look is enough for all who asked before it.
        self._looks: Rounds[str, Ready] = Rounds(self._look_up)

    @staticmethod
    def place(path: str) -> tuple[str, str, str] | None:
        """Answer project, instance and job of a path that is this operation's; None for any other."""
        steps = path.split("/")
        is_ours = len(steps) == _STEPS and steps[6] == "jobs" and steps[5] == "assets"
        if is_ours and steps[3] == "instances" and steps[1] == "v2":
            return steps[2], steps[4], steps[7]
        return None

    @property
    def has_answers_at_hand(self) -> bool:
        """Say whether `at_once` ever answers."""
        return self._versions is None

    def at_once(self, scope: Scope, *, known: Callable[[Scope, Gate, str], Caller | None]) -> Ready | None:
        """Answer a poll from memory; None for any other request, and where something must be asked or refused.

        `known` says who calls, as far as that can be told from memory.
        """
        job_id = scope["path"][-ID_LENGTH:]
        ready = self._answers.get(job_id)
        if ready is None or ready.raw_path != scope.get("raw_path") or scope.get("method") != "GET":
            return None
        if self._versions is not None or (ready.is_offered and self._is_taken(job_id, ready)):
            return None
        caller = known(scope, self._gate, ready.owner.project_id)
        return ready if caller is not None and ready.is_for(caller) and caller.allows(ACTION) else None

    def _is_taken(self, job_id: str, ready: Ready) -> bool:
        """Say whether a job's archive is being taken, or was since its answer was looked up: only an offered one is."""
        # In this order: who takes it may end between the two looks, and the answer goes before that end.
        return self._handovers.is_open(job_id) or self._answers.get(job_id) is not ready

    async def __call__(self, scope: HTTPScope, send: Send, place: tuple[str, str, str]) -> int:
        """Answer one request; answer the status that was sent."""
        request_id: str = scope["state"]["request_id"]
        try:
            ready = await self._ready(scope, place)
        except RomaportError as error:
            body = envelope(error, path=scope["path"], request_id=request_id)
            headers = [(b"content-type", b"application/json")]
            headers += [(name.encode(), value.encode()) for name, value in extra_headers(error).items()]
            status = status_of(error)
        else:
            body, headers, status = ready.rest["body"], ready.headers, 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown, "more_body": False})
        return status

    async def _ready(self, scope: HTTPScope, place: tuple[str, str, str]) -> Ready:
        project_id, instance_id, job_id = place
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodRefused(method=scope["method"])
        credentials = credentials_of(scope)
        if self._versions is None:
            caller = await caller_of(credentials, self._parts, project_id)
            await self._handovers.settled(job_id)
            ready = self._answers.get(job_id)
        else:
            caller, ready = await self._confirmed(credentials, project_id, job_id, self._versions)
        if not caller.allows(ACTION):
            raise PermissionMissing(action=ACTION)
        try:
            return await self._seen(place, caller, ready)
        except JobMissing:
            # Said first, as by every other operation: the project has no such instance.
            await asyncio.to_thread(self._parts.directory.instance, project_id, instance_id)
            raise

    async def _confirmed(
        self, credentials: Credentials, project_id: str, job_id: str, versions: Versions
    ) -> tuple[Caller, Ready | None]:
        """Answer the caller, and what is ready of the job if it still holds, by one read for both.

        Other processes change both too, and a client may have seen there what the feed has yet to tell here.
        """
        verify = partial(asyncio.to_thread, credentials.verified, self._parts.gate, project_id)
        known = credentials.remembered(self._parts.gate, project_id)
        caller = await verify() if known is None else None
        await self._handovers.settled(job_id)
        ready = self._answers.get(job_id)
        job = Kept("job", job_id)
        kept = [*([] if ready is None else [job]), *([] if known is None else [known.credential])]
        found = await versions.of(*kept) if kept else {}
        if known is not None:
            caller = known.confirmed(found)
        is_same = ready is not None and ready.version == found.get(job)
        return caller or await verify(), ready if is_same else None

    async def _seen(self, place: tuple[str, str, str], caller: Caller, ready: Ready | None) -> Ready:
        """Answer what is known of a job; raise `JobMissing` if it is another's, or another place's."""
        project_id, instance_id, job_id = place
        if ready is None:
            ready = await (self._looked_up(job_id) if self._versions is None else self._settled(job_id, self._versions))
        is_here = ready.owner.project_id == project_id and ready.owner.instance_id == instance_id
        if not (is_here and ready.is_for(caller)):
            raise JobMissing(job_id=job_id)
        return ready

    async def _settled(self, job_id: str, versions: Versions) -> Ready:
        """Look a job up and, where its archive is offered, see that nobody was taking it when that was read.

        Whoever begins to take it gives the row another version first. So an answer that is kept while nobody takes the
        archive holds for as long as its version is the row's; one that was read while somebody did is not kept.
        """
        while True:
            ticket = self._answers.ticket(job_id)
            ready = await self._looked_up(job_id)
            if not ready.is_offered or await self._holds(job_id, ready, ticket, versions):
                return ready

    async def _holds(self, job_id: str, ready: Ready, ticket: object, versions: Versions) -> bool:
        """Say whether what was read of a job still holds; keep it if nobody is taking its archive any more."""
        try:
            is_settled = await self._handovers.settled_elsewhere(job_id)
            job = Kept("job", job_id)
            is_same = (await versions.of(job)).get(job) == ready.version
            if is_same and is_settled:
                self._answers.keep(job_id, ticket, ready)
            return is_same
        finally:
            self._answers.forget(job_id, ticket)

    async def _looked_up(self, job_id: str) -> Ready:
        ready = (await self._looks.answer(job_id)).get(job_id)
        if ready is None:
            raise JobMissing(job_id=job_id)
        return ready

    async def _look_up(self, job_ids: set[str]) -> Mapping[str, Ready]:
        if self._versions is None:
            return await asyncio.to_thread(self._read, job_ids)
        with self._looking(job_ids) as found:
            rows = await self._versions.rows(self._ledger.look_up, {"job_ids": list(job_ids)})
            jobs = list(self._ledger.looked_up(rows))
            found.update({job.id: self._rendered(job) for job in jobs if job.state is not State.FAILED})
        # Why it failed is in rows of its own.
        failed = {job.id for job in jobs if job.state is State.FAILED}
        return {**found, **await asyncio.to_thread(self._read, failed)} if failed else found

    def _read(self, job_ids: set[str]) -> Mapping[str, Ready]:
        with self._looking(job_ids) as found, self._parts.desk.database.snapshot() as tx:
            for job in self._ledger.read_each(tx, job_ids, findings=_REASONS_MAX):
                found[job.id] = self._rendered(job)
        return found

    @contextmanager
    def _looking(self, job_ids: set[str]) -> Iterator[dict[str, Ready]]:
        """Keep what is found of jobs, unless they change while they are looked up."""
        tickets = {job_id: self._answers.ticket(job_id) for job_id in job_ids}
        found: dict[str, Ready] = {}
        try:
            yield found
        finally:
            for job_id, ticket in tickets.items():
                ready = found.get(job_id)
                if ready is None:
                    self._answers.forget(job_id, ticket)
                elif self._versions is None or not ready.is_offered:
                    self._answers.keep(job_id, ticket, ready)

    def _rendered(self, job: Job) -> Ready:
        options = self._parts.options
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if job.state is State.RUNNING and options.poll_seconds:
            headers.append((b"retry-after", str(options.poll_seconds).encode()))
        body = msgspec.json.encode(job_answer(job, options.dialect))
        owner = job.owner
        path = PATH.format(project_id=owner.project_id, instance_id=owner.instance_id, job_id=job.id)
        return Ready(
            headers=headers,
            rest={"type": "http.response.body", "body": body, "more_body": False},
            raw_path=path.encode(),
            owner=owner,
            version=job.version,
            is_offered=job.archive_id is not None,
        )
