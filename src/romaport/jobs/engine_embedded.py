"""The engine of the embedded mode: PgQueuer's in-memory queue beside the API, work in threads.

Durable through the job's own row: whatever is not final when the server starts is submitted again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pgqueuer import Job, PgQueuer

__all__ = ["EmbeddedEngine"]

_ENTRYPOINT = "job"


class EmbeddedEngine:
    """Runs jobs in a bounded number of threads of this process."""

    def __init__(self, run: Callable[[str], bool], *, workers: int, retry_seconds: float) -> None:
        """Take the function that runs one attempt and answers whether that settled the job."""
        self._run = run
        self._workers = workers
        self._retry_seconds = retry_seconds
        self._queue = PgQueuer.in_memory()
        self._queue.entrypoint(_ENTRYPOINT)(self._work)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._open: set[str] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, job_id: str) -> None:
        """Have a job run as soon as a worker is free; may be called from any thread."""
        assert self._loop is not None, "the engine is started before jobs are submitted"
        self._loop.call_soon_threadsafe(self._enqueue, job_id, 0.0)

    async def start(self) -> None:
        """Begin to run jobs."""
        self._loop = asyncio.get_running_loop()
        # The queue asks for twice its batch; the threads are what bounds the work.
        running = self._queue.run(
            batch_size=1, max_concurrent_tasks=max(2, self._workers), dequeue_timeout=timedelta(seconds=2)
        )
        self._task = asyncio.create_task(running)

    async def stop(self) -> None:
        """Take no more jobs, and wait until those that run have reached a safe point."""
        self._queue.shutdown.set()
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

    async def _work(self, job: Job) -> None:
        assert job.payload is not None
        assert self._loop is not None
        job_id = job.payload.decode()
        is_settled = await self._loop.run_in_executor(self._threads, self._run, job_id)
        if not is_settled and not self._queue.shutdown.is_set():
            self._enqueue(job_id, self._retry_seconds)
            return
        self._open.discard(job_id)
        if not self._open:
            self._idle.set()


def _raise_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.result()
