"""Jobs, their findings and their archives as rows. Every change of a state is a compare-and-set."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, and_, delete, func, insert, select, update

from romaport.clock import milliseconds
from romaport.jobs.job import Archive, Finding, Job, Owner, Severity
from romaport.jobs.states import JobType, State
from romaport.storage import Transaction
from romaport.storage.tables import archives, job_findings, jobs

__all__ = [
    "add",
    "add_archive",
    "add_findings",
    "archive",
    "begin",
    "expired",
    "free_slot",
    "kept_archives",
    "move",
    "pending",
    "read",
    "record",
    "take",
]


def _moment(number: int | None) -> datetime | None:
    return None if number is None else datetime.fromtimestamp(number / 1000, UTC)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def read(tx: Transaction, job_id: str, *, findings: int = 0) -> Job | None:
    """Read a job, with as many of its refusals as asked, and its archive's id while that can be downloaded."""
    statement = (
        select(jobs, archives.c.id.label("archive_id"))
        .outerjoin(archives, and_(archives.c.job_id == jobs.c.id, jobs.c.state == State.SUCCEEDED.value))
        .where(jobs.c.id == job_id)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        return None
    found = read_findings(tx, job_id, limit=findings) if findings and row.state == State.FAILED else []
    return _job(row, found)


def _job(row: Row[Any], findings: Iterable[Finding]) -> Job:
    created_at = _moment(row.created_at)
    assert created_at is not None
    return Job(
        id=row.id,
        owner=Owner(
            project_id=row.project_id, instance_id=row.instance_id, user_id=row.user_id, user_name=row.user_name
        ),
        type=JobType(row.type),
        state=State(row.state),
        request=msgspec.json.decode(row.request),
        attempt=row.attempt,
        strikes=row.strikes,
        done=row.done,
        total=row.total,
        counts=msgspec.json.decode(row.counts),
        checkpoint=msgspec.json.decode(row.checkpoint),
        created_at=created_at,
        ended_at=_moment(row.ended_at),
        archive_id=row.archive_id,
        findings=tuple(findings),
    )


def read_findings(tx: Transaction, job_id: str, *, limit: int) -> list[Finding]:
    """Read the first refusals of a job."""
    statement = (
        select(job_findings)
        .where(job_findings.c.job_id == job_id, job_findings.c.severity == Severity.REFUSAL.value)
        .order_by(job_findings.c.position)
        .limit(limit)
    )
    return [
        Finding(kind=row.kind, name=row.name, code=row.code, message=row.message, severity=Severity(row.severity))
        for row in tx.execute(statement)
    ]


def free_slot(tx: Transaction, owner: Owner, type_: JobType, slots: int) -> int | None:
    """Answer a slot in which the user may run one more job of the type in the instance, if one is free."""
    statement = select(jobs.c.slot).where(
        jobs.c.instance_id == owner.instance_id,
        jobs.c.user_id == owner.user_id,
        jobs.c.type == type_.value,
        jobs.c.state == State.RUNNING.value,
    )
    used = set(tx.execute(statement).scalars())
    return next((slot for slot in range(slots) if slot not in used), None)


def add(tx: Transaction, job: Job, slot: int) -> None:
    """Insert a new job into a free slot."""
    tx.execute(
        insert(jobs).values(
            id=job.id,
            project_id=job.owner.project_id,
            instance_id=job.owner.instance_id,
            user_id=job.owner.user_id,
            user_name=job.owner.user_name,
            type=job.type.value,
            state=job.state.value,
            slot=slot,
            request=_text(job.request),
            created_at=milliseconds(job.created_at),
        )
    )


def begin(tx: Transaction, job_id: str, at: datetime) -> bool:
    """Count one more start of a running job; False if it is not running."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == State.RUNNING.value)
        .values(
            attempt=jobs.c.attempt + 1,
            strikes=jobs.c.strikes + 1,
            started_at=func.coalesce(jobs.c.started_at, milliseconds(at)),
        )
    )
    return tx.execute(statement).rowcount == 1


def record(tx: Transaction, job: Job, values: Mapping[str, Any]) -> bool:
    """Write to a running job on behalf of one attempt; False if another attempt, or the end, was faster."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.state == State.RUNNING.value, jobs.c.attempt == job.attempt)
        .values(**{name: value if isinstance(value, int) else _text(value) for name, value in values.items()})
    )
    return tx.execute(statement).rowcount == 1


def move(tx: Transaction, job: Job, wanted: State, *, at: datetime) -> bool:
    """Move a job from the state and attempt it was read in to another; False if someone was faster."""
    values: dict[str, Any] = {"state": wanted.value}
    if job.state is State.RUNNING:
        values |= {"ended_at": milliseconds(at), "checkpoint": "{}"}
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.state == job.state.value, jobs.c.attempt == job.attempt)
        .values(**values)
    )
    return tx.execute(statement).rowcount == 1


def add_findings(tx: Transaction, job_id: str, findings: Iterable[Finding]) -> None:
    """Insert findings after those that a job has."""
    last = tx.execute(select(func.max(job_findings.c.position)).where(job_findings.c.job_id == job_id)).scalar_one()
    rows = [
        {
            "job_id": job_id,
            "position": position,
            "severity": found.severity.value,
            "kind": found.kind,
            "name": found.name,
            "code": found.code,
            "message": found.message,
        }
        for position, found in enumerate(findings, 0 if last is None else last + 1)
    ]
    if rows:
        tx.execute(insert(job_findings), rows)


def pending(tx: Transaction) -> list[str]:
    """Answer the jobs that are not final, oldest first: what a starting server goes on with."""
    statement = select(jobs.c.id).where(jobs.c.state == State.RUNNING.value).order_by(jobs.c.created_at, jobs.c.id)
    return list(tx.execute(statement).scalars())


def add_archive(tx: Transaction, archive_row: Archive) -> None:
    """Insert the archive of a job, whose bytes are stored already."""
    tx.execute(
        insert(archives).values(
            id=archive_row.id,
            job_id=archive_row.job_id,
            file_name=archive_row.file_name,
            size_bytes=archive_row.size_bytes,
            sha256=archive_row.sha256,
            expires_at=milliseconds(archive_row.expires_at),
        )
    )


def archive(tx: Transaction, archive_id: str) -> Archive | None:
    """Read an archive."""
    row = tx.execute(select(archives).where(archives.c.id == archive_id)).one_or_none()
    if row is None:
        return None
    expires_at = _moment(row.expires_at)
    assert expires_at is not None
    return Archive(
        id=row.id,
        job_id=row.job_id,
        file_name=row.file_name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        expires_at=expires_at,
        taken_at=_moment(row.taken_at),
        taken_by=row.taken_by,
    )


def take(tx: Transaction, archive_id: str, *, by: str, at: datetime) -> bool:
    """Note the one download of an archive; False if it was taken before."""
    statement = (
        update(archives)
        .where(archives.c.id == archive_id, archives.c.taken_at.is_(None))
        .values(taken_at=milliseconds(at), taken_by=by)
    )
    return tx.execute(statement).rowcount == 1


def expired(tx: Transaction, at: datetime) -> list[tuple[str, str]]:
    """Answer (job, archive) of the jobs whose archive's time is over while they still offer it."""
    statement = (
        select(jobs.c.id, archives.c.id)
        .join(archives, archives.c.job_id == jobs.c.id)
        .where(jobs.c.state == State.SUCCEEDED.value, archives.c.expires_at <= milliseconds(at))
    )
    return [(row[0], row[1]) for row in tx.execute(statement)]


def kept_archives(tx: Transaction) -> set[str]:
    """Answer the ids of the archives whose bytes are still to be had."""
    statement = (
        select(archives.c.id).join(jobs, jobs.c.id == archives.c.job_id).where(jobs.c.state == State.SUCCEEDED.value)
    )
    return set(tx.execute(statement).scalars())


def discard_findings(tx: Transaction, job_id: str) -> None:
    """Remove the findings of a job: a new attempt finds its own."""
    tx.execute(delete(job_findings).where(job_findings.c.job_id == job_id))
