"""Exports: a selection becomes a package, and the package an archive for one download."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from romaport.assets.desk import Desk, Selected
from romaport.catalog import Actor, Selection, selected
from romaport.jobs import JobContext, JobType, Owner
from romaport.kinds import KINDS, Kind
from romaport.packages import PackageSource, PackageSummary, PackageWriter, encode_entry

__all__ = ["run_export", "start_export"]

_COUNTED_AT_ONCE = 500


def start_export(desk: Desk, owner: Owner, actor: Actor, chosen: Selected) -> str:
    """Open an export job; raise what can be known to be wrong before it starts. Answer its id."""
    with desk.database.transaction() as tx:
        ids = chosen.check(tx, desk, owner, actor)
        job = desk.ledger.open(tx, owner, JobType.EXPORT, {"ids": list(ids), "sees_all": actor.sees_all})
        desk.submit_after(tx, job.id)
        desk.checkpoint("export.opening")
    return job.id


def run_export(desk: Desk, context: JobContext) -> None:
    """Write the package, store it, and only then say so: a file without a row is swept, never the reverse."""
    path = desk.scratch_file(context, "export.zip")
    try:
        written = _write(desk, context, path)
        context.checkpoint("export.written")
        archive = desk.ledger.new_archive(
            context.job,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            ttl_seconds=desk.archive_options.ttl_seconds,
        )
        desk.archives.put(archive.path, path)
        context.checkpoint("export.stored")
        with desk.database.transaction() as tx:
            context.record(tx, done=context.job.total)
            desk.ledger.succeed(tx, context.job, archive=archive)
            context.checkpoint("export.ending")
        context.checkpoint("export.ended")
    finally:
        path.unlink(missing_ok=True)


def _write(desk: Desk, context: JobContext, path: Path) -> PackageSummary:
    owner = context.job.owner
    with desk.database.snapshot() as tx, selected(tx):
        chosen = Selection(tx, owner.instance_id, context.job.request["ids"])
        context.checkpoint("export.selected")
        context.plan(chosen.counts, total=sum(chosen.counts.values()))
        context.checkpoint("export.planned")
        source = PackageSource(
            project_id=owner.project_id, instance_id=owner.instance_id, instance_name=chosen.instance_name
        )
        as_of = datetime.fromtimestamp(chosen.newest_at / 1000, UTC)
        with PackageWriter(path, source=source, as_of=as_of, counts=chosen.counts) as writer:
            for name in chosen.counts:
                context.checkpoint(f"export.writing.{name}")
                writer.add(name, _lines(context, chosen, KINDS[name]))
                context.checkpoint(f"export.wrote.{name}")
            return writer.finish()


def _lines(context: JobContext, chosen: Selection, kind: Kind) -> Iterator[bytes]:
    number = 0
    for number, found in enumerate(chosen.departing(kind), 1):
        yield encode_entry(found.key, found.body, found.references, found.unique, found.holes)
        if number % _COUNTED_AT_ONCE == 0:
            context.advance(kind.name, _COUNTED_AT_ONCE)
            context.checkpoint("export.counted")
    context.advance(kind.name, number % _COUNTED_AT_ONCE)
