"""Exports: a selection becomes a package, and the package an archive for one download."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from romaport.assets.desk import Desk, Selected, actor_of
from romaport.catalog import Actor, Selection, Wanted, choose, selected
from romaport.errors import SelectionEmpty
from romaport.jobs import Finding, JobContext, JobType, Owner, Severity
from romaport.kinds import KINDS, Kind
from romaport.packages import PackageSource, PackageSummary, PackageWriter, end_entry
from romaport.storage import Transaction, writing_scratch

__all__ = ["Choice", "run_export", "start_chosen_export", "start_export"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What an export takes, beyond the contract: by name and tag, or everything the user may see."""

    wanted: Wanted | None
    """None for everything."""
    with_dependencies: bool = True
    """Whether what the selected assets need comes along."""


def start_export(desk: Desk, owner: Owner, actor: Actor, chosen: Selected) -> str:
    """Open an export job; raise what can be known to be wrong before it starts. Answer its id."""
    with desk.database.transaction() as tx:
        ids = chosen.check(tx, desk, owner, actor)
        return _open(desk, tx, owner, {"ids": list(ids), "sees_all": actor.sees_all})


def start_chosen_export(desk: Desk, owner: Owner, actor: Actor, choice: Choice) -> str:
    """Open an export job for assets by name and tag, or all; answer its id.

    Raises `SelectionEmpty`, or `AssetsMissing` with every name and tag that fits nothing.
    """
    wanted = choice.wanted
    if wanted is not None and not wanted.tags and not any(wanted.names.values()):
        raise SelectionEmpty
    with desk.database.transaction() as tx:
        ids = None if wanted is None else choose(tx, owner.instance_id, wanted, actor)
        request: dict[str, Any] = {
            "ids": ids,
            "with_dependencies": choice.with_dependencies,
            "sees_all": actor.sees_all,
        }
        return _open(desk, tx, owner, request)


def _open(desk: Desk, tx: Transaction, owner: Owner, request: dict[str, Any]) -> str:
    job = desk.ledger.open(tx, owner, JobType.EXPORT, request)
    desk.engine.submit(tx, job)
    desk.checkpoint("export.opening")
    return job.id


def run_export(desk: Desk, context: JobContext) -> None:
    """Write the package, store it, and only then say so: a file without a row is swept, never the reverse."""
    path = desk.scratch_file(context, "export.zip")
    try:
        with writing_scratch():
            written, notes = _write(desk, context, path)
        context.checkpoint("export.written")
        archive = desk.ledger.new_archive(
            context.job,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            ttl_seconds=desk.archive_options.ttl_seconds,
        )
        desk.archives.put(archive.path, path)
        context.checkpoint("export.stored")
        with context.transaction() as tx:
            desk.ledger.note(tx, context.job, notes)
            counts = {kind: [number, number] for kind, number in written.counts.items()}
            context.record(tx, counts=counts, done=context.job.total, outcome={"exported": written.counts})
            desk.ledger.succeed(tx, context.job, archive=archive)
            context.checkpoint("export.ending")
        context.checkpoint("export.ended")
    finally:
        path.unlink(missing_ok=True)


def _write(desk: Desk, context: JobContext, path: Path) -> tuple[PackageSummary, list[Finding]]:
    owner, request = context.job.owner, context.job.request
    ids, member_id = request["ids"], actor_of(context, desk).member_id
    with context.snapshot() as tx, selected(tx):
        chosen = Selection(
            tx,
            owner.instance_id,
            ids,
            member_id=member_id,
            with_dependencies=request.get("with_dependencies", True),
        )
        context.checkpoint("export.selected")
        context.plan(chosen.counts, total=sum(chosen.counts.values()))
        context.checkpoint("export.planned")
        source = PackageSource(
            project_id=owner.project_id, instance_id=owner.instance_id, instance_name=chosen.instance_name
        )
        with PackageWriter(path, source=source, counts=chosen.counts) as writer:
            for name in chosen.counts:
                context.checkpoint(f"export.writing.{name}")
                writer.add_blocks(name, _lines(context, chosen, KINDS[name]))
                context.checkpoint(f"export.wrote.{name}")
            as_of = datetime.fromtimestamp(chosen.newest_at / 1000, UTC)
            return writer.finish(as_of=as_of), list(_notes(chosen))


def _notes(chosen: Selection) -> Iterator[Finding]:
    """Say what came along without having been asked for, and what stayed behind."""
    for kind, name, by_kind, by_name in chosen.dragged_in():
        message = f"Taken along, because {KINDS[by_kind].title} {by_name} needs it."
        yield Finding(kind=kind, name=name, code="ROMAPORT.4201", message=message, severity=Severity.NOTE)
    for kind, name in chosen.left_behind:
        message = "Left behind, because it is not published in RELEASE."
        advice = "Publish it there, and export again."
        yield Finding(
            kind=kind, name=name, code="ROMAPORT.4202", message=message, severity=Severity.NOTE, advice=advice
        )


def _lines(context: JobContext, chosen: Selection, kind: Kind) -> Iterator[tuple[bytes, int]]:
    for text, number in chosen.departing(kind, end_entry):
        yield text, number
        context.advance(kind.name, number)
        context.checkpoint("export.counted")
