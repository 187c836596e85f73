"""Bad weather: faults of every kind, one after another, in an order that a seed repeats."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from tests.chaos.fleet import Fleet, Member
from tests.support.postgres import Postgres
from tests.support.proxy import Proxy

__all__ = ["Struck", "Weather"]

_OUTAGE_SECONDS = (0.1, 1.5)
_FREEZE_SECONDS = (0.2, 4.0)
_DOWN_SECONDS = (0.0, 1.0)


@dataclass(frozen=True)
class Struck:
    """A worker that was killed or frozen, and when, in seconds since the epoch."""

    worker: str
    at: float


@dataclass
class Weather:
    """Strikes until it is told to clear up."""

    fleet: Fleet
    postgres: Postgres
    way: Proxy
    """To the archive store."""
    database: str
    chance: random.Random
    pause_seconds: float
    counts: Counter[str] = field(default_factory=Counter)
    struck: list[Struck] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare the kinds of faults, each with how often it comes."""
        self._faults: tuple[tuple[Callable[[], None], int], ...] = (
            (self._kill_sessions, 40),
            (self._cut_way, 16),
            (self._slow_way, 8),
            (self._close_way, 6),
            (self._kill_worker, 8),
            (self._freeze_worker, 10),
            (self._kill_server, 5),
            (self._freeze_server, 5),
            (self._restart_database, 1),
            (self._crash_database, 1),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._blow, name="weather")
        self._mending: list[threading.Thread] = []
        self._down = threading.Lock()

    def begin(self) -> None:
        """Begin to strike."""
        self._thread.start()

    def clear_up(self) -> None:
        """Strike no more, and wait until everything that was harmed works again."""
        self._stop.set()
        self._thread.join()
        for thread in self._mending:
            thread.join()
        self.way.change(delay_seconds=0.0, refuses=False)

    def _blow(self) -> None:
        faults, weights = zip(*self._faults, strict=True)
        while not self._stop.wait(self.pause_seconds * self.chance.uniform(0.5, 1.5)):
            fault: Callable[[], None] = self.chance.choices(faults, weights)[0]
            try:
                fault()
            except psycopg.Error:
                # The database is down already; that was counted when it went.
                continue
            except BaseException as failure:  # noqa: BLE001 - told to the one who waits
                self.failures.append(failure)
                return

    def _later(self, seconds: float, mend: Callable[[], None]) -> None:
        """Mend something after a while, whatever else happens meanwhile."""

        def run() -> None:
            self._stop.wait(seconds)
            try:
                mend()
            except BaseException as failure:  # noqa: BLE001 - told to the one who waits
                self.failures.append(failure)

        thread = threading.Thread(target=run)
        self._mending = [found for found in self._mending if found.is_alive()]
        self._mending.append(thread)
        thread.start()

    # the database

    def _kill_sessions(self) -> None:
        """End one or several sessions, wherever they are."""
        with psycopg.connect(self.postgres.url(), autocommit=True, connect_timeout=2) as connection:
            pids = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [self.database]).fetchall()
            for (pid,) in self.chance.sample(pids, k=min(len(pids), self.chance.choice((1, 1, 2, 5)))):
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        self.counts["sessions killed"] += 1

    def _restart_database(self) -> None:
        self._take_down(signal.SIGINT, "database restarted")

    def _crash_database(self) -> None:
        self._take_down(signal.SIGQUIT, "database crashed")

    def _take_down(self, number: signal.Signals, name: str) -> None:
        if not self._down.acquire(blocking=False):
            return
        self.counts[name] += 1
        self.postgres.stop(number)

        def mend() -> None:
            self.postgres.start()
            self._down.release()

        self._later(self.chance.uniform(*_OUTAGE_SECONDS), mend)

    # the archive store

    def _cut_way(self) -> None:
        self.way.cut()
        self.counts["store cut"] += 1

    def _slow_way(self) -> None:
        self.way.change(delay_seconds=self.chance.uniform(0.05, 0.5))
        self.counts["store slow"] += 1
        self._later(self.chance.uniform(*_OUTAGE_SECONDS), lambda: self.way.change(delay_seconds=0.0))

    def _close_way(self) -> None:
        self.way.change(refuses=True)
        self.way.cut()
        self.counts["store refusing"] += 1
        self._later(self.chance.uniform(*_OUTAGE_SECONDS), lambda: self.way.change(refuses=False))

    # processes

    def _kill_worker(self) -> None:
        self._kill(self.chance.choice(self.fleet.workers), "worker killed")

    def _kill_server(self) -> None:
        self._kill(self.chance.choice(self.fleet.servers), "server killed")

    def _kill(self, member: Member, name: str) -> None:
        if not member.turn.acquire(blocking=False):
            return
        self._strike(member)
        member.kill()
        self.counts[name] += 1

        def mend() -> None:
            self._wait_for_database()
            member.launch()
            member.turn.release()

        self._later(self.chance.uniform(*_DOWN_SECONDS), mend)

    def _freeze_worker(self) -> None:
        self._freeze(self.chance.choice(self.fleet.workers), "worker frozen")

    def _freeze_server(self) -> None:
        self._freeze(self.chance.choice(self.fleet.servers), "server frozen")

    def _freeze(self, member: Member, name: str) -> None:
        if not member.turn.acquire(blocking=False):
            return
        self._strike(member)
        member.signal(signal.SIGSTOP)
        self.counts[name] += 1

        def mend() -> None:
            member.signal(signal.SIGCONT)
            member.turn.release()

        self._later(self.chance.uniform(*_FREEZE_SECONDS), mend)

    def _strike(self, member: Member) -> None:
        if member in self.fleet.workers:
            self.struck.append(Struck(member.name, time.time()))

    def _wait_for_database(self) -> None:
        """Wait while the database is down: a start that waits for it is tested elsewhere, and costs a core here."""
        with self._down:
            pass
