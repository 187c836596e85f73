"""Reports: everything there is to say about one job, beyond what the wire has room for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from romaport.assets.desk import Desk, visible_job
from romaport.catalog import Actor, key_name
from romaport.clock import iso
from romaport.jobs import Archive, Finding, Item, Job, Owner, Severity

__all__ = ["Window", "find_items", "find_report"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which page of a list is wanted, and of plans and comparisons the items of which steps; none means all."""

    offset: int
    limit: int
    steps: tuple[str, ...] = ()


def find_report(desk: Desk, owner: Owner, actor: Actor, job_id: str, window: Window) -> dict[str, Any]:
    """Answer the report of a job, with a page of its findings; raise `JobMissing`."""
    with desk.database.snapshot() as tx:
        job = visible_job(desk, tx, owner, actor, job_id)
        pages = {
            severity: desk.ledger.findings(tx, job_id, severity, offset=window.offset, limit=window.limit)
            for severity in Severity
        }
        archive = desk.ledger.archive_of(tx, job_id)
    return {
        **_told(job, now=desk.clock()),
        "findings": _page(pages[Severity.REFUSAL]),
        "holes": _page(pages[Severity.HOLE]),
        "notes": _page(pages[Severity.NOTE]),
        "archive": None if archive is None else _receipt(archive),
    }


def find_items(desk: Desk, owner: Owner, actor: Actor, job_id: str, window: Window) -> dict[str, Any]:
    """Answer a page of what a plan would do, or a comparison found, asset by asset; raise `JobMissing`."""
    with desk.database.snapshot() as tx:
        visible_job(desk, tx, owner, actor, job_id)
        total, items = desk.ledger.items(tx, job_id, offset=window.offset, limit=window.limit, steps=window.steps)
    return {"total": total, "size": len(items), "items": [_shown(item) for item in items]}


def _told(job: Job, *, now: datetime) -> dict[str, Any]:
    return {
        "id": job.id,
        "type": job.type.value,
        "state": job.state.value,
        "user": {"id": job.owner.user_id, "name": job.owner.user_name},
        "begin_time": iso(job.created_at),
        "end_time": iso(job.ended_at) if job.ended_at else None,
        "duration_seconds": round(((job.ended_at or now) - job.created_at).total_seconds(), 3),
        "progress_percent": round(job.progress, 4),
        "starts": job.attempt,
        "request": {name: value for name, value in job.request.items() if name != "sees_all"},
        "counts": {kind: {"done": done, "total": total} for kind, (done, total) in job.counts.items()},
        "outcome": job.outcome,
        "kept_until": iso(job.kept_until) if job.kept_until else None,
        "rolled_back_by": job.undone_by,
    }


def _page(found: tuple[int, list[Finding]]) -> dict[str, Any]:
    total, findings = found
    shown = [
        {
            "kind": finding.kind,
            "name": finding.name,
            "code": finding.code,
            "message": finding.message,
            "advice": finding.advice,
        }
        for finding in findings
    ]
    return {"total": total, "size": len(shown), "items": shown}


def _receipt(archive: Archive) -> dict[str, Any]:
    return {
        "id": archive.id,
        "file_name": archive.file_name,
        "size_bytes": archive.size_bytes,
        "sha256": archive.sha256,
        "expires_at": iso(archive.expires_at),
        "taken_at": iso(archive.taken_at) if archive.taken_at else None,
        "taken_by": archive.taken_by,
    }


def _shown(item: Item) -> dict[str, Any]:
    return {"kind": item.kind, "name": key_name(item.key), "step": item.step, "changes": item.changes}
