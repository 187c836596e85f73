"""Runs one attempt at a job: begins it, hands it to the story of its type, and says how it ended."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from romaport.errors import InternalError, JobAttemptsSpent, RomaportError, StoreUnavailable
from romaport.jobs.job import Finding, Job
from romaport.jobs.ledger import Fenced, Ledger
from romaport.storage import Database, Transaction

__all__ = ["Checkpoint", "JobContext", "JobStory", "Runner", "Stopped"]

_log = logging.getLogger("romaport.jobs")

Checkpoint = Callable[[str], None]
"""Called with the name of every point a job passes at which it may safely be interrupted."""

Stopping = Callable[[], bool]


class Stopped(Exception):
    """The process shuts down: the attempt ends at a safe point, and another start goes on."""


class JobContext:
    """What the story of a job may do: count, pass checkpoints, open transactions bound to its attempt."""

    def __init__(self, job: Job, database: Database, ledger: Ledger, stop: Event, checkpoint: Checkpoint) -> None:
        self.job = job
        self.database = database
        self.ledger = ledger
        self._stop = stop
        self._checkpoint = checkpoint
        self._written_at = 0.0

    def checkpoint(self, name: str) -> None:
        """Pass a named safe point; raise `Stopped` if the process shuts down."""
        self._checkpoint(name)
        if self._stop.is_set():
            raise Stopped

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes."""
        with self.database.transaction() as tx:
            yield tx

    def plan(self, counts: Mapping[str, int], *, total: int) -> None:
        """Write down what there is to do, before any of it is done."""
        with self.database.transaction() as tx:
            self.record(tx, counts={kind: [0, number] for kind, number in counts.items()}, total=total)

    def record(self, tx: Transaction, **values: object) -> None:
        """Write to the job within a transaction; raise `Fenced` if the attempt is void."""
        self.job = self.ledger.record(tx, self.job, **values)

    def advance(self, kind: str, number: int) -> None:
        """Count items of a kind as done; written at most a few times a second."""
        done, todo = self.job.counts.get(kind, [0, number])
        self._count(kind, min(done + number, todo))
        now = time.monotonic()
        if now - self._written_at >= self.ledger.options.progress_seconds:
            self._written_at = now
            with self.database.transaction() as tx:
                self.record(tx, counts=self.job.counts, done=self._sum())

    def _count(self, kind: str, done: int) -> None:
        self.job.counts[kind] = [done, self.job.counts.get(kind, [0, done])[1]]

    def _sum(self) -> int:
        return sum(done for done, _ in self.job.counts.values())


JobStory = Callable[[JobContext], None]
"""Does the work of one type of job, and ends the job in the transaction of its last effect."""


class Runner:
    """Runs attempts. `run` may be called at least once per job, from any thread."""

    def __init__(
        self, database: Database, ledger: Ledger, stories: Mapping[str, JobStory], checkpoint: Checkpoint
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._stories = stories
        self._checkpoint = checkpoint
        self._stop = Event()

    def stop(self) -> None:
        """Have every running attempt end at its next checkpoint."""
        self._stop.set()

    def run(self, job_id: str) -> bool:
        """Run one attempt; False if it should be tried again after a pause."""
        try:
            return self._run(job_id)
        except Fenced:
            _log.info("job_fenced", extra={"job_id": job_id})
            return True
        except StoreUnavailable as broken:
            _log.warning("job_interrupted", extra={"job_id": job_id, "store": broken.store}, exc_info=broken)
            return False

    def _run(self, job_id: str) -> bool:
        job: Job | None = None
        try:
            with self._database.transaction() as tx:
                job = self._ledger.begin(tx, job_id)
            if job is None:
                return True
            if job.strikes > self._ledger.options.attempts_max:
                self._fail(job, JobAttemptsSpent(attempts=job.strikes - 1))
                return True
            return self._attempt(job)
        except (Fenced, StoreUnavailable):
            raise
        except Exception:  # noqa: BLE001 - one of the three places of the house
            # The last line of defence: whatever is wrong with us, the job says so and ends.
            _log.exception("job_crashed", extra={"job_id": job_id})
            self._give_up(job_id, job)
            return True

    def _attempt(self, job: Job) -> bool:
        context = JobContext(job, self._database, self._ledger, self._stop, self._checkpoint)
        _log.info("job_started", extra={"job_id": job.id, "type": job.type.value, "attempt": job.attempt})
        try:
            context.checkpoint(f"{job.type.value}.started")
            self._stories[job.type.value](context)
        except Stopped:
            with self._database.transaction() as tx:
                self._ledger.record(tx, context.job, strikes=context.job.strikes - 1)
            _log.info("job_stopped", extra={"job_id": job.id})
        except StoreUnavailable as broken:
            if job.strikes < self._ledger.options.attempts_max:
                raise
            # Named here, for the next start could only say that there were too many.
            self._fail(context.job, broken)
        except Fenced:
            raise
        except RomaportError as refusal:
            self._fail(context.job, refusal)
        else:
            _log.info("job_ended", extra={"job_id": job.id})
        return True

    def _give_up(self, job_id: str, job: Job | None) -> None:
        if job is None:
            # Not even begun: begun once more, so that nobody else's attempt is ended for it.
            with self._database.transaction() as tx:
                job = self._ledger.begin(tx, job_id)
        if job is not None:
            self._fail(job, InternalError())

    def _fail(self, job: Job, refusal: RomaportError) -> None:
        found = Finding(kind="job", name=job.id, code=refusal.code, message=refusal.explanation, advice=refusal.advice)
        with self._database.transaction() as tx:
            self._ledger.fail(tx, job, [found])
        _log.warning("job_failed", extra={"job_id": job.id, "code": refusal.code})
