"""Imports into an instance that holds nothing: placed out of sight in short steps, and shown by one.

So nobody else waits for more than a step, where writers wait for one another.
"""

from romaport.assets.desk import Desk, actor_of, findings_of, hole_findings, settling
from romaport.assets.uploads import into_of, policy_of
from romaport.catalog import Into, Policy, landing, obstacles, open_holes
from romaport.jobs import Finding, JobContext

__all__ = ["clear", "discard_in_steps", "land"]


def land(desk: Desk, context: JobContext, problems: list[Finding]) -> bool:
    """Place a staged package and end the job, if the instance holds nothing; say whether it was so.

    If not, nothing is placed any more: also when somebody was faster.
    """
    into, policy = into_of(context, desk), policy_of(context.job, desk)
    with context.snapshot() as tx:
        may_land, steps = landing.may_land(tx, into), landing.steps(tx, into.job_id)
    if may_land:
        refusals, holes = _checked(desk, context, (into, policy), steps)
        refusals = [*problems, *refusals]
        if not refusals:
            _place(context, into, steps)
        if _ended(desk, context, into, refusals, holes):
            discard_in_steps(desk, into.job_id)
            return True
    clear(desk, into.job_id)
    return False


def _checked(
    desk: Desk, context: JobContext, arrival: tuple[Into, Policy], steps: list[landing.Step]
) -> tuple[list[Finding], list[Finding]]:
    """Answer what stands in the way, and what the assets will lack; both hold for as long as nothing else is there."""
    into, policy = arrival
    for step in steps:
        with context.transaction() as tx:
            landing.resolve(tx, into.job_id, step)
    with context.snapshot() as tx:
        conflicts = obstacles(tx, into, policy, sees_all=actor_of(context, desk).sees_all)
        holes = hole_findings(open_holes(tx, into, policy, writes=False))
    context.checkpoint("import.checked")
    return findings_of(conflicts), holes


def _place(context: JobContext, into: Into, steps: list[landing.Step]) -> None:
    with context.transaction() as tx:
        placed = landing.begin(tx, into)
    done = context.job.total // 2
    for step in steps:
        done += sum(len(positions) for _, positions in step)
        kind, positions = step[0]
        if positions.start >= placed.get(kind, 0):
            with context.transaction() as tx:
                landing.place(tx, into, step)
                context.record(tx, done=done)
                context.checkpoint("import.placing")
            context.checkpoint("import.placed")


def _ended(desk: Desk, context: JobContext, into: Into, refusals: list[Finding], holes: list[Finding]) -> bool:
    """End the job, unless there is something in the instance by now that was not checked against."""
    with settling(context) as tx:
        if not landing.is_free(tx, into):
            return False
        if refusals:
            desk.ledger.fail(tx, context.job, refusals)
        else:
            landing.show(tx, into)
            context.checkpoint("import.applied")
            desk.ledger.note(tx, context.job, holes)
            created = {kind: number for kind, (_, number) in context.job.counts.items()}
            context.record(tx, done=context.job.total, outcome={"created": created} if created else {})
            desk.ledger.succeed(tx, context.job, kept_seconds=desk.ledger.options.kept_seconds)
        context.checkpoint("import.ending")
    return True


def clear(desk: Desk, job_id: str) -> None:
    """Remove what a job has placed and not shown."""
    with desk.database.snapshot() as tx:
        left = job_id in landing.hidden(tx)
    while left:
        with desk.database.transaction() as tx:
            left = landing.clear(tx, job_id)


def discard_in_steps(desk: Desk, job_id: str) -> None:
    """Remove all that is staged for a job."""
    with desk.database.snapshot() as tx:
        steps = landing.steps(tx, job_id)
    for step in steps:
        with desk.database.transaction() as tx:
            landing.discard_step(tx, job_id, step)
