"""One storm from beginning to end: a fleet, users, bad weather, and what is found afterwards."""

import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.chaos.asking import Asked, Verdict
from tests.chaos.fleet import Fleet, running_fleet
from tests.chaos.inspection import Takeovers, inspect, takeovers
from tests.chaos.lanes import Lane, Packages
from tests.chaos.weather import Weather
from tests.support.embedded import DOMAIN, PASSWORD, token_body
from tests.support.ports import free_port
from tests.support.postgres import Postgres, running_postgres
from tests.support.proxy import Proxy, running_proxy
from tests.support.s3 import running_s3

from romaport.assembly import open_directory
from romaport.settings import read_settings

__all__ = ["Measure", "Outcome", "Storm"]

_PREFIX = "kept"
_LANES_MAX = 200
_LOOK_SECONDS = 0.2
_SETTINGS = {
    "ROMAPORT_SECRETS_KEY": "5a" * 32,
    "ROMAPORT_SERVER_LOG_LEVEL": "info",
    "ROMAPORT_ARCHIVES_SWEEP_SECONDS": "2",
    "ROMAPORT_ARCHIVES_GRACE_SECONDS": "20",
    "ROMAPORT_JOBS_HEARTBEAT_SECONDS": "3",
    "ROMAPORT_JOBS_DEQUEUE_SECONDS": "0.5",
    # A worker that is killed all the time is the weather's fault and not the job's.
    "ROMAPORT_JOBS_ATTEMPTS_MAX": "100",
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How long a storm lasts: until both numbers are reached, or the time is over."""

    jobs: int
    faults: int
    seconds_max: float
    lanes: int = 4
    servers: int = 2
    workers: int = 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was seen."""

    verdict: Verdict
    faults: dict[str, int]
    takeovers: Takeovers
    left: list[str]
    seconds: float

    @property
    def wrong(self) -> list[str]:
        """Answer everything that must not be."""
        return [*self.verdict.wrong, *self.left]


@dataclass(frozen=True)
class Place:
    """Where the lanes work: a project, and two instances for each."""

    project_id: str
    pairs: list[tuple[str, str]]


class Storm:
    """Runs once."""

    def __init__(self, measure: Measure, seed: int, folder: Path) -> None:
        """Take how long it blows, what repeats it, and an empty folder, in which the processes' logs are left."""
        self._measure = measure
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - chance that repeats
        self._verdict = Verdict()
        self._failures: list[BaseException] = []

    def run(self) -> Outcome:
        """Blow, clear up, and look at what is left."""
        with (
            running_postgres() as postgres,
            running_s3() as s3,
            running_proxy(s3.port) as way,
        ):
            folder, bucket, database = self._folder, s3.bucket(), postgres.database()
            settings = {
                "ROMAPORT_DATABASE_URL": postgres.url(database),
                **s3.environment(bucket, endpoint=way.endpoint, prefix=_PREFIX),
                **_SETTINGS,
            }
            place = self._prepare(settings)
            ports = [free_port() for _ in range(self._measure.servers)]
            with running_fleet(folder, settings, ports, workers=self._measure.workers) as fleet:
                weather = self._weather(fleet, postgres, way, database)
                began_at = time.monotonic()
                self._work(fleet, weather, place, folder)
                left = list(inspect(postgres.url(database), bucket, _PREFIX))
            return Outcome(
                verdict=self._verdict,
                faults=dict(weather.counts),
                takeovers=takeovers(folder, weather.struck),
                left=left,
                seconds=time.monotonic() - began_at,
            )

    def _weather(self, fleet: Fleet, postgres: Postgres, way: Proxy, database: str) -> Weather:
        pause = self._measure.seconds_max / max(1, self._measure.faults) * 0.8
        chance = random.Random(self._chance.random())  # noqa: S311 - chance that repeats
        return Weather(fleet, postgres, way, database, chance, pause)

    def _prepare(self, settings: dict[str, str]) -> Place:
        with open_directory(read_settings(settings)) as directory:
            directory.ensure_domain(DOMAIN)
            project_id = directory.add_project("storm", DOMAIN)
            user_id = directory.add_user("ann", PASSWORD, DOMAIN)
            directory.grant(user_id, project_id, "Tenant Administrator")
            pairs = [
                (
                    directory.add_instance(project_id, f"left-{number}"),
                    directory.add_instance(project_id, f"right-{number}"),
                )
                for number in range(_LANES_MAX)
            ]
        return Place(project_id, pairs)

    def _work(self, fleet: Fleet, weather: Weather, place: Place, folder: Path) -> None:
        """Have lanes walked until it is enough, in bad weather, and the last ones to their ends in good weather."""
        packages = Packages.made(folder)
        body = token_body("ann", place.project_id)
        answer = httpx.post(f"{fleet.endpoints[0]}/v3/auth/tokens", json=body, trust_env=False)
        chance = random.Random(self._chance.random())  # noqa: S311 - chance that repeats
        asked = Asked(fleet.endpoints, answer.headers["x-subject-token"], self._verdict, chance)
        until = time.monotonic() + self._measure.seconds_max
        pairs = iter(place.pairs)

        def walk() -> None:
            try:
                while not self._is_enough(weather, until):
                    Lane(asked, place.project_id, next(pairs), packages).run()
            except StopIteration:
                return
            except BaseException as failure:  # noqa: BLE001 - told to the one who waits
                self._failures.append(failure)

        threads = [threading.Thread(target=walk, name=f"lane-{at}") for at in range(self._measure.lanes)]
        weather.begin()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not self._is_enough(weather, until):
            time.sleep(_LOOK_SECONDS)
        weather.clear_up()
        for thread in threads:
            thread.join()
        asked.close()
        for failure in (*weather.failures, *self._failures):
            raise failure

    def _is_enough(self, weather: Weather, until: float) -> bool:
        done = self._verdict.jobs >= self._measure.jobs and weather.counts.total() >= self._measure.faults
        return done or bool(weather.failures or self._failures) or time.monotonic() > until
