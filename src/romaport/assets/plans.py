"""Plans: an import that stops before its last step, says what that would do, and can be executed later."""

from collections.abc import Iterator
from pathlib import Path

from romaport.assets.desk import Desk, actor_of, findings_of, hole_findings, settling, visible_job
from romaport.assets.uploads import (
    ImportOptions,
    Values,
    accept,
    into_of,
    opened_values,
    policy_of,
    sealed_values,
    stage_upload,
    upload_path,
)
from romaport.catalog import Actor, Decision, check, decisions, discard, key_name, open_holes
from romaport.errors import PlanRefused
from romaport.ids import new_id
from romaport.jobs import Finding, Item, Job, JobContext, JobType, Outcome, Owner, Severity, State
from romaport.storage import Transaction

__all__ = ["REFUSED", "run_plan", "start_execution", "start_plan"]

REFUSED = "refuse"
"""The step of an asset that an import would not take."""


def start_plan(  # noqa: PLR0913 - who wants what shown of which package
    desk: Desk, owner: Owner, actor: Actor, package: Path, options: ImportOptions, *, values: Values | None = None
) -> str:
    """Check a package whole, keep it, and open a plan job; answer the job's id (see `uploads.accept`)."""
    return accept(desk, owner, actor, package, options, type_=JobType.PLAN, values=values or {})


def run_plan(desk: Desk, context: JobContext) -> None:
    """Stage, check, and write down what would become of every asset."""
    problems = stage_upload(desk, context, upload_path(context.job.id))
    into, policy = into_of(context, desk), policy_of(context.job, desk)
    with settling(context) as tx:
        conflicts = check(tx, into, policy, desk.vault, sees_all=actor_of(context, desk).sees_all)
        context.checkpoint("plan.checked")
        refusals = [*problems, *findings_of(conflicts)]
        outcome = _write(desk, context, tx, refusals)
        holes = hole_findings(open_holes(tx, into, policy, writes=False))
        desk.ledger.note(tx, context.job, [*refusals, *holes])
        discard(tx, context.job.id)
        context.record(tx, done=context.job.total, outcome=outcome)
        # What cannot be executed is not kept for it.
        desk.ledger.succeed(tx, context.job, kept_seconds=0 if refusals else desk.ledger.options.plan_seconds)
        context.checkpoint("plan.ending")
    context.checkpoint("plan.ended")
    if refusals:
        desk.archives.remove(upload_path(context.job.id))
        context.checkpoint("plan.cleaned")


def _write(desk: Desk, context: JobContext, tx: Transaction, refusals: list[Finding]) -> Outcome:
    refused = {(found.kind, found.name) for found in refusals}
    outcome: Outcome = {}

    def items() -> Iterator[Item]:
        for found in decisions(tx, context.job.id, desk.vault):
            item = _item(found, is_refused=(found.kind, key_name(found.key)) in refused)
            counts = outcome.setdefault(item.step, {})
            counts[item.kind] = counts.get(item.kind, 0) + 1
            yield item

    desk.ledger.write_items(tx, context.job, items())
    return outcome


def _item(found: Decision, *, is_refused: bool) -> Item:
    if is_refused:
        # Neither side is shown: the user may not see the one, and the other may hold what should not travel.
        return Item(kind=found.kind, key=found.key, step=REFUSED)
    return Item(kind=found.kind, key=found.key, step=found.step, changes=found.changes, change_id=found.change_id)


def start_execution(desk: Desk, owner: Owner, actor: Actor, plan_id: str) -> str:
    """Open the import that a plan has shown; answer its id.

    Raises `JobMissing`, or `PlanRefused` for what is no plan, is not done, was refused, or is no longer kept.
    """
    job_id = new_id()
    with desk.database.transaction() as tx:
        desk.ledger.hold_kept(tx, plan_id)
        plan = visible_job(desk, tx, owner, actor, plan_id)
        _check_executable(desk, tx, plan)
        values = opened_values(desk, tx, plan_id)
        job = desk.ledger.open(
            tx,
            owner,
            JobType.IMPORT,
            {**plan.request, "plan": plan_id, "sees_all": actor.sees_all},
            job_id=job_id,
            sealed=sealed_values(desk, job_id, values),
        )
        desk.engine.submit(tx, job)
        desk.checkpoint("execution.opening")
    return job_id


def _check_executable(desk: Desk, tx: Transaction, plan: Job) -> None:
    reason = ""
    refusals, _ = desk.ledger.findings(tx, plan.id, Severity.REFUSAL, limit=0)
    if plan.type is not JobType.PLAN:
        reason = "it is no plan"
    elif plan.state is not State.SUCCEEDED:
        reason = "it is not done"
    elif refusals:
        reason = f"it has {refusals} refusals, which its report lists"
    elif plan.kept_until is None or plan.kept_until <= desk.clock():
        reason = "its package is no longer kept; make a new plan"
    if reason:
        raise PlanRefused(job_id=plan.id, reason=reason)
