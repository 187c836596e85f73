"""Runs one attempt at a job: begins it, hands it to the story of its type, and says how it ended."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from romaport.errors import InternalError, JobAttemptsSpent, RomaportError, StoreUnavailable
from romaport.jobs.engine import Ended, Ending
from romaport.jobs.job import Finding, Job
from romaport.jobs.ledger import Fenced, Ledger
from romaport.storage import Database, Transaction, end_sessions, name_session

__all__ = ["Checkpoint", "JobContext", "JobStory", "Runner", "Stopped"]

_log = logging.getLogger("romaport.jobs")

Checkpoint = Callable[[str], None]
"""Called with the name of every point a job passes at which it may safely be interrupted."""

_PAUSE_SECONDS_MAX = 60.0
# A database that was restarted answers again within these; what takes longer is left to the next attempt.
_FORGIVING_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
_SETTLED = Ended(how=Ending.SETTLED)


class Stopped(Exception):
    """The attempt was asked to stop: it ends at a safe point, and another start goes on."""


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
        """Pass a named safe point; raise `Stopped` if the attempt was asked to end."""
        self._checkpoint(name)
        if self._stop.is_set():
            raise Stopped

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that writes; it is ended when another attempt at the job begins."""
        with self.database.transaction() as tx:
            name_session(tx, _session(self.job.id))
            yield tx

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction that reads one unchanging state; it is ended when another attempt at the job begins."""
        with self.database.snapshot() as tx:
            name_session(tx, _session(self.job.id))
            yield tx

    def plan(self, counts: Mapping[str, int], *, total: int) -> None:
        """Write down what there is to do, before any of it is done."""
        with self.transaction() as tx:
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
            with self.transaction() as tx:
                self.record(tx, counts=self.job.counts, done=self._sum())

    def _count(self, kind: str, done: int) -> None:
        self.job.counts[kind] = [done, self.job.counts.get(kind, [0, done])[1]]

    def _sum(self) -> int:
        return sum(done for done, _ in self.job.counts.values())


def _session(job_id: str) -> str:
    return f"romaport job {job_id}"


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

    def pending(self) -> list[str]:
        """Answer the jobs that are not final, oldest first."""
        with self._database.snapshot() as tx:
            return self._ledger.pending(tx)

    def run(self, job_id: str, stop: Event) -> Ended:
        """Run one attempt, which ends at its next checkpoint once it is asked to stop."""
        try:
            return self._run(job_id, stop)
        except Fenced:
            _log.info("job_fenced", extra={"job_id": job_id})
            return _SETTLED
        except StoreUnavailable as broken:
            _log.warning("job_interrupted", extra={"job_id": job_id, "store": broken.store}, exc_info=broken)
            return Ended(how=Ending.AGAIN, pause_seconds=self._ledger.options.retry_seconds)

    def _run(self, job_id: str, stop: Event) -> Ended:
        job: Job | None = None
        try:
            job = self._begin(job_id)
            if job is None:
                return _SETTLED
            if job.strikes > self._ledger.options.attempts_max:
                self._fail(job, JobAttemptsSpent(attempts=job.strikes - 1))
                return _SETTLED
            return self._attempt(job, stop)
        except (Fenced, StoreUnavailable):
            raise
        except Exception:  # noqa: BLE001 - one of the three places of the house
            # The last line of defence: whatever is wrong with us, the job says so and ends.
            _log.exception("job_crashed", extra={"job_id": job_id})
            self._give_up(job_id, job)
            return _SETTLED

    def _begin(self, job_id: str) -> Job | None:
        """Start an attempt, from whose beginning on no earlier one holds a lock or writes anything."""
        with self._database.transaction() as tx:
            end_sessions(tx, _session(job_id))
            return self._ledger.begin(tx, job_id)

    def _attempt(self, job: Job, stop: Event) -> Ended:
        context = JobContext(job, self._database, self._ledger, stop, self._checkpoint)
        _log.info("job_started", extra={"job_id": job.id, "type": job.type.value, "attempt": job.attempt})
        try:
            context.checkpoint(f"{job.type.value}.started")
            self._stories[job.type.value](context)
        except Stopped:
            self._forgive(context.job)
            _log.info("job_stopped", extra={"job_id": job.id})
            return Ended(how=Ending.STOPPED)
        except StoreUnavailable as broken:
            return self._interrupted(context.job, broken)
        except Fenced:
            raise
        except RomaportError as refusal:
            self._fail(context.job, refusal)
        else:
            _log.info("job_ended", extra={"job_id": job.id})
        return _SETTLED

    def _interrupted(self, job: Job, broken: StoreUnavailable) -> Ended:
        """Have a job tried again that is not to blame for how its attempt ended, unless it is too old for that."""
        _log.warning("job_interrupted", extra={"job_id": job.id, "store": broken.store}, exc_info=broken)
        if not self._ledger.may_wait(job):
            self._fail(job, broken)
            return _SETTLED
        self._forgive(job)
        forgiven = job.attempt - job.strikes
        pause_seconds = self._ledger.options.retry_seconds * 2 ** min(forgiven, 10)
        return Ended(how=Ending.AGAIN, pause_seconds=min(pause_seconds, _PAUSE_SECONDS_MAX))

    def _forgive(self, job: Job) -> None:
        """Take back that a start is held against the job, as soon as the database lets us."""
        for seconds in _FORGIVING_SECONDS:
            try:
                return self._take_back(job)
            except StoreUnavailable:
                time.sleep(seconds)
        return self._take_back(job)

    def _take_back(self, job: Job) -> None:
        with self._database.transaction() as tx:
            self._ledger.record(tx, job, strikes=job.strikes - 1)

    def _give_up(self, job_id: str, job: Job | None) -> None:
        if job is None:
            # Not even begun: begun once more, so that nobody else's attempt is ended for it.
            job = self._begin(job_id)
        if job is not None:
            self._fail(job, InternalError())

    def _fail(self, job: Job, refusal: RomaportError) -> None:
        found = Finding(kind="job", name=job.id, code=refusal.code, message=refusal.explanation, advice=refusal.advice)
        with self._database.transaction() as tx:
            self._ledger.fail(tx, job, [found])
        _log.warning("job_failed", extra={"job_id": job.id, "code": refusal.code})
