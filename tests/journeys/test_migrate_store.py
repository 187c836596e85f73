"""`romaport migrate-store`: an embedded data folder arrives whole on PostgreSQL and S3, however often it is cut off."""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psycopg
import pytest
from tests.house.tree import ROOT
from tests.sdk.sample import add_sample, assets_of, export_request, exported, settled
from tests.sdk.vendor import credentials, opened
from tests.support.embedded import token_body
from tests.support.nursery import Forked
from tests.support.postgres import Postgres, running_postgres
from tests.support.s3 import S3, Bucket, running_s3
from tests.support.server_process import Place, ServerProcess

from romaport.cli.serving import alone_in
from romaport.client import AccessKey, Client, Extras, Secret, is_success
from romaport.errors import Unreachable

CUT_SHORT = [sys.executable, str(ROOT / "tests" / "support" / "cut_move.py")]
COMMAND = [sys.executable, "-m", "romaport", "migrate-store", "--from"]
LAUNCHER = ROOT / "tests" / "crash" / "launcher.py"
# What has arrived is not said again: every cut is at another place, the last ones in the check at the end.
CUTS = (1, 1, 1, 2, 1, 3, 1, 1, 5, 8, 1, 20)
DOMAINS = 2_500
"""More rows than are moved at once."""
SECONDS = 120


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as found:
        yield found


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with running_s3() as found:
        yield found


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A data folder whose server was killed in an import, and what it held."""

    path: Path
    place: Place
    archive_id: str
    archive: bytes
    plan_id: str
    import_id: str
    assets: Any
    token: str

    @property
    def key(self) -> str:
        """The key under which its secrets lie."""
        return (self.path / "secrets.key").read_text().strip()


def client_of(place: Place, endpoint: str, instance_id: str) -> Client:
    key = AccessKey(access_key=place.access_key, secret=Secret(place.secret_key))
    return Client(endpoint, key, project_id=place.project_id, instance_id=instance_id)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """One with the sample, a plan, an archive that waits, a token, and an import that a kill has left open."""
    top = tmp_path_factory.mktemp("folder")
    order = top / "order"
    command = [sys.executable, str(LAUNCHER), str(order), str(top / "passed")]
    server = ServerProcess(top / "data", command=command, is_forked=True)
    place = server.start()
    with opened("sync", place.endpoint, credentials(place.access_key, place.secret_key, place.project_id)) as sdk:
        app_id, task_id = add_sample(sdk, place.source)
        exported(sdk, place.source, top / "package.zip", apps=[app_id], tasks=[task_id])
        started = sdk.send(export_request(place.source, tasks=[task_id]))
        archive_id = str(settled(sdk, place.source, started.job_id).archive_id)
        assets = assets_of(sdk, place.source)
    with client_of(place, place.endpoint, place.target) as client:
        plan_id = Extras(client).plan(top / "package.zip")
        assert is_success(list(client.wait(plan_id))[-1])
        token = token_of(place)
        order.write_text(json.dumps({"name": "import.fetched"}))
        with suppress(Unreachable):
            import_id = client.import_package(top / "package.zip")
        server.wait(SECONDS)
    with closing(sqlite3.connect(top / "data" / "romaport.db")) as database, database:
        rows = [(f"{number:032}", f"domain {number}") for number in range(DOMAINS)]
        database.executemany("insert into domains (id, name) values (?, ?)", rows)
    archive = (top / "data" / "store" / "archives" / f"{archive_id}.zip").read_bytes()
    return Folder(
        path=top / "data",
        place=place,
        archive_id=archive_id,
        archive=archive,
        plan_id=plan_id,
        import_id=import_id,
        assets=assets,
        token=token,
    )


def token_of(place: Place) -> str:
    asked = token_body(place.user, place.project_id, place.password, place.domain)
    answer = httpx.post(f"{place.endpoint}/v3/auth/tokens", json=asked)
    return str(answer.headers["x-subject-token"])


@dataclass(frozen=True, kw_only=True)
class Goal:
    """An empty database and an empty bucket."""

    url: str
    bucket: Bucket
    environment: dict[str, str]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Answer all rows but those of facts, which are each store's own."""
        with psycopg.connect(self.url) as database:
            found = database.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
            names = [str(name) for (name,) in found if name != "facts"]
            return {name: sorted(database.execute(f'select * from "{name}"'), key=repr) for name in names}


@pytest.fixture
def goal(postgres: Postgres, s3: S3, folder: Folder) -> Goal:
    return goal_of(postgres, s3, folder)


def goal_of(postgres: Postgres, s3: S3, folder: Folder) -> Goal:
    url, bucket = postgres.url(postgres.database()), s3.bucket()
    environment = {
        "ROMAPORT_DATABASE_URL": url,
        "ROMAPORT_SECRETS_KEY": folder.key,
        **s3.environment(bucket),
    }
    return Goal(url=url, bucket=bucket, environment=environment)


def move(folder: Folder, goal: Goal, changes: Mapping[str, str] | None = None, *, cut: int = 0) -> tuple[int, str]:
    """Run the command; with a cut, kill it as soon as it has said so many lines."""
    environment = {**os.environ, **goal.environment, **(changes or {})}
    command = [*CUT_SHORT, str(folder.path), str(cut)] if cut else [*COMMAND, str(folder.path)]
    with TemporaryDirectory() as made:
        done = Forked(command, environment, Path(made) / "errors")
        with done.stdout:
            said = done.stdout.read()
        return done.wait(SECONDS), said + (Path(made) / "errors").read_text()


def test_everything_arrives_and_the_new_place_goes_on(folder: Folder, goal: Goal, tmp_path: Path) -> None:
    code, said = move(folder, goal)
    assert code == 0, said
    assert "Everything has arrived." in said
    assert goal.bucket.files()[f"kept/archives/{folder.archive_id}.zip"] == folder.archive
    assert move(folder, goal) == (0, "Everything had arrived before.\n")

    place = folder.place
    server = ServerProcess(tmp_path / "data", settings={**goal.environment, "ROMAPORT_SERVER_WITH_WORKER": "true"})
    server.adopt(place)
    endpoint = server.start().endpoint
    try:
        signer = credentials(place.access_key, place.secret_key, place.project_id)
        with opened("sync", endpoint, signer) as sdk:
            assert assets_of(sdk, place.source) == folder.assets
            assert settled(sdk, place.target, folder.import_id).status == "Success"
            assert {found["name"] for found in assets_of(sdk, place.target)["apps"]} == {"Orders Lakeside"}
        with client_of(place, endpoint, place.source) as client:
            assert client.download(folder.archive_id, tmp_path / "again.zip").is_verified
        assert (tmp_path / "again.zip").read_bytes() == folder.archive
        with client_of(place, endpoint, place.target) as client:
            assert len(list(Extras(client).items(folder.plan_id))) > 0
        assert is_known(endpoint, folder)
    finally:
        server.stop()
    names = goal.bucket.names()
    assert names == {f"kept/uploads/{folder.plan_id}.zip"}


def is_known(endpoint: str, folder: Folder) -> bool:
    path = f"/v2/{folder.place.project_id}/instances/{folder.place.source}/apps"
    return httpx.get(endpoint + path, headers={"x-auth-token": folder.token}).status_code == 200


def test_a_move_that_is_killed_anywhere_ends_as_an_undisturbed_one(
    folder: Folder, postgres: Postgres, s3: S3, goal: Goal
) -> None:
    assert move(folder, goal)[0] == 0
    other = goal_of(postgres, s3, folder)
    for cut in CUTS:
        code, said = move(folder, other, cut=cut)
        assert code == -9, said
    code, said = move(folder, other)
    assert code == 0, said
    assert other.rows() == goal.rows()
    assert other.bucket.files() == goal.bucket.files()


def test_half_of_a_move_is_not_served(folder: Folder, goal: Goal, tmp_path: Path) -> None:
    move(folder, goal, cut=3)
    server = ServerProcess(tmp_path / "data", settings=goal.environment)
    with pytest.raises(RuntimeError, match=r"ROMAPORT\.5003"):
        server.start()
    assert server.wait(SECONDS) == 2


def test_a_place_that_holds_anything_else_is_refused(folder: Folder, goal: Goal, tmp_path: Path) -> None:
    goal.bucket.client.put_object(Bucket=goal.bucket.name, Key="kept/archives/other.zip", Body=b"x")
    code, said = move(folder, goal)
    assert (code, "it has archives" in said) == (2, True)
    goal.bucket.client.delete_object(Bucket=goal.bucket.name, Key="kept/archives/other.zip")
    server = ServerProcess(tmp_path / "data", settings=goal.environment)
    server.start()
    server.stop()
    before = goal.rows()
    code, said = move(folder, goal)
    assert (code, "the new place is not empty" in said) == (2, True)
    assert goal.rows() == before


def test_what_differs_at_the_end_is_no_success(folder: Folder, goal: Goal) -> None:
    move(folder, goal, cut=10)
    with psycopg.connect(goal.url) as database:
        database.execute("update users set name = 'someone'")
    code, said = move(folder, goal)
    assert (code, "users is not the same on both sides" in said) == (2, True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ROMAPORT_DATABASE_URL": ""}, "ROMAPORT_DATABASE_URL: must name the database"),
        ({"ROMAPORT_ARCHIVES_URL": ""}, "ROMAPORT_ARCHIVES_URL: must name the archive store"),
        ({"ROMAPORT_SECRETS_KEY": ""}, "ROMAPORT_SECRETS_KEY: must be set"),
        ({"ROMAPORT_SECRETS_KEY": "00" * 32}, "ROMAPORT_SECRETS_KEY: is not the key"),
    ],
)
def test_settings_that_do_not_fit_are_refused(folder: Folder, goal: Goal, changes: dict[str, str], reason: str) -> None:
    code, said = move(folder, goal, changes)
    assert (code, reason in said) == (2, True), said
    assert not any(rows for name, rows in goal.rows().items() if name != "alembic_version")


def test_a_folder_at_work_or_without_anything_is_refused(folder: Folder, goal: Goal, tmp_path: Path) -> None:
    with alone_in(folder.path):
        code, said = move(folder, goal)
    assert (code, "another server works on" in said) == (2, True)
    code, said = move(replace(folder, path=tmp_path), goal)
    assert (code, "holds no romaport.db" in said) == (2, True)
