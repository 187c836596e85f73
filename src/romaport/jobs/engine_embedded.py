"""The engine of the embedded mode: PgQueuer's in-memory queue beside the API, work in threads.

Durable through the job's own row: whatever is not final when the server starts is submitted again.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from pgqueuer import Job as Entry
from pgqueuer import PgQueuer

from romaport.jobs.engine import Attempt, Ending
from romaport.jobs.job import Job
from romaport.storage import Transaction, after_commit

__all__ = ["EmbeddedEngine"]

_ENTRYPOINT = "job"


class EmbeddedEngine:
    """Runs jobs in a bounded number of threads of this process."""

    def __init__(self, attempt: Attempt, pending: Callable[[], Iterable[str]], *, workers: int) -> None:
        """Take what runs one attempt, and what answers the jobs that are not final."""
        self._attempt = attempt
        self._pending = pending
        self._workers = workers
        self._stop = Event()
        self._queue = PgQueuer.in_memory()
        self._queue.entrypoint(_ENTRYPOINT)(self._work)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._open: set[str] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, tx: Transaction, job: Job) -> None:
        """Have a job run as soon as its row is committed and a worker is free, and not at all if it is undone."""
        after_commit(tx, lambda: self._submit(job.id))

    def _submit(self, job_id: str) -> None:
        assert self._loop is not None, "the engine is started before jobs are submitted"
        self._loop.call_soon_threadsafe(self._enqueue, job_id, 0.0)

    async def start(self) -> None:
        """Begin to run jobs, those that an earlier process left behind included."""
        self._loop = asyncio.get_running_loop()
        # The queue asks for twice its batch; the threads are what bounds the work.
        running = self._queue.run(
            batch_size=1, max_concurrent_tasks=max(2, self._workers), dequeue_timeout=timedelta(seconds=2)
        )
        self._task = asyncio.create_task(running)
        for job_id in await asyncio.to_thread(self._pending):
            self._submit(job_id)

    def halt(self) -> None:
        """Take no more jobs, and ask those that run to end at their next checkpoint."""
        self._stop.set()
        self._queue.shutdown.set()

    async def stop(self) -> None:
        """Take no more jobs, and wait until those that run have reached a safe point."""
        self.halt()
        if self._task is not None:
            await self._task
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    async def drain(self) -> None:
        """Wait until nothing runs and nothing waits."""
        await self._idle.wait()

    def _enqueue(self, job_id: str, delay_seconds: float) -> None:
        self._open.add(job_id)
        self._idle.clear()
        assert self._loop is not None
        task = self._loop.create_task(self._put(job_id, delay_seconds))
        task.add_done_callback(_raise_failure)

    async def _put(self, job_id: str, delay_seconds: float) -> None:
        after = timedelta(seconds=delay_seconds) if delay_seconds else None
        await self._queue.qm.queries.enqueue(_ENTRYPOINT, job_id.encode(), execute_after=after)

    async def _work(self, entry: Entry) -> None:
        assert entry.payload is not None
        assert self._loop is not None
        job_id = entry.payload.decode()
        ended = await self._loop.run_in_executor(self._threads, self._attempt, job_id, self._stop)
        if ended.how is Ending.AGAIN and not self._stop.is_set():
            self._enqueue(job_id, ended.pause_seconds)
            return
        self._open.discard(job_id)
        if not self._open:
            self._idle.set()


def _raise_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.result()
