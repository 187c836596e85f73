"""Jobs, their findings and their archives as rows. Every change of a state is a compare-and-set."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    String,
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from romaport.clock import milliseconds
from romaport.jobs.job import Archive, Finding, Item, Job, Owner, Severity
from romaport.jobs.states import JobType, State
from romaport.storage import Transaction, load, row_version, streamed
from romaport.storage.tables import archives, job_findings, job_items, jobs

__all__ = [
    "LOOK_UP",
    "add",
    "add_archive",
    "add_findings",
    "add_items",
    "all_items",
    "archive",
    "archive_of",
    "begin",
    "expired",
    "free_slot",
    "hold_kept",
    "kept",
    "kept_archives",
    "let_go",
    "looked_up",
    "move",
    "no_longer_kept",
    "pending",
    "read",
    "read_each",
    "read_findings",
    "read_items",
    "record",
    "renew",
    "sealed",
    "take",
    "undo",
]


_ITEMS_AT_ONCE = 1_000


def _moment(number: int | None) -> datetime | None:
    return None if number is None else datetime.fromtimestamp(number / 1000, UTC)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def read(tx: Transaction, job_id: str, *, findings: int = 0) -> Job | None:
    """Read a job, with as many of its refusals as asked, and its archive's id while that can be downloaded."""
    return next(read_each(tx, [job_id], findings=findings), None)


_JOBS = select(jobs, archives.c.id.label("archive_id"), row_version(jobs).label("version")).outerjoin(
    archives, and_(archives.c.job_id == jobs.c.id, jobs.c.state == State.SUCCEEDED.value)
)
LOOK_UP = _JOBS.where(jobs.c.id == any_(bindparam("job_ids", type_=ARRAY(String))))
"""Selects jobs by a list of ids, on PostgreSQL, for `looked_up`."""


def looked_up(rows: Iterable[Any]) -> Iterator[Job]:
    """Answer the jobs that `LOOK_UP` has selected, without findings."""
    return (_job(row, ()) for row in rows)


def read_each(tx: Transaction, job_ids: Collection[str], *, findings: int = 0) -> Iterator[Job]:
    """Read many jobs, each as `read` does; those that do not exist are passed over."""
    for row in tx.execute(_JOBS.where(jobs.c.id.in_(list(job_ids)))).all():
        is_refused = findings and row.state == State.FAILED
        yield _job(row, read_findings(tx, row.id, Severity.REFUSAL, limit=findings)[1] if is_refused else [])


def _job(row: Any, findings: Iterable[Finding]) -> Job:  # noqa: ANN401 - SQLAlchemy's, or the same by name
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
        started_at=_moment(row.started_at),
        outcome=msgspec.json.decode(row.outcome),
        kept_until=_moment(row.kept_until),
        undone_by=row.undone_by,
        archive_id=row.archive_id,
        version=row.version,
        findings=tuple(findings),
    )


def read_findings(
    tx: Transaction, job_id: str, severity: Severity, *, limit: int, offset: int = 0
) -> tuple[int, list[Finding]]:
    """Answer how many findings of a severity a job has, and a page of them in their order."""
    matching = (job_findings.c.job_id == job_id, job_findings.c.severity == severity.value)
    total = tx.execute(select(func.count()).select_from(job_findings).where(*matching)).scalar_one()
    rows = tx.execute(
        select(job_findings).where(*matching).order_by(job_findings.c.position).limit(limit).offset(offset)
    )
    return total, [
        Finding(
            kind=row.kind,
            name=row.name,
            code=row.code,
            message=row.message,
            severity=Severity(row.severity),
            advice=row.advice,
        )
        for row in rows
    ]


def add_items(tx: Transaction, job_id: str, items: Iterable[Item], *, first: int = 0) -> None:
    """Write what a plan or a comparison found, in its order, the first at a position; an earlier attempt's go."""
    tx.execute(delete(job_items).where(job_items.c.job_id == job_id, job_items.c.position >= first))
    columns = ("job_id", "position", "kind", "key", "step", "changes", "change_id")
    rows = (
        (job_id, position, item.kind, _text(item.key), item.step, _text(item.changes), item.change_id)
        for position, item in enumerate(items, first)
    )
    while batch := list(islice(rows, _ITEMS_AT_ONCE)):
        load(tx, job_items, columns, batch)


def read_items(
    tx: Transaction, job_id: str, *, limit: int, offset: int, steps: Collection[str]
) -> tuple[int, list[Item]]:
    """Answer how many items of some steps a job has, all steps if none is named, and a page of them."""
    matching = job_items.c.job_id == job_id
    if steps:
        matching &= job_items.c.step.in_(list(steps))
    total = tx.execute(select(func.count()).select_from(job_items).where(matching)).scalar_one()
    rows = tx.execute(select(job_items).where(matching).order_by(job_items.c.position).limit(limit).offset(offset))
    return total, [_item(row) for row in rows]


def all_items(tx: Transaction, job_id: str) -> Iterator[Item]:
    """Yield every item of a job in their order, without holding them."""
    statement = select(job_items).where(job_items.c.job_id == job_id).order_by(job_items.c.position)
    for row in streamed(tx, statement):
        yield _item(row)


def _item(row: Row[Any]) -> Item:
    return Item(
        kind=row.kind,
        key=tuple(msgspec.json.decode(row.key)),
        step=row.step,
        changes=msgspec.json.decode(row.changes),
        change_id=row.change_id,
    )


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


def add(tx: Transaction, job: Job, slot: int, sealed: bytes | None) -> None:
    """Insert a new job into a free slot, with the sealed part of its request."""
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
            sealed=sealed,
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


def move(tx: Transaction, job: Job, wanted: State, *, at: datetime, kept_until: datetime | None = None) -> bool:
    """Move a job from the state and attempt it was read in to another; False if someone was faster."""
    values: dict[str, Any] = {"state": wanted.value}
    if job.state is State.RUNNING:
        values |= {"ended_at": milliseconds(at), "checkpoint": "{}"}
        if kept_until is not None:
            values["kept_until"] = milliseconds(kept_until)
        if job.type is not JobType.PLAN or kept_until is None:
            values["sealed"] = None
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.state == job.state.value, jobs.c.attempt == job.attempt)
        .values(**values)
    )
    return tx.execute(statement).rowcount == 1


def renew(tx: Transaction, job_id: str) -> None:
    """Write a job's row anew, as it is."""
    tx.execute(update(jobs).where(jobs.c.id == job_id).values(state=jobs.c.state))


def add_findings(tx: Transaction, job_id: str, findings: Iterable[Finding]) -> None:
    """Insert findings after those that a job has."""
    last = tx.execute(select(func.max(job_findings.c.position)).where(job_findings.c.job_id == job_id)).scalar_one()
    columns = ("job_id", "position", "severity", "kind", "name", "code", "message", "advice")
    rows = [
        (job_id, position, found.severity.value, found.kind, found.name, found.code, found.message, found.advice)
        for position, found in enumerate(findings, 0 if last is None else last + 1)
    ]
    load(tx, job_findings, columns, rows)


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
    return _archive(tx, archives.c.id == archive_id)


def archive_of(tx: Transaction, job_id: str) -> Archive | None:
    """Read the archive of a job."""
    return _archive(tx, archives.c.job_id == job_id)


def _archive(tx: Transaction, condition: ColumnElement[bool]) -> Archive | None:
    row = tx.execute(select(archives).where(condition)).one_or_none()
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


def sealed(tx: Transaction, job_id: str) -> bytes | None:
    """Read the sealed part of a job's request."""
    return tx.execute(select(jobs.c.sealed).where(jobs.c.id == job_id)).scalar_one_or_none()


def undo(tx: Transaction, job_id: str, *, by: str) -> bool:
    """Note which rollback takes a job back; False if another has, or nothing of it is kept."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.undone_by.is_(None), jobs.c.kept_until.is_not(None))
        .values(undone_by=by, kept_until=None)
    )
    return tx.execute(statement).rowcount == 1


def no_longer_kept(tx: Transaction, at: datetime) -> list[str]:
    """Answer the jobs whose time to be taken back or executed is over."""
    return list(tx.execute(select(jobs.c.id).where(jobs.c.kept_until <= milliseconds(at))).scalars())


def kept(tx: Transaction, type_: JobType) -> list[str]:
    """Answer the jobs of a type that can still be taken back or executed."""
    return list(
        tx.execute(select(jobs.c.id).where(jobs.c.kept_until.is_not(None), jobs.c.type == type_.value)).scalars()
    )


def hold_kept(tx: Transaction, job_id: str) -> None:
    """Have nobody change a job's row until the transaction ends."""
    tx.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update(read=True))


def let_go(tx: Transaction, job_ids: Collection[str]) -> None:
    """Note that what was kept for these jobs is gone."""
    tx.execute(update(jobs).where(jobs.c.id.in_(list(job_ids))).values(kept_until=None, sealed=None))


def discard_findings(tx: Transaction, job_id: str) -> None:
    """Remove the findings of a job: a new attempt finds its own."""
    tx.execute(delete(job_findings).where(job_findings.c.job_id == job_id))
