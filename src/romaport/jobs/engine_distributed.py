"""The engine of many machines: PgQueuer's queue in the database, work in threads of any process that takes part.

A worker that is silent for `heartbeat_seconds` loses its jobs to others. Its loop must therefore never be blocked, and
whatever it still does by then is void: the attempt's number stands in every write of a job.
"""

import asyncio
import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as Entry
from pgqueuer.domain.types import Channel, JobId

from romaport.jobs.engine import Attempt, Ending
from romaport.jobs.engine_driver import LastingDriver, rest
from romaport.jobs.engine_queue import OwnedQueue, enqueue
from romaport.jobs.job import Job
from romaport.jobs.ledger import JobOptions
from romaport.storage import QUEUE, DatabaseOptions, Transaction, lost_causes

__all__ = ["DistributedEngine"]

_log = logging.getLogger("romaport.jobs")

_LOOK_SECONDS = 0.01
_RESTART_SECONDS = 2.0


class DistributedEngine:
    """Submits jobs to all workers there are, and is one of them once it is started."""

    def __init__(
        self, attempt: Attempt, database: DatabaseOptions, options: JobOptions, types: Collection[str]
    ) -> None:
        """Take what runs one attempt, the database, and the types of job that are known here."""
        self._attempt = attempt
        self._options = options
        self._types = tuple(types)
        self._running: dict[JobId, Event] = {}
        self._halted = False
        self._driver = LastingDriver(database, self._fall_silent)
        self._queue = OwnedQueue(self._driver, workers=options.workers, on_loss=self._lose)
        self._threads = ThreadPoolExecutor(options.workers, thread_name_prefix="job")
        self._entries = QueueManager(self._queue, Channel(QUEUE.channel))
        self._queue.owner = self._entries.queue_manager_id
        for type_ in self._types:
            self._entries.entrypoint(type_)(self._work)
        self._tasks: list[asyncio.Task[None]] = []

    def submit(self, tx: Transaction, job: Job) -> None:
        """Have a job run as soon as its row is committed and a worker is free, and not at all if it is undone."""
        enqueue(tx, job)

    async def start(self) -> None:
        """Begin to run jobs, those that an earlier process left behind included."""
        self._tasks = [asyncio.create_task(self._take_always()), asyncio.create_task(self._look_always())]

    def halt(self) -> None:
        """Take no more jobs, and ask those that run to end at their next checkpoint."""
        self._halted = True
        self._entries.shutdown.set()
        self._driver.close()
        for stop in self._running.values():
            stop.set()

    async def stop(self) -> None:
        """Take no more jobs, and wait until those that run have reached a safe point and are handed back."""
        self.halt()
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        await self._driver.disconnect()

    async def drain(self) -> None:
        """Wait until nothing runs and nothing waits, here or elsewhere."""
        while self._running or await self._queue.count():  # noqa: ASYNC110 - the last one may end on another machine
            await asyncio.sleep(_LOOK_SECONDS)

    async def _take_always(self) -> None:
        while not self._halted:
            try:
                await self._entries.run(
                    batch_size=1,
                    # PgQueuer asks for twice the batch; our queue gives no more than there are threads.
                    max_concurrent_tasks=max(2, self._options.workers),
                    dequeue_timeout=timedelta(seconds=self._options.dequeue_seconds),
                    heartbeat_timeout=timedelta(seconds=self._options.heartbeat_seconds),
                    log_aggregation_interval=timedelta(0),
                )
            except lost_causes() as cause:
                _log.warning("queue_broken", extra={"cause": str(cause)})
                await rest(self._entries.shutdown, _RESTART_SECONDS)

    async def _look_always(self) -> None:
        """Keep no job waiting for an entry that was lost, whatever lost it."""
        while not self._halted:
            try:
                for job_id in await self._queue.find_astray(self._types):
                    _log.warning("job_astray", extra={"job_id": job_id})
                await self._queue.forget()
            except lost_causes() as cause:
                _log.warning("queue_broken", extra={"cause": str(cause)})
            await rest(self._entries.shutdown, self._options.heartbeat_seconds)

    async def _work(self, entry: Entry) -> None:
        assert entry.payload is not None
        stop = self._running[entry.id] = Event()
        if self._halted:
            stop.set()
        try:
            run = asyncio.get_running_loop().run_in_executor
            ended = await run(self._threads, self._attempt, entry.payload.decode(), stop)
        finally:
            del self._running[entry.id]
        if ended.how is not Ending.SETTLED:
            raise RetryRequested(timedelta(seconds=ended.pause_seconds))

    def _lose(self, entry_id: JobId) -> None:
        """End an attempt whose job another worker has taken over."""
        if stop := self._running.get(entry_id):
            _log.warning("job_lost", extra={"entry": entry_id})
            stop.set()

    def _fall_silent(self, seconds: float) -> None:
        """End all attempts once others take us for dead."""
        if seconds >= self._options.heartbeat_seconds:
            for stop in self._running.values():
                stop.set()
