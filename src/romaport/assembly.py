"""Settings in, running system out: the only place that picks implementations."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from romaport.api import Application, Parts
from romaport.assets import STORIES, Desk, sweep
from romaport.auth import Directory, Gate, Keystone
from romaport.catalog import Catalog
from romaport.clock import Clock, system_clock
from romaport.jobs import Checkpoint, EmbeddedEngine, Ledger, Runner
from romaport.settings import Settings
from romaport.storage import Archives, Database, Vault, key_from_file
from romaport.storage.migrations import migrate

__all__ = ["System", "build", "open_directory"]


@dataclass(frozen=True, kw_only=True)
class System:
    """A running system's parts, for those who start it."""

    app: Application
    parts: Parts
    directory: Directory
    database: Database
    runner: Runner


def _pass(_name: str) -> None:
    """Pass a checkpoint: nothing happens there but what the job itself does."""


def open_storage(settings: Settings) -> tuple[Database, Vault]:
    """Open the data folder and the database, making or migrating what they need."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.data / "romaport.db", settings.database)
    migrate(database)
    key = bytes.fromhex(settings.secrets.key) if settings.secrets.key else key_from_file(settings.data / "secrets.key")
    return database, Vault(key)


@contextmanager
def open_directory(settings: Settings) -> Iterator[Directory]:
    """Open what operators manage: users, projects, instances, keys."""
    database, vault = open_storage(settings)
    try:
        yield Directory(database, vault, system_clock)
    finally:
        database.close()


def build(settings: Settings, *, clock: Clock = system_clock, checkpoint: Checkpoint = _pass) -> System:
    """Put the embedded system together: SQLite, a folder of archives, jobs in this process."""
    database, vault = open_storage(settings)
    scratch = settings.data / "scratch"
    # Files in the making are of no use to anyone after a stop, however it came.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    ledger = Ledger(clock, settings.jobs)
    stories: dict[str, Callable[..., None]] = {}
    runner = Runner(database, ledger, stories, checkpoint)
    engine = EmbeddedEngine(runner.run, workers=settings.jobs.workers, retry_seconds=settings.jobs.retry_seconds)
    desk = Desk(
        database=database,
        archives=Archives(settings.data / "store"),
        catalog=Catalog(vault, settings.catalog),
        ledger=ledger,
        engine=engine,
        vault=vault,
        clock=clock,
        scratch=scratch,
        limits=settings.packages,
        archive_options=settings.archives,
        checkpoint=checkpoint,
    )
    stories |= {type_: partial(story, desk) for type_, story in STORIES.items()}
    gate = Gate(database, vault, clock, options=settings.auth)
    directory = Directory(database, vault, clock)
    parts = Parts(
        desk=desk,
        gate=gate,
        keystone=Keystone(database, gate, clock, options=settings.auth),
        directory=directory,
        options=settings.api,
        openapi=settings.openapi,
    )
    app = Application(parts, partial(_running, settings, parts, runner, engine))
    return System(app=app, parts=parts, directory=directory, database=database, runner=runner)


@asynccontextmanager
async def _running(settings: Settings, parts: Parts, runner: Runner, engine: EmbeddedEngine) -> AsyncIterator[None]:
    """Run jobs and the sweeper for as long as requests are served."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(settings.api.threads, thread_name_prefix="request"))
    # Nobody else writes to the folder now, so every file without a row is a leftover.
    await asyncio.to_thread(sweep, parts.desk, grace=timedelta(0))
    await engine.start()
    with parts.desk.database.snapshot() as tx:
        pending = parts.desk.ledger.pending(tx)
    for job_id in pending:
        engine.submit(job_id)
    sweeper = asyncio.create_task(_sweep_always(parts, settings.archives.sweep_seconds))
    try:
        yield
    finally:
        sweeper.cancel()
        runner.stop()
        parts.desk.checkpoint("server.stopping")
        await engine.stop()
        parts.desk.database.close()


async def _sweep_always(parts: Parts, pause_seconds: int) -> None:
    while True:
        await asyncio.sleep(pause_seconds)
        await asyncio.to_thread(sweep, parts.desk)
