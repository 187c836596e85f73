"""The change feed: what a transaction changes is told to everyone who keeps something of it.

In the process as soon as it is committed; to other processes on PostgreSQL with the commit itself. The feed says
that something changed, never what it is now: whoever hears it reads.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from romaport.storage.sessions import lost_causes, open_session

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from romaport.storage.dialects import DatabaseOptions

__all__ = ["Feed", "Topic", "announce"]

_log = logging.getLogger("romaport.storage")

_CHANNEL = "romaport_feed"
_TELLING = "telling"
# A session that is silent for so long has to answer a question, and is lost if it does not.
_BEAT_SECONDS = 2.0
_ANSWER_SECONDS = 3.0
_PAUSE_SECONDS = 0.05
_PAUSE_SECONDS_MAX = 2.0


class Topic(StrEnum):
    """What can change: the name of a change is the thing's id."""

    JOB = "job"
    """What is known of a job."""


_Change = tuple[Topic, str]
Heard = Callable[[str], None]


class Feed:
    """Tells this process's listeners what changed, here and elsewhere."""

    def __init__(self, options: "DatabaseOptions") -> None:
        self._options = options
        self._heard: dict[Topic, list[Heard]] = {topic: [] for topic in Topic}
        self._lost: list[Callable[[], None]] = []
        self._open: Counter[_Change] = Counter()
        self._turn = Lock()

    def listen(self, topic: Topic, heard: Heard, *, lost: Callable[[], None]) -> None:
        """Have `heard` called with the id of whatever changes, and `lost` when changes may have been missed.

        Both are called from any thread and must not block. A change of this process's own is heard twice, around
        its commit.
        """
        self._heard[topic].append(heard)
        self._lost.append(lost)

    def is_changing(self, topic: Topic, name: str) -> bool:
        """Say whether a change of this process is being committed: what is read now may be old in a moment."""
        return (topic, name) in self._open

    @contextmanager
    def telling(self, tx: Connection) -> Iterator[Callable[[], None]]:
        """Take what a transaction announces; yield what is to be called right before it commits."""
        told: dict[_Change, None] = {}
        tx.info[_TELLING] = told
        begun: list[_Change] = []

        def begin() -> None:
            begun.extend(told)
            with self._turn:
                self._open.update(begun)
            self._tell(begun)

        try:
            yield begin
        finally:
            # Told while it still counts as changing: nothing that was read before the commit is kept in between.
            self._tell(begun)
            with self._turn:
                self._open -= Counter(begun)

    def _tell(self, changes: list[_Change]) -> None:
        for topic, name in changes:
            for heard in self._heard[topic]:
                heard(name)

    # what other processes tell

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[None]:
        """Hear what other processes tell, for as long as the block lasts; SQLite's have no voice."""
        if not self._options.url:
            yield
            return
        listening = asyncio.create_task(self._listen_always())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen_always(self) -> None:
        pause_seconds = _PAUSE_SECONDS
        while True:
            began_at = time.monotonic()
            try:
                await self._listen()
            except lost_causes() as cause:
                _log.warning("feed_lost", extra={"cause": str(cause)})
            self._lose()
            lasted = time.monotonic() - began_at > _PAUSE_SECONDS_MAX
            pause_seconds = _PAUSE_SECONDS if lasted else min(2 * pause_seconds, _PAUSE_SECONDS_MAX)
            await asyncio.sleep(pause_seconds)

    async def _listen(self) -> None:
        async with await open_session(self._options, "feed") as session:
            await session.execute(f"LISTEN {_CHANNEL}")
            # What was told before this moment was missed.
            self._lose()
            _log.info("feed_heard")
            while True:
                await self._listen_for_a_beat(session)

    async def _listen_for_a_beat(self, session: "AsyncConnection") -> None:
        """Hear what is told, then have the session prove that it is alive; raise if it does not in time."""
        began_at = time.monotonic()
        async for notice in session.notifies(timeout=_BEAT_SECONDS):
            topic, _, name = notice.payload.partition(":")
            # A later release may tell of more.
            if topic in self._heard:
                self._tell([(Topic(topic), name)])
        async with asyncio.timeout(_ANSWER_SECONDS):
            await session.execute("SELECT 1")
        if time.monotonic() - began_at > _BEAT_SECONDS + _ANSWER_SECONDS:
            raise TimeoutError("the process stood still")

    def _lose(self) -> None:
        for lost in self._lost:
            lost()


def announce(tx: Connection, topic: Topic, name: str) -> None:
    """Tell everyone, once the transaction is committed, that the thing with this id has changed."""
    told: dict[_Change, None] = tx.info[_TELLING]
    if (topic, name) not in told and tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_notify(_CHANNEL, f"{topic}:{name}")))
    told[topic, name] = None
