"""Imports into an instance that holds nothing: placed out of sight in short steps, and shown by one.

So nobody else waits for more than a step, where writers wait for one another.
"""

from romaport.assets.desk import Desk, actor_of, findings_of, hole_findings, settling
from romaport.assets.uploads import into_of, policy_of
from romaport.catalog import (
    Landing,
    Portion,
    clear_portion,
    discard_portion,
    hidden_jobs,
    obstacles,
    open_holes,
    portions,
)
from romaport.jobs import Finding, JobContext, Outcome
from romaport.storage import Transaction

__all__ = ["clear", "discard_in_steps", "land", "succeed"]


def land(desk: Desk, context: JobContext, problems: list[Finding]) -> bool:
    """Place a staged package and end the job, if the instance holds nothing; say whether it was so.

    If not, nothing is placed any more: also when somebody was faster.
    """
    landing = Landing(into_of(context, desk))
    with context.snapshot() as tx:
        is_possible, parts = landing.is_possible(tx), portions(tx, context.job.id)
    if is_possible:
        refusals, holes = _checked(desk, context, landing, parts)
        refusals = [*problems, *refusals]
        if not refusals:
            _place(context, landing, parts)
        if _ended(desk, context, landing, (refusals, holes)):
            discard_in_steps(desk, context.job.id)
            return True
    clear(desk, context.job.id)
    return False


def _checked(
    desk: Desk, context: JobContext, landing: Landing, parts: list[Portion]
) -> tuple[list[Finding], list[Finding]]:
    """Answer what stands in the way, and what the assets will lack; both hold for as long as nothing else is there."""
    for portion in parts:
        with context.transaction() as tx:
            landing.resolve(tx, portion)
    into, policy = into_of(context, desk), policy_of(context.job, desk)
    with context.snapshot() as tx:
        conflicts = obstacles(tx, into, policy, sees_all=actor_of(context, desk).sees_all)
        holes = hole_findings(open_holes(tx, into, policy, writes=False))
    context.checkpoint("import.checked")
    return findings_of(conflicts), holes


def _place(context: JobContext, landing: Landing, parts: list[Portion]) -> None:
    with context.transaction() as tx:
        placed = landing.prepare(tx)
    done = context.job.total // 2
    for portion in parts:
        done += sum(len(positions) for _, positions in portion)
        kind, positions = portion[0]
        if positions.start >= placed.get(kind, 0):
            with context.transaction() as tx:
                landing.place(tx, portion)
                context.record(tx, done=done)
                context.checkpoint("import.placing")
            context.checkpoint("import.placed")


def _ended(desk: Desk, context: JobContext, landing: Landing, found: tuple[list[Finding], list[Finding]]) -> bool:
    """End the job, unless there is something in the instance by now that was not checked against."""
    refusals, holes = found
    with settling(context) as tx:
        if not landing.is_free(tx):
            return False
        if refusals:
            desk.ledger.fail(tx, context.job, refusals)
        else:
            landing.show(tx)
            context.checkpoint("import.applied")
            created = {kind: number for kind, (_, number) in context.job.counts.items()}
            succeed(desk, context, tx, outcome={"created": created} if created else {}, holes=holes)
        context.checkpoint("import.ending")
    return True


def succeed(desk: Desk, context: JobContext, tx: Transaction, *, outcome: Outcome, holes: list[Finding]) -> None:
    """End an import whose assets are in their place, with what became of them and what they lack."""
    desk.ledger.note(tx, context.job, holes)
    context.record(tx, done=context.job.total, outcome=outcome)
    desk.ledger.succeed(tx, context.job, kept_seconds=desk.ledger.options.kept_seconds)


def clear(desk: Desk, job_id: str) -> None:
    """Remove what a job has placed and not shown, in steps."""
    with desk.database.snapshot() as tx:
        is_left = job_id in hidden_jobs(tx)
    while is_left:
        with desk.database.transaction() as tx:
            is_left = clear_portion(tx, job_id)


def discard_in_steps(desk: Desk, job_id: str) -> None:
    """Remove all that is staged for a job."""
    with desk.database.snapshot() as tx:
        parts = portions(tx, job_id)
    for portion in parts:
        with desk.database.transaction() as tx:
            discard_portion(tx, job_id, portion)
