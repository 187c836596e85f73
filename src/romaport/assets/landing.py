"""Imports into an instance that holds nothing: placed out of sight in short steps, and shown by one.

So nobody else waits for more than a step, where writers wait for one another.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext

from romaport.assets.desk import Desk, actor_of, findings_of, hole_findings, settling
from romaport.assets.uploads import into_of, policy_of
from romaport.catalog import (
    Landing,
    Portion,
    Walk,
    clear_portion,
    discard_portion,
    hidden_jobs,
    obstacles,
    open_holes,
    staged_extents,
)
from romaport.jobs import Finding, JobContext, Outcome
from romaport.storage import GaveWay, Transaction, giving_way

__all__ = ["clear", "discard_in_steps", "land", "succeed"]

_STEP_SECONDS = 0.04
"""How long others wait for one step, about; of how many assets that is differs by machine, and by what is there."""
_ALONE_SECONDS = 1
"""How long a step takes that gives way to others, while there are none."""
_CAREFUL_STEPS = 16
"""After how many more steps one that gave way is followed by one that may have to."""
_ASSETS_FIRST, _ASSETS_MIN, _ASSETS_MAX = 1_000, 100, 10_000


def land(desk: Desk, context: JobContext, problems: list[Finding]) -> bool:
    """Place a staged package and end the job, if the instance holds nothing; say whether it was so.

    If not, nothing is placed any more: also when somebody was faster.
    """
    landing = Landing(into_of(context, desk))
    with context.snapshot() as tx:
        is_possible, extents = landing.is_possible(tx), staged_extents(tx, context.job.id)
    if is_possible:
        refusals, holes = _checked(desk, context, landing, extents)
        refusals = [*problems, *refusals]
        if not refusals:
            _place(context, landing, extents)
        if _ended(desk, context, landing, (refusals, holes)):
            discard_in_steps(desk, context.job.id)
            return True
    clear(desk, context.job.id)
    return False


class _Pace:
    """How many assets a step takes."""

    def __init__(self, *, gives_way: bool) -> None:
        self.number = _ASSETS_FIRST
        self._gives_way = gives_way
        self._careful_steps = 0
        self._per_second = 0.0

    @property
    def _may_give_way(self) -> bool:
        return self._gives_way and not self._careful_steps

    def patience(self, tx: Transaction) -> AbstractContextManager[None]:
        """Have a step be undone for who waits; not soon after one that was, or there might be no end."""
        return giving_way(tx, after_seconds=_STEP_SECONDS) if self._may_give_way else nullcontext()

    def took(self, seconds: float) -> None:
        """Go on after a step of so many that took so long."""
        self._per_second = self.number / seconds
        self._careful_steps = max(self._careful_steps - 1, 0)
        wanted = self._per_second * (_ALONE_SECONDS if self._may_give_way else _STEP_SECONDS)
        # Not at once many more: the next may be of another kind, and take longer.
        self._take(min(wanted, 1.5 * self.number))

    def gave_way(self) -> None:
        """Go on after a step of which nothing is left."""
        self._careful_steps = _CAREFUL_STEPS
        self._take(min(self._per_second * _STEP_SECONDS, self.number / 2))

    def _take(self, number: float) -> None:
        self.number = min(max(int(number), _ASSETS_MIN), _ASSETS_MAX)


def _in_steps(
    transaction: Callable[[], AbstractContextManager[Transaction]],
    walk: Walk,
    work: Callable[[Transaction, Portion], None],
    *,
    gives_way: bool = False,
) -> Iterator[None]:
    """Work on all that a walk leads to, so much in each transaction as others may wait for; yield after each.

    With `gives_way`, it may take more while there are no others, and is undone for those who come.
    """
    pace = _Pace(gives_way=gives_way)
    while portion := walk.portion(pace.number):
        try:
            with transaction() as tx, pace.patience(tx):
                began_at = time.perf_counter()
                work(tx, portion)
        except GaveWay:
            walk.back(portion)
            pace.gave_way()
        else:
            pace.took(time.perf_counter() - began_at)
            yield


def _checked(
    desk: Desk, context: JobContext, landing: Landing, extents: Mapping[str, int]
) -> tuple[list[Finding], list[Finding]]:
    """Answer what stands in the way, and what the assets will lack; both hold for as long as nothing else is there."""
    for _ in _in_steps(context.transaction, Walk(extents), landing.resolve):
        pass
    into, policy = into_of(context, desk), policy_of(context.job, desk)
    with context.snapshot() as tx:
        conflicts = obstacles(tx, into, policy, sees_all=actor_of(context, desk).sees_all)
        holes = hole_findings(open_holes(tx, into, policy, writes=False))
    context.checkpoint("import.checked")
    return findings_of(conflicts), holes


def _place(context: JobContext, landing: Landing, extents: Mapping[str, int]) -> None:
    with context.transaction() as tx:
        placed = landing.prepare(tx)
    half, moved = context.job.total // 2, sum(placed.values())

    def place(tx: Transaction, portion: Portion) -> None:
        landing.place(tx, portion)
        count(tx, portion)
        context.checkpoint("import.placing")

    def refer(tx: Transaction, portion: Portion) -> None:
        landing.refer(tx, portion, again=bool(placed))
        count(tx, portion)
        context.checkpoint("import.referring")

    def count(tx: Transaction, portion: Portion) -> None:
        # An asset and its references are half each of what is moved for it.
        nonlocal moved
        moved += sum(len(positions) for _, positions in portion)
        context.record(tx, done=half + moved // 2)

    for _ in _in_steps(context.transaction, Walk(extents, placed), place):
        context.checkpoint("import.placed")
    for _ in _in_steps(context.transaction, Walk(extents), refer, gives_way=True):
        context.checkpoint("import.referred")


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
        walk = Walk(staged_extents(tx, job_id))

    def discard(tx: Transaction, portion: Portion) -> None:
        discard_portion(tx, job_id, portion)

    for _ in _in_steps(desk.database.transaction, walk, discard):
        pass
