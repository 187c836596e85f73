"""The job engine's own time from entry to start, with jobs that do nothing: the limit of every job's start."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from pgqueuer import Job, PgQueuer

LIMIT = "the engine's own, jobs that do nothing"

_ENTRIES = 60
_SETTLE_SECONDS = 0.05


async def own_latencies(enter: Callable[[], Awaitable[object]], started: "asyncio.Queue[float]") -> list[float]:
    """Enter job after job; answer the milliseconds from entry to start, which the job tells by `time.monotonic`."""
    found = []
    for _ in range(_ENTRIES):
        # By then the worker has settled, and listens.
        await asyncio.sleep(_SETTLE_SECONDS)
        entered_at = time.monotonic()
        await enter()
        found.append((await started.get() - entered_at) * 1000)
    return found


async def embedded_latencies() -> list[float]:
    """Answer the latencies of the queue in memory."""
    queue = PgQueuer.in_memory()
    started: asyncio.Queue[float] = asyncio.Queue()

    @queue.entrypoint("idle")
    async def idle(_job: Job) -> None:
        started.put_nowait(time.monotonic())

    running = asyncio.create_task(queue.run(batch_size=1, max_concurrent_tasks=2))
    found = await own_latencies(lambda: queue.qm.queries.enqueue("idle", None), started)
    queue.shutdown.set()
    await running
    return found
