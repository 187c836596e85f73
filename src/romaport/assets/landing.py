"""Imports into an instance that holds nothing: placed out of sight in short steps, and shown by one.

So nothing is written twice, and nobody else waits for more than a step, where writers wait for one another.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import TypeVar

from romaport.assets.desk import Desk, actor_of, findings_of, hole_findings, settling
from romaport.assets.uploads import into_of, policy_of, survey_many, take_in
from romaport.catalog import (
    Batch,
    Edge,
    Intake,
    Landing,
    Portion,
    Walk,
    clear_portion,
    discard_portion,
    hidden_ids,
    hidden_jobs,
    obstacles,
    open_holes,
    remove_space,
    staged_extents,
)
from romaport.jobs import Finding, JobContext, Outcome
from romaport.packages import Entry
from romaport.storage import Transaction, hold

__all__ = ["clear", "discard_in_steps", "land", "succeed"]

_STEP_SECONDS = 0.03
"""How long others wait for one step, about; of how many rows that is differs by machine, and by what is there."""
_ROWS_FIRST, _ROWS_MIN, _ROWS_MAX = 1_000, 100, 10_000

Taken = TypeVar("Taken", bound=Sequence[object])


def land(desk: Desk, context: JobContext, upload: str) -> bool:
    """Place a package and end the job, if the instance holds nothing; say whether it was so.

    If not, nothing is placed any more: also when somebody was faster.
    """
    # On a shared database nobody waits for references that are placed with their assets.
    landing = Landing(into_of(context, desk), holds_back=not desk.database.is_shared)
    with context.snapshot() as tx:
        is_possible, is_landed = landing.is_possible(tx), False
    if is_possible:
        with suppress(_Occupied):
            _land(desk, context, landing, upload)
            is_landed = True
    if not is_landed and context.job.checkpoint:
        # What is removed from here on was not done.
        with context.transaction() as tx:
            context.record(tx, checkpoint={})
    # Of what was refused nothing stays; what is shown is no longer hidden.
    clear(desk, context.job.id, desk.database.transaction if is_landed else partial(_valid, context))
    return is_landed


@contextmanager
def _valid(context: JobContext) -> Iterator[Transaction]:
    """Open a transaction for an attempt that is not void: another may have placed what this one would remove."""
    with context.transaction() as tx:
        context.record(tx, done=context.job.done)
        yield tx


class _Occupied(Exception):
    """Somebody has put something into the instance meanwhile."""


class _Steps:
    """Work in transactions, on so much in each as others may wait for."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Transaction]]) -> None:
        self._transaction = transaction
        self._number = _ROWS_FIRST

    def over(self, take: Callable[[int], Taken], work: Callable[[Transaction, Taken], None]) -> Iterator[None]:
        """Work on all that can be taken; yield after each step."""
        while taken := take(self._number):
            with self._transaction() as tx:
                began_at = time.perf_counter()
                work(tx, taken)
            # Of a few it could not be told how long many take.
            if 2 * len(taken) > self._number:
                wanted = len(taken) * _STEP_SECONDS / (time.perf_counter() - began_at)
                # Not at once many more: the next may be of another kind, and take longer.
                self._number = min(max(int(min(wanted, 1.5 * self._number)), _ROWS_MIN), _ROWS_MAX)
            yield


class _Lander:
    """Hands a package over to its landing, and places references whenever there are many."""

    def __init__(self, context: JobContext, landing: Landing) -> None:
        self._context = context
        self._landing = landing
        self._steps = _Steps(context.transaction)
        self._counts: dict[str, int] = {}
        self._due_counts = dict(context.job.checkpoint)
        """How much was read when references last came due."""

    @property
    def done_count(self) -> int:
        return self._landing.done_count

    def count(self, tx: Transaction, kind: str) -> int:  # noqa: ARG002 - what is placed may lack its references
        self._counts[kind] = self._context.job.checkpoint.get(kind, 0)
        return self._counts[kind]

    def ids(self, intake: Intake, entries: Sequence[Entry], new: Sequence[str]) -> Sequence[str]:
        if not self._landing.is_begun:
            return new
        keys = intake.keys(entries)
        with self._context.snapshot() as tx:
            known = self._landing.known(tx, intake.kind.name, keys)
        return [known.get(key, fresh) for key, fresh in zip(keys, new, strict=True)]

    def put(self, tx: Transaction, batch: Batch) -> Mapping[str, object]:
        _check_free(tx, self._landing)
        self._landing.place(tx, batch)
        self._counts[batch.assets[0].kind] += len(batch.assets)
        self._come_due()
        return self._noted()

    def rest(self) -> None:
        self._refer(self._landing.excess)

    def finish(self) -> None:
        """Place all references that are held back."""
        self._refer(self._landing.due)
        self._come_due(at_once=True)
        self._refer(self._landing.due)
        if noted := self._noted():
            with self._context.transaction() as tx:
                self._context.record(tx, **noted)

    def _refer(self, take: Callable[[int], Sequence[Edge]]) -> None:
        def refer(tx: Transaction, edges: Sequence[Edge]) -> None:
            self._landing.refer(tx, edges)
            taken = sum(done for done, _ in self._context.job.counts.values())
            self._context.record(tx, done=taken + self.done_count)
            self._context.checkpoint("import.referring")

        for _ in self._steps.over(take, refer):
            self._context.checkpoint("import.referred")

    def _come_due(self, *, at_once: bool = False) -> None:
        if self._landing.come_due(at_once=at_once):
            self._due_counts = dict(self._counts)

    def _noted(self) -> Mapping[str, object]:
        """Say how far another attempt need not look again, if that is news: as far as all references are placed."""
        is_news = self._landing.is_settled and self._due_counts != self._context.job.checkpoint
        return {"checkpoint": dict(self._due_counts)} if is_news else {}


def _check_free(tx: Transaction, landing: Landing) -> None:
    if not landing.is_free(tx):
        raise _Occupied


def _land(desk: Desk, context: JobContext, landing: Landing, upload: str) -> None:
    with _valid(context) as tx:
        landing.prepare(tx)
    lander = _Lander(context, landing)
    problems = take_in(desk, context, upload, lander)
    lander.finish()
    survey_many(context, landing.survey)
    refusals, holes = _checked(desk, context, landing)
    _end(desk, context, landing, ([*problems, *refusals], holes))


def _checked(desk: Desk, context: JobContext, landing: Landing) -> tuple[list[Finding], list[Finding]]:
    """Answer what stands in the way, and what the assets will lack; both hold for as long as nothing else is there."""
    policy = policy_of(context.job, desk)
    with context.snapshot() as tx:
        sees_all = actor_of(context, desk).sees_all
        conflicts = obstacles(tx, landing.into, policy, sees_all=sees_all, dangling=landing.dangling)
        holes = hole_findings(open_holes(tx, landing.into, policy, writes=False))
    context.checkpoint("import.checked")
    return findings_of(conflicts), holes


def _end(desk: Desk, context: JobContext, landing: Landing, found: tuple[list[Finding], list[Finding]]) -> None:
    """End the job, unless there is something in the instance by now that was not checked against."""
    refusals, holes = found
    with settling(context) as tx:
        _check_free(tx, landing)
        if refusals:
            desk.ledger.fail(tx, context.job, refusals)
        else:
            landing.show(tx)
            context.checkpoint("import.applied")
            created = {kind: number for kind, (_, number) in context.job.counts.items()}
            succeed(desk, context, tx, outcome={"created": created} if created else {}, holes=holes)
        context.checkpoint("import.ending")


def succeed(desk: Desk, context: JobContext, tx: Transaction, *, outcome: Outcome, holes: list[Finding]) -> None:
    """End an import whose assets are in their place, with what became of them and what they lack."""
    desk.ledger.note(tx, context.job, holes)
    context.record(tx, done=context.job.total, outcome=outcome)
    desk.ledger.succeed(tx, context.job, kept_seconds=desk.ledger.options.kept_seconds)


def clear(desk: Desk, job_id: str, transaction: Callable[[], AbstractContextManager[Transaction]]) -> None:
    """Remove what a job has placed and not shown, in steps, each in a transaction of its own."""
    with desk.database.snapshot() as tx:
        if job_id not in hidden_jobs(tx):
            return

    def take(number: int) -> list[str]:
        with desk.database.snapshot() as tx:
            return hidden_ids(tx, job_id, number)

    def remove(tx: Transaction, ids: Sequence[str]) -> None:
        # A sweep may be at it as well.
        hold(tx, f"space:{job_id}")
        clear_portion(tx, ids)

    for _ in _Steps(transaction).over(take, remove):
        pass
    with transaction() as tx:
        remove_space(tx, job_id)


def discard_in_steps(desk: Desk, job_id: str) -> None:
    """Remove all that is staged for a job."""
    with desk.database.snapshot() as tx:
        walk = Walk(staged_extents(tx, job_id))

    def discard(tx: Transaction, portion: Portion) -> None:
        discard_portion(tx, job_id, portion)

    for _ in _Steps(desk.database.transaction).over(walk.portion, discard):
        pass
