"""Deletions: a selection and all that belongs to it alone goes, at once or not at all."""

from romaport.assets.desk import Desk, Selected, findings_of, settling
from romaport.catalog import Actor, delete_selected
from romaport.jobs import JobContext, JobType, Owner

__all__ = ["run_deletion", "start_deletion"]


def start_deletion(desk: Desk, owner: Owner, actor: Actor, chosen: Selected) -> str:
    """Open a deletion job; raise what can be known to be wrong before it starts. Answer its id."""
    with desk.database.transaction() as tx:
        ids = chosen.check(tx, desk, owner, actor)
        desk.catalog.permit_all(tx, ids, actor, "delete")
        job = desk.ledger.open(tx, owner, JobType.DELETE, {"ids": list(ids), "sees_all": actor.sees_all})
        desk.engine.submit(tx, job)
        desk.checkpoint("delete.opening")
    return job.id


def run_deletion(desk: Desk, context: JobContext) -> None:
    """Delete in one transaction, which also ends the job."""
    with settling(context) as tx:
        context.checkpoint("delete.selecting")
        kept_seconds = desk.ledger.options.kept_seconds
        ids = context.job.request["ids"]
        counts, conflicts = delete_selected(tx, context.job.id, ids, keeps=bool(kept_seconds))
        context.checkpoint("delete.deleted")
        context.record(tx, counts={kind: [0, number] for kind, number in counts.items()}, total=sum(counts.values()))
        if conflicts:
            desk.ledger.fail(tx, context.job, findings_of(conflicts))
        else:
            done = {kind: [number, number] for kind, number in counts.items()}
            context.record(tx, counts=done, done=context.job.total, outcome={"removed": counts})
            desk.ledger.succeed(tx, context.job, kept_seconds=kept_seconds)
        context.checkpoint("delete.ending")
    context.checkpoint("delete.ended")
