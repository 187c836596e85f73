"""The truth about jobs: opened, counted, ended, their archives offered, taken and expired.

Every write of a running job is bound to its attempt; what an older attempt still wants to say is
refused with `Fenced`. Every change is announced in the transaction that makes it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.clock import Clock, iso
from romaport.errors import (
    ArchiveExpired,
    ArchiveMissing,
    ArchiveTaken,
    JobMissing,
    JobMoveRefused,
    JobRunning,
    RollbackRefused,
)
from romaport.ids import new_id
from romaport.jobs import store
from romaport.jobs.job import Archive, Finding, Item, Job, Owner, Severity
from romaport.jobs.states import JobType, State, can_move
from romaport.storage import Statement, Topic, Transaction, TransactionConflict, announce, hold

__all__ = ["Fenced", "JobOptions", "Ledger"]


class JobOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How jobs are run."""

    workers: Annotated[int, Meta(ge=1, le=64, description="Jobs this process runs at once.")] = 2
    running_per_user: Annotated[
        int, Meta(ge=1, le=100, description="Jobs of one type that one user may run at once in one instance.")
    ] = 1
    attempts_max: Annotated[
        int, Meta(ge=1, le=100, description="Starts after which a job that never reaches its end is given up.")
    ] = 3
    patience_seconds: Annotated[
        int,
        Meta(
            ge=0, le=604_800, description="How long a job is tried again, from its first start, while a store is ill."
        ),
    ] = 900
    heartbeat_seconds: Annotated[
        float, Meta(ge=1, le=300, description="A worker that is silent for so long loses its jobs to others.")
    ] = 10.0
    dequeue_seconds: Annotated[
        float, Meta(ge=0.1, le=60, description="Pause between two looks for jobs of which a worker was not told.")
    ] = 2.0
    assets_max: Annotated[
        int, Meta(ge=1, le=100_000, description="Applications, and tasks, that one request may select.")
    ] = 100
    progress_seconds: Annotated[
        float, Meta(ge=0, le=10, description="Pause between two writes of a job's progress.")
    ] = 0.25
    retry_seconds: Annotated[
        float, Meta(ge=0.1, le=300, description="First pause before a job that met an ill store is tried again.")
    ] = 2.0
    kept_seconds: Annotated[
        int,
        Meta(ge=0, le=31_536_000, description="How long an import or a deletion can be rolled back; 0 keeps nothing."),
    ] = 604_800
    plan_seconds: Annotated[int, Meta(ge=1, le=31_536_000, description="How long a plan can be executed.")] = 86_400
    answers_max: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Ready progress answers that are kept in memory.")
    ] = 10_000


class Fenced(Exception):
    """Another attempt runs this job, or it has ended: the work at hand is void."""


class Ledger:
    """Every job there is. Methods take an open transaction and never end it."""

    def __init__(self, clock: Clock, options: JobOptions) -> None:
        self._clock = clock
        self.options = options

    def open(  # noqa: PLR0913 - who, what, and the two halves of the request
        self,
        tx: Transaction,
        owner: Owner,
        type_: JobType,
        request: dict[str, Any],
        *,
        job_id: str = "",
        sealed: bytes | None = None,
    ) -> Job:
        """Begin a new job; raise `JobRunning` when the user's slots for the type are all in use.

        `sealed` is what of the request must not lie readable, sealed for the job's id.
        """
        # Two that come at once must not find the same slot free while there is another.
        hold(tx, f"slots:{owner.instance_id}:{owner.user_id}:{type_.value}")
        slot = self.admit(tx, owner, type_)
        job = Job(
            id=job_id or new_id(),
            owner=owner,
            type=type_,
            state=State.RUNNING,
            request=request,
            attempt=0,
            strikes=0,
            done=0,
            total=0,
            counts={},
            checkpoint={},
            created_at=self._clock(),
            ended_at=None,
        )
        try:
            store.add(tx, job, slot, sealed)
        except TransactionConflict as cause:
            raise JobRunning(type=type_.value, limit=self.options.running_per_user) from cause
        return job

    def admit(self, tx: Transaction, owner: Owner, type_: JobType) -> int:
        """Answer a free slot for a job of the type; raise `JobRunning` when the user's are all in use."""
        slot = store.free_slot(tx, owner, type_, self.options.running_per_user)
        if slot is None:
            raise JobRunning(type=type_.value, limit=self.options.running_per_user)
        return slot

    def read(self, tx: Transaction, job_id: str, *, findings: int = 0) -> Job:
        """Answer a job; raise `JobMissing`."""
        job = store.read(tx, job_id, findings=findings)
        if job is None:
            raise JobMissing(job_id=job_id)
        return job

    def read_each(self, tx: Transaction, job_ids: Collection[str], *, findings: int = 0) -> Iterator[Job]:
        """Answer those of the jobs that exist."""
        return store.read_each(tx, job_ids, findings=findings)

    @property
    def look_up(self) -> Statement:
        """What selects jobs by `job_ids`, a list: for the event loop's own session, where the database is shared."""
        return store.LOOK_UP

    def looked_up(self, rows: Iterable[Any]) -> Iterator[Job]:
        """Answer the jobs that `look_up` has selected, without findings."""
        return store.looked_up(rows)

    def pending(self, tx: Transaction) -> list[str]:
        """Answer the jobs that are not final, oldest first."""
        return store.pending(tx)

    def begin(self, tx: Transaction, job_id: str) -> Job | None:
        """Start one more attempt at a job; None if it has ended."""
        return store.read(tx, job_id) if store.begin(tx, job_id, self._clock()) else None

    def may_wait(self, job: Job) -> bool:
        """Say whether a begun job is young enough to be tried again when a store does not answer."""
        begun_at = job.started_at or job.created_at
        return self._clock() - begun_at < timedelta(seconds=self.options.patience_seconds)

    def record(self, tx: Transaction, job: Job, **values: Any) -> Job:  # noqa: ANN401 - columns of several types
        """Write what an attempt has done (`done`, `total`, `counts`, `checkpoint`, `strikes`); raise `Fenced`.

        What was done once stays done: a later attempt that counts again from the start shows no less.
        """
        if "done" in values:
            values["done"] = max(job.done, values["done"])
        if not store.record(tx, job, values):
            raise Fenced
        announce(tx, Topic.JOB, job.id)
        return replace(job, **values)

    def succeed(self, tx: Transaction, job: Job, *, archive: Archive | None = None, kept_seconds: int = 0) -> None:
        """End a job in success; raise `Fenced`.

        With the archive whose bytes are already stored, or with how long the job can be taken back or executed.
        """
        if archive is not None:
            store.add_archive(tx, archive)
        kept_until = self._clock() + timedelta(seconds=kept_seconds) if kept_seconds else None
        self._end(tx, job, State.SUCCEEDED, kept_until)

    def fail(self, tx: Transaction, job: Job, findings: Sequence[Finding]) -> None:
        """End a job in failure, saying why; raise `Fenced`."""
        store.discard_findings(tx, job.id)
        store.add_findings(tx, job.id, findings)
        self._end(tx, job, State.FAILED)

    def note(self, tx: Transaction, job: Job, findings: Sequence[Finding]) -> None:
        """Add findings that do not end the job."""
        store.add_findings(tx, job.id, findings)

    def _end(self, tx: Transaction, job: Job, state: State, kept_until: datetime | None = None) -> None:
        assert can_move(job.state, state)
        if not store.move(tx, job, state, at=self._clock(), kept_until=kept_until):
            raise Fenced
        announce(tx, Topic.JOB, job.id)

    def sealed(self, tx: Transaction, job_id: str) -> bytes | None:
        """Answer what of a job's request lies sealed."""
        return store.sealed(tx, job_id)

    def findings(
        self, tx: Transaction, job_id: str, severity: Severity, *, limit: int, offset: int = 0
    ) -> tuple[int, list[Finding]]:
        """Answer how many findings of a severity a job has, and a page of them."""
        return store.read_findings(tx, job_id, severity, limit=limit, offset=offset)

    def write_items(self, tx: Transaction, job: Job, items: Iterable[Item], *, first: int = 0) -> None:
        """Write what a plan or a comparison found, the first of the items at this position."""
        store.add_items(tx, job.id, items, first=first)

    def items(
        self, tx: Transaction, job_id: str, *, limit: int, offset: int = 0, steps: Collection[str] = ()
    ) -> tuple[int, list[Item]]:
        """Answer how many items a job has, of some steps or of all, and a page of them."""
        return store.read_items(tx, job_id, limit=limit, offset=offset, steps=steps)

    def all_items(self, tx: Transaction, job_id: str) -> Iterator[Item]:
        """Yield every item of a job in their order, without holding them."""
        return store.all_items(tx, job_id)

    def undo(self, tx: Transaction, job_id: str, *, by: Job) -> None:
        """Note that a rollback takes a job back; raise `RollbackRefused` if that was done, or is too late."""
        if not store.undo(tx, job_id, by=by.id):
            raise RollbackRefused(job_id=job_id, reason="it was rolled back already, or is no longer kept")

    def kept(self, tx: Transaction, type_: JobType) -> list[str]:
        """Answer the jobs of a type that can still be taken back or executed."""
        return store.kept(tx, type_)

    def hold_kept(self, tx: Transaction, job_id: str) -> None:
        """Keep `let_go` off a job until the transaction ends: what is kept now is kept, or needed, by then."""
        store.hold_kept(tx, job_id)

    def let_go(self, tx: Transaction, at: datetime) -> list[str]:
        """End the time of the jobs that could be taken back or executed until now; answer their ids."""
        over = store.no_longer_kept(tx, at)
        store.let_go(tx, over)
        return over

    def archive_of(self, tx: Transaction, job_id: str) -> Archive | None:
        """Answer the archive an export has left, whether it is still there or not."""
        return store.archive_of(tx, job_id)

    def new_archive(self, job: Job, *, size_bytes: int, sha256: str, ttl_seconds: int) -> Archive:
        """Describe the archive of an export whose bytes are about to be stored."""
        at = self._clock()
        return Archive(
            id=new_id(),
            job_id=job.id,
            file_name=f"assets-{at.strftime('%Y%m%d%H%M%S')}-{job.id[:8]}.zip",
            size_bytes=size_bytes,
            sha256=sha256,
            expires_at=at + timedelta(seconds=ttl_seconds),
        )

    def archive(self, tx: Transaction, archive_id: str) -> tuple[Archive, Job]:
        """Answer an archive that can be downloaded now, and its job.

        Raise `ArchiveMissing`, or `ArchiveTaken` or `ArchiveExpired`, which say when.
        """
        found = store.archive(tx, archive_id)
        job = store.read(tx, found.job_id) if found else None
        if found is None or job is None:
            raise ArchiveMissing(archive_id=archive_id)
        return found, job

    def offered(self, archive: Archive, job: Job) -> None:
        """Raise `ArchiveTaken` or `ArchiveExpired` unless an archive can be downloaded now."""
        if archive.taken_at is not None:
            raise ArchiveTaken(at=iso(archive.taken_at), by=archive.taken_by or "")
        if archive.expires_at <= self._clock() or job.state is not State.SUCCEEDED:
            raise ArchiveExpired(at=iso(archive.expires_at))

    def take(self, tx: Transaction, archive: Archive, *, by: str) -> bool:
        """Note the one download of an archive and finish its job; False if it was taken or expired before."""
        job = store.read(tx, archive.job_id)
        if job is None or not store.take(tx, archive.id, by=by, at=self._clock()):
            return False
        if not store.move(tx, job, State.FINISHED, at=self._clock()):
            raise JobMoveRefused(job_id=job.id, state=job.state.value, wanted=State.FINISHED.value)
        announce(tx, Topic.JOB, job.id)
        return True

    def renew(self, tx: Transaction, job_id: str) -> None:
        """Give a job's row another version, which says what it said before: nothing that is kept of it holds then."""
        store.renew(tx, job_id)
        announce(tx, Topic.JOB, job_id)

    def expire(self, tx: Transaction, at: datetime) -> list[str]:
        """Finish the exports whose archive's time is over; answer the ids of those archives."""
        over = store.expired(tx, at)
        for job_id, _ in over:
            job = store.read(tx, job_id)
            if job is not None and store.move(tx, job, State.FINISHED, at=at):
                announce(tx, Topic.JOB, job_id)
        return [archive_id for _, archive_id in over]

    def kept_archives(self, tx: Transaction) -> set[str]:
        """Answer the ids of the archives whose bytes are still to be had."""
        return store.kept_archives(tx)
