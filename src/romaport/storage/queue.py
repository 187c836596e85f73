"""PgQueuer's tables in our database: their names, and how they are made and brought up to date."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel

from romaport.storage.dialects import DatabaseOptions
from romaport.storage.sessions import open_session

__all__ = ["QUEUE", "install_queue"]

# Each is said, for what is not said is read from the environment, under names such as CHANNEL.
QUEUE = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)
"""The names of the queue's tables, and how they are kept."""


def install_queue(options: DatabaseOptions) -> None:
    """Make the queue's tables, or bring them to the form of the installed release; for one process at a time."""
    # In a thread of its own: whoever calls may be inside a running loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _install(options)).result()


async def _install(options: DatabaseOptions) -> None:
    from pgqueuer.adapters.drivers.psycopg import PsycopgDriver

    async with await open_session(options, "migrate") as connection:
        queue = Queries(PsycopgDriver(connection), QueryBuilderEnvironment(QUEUE))
        if await queue.schema_is_installed():
            await queue.apply_upgrade()
        else:
            await queue.install()
