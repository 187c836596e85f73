"""Imports: a package is staged in short steps, checked as a whole, and moved into place all at once.

Or it is placed as it is read, out of sight, where it meets nothing (`landing`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from romaport.assets.desk import Desk, actor_of, finding, findings_of, hole_findings, settling
from romaport.assets.landing import land, succeed
from romaport.assets.uploads import (
    ImportOptions,
    Values,
    accept,
    into_of,
    policy_of,
    stage_upload,
    upload_path,
)
from romaport.catalog import (
    Actor,
    Decision,
    Into,
    Policy,
    apply,
    check,
    decisions,
    discard,
    key_name,
    open_holes,
)
from romaport.errors import PlanOutdated
from romaport.jobs import Finding, Item, JobContext, JobType, Outcome, Owner
from romaport.storage import Transaction

__all__ = ["run_import", "start_import"]

_DONE = {"create": "created", "update": "updated", "keep": "kept"}
"""What a step is called once it is done."""


def start_import(  # noqa: PLR0913 - who wants what done with which package
    desk: Desk, owner: Owner, actor: Actor, package: Path, options: ImportOptions, *, values: Values | None = None
) -> str:
    """Check a package whole, keep it, and open an import job; answer the job's id (see `uploads.accept`)."""
    return accept(desk, owner, actor, package, options, type_=JobType.IMPORT, values=values or {})


def run_import(desk: Desk, context: JobContext) -> None:
    """Land, or stage, check and apply. It is seen whole or not at all: one transaction shows it and ends the job."""
    plan_id = context.job.request.get("plan")
    upload = upload_path(plan_id or context.job.id)
    if plan_id is not None or not land(desk, context, upload):
        _settle(desk, context, stage_upload(desk, context, upload))
        context.checkpoint("import.settled")
        # Whoever waits for the job need not wait for this too; what a killed process leaves, a sweep removes.
        with desk.database.transaction() as tx:
            discard(tx, context.job.id)
    context.checkpoint("import.ended")
    if plan_id is None:
        desk.archives.remove(upload_path(context.job.id))
    context.checkpoint("import.cleaned")


def _settle(desk: Desk, context: JobContext, problems: list[Finding]) -> None:
    into, policy = into_of(context, desk), policy_of(context.job, desk)
    with settling(context) as tx:
        conflicts = check(tx, into, policy, desk.vault, sees_all=actor_of(context, desk).sees_all)
        context.checkpoint("import.checked")
        refusals = [*_outdated(desk, context, tx), *problems, *findings_of(conflicts)]
        if refusals:
            desk.ledger.fail(tx, context.job, refusals)
        else:
            _apply(desk, context, tx, (into, policy))
        context.checkpoint("import.ending")


def _outdated(desk: Desk, context: JobContext, tx: Transaction) -> Iterator[Finding]:
    """Find where the instance would now take another step than the plan that is executed has shown."""
    plan_id = context.job.request.get("plan")
    if plan_id is None:
        return
    planned = desk.ledger.all_items(tx, plan_id)
    for item, decision in zip(planned, decisions(tx, context.job.id, desk.vault), strict=True):
        if (item.step, item.changes, item.change_id) != (decision.step, decision.changes, decision.change_id):
            yield finding(item.kind, key_name(item.key), _difference(item, decision))


def _difference(item: Item, decision: Decision) -> PlanOutdated:
    planned, present = _said(item), _said(decision)
    if planned == present:
        present = f"{present}, but of an asset that has changed since"
    return PlanOutdated(planned=planned, present=present)


def _said(found: Item | Decision) -> str:
    fields = ", ".join(str(change["field"]) for change in found.changes)
    return f"{found.step} ({fields})" if fields else found.step


def _apply(desk: Desk, context: JobContext, tx: Transaction, plan: tuple[Into, Policy]) -> None:
    into, policy = plan
    steps = apply(tx, into, desk.vault, keeps=bool(desk.ledger.options.kept_seconds))
    context.checkpoint("import.applied")
    holes = hole_findings(open_holes(tx, into, policy, writes=True))
    succeed(desk, context, tx, outcome=_done(steps), holes=holes)


def _done(steps: Mapping[str, dict[str, int]]) -> Outcome:
    return {_DONE[step]: counts for step, counts in steps.items()}
