"""The queue of the distributed engine: PgQueuer's, with an owner for every entry.

PgQueuer ends, puts back and keeps alive an entry by its number alone. Ours does so only for who has it: a worker that
was taken for dead, and is not, must not touch what another has taken over.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries, SyncQueries
from pgqueuer.domain.models import Job as Entry
from pgqueuer.domain.models import TableChangedEvent
from pgqueuer.domain.types import Channel, JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import Driver, SyncDriver
from pgqueuer.ports.repository import EntrypointExecutionParameter

from romaport.jobs.job import Job
from romaport.storage import QUEUE, Transaction

__all__ = ["OwnedQueue", "enqueue"]

_LOG_DAYS = 1

_END = "DELETE FROM pgqueuer WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2"
_HAND_BACK = """
WITH handed AS (
    UPDATE pgqueuer
    SET status = 'queued', execute_after = now() + $3::interval, attempts = attempts + 1, updated = now(),
        queue_manager_id = NULL
    WHERE id = $1 AND queue_manager_id = $2
    RETURNING id
)
SELECT pg_notify($4, $5) FROM handed
"""
_BEAT = "UPDATE pgqueuer SET heartbeat = now() WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2 RETURNING id"
# The entry is written in the transaction of the job's row, so a job without one has lost it.
_ASTRAY = """
SELECT id, type FROM jobs
WHERE state = 'running' AND type = ANY($1::text[]) AND NOT EXISTS (
    SELECT FROM pgqueuer
    WHERE dedupe_key = jobs.id COLLATE "default" AND status IN ('queued', 'picked')
)
"""
_FORGET = "DELETE FROM pgqueuer_log WHERE created < now() - $1::interval"
_WAITING = "SELECT count(*) AS number FROM pgqueuer"


class OwnedQueue(Queries):
    """PgQueuer's statements for one worker."""

    def __init__(self, driver: Driver, *, workers: int, on_loss: Callable[[JobId], None]) -> None:
        """Take how many entries the worker has at most, and what is told of those that another has taken over."""
        super().__init__(
            driver,
            qbe=QueryBuilderEnvironment(QUEUE),
            qbq=QueryQueueBuilder(QUEUE),
            qbs=QuerySchedulerBuilder(QUEUE),
        )
        self.owner: QueueManagerId | None = None
        self._workers = workers
        self._on_loss = on_loss

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,  # noqa: ARG002 - PgQueuer asks for more than there are threads
        heartbeat_timeout: timedelta,
    ) -> list[Entry]:
        """Take entries that wait, or whose worker is silent, but no more than there are threads for."""
        return await super().dequeue(
            batch_size=batch_size,
            entrypoints=entrypoints,
            queue_manager_id=queue_manager_id,
            global_concurrency_limit=self._workers,
            heartbeat_timeout=heartbeat_timeout,
        )

    async def log_jobs(self, job_status: Sequence[tuple[Entry, Any, Any]]) -> None:
        """Remove entries that are done."""
        await self.driver.execute(_END, [entry.id for entry, _, _ in job_status], self.owner)

    async def retry_job(self, job: Entry, delay: timedelta, traceback_record: object) -> None:  # noqa: ARG002
        """Put an entry back for whoever is free after a pause; at once, they are told."""
        told = TableChangedEvent(
            channel=Channel(QUEUE.channel),
            operation="update",
            sent_at=datetime.now(UTC),
            table=QUEUE.queue_table,
            type="table_changed_event",
        )
        await self.driver.fetch(_HAND_BACK, job.id, self.owner, delay, QUEUE.channel, told.model_dump_json())

    async def update_heartbeat(self, job_ids: list[JobId]) -> None:
        """Say that the worker is alive, and hear which entries are no longer its own."""
        rows = await self.driver.fetch(_BEAT, list(set(job_ids)), self.owner)
        for lost in set(job_ids) - {row["id"] for row in rows}:
            self._on_loss(lost)

    async def find_astray(self, types: Sequence[str]) -> list[str]:
        """Enter every running job of some types that has no entry; answer their ids."""
        found = await self.driver.fetch(_ASTRAY, list(types))
        for row in found:
            job_id = str(row["id"])
            await self.enqueue(str(row["type"]), job_id.encode(), dedupe_key=job_id, on_conflict="skip")
        return [str(row["id"]) for row in found]

    async def forget(self) -> None:
        """Remove what PgQueuer has written down of days long past."""
        await self.driver.execute(_FORGET, timedelta(days=_LOG_DAYS))

    async def count(self) -> int:
        """Answer how many entries there are, waiting or taken."""
        [row] = await self.driver.fetch(_WAITING)
        return int(str(row["number"]))


class _InTransaction(SyncDriver):
    """Speaks PgQueuer's statements inside a transaction of ours."""

    def __init__(self, tx: Transaction) -> None:
        self._connection: Any = tx.connection.driver_connection

    def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        from psycopg import RawCursor
        from psycopg.rows import dict_row

        with RawCursor(self._connection, row_factory=dict_row) as cursor:
            cursor.execute(query, args or None)
            return cursor.fetchall()


def enqueue(tx: Transaction, job: Job) -> None:
    """Enter a job in the transaction of its row: there is never one without the other."""
    queue = SyncQueries(_InTransaction(tx), qbq=QueryQueueBuilder(QUEUE))
    queue.enqueue(job.type.value, job.id.encode(), dedupe_key=job.id, on_conflict="skip")
