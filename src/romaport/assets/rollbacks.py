"""Rollbacks: an import or a deletion is taken back, at once or not at all."""

from romaport.assets.desk import Desk, actor_of, findings_of, settling, visible_job
from romaport.catalog import Actor, Return, follow, selected
from romaport.errors import RollbackRefused
from romaport.jobs import Job, JobContext, JobType, Owner, State

__all__ = ["run_rollback", "start_rollback"]

_TAKEN_BACK = (JobType.IMPORT, JobType.DELETE)


def start_rollback(desk: Desk, owner: Owner, actor: Actor, job_id: str, *, overwrites: bool) -> str:
    """Open a rollback of a job; answer its id.

    With `overwrites`, what was changed since the job is lost. Raises `JobMissing`, or `RollbackRefused` for what
    changed nothing, was taken back already, or is no longer kept.
    """
    with desk.database.transaction() as tx:
        job = visible_job(desk, tx, owner, actor, job_id)
        _check_returnable(desk, job)
        request = {"job": job_id, "overwrites": overwrites, "sees_all": actor.sees_all}
        opened = desk.ledger.open(tx, owner, JobType.ROLLBACK, request)
        desk.engine.submit(tx, opened)
    return opened.id


def _check_returnable(desk: Desk, job: Job) -> None:
    reason = ""
    if job.type not in _TAKEN_BACK:
        reason = "only imports and deletions can be"
    elif job.state is not State.SUCCEEDED:
        reason = "it changed nothing, or is still running"
    elif job.undone_by is not None:
        reason = f"job {job.undone_by} has done so already"
    elif job.kept_until is None or job.kept_until <= desk.clock():
        reason = "what it changed is no longer kept"
    if reason:
        raise RollbackRefused(job_id=job.id, reason=reason)


def run_rollback(desk: Desk, context: JobContext) -> None:
    """Find what stands in the way, or take the job back; one transaction, which also ends the rollback."""
    request = context.job.request
    with settling(context) as tx, selected(tx):
        job = desk.ledger.read(tx, request["job"])
        follow(tx, job.id, job.owner.instance_id)
        way = Return(
            tx,
            job.id,
            removed=job.type is JobType.DELETE,
            overwrites=request["overwrites"],
            member_id=actor_of(context, desk).member_id,
        )
        counts = {
            kind: way.removes.get(kind, 0) + way.restores.get(kind, 0)
            for kind in sorted(way.removes.keys() | way.restores.keys())
        }
        context.record(tx, counts={kind: [0, number] for kind, number in counts.items()}, total=sum(counts.values()))
        context.checkpoint("rollback.selected")
        conflicts = way.conflicts()
        if conflicts:
            desk.ledger.fail(tx, context.job, findings_of(conflicts))
        else:
            desk.ledger.undo(tx, job.id, by=context.job)
            way.apply()
            context.checkpoint("rollback.applied")
            context.record(
                tx,
                counts={kind: [number, number] for kind, number in counts.items()},
                done=sum(counts.values()),
                outcome={"removed": way.removes, "restored": way.restores},
            )
            desk.ledger.succeed(tx, context.job)
        context.checkpoint("rollback.ending")
    context.checkpoint("rollback.ended")
