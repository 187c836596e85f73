"""A server that can be killed anywhere, and what is asked of a job that was."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.crash.disk import DataFolder, JobRow
from tests.crash.follower import Answer, Change, Follower
from tests.support.server_process import Place, ServerProcess
from tests.support.stores import Store
from tests.support.waiting import remaining, until

from romaport.assembly import open_directory
from romaport.client import AccessKey, Client, ClientOptions, Secret
from romaport.errors import Unreachable

_PROGRAM = Path(__file__).with_name("killable_server.py")
_PATIENCE_SECONDS = 60
_TIDY_SECONDS = 40
_KILLED = -9
_GO = "go"


@dataclass(frozen=True, kw_only=True)
class KillPoint:
    """The n-th passing of a checkpoint."""

    name: str
    nth: int = 1

    def __str__(self) -> str:
        return self.name if self.nth == 1 else f"{self.name} ({self.nth})"


class Rig:
    """One server on one data folder, with a hand on its checkpoints."""

    def __init__(self, folder: Path, store: Store, settings: Mapping[str, str] | None = None) -> None:
        self._orders = folder / "orders.json"
        self._passed = folder / "passed"
        self._polled = folder / "polled"
        # Every step of the progress is to be seen, and where a start sweeps alone, nothing swept but there.
        chosen = {"ROMAPORT_JOBS_PROGRESS_SECONDS": "0", "ROMAPORT_ARCHIVES_SWEEP_SECONDS": "3600"}
        chosen |= {**store.prompt, **(settings or {})}
        command = [sys.executable, str(_PROGRAM), str(self._orders), str(self._passed), str(self._polled)]
        self.server = ServerProcess(folder / "data", settings=chosen, command=command, store=store, is_forked=True)
        self.order()
        self.place: Place = self.server.start()
        self._is_up = True
        self.token = self._new_token()

    @property
    def address(self) -> str | None:
        """Where the server answers now; None while it is down."""
        return self.server.endpoint if self._is_up and self.server.is_running else None

    @property
    def project_url_path(self) -> str:
        """The path of everything that belongs to the project."""
        return f"/v2/{self.place.project_id}"

    @property
    def folder(self) -> DataFolder:
        """What lies in the data folder now."""
        return DataFolder(self.server.data, self.server.kept, is_copied=not self.server.is_running)

    def order(
        self,
        *,
        kill: KillPoint | None = None,
        hold: tuple[str, str] | None = None,
        paced: str = "",
        always: bool = False,
    ) -> None:
        """Say where to die, where to wait until what, and where for a poll; begin a new list of the passed."""
        orders: dict[str, object] = {"paced": paced} if paced else {}
        if kill is not None:
            orders |= {"kill": kill.name} | ({} if always else {"nth": kill.nth})
        if hold is not None:
            orders |= {"hold": hold[0], "until": hold[1]}
        fresh = self._orders.with_suffix(".new")
        fresh.write_text(json.dumps(orders))
        fresh.replace(self._orders)
        self._passed.write_text("")

    def polled(self, number: int) -> None:
        """Tell how often a job was polled, and -1 when it is no longer."""
        fresh = self._polled.with_suffix(".new")
        fresh.write_text(str(number))
        fresh.replace(self._polled)

    def go(self) -> None:
        """Let go what is held until then."""
        with self._passed.open("a") as file:
            file.write(f"{_GO}\n")

    @property
    def passed(self) -> list[str]:
        """The checkpoints passed since the last orders."""
        return [name for name in self._passed.read_text().splitlines() if name != _GO]

    def start(self) -> None:
        """Start the server again."""
        self.place = self.server.start()
        self._is_up = True

    def start_in_vain(self) -> None:
        """Start a server that dies of its orders, perhaps before it could say where it answers."""
        with suppress(RuntimeError):
            self.server.start()
        assert self.server.wait(_PATIENCE_SECONDS) == _KILLED

    def ensure_running(self) -> None:
        """Start the server if an earlier failure left it down."""
        self.order()
        if not self.server.is_running:
            self.start()

    def await_death(self) -> None:
        """Wait until the server was killed by its orders."""
        assert self.server.wait(_PATIENCE_SECONDS) == _KILLED
        self._is_up = False

    def kill(self) -> None:
        """Kill the server from outside."""
        self._is_up = False
        self.server.kill()

    def stop(self) -> None:
        """Stop the server as an operator does."""
        self._is_up = False
        assert self.server.stop() == 0

    def close(self) -> None:
        """End the server, in whatever state it is."""
        if self.server.is_running:
            self.server.kill()

    def new_instance(self) -> str:
        """Add an empty instance beside the running server, and answer its id."""
        with open_directory(self.server.settings) as directory:
            number = len(directory.instances(self.place.project_id))
            return directory.add_instance(self.place.project_id, f"instance-{number}")

    @contextmanager
    def client(self, instance_id: str) -> Iterator[Client]:
        """Speak to the server about one instance."""
        credentials = AccessKey(access_key=self.place.access_key, secret=Secret(self.place.secret_key))
        options = ClientOptions(download_attempts=1)
        with Client(
            self.server.endpoint,
            credentials,
            project_id=self.place.project_id,
            instance_id=instance_id,
            options=options,
        ) as client:
            yield client

    def fill(self, instance_id: str, package: Path) -> None:
        """Import a package undisturbed."""
        self.order()
        with self.client(instance_id) as client:
            *_, last = client.wait(client.import_package(package))
        assert last.status == "Success"
        self.wait_for(lambda: "import.cleaned" in self.passed)

    def wait_for(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        eventually(holds)

    def _new_token(self) -> str:
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": self.place.user,
                            "password": self.place.password,
                            "domain": {"name": self.place.domain},
                        }
                    },
                },
                "scope": {"project": {"id": self.place.project_id}},
            }
        }
        answer = httpx.post(f"{self.server.endpoint}/v3/auth/tokens?nocatalog=1", json=body, timeout=30)
        return str(answer.raise_for_status().headers["X-Subject-Token"])


@dataclass(frozen=True, kw_only=True)
class Work:
    """A job to be done in an instance, and what becomes of the instance's lists."""

    type: str
    instance_id: str
    submit: Callable[[Client], str]
    change: Change | None = None
    finish: Callable[[Rig, Answer, Follower], None] = lambda _rig, _answer, _follower: None
    """What a caller does after the end, while the follower still looks."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a job."""

    before: JobRow | None
    """As it lay in the database after the kill; None if it did not exist yet, or nobody was killed."""
    row: JobRow
    answer: Answer
    """The first final answer over HTTP."""


def eventually(holds: Callable[[], object]) -> None:
    """Wait for what follows an answer: the last tidying of a job comes after its end is told."""
    until(holds, "the tidying of a job", _TIDY_SECONDS)


def assert_in_order(rig: Rig) -> None:
    """Expect every file to have its row and every row its file, and nothing left over."""
    assert remaining(rig.folder.disorder, _TIDY_SECONDS) == []


def carry_out(rig: Rig, work: Work, kill: KillPoint | None = None) -> Outcome:
    """Do a job, with the server killed once on the way and started again, and check what holds for every job."""
    rig.ensure_running()
    earlier = rig.folder.jobs(work.instance_id)
    # The job waits at its first step until it is followed, and then at each for a poll: no step goes unseen.
    rig.order(kill=kill, hold=(f"{work.type}.started", _GO), paced=work.type.removesuffix("Asset"))
    try:
        with rig.client(work.instance_id) as client:
            job_id = work.submit(client)
    except Unreachable:
        rig.await_death()
        assert rig.folder.jobs(work.instance_id) == earlier
        rig.start()
        assert_in_order(rig)
        # Nothing of the lost request may stand in the way of the next one.
        return carry_out(rig, work)
    before = None
    with Follower(rig, work.instance_id, job_id, work.change) as follower:
        follower.until(bool)
        rig.go()
        if kill is not None:
            rig.await_death()
            before = rig.folder.job(job_id)
            rig.start()
        answer = follower.until_final()
        work.finish(rig, answer, follower)
    assert follower.problems == []
    assert [job.id for job in rig.folder.jobs(work.instance_id)] == [*(job.id for job in earlier), job_id]
    assert_in_order(rig)
    row = rig.folder.job(job_id)
    if kill is not None:
        assert before is not None
        assert row.attempt == (2 if before.state == "running" else 1)
    return Outcome(before=before, row=row, answer=answer)
