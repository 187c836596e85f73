"""Settings in, running system out: the only place that picks implementations."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from romaport.api import Application, HandOvers, Parts
from romaport.assets import STORIES, Desk, sweep
from romaport.auth import Directory, Gate, Keystone
from romaport.catalog import Catalog
from romaport.clock import Clock, system_clock
from romaport.errors import StoreUnavailable
from romaport.jobs import Checkpoint, Courtesy, DistributedEngine, EmbeddedEngine, Engine, Ledger, Runner
from romaport.settings import Settings
from romaport.storage import (
    Database,
    Scratch,
    Vault,
    archives_of,
    check_key,
    check_moved,
    key_from_file,
    turn,
)
from romaport.storage.migrations import Migrated, migrate

__all__ = ["System", "build", "migrate_database", "open_directory", "patiently", "unwatched"]

_log = logging.getLogger("romaport.server")

_WAIT_SECONDS = 1.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class System:
    """A running system's parts, for those who start it."""

    app: Application
    parts: Parts
    directory: Directory
    database: Database
    working: Callable[[], AbstractAsyncContextManager[None]]
    """Runs what runs beside requests: jobs, where this process runs any, and the sweeper."""


def unwatched(_name: str) -> None:
    """Pass a checkpoint: nothing happens there but what the job itself does."""


def migrate_database(settings: Settings) -> Migrated:
    """Make or migrate the database, waiting for it to answer as long as a start may."""
    database = _database(settings)
    return patiently(database, settings.database.start_seconds, partial(migrate, database))


def _database(settings: Settings) -> Database:
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Database(settings.data / "romaport.db", settings.database)


def patiently(database: Database, patience_seconds: float, step: Callable[[], T]) -> T:
    """Take a step of a start again until the database answers, as long as a start may wait for one that is shared."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return step()
        except StoreUnavailable as broken:
            if not database.is_shared or time.monotonic() >= deadline:
                raise
            _log.warning("database_awaited", extra={"cause": str(broken.__cause__)})
            time.sleep(_WAIT_SECONDS)


def open_storage(settings: Settings, *, patience_seconds: float = 0) -> tuple[Database, Vault]:
    """Open the data folder and the database, making or migrating what they need.

    Raises `SettingInvalid` if the database's secrets lie under another key, `StoreUnavailable` if it does not answer.
    """
    database = _database(settings)

    def prepare() -> Vault:
        migrate(database)
        check_moved(database)
        key = settings.secrets.key
        vault = Vault(bytes.fromhex(key) if key else key_from_file(settings.data / "secrets.key"))
        with database.transaction() as tx:
            check_key(tx, vault)
        return vault

    return database, patiently(database, patience_seconds, prepare)


@contextmanager
def open_directory(settings: Settings) -> Iterator[Directory]:
    """Open what operators manage: users, projects, instances, keys."""
    database, vault = open_storage(settings)
    try:
        yield Directory(database, vault, system_clock)
    finally:
        database.close()


def build(
    settings: Settings, *, clock: Clock = system_clock, checkpoint: Checkpoint = unwatched, is_worker: bool = False
) -> System:
    """Put the system together; without PostgreSQL, or as a worker, it runs jobs in this process."""
    database, vault = open_storage(settings, patience_seconds=settings.database.start_seconds)
    scratch = Scratch(settings.data / "scratch")
    ledger = Ledger(clock, settings.jobs)
    stories: dict[str, Callable[..., None]] = {}
    engine = _engine(settings, Runner(database, ledger, stories, checkpoint))
    desk = Desk(
        database=database,
        archives=archives_of(settings.data / "store", settings.archives),
        catalog=Catalog(vault, settings.catalog),
        ledger=ledger,
        engine=engine,
        vault=vault,
        clock=clock,
        scratch=scratch.path,
        limits=settings.packages,
        archive_options=settings.archives,
        checkpoint=checkpoint,
        courtesy=Courtesy(),
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
        handovers=HandOvers(database.marks),
    )
    runs_jobs = is_worker or settings.server.with_worker or not database.is_shared
    working = partial(_working, settings, desk, scratch, runs_jobs=runs_jobs)
    return System(app=Application(parts, working), parts=parts, directory=directory, database=database, working=working)


def _engine(settings: Settings, runner: Runner) -> Engine:
    if not settings.database.url:
        return EmbeddedEngine(runner.run, runner.pending, workers=settings.jobs.workers)
    return DistributedEngine(runner.run, settings.database, settings.jobs, list(map(str, STORIES)))


@asynccontextmanager
async def _working(settings: Settings, desk: Desk, scratch: Scratch, *, runs_jobs: bool) -> AsyncIterator[None]:
    """Run jobs and the sweeper for as long as the process does its work."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(settings.api.threads, thread_name_prefix="request"))
    is_alone = not (desk.database.is_shared or settings.archives.url)
    if is_alone:
        await asyncio.to_thread(_sweep, desk, is_alone=True)
    if runs_jobs:
        await desk.engine.start()
    stopping = asyncio.Event()
    sweeper = asyncio.create_task(_sweep_always(desk, settings.archives.sweep_seconds, stopping, is_swept=is_alone))
    try:
        yield
    finally:
        stopping.set()
        desk.engine.halt()
        desk.checkpoint("server.stopping")
        await desk.engine.stop()
        await sweeper
        desk.database.close()
        scratch.close()


async def _sweep_always(desk: Desk, pause_seconds: int, stopping: asyncio.Event, *, is_swept: bool) -> None:
    """Sweep, at once unless that is done, and again after every pause; what was begun is ended before a stop."""
    while not stopping.is_set():
        if not is_swept:
            await asyncio.to_thread(_sweep, desk)
        is_swept = False
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_seconds)


def _sweep(desk: Desk, *, is_alone: bool = False) -> None:
    """Remove what nothing needs, one process at a time; a store that does not answer is swept the next time.

    Alone is a process before its first job or request, if nobody else has its database and its folder.
    """
    try:
        with turn(desk.database, "sweep", waits=False) as is_ours:
            if is_ours:
                # Then every file without a row is a leftover, however young it is.
                sweep(desk, grace=timedelta(0) if is_alone else None)
    except StoreUnavailable as broken:
        _log.warning("sweep_interrupted", extra={"store": broken.store}, exc_info=broken)
