"""Plans, executions, merges, rollbacks, comparisons and deletions that are kept: killed, and the same in the end.

What a plan and an execution share with any import is killed at every checkpoint in `test_import_kills.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.crash.cargo import Cargo
from tests.crash.scene import Scene, kill_points
from tests.support.stores import LIE_IN

from romaport.client import Client, Extras, ImportOptions
from romaport.errors import Unreachable
from romaport.wire.assets import JobAnswer

Record = Callable[[str, Any], None]
Rows = list[tuple[Any, ...]]
Point = tuple[str, int]

FIRST = Cargo(apps=2, data_sources=4, tasks=30, schedules=3)
SECOND = Cargo(apps=3, data_sources=4, tasks=31, schedules=3, remark="second")
# More than a comparison counts at once.
LARGE = Cargo(apps=3, data_sources=4, tasks=521, schedules=3, remark="second")
MERGE = ImportOptions(type="Merge", datasource_overwrite=True)
_ASSETS = f"select * from assets where {LIE_IN} order by id"
_OF_ASSETS = f"select x.* from {{}} x join assets a on a.id = x.{{}} where a.{LIE_IN} order by 1, 2"
_KEPT = f"select job_id, id, kind, key, body, change_id from kept_assets where {LIE_IN} order by 1, 2"


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Two versions of the same assets; the second has a few more."""

    first: Path
    second: Path
    large: Path


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    folder = tmp_path_factory.mktemp("packages")
    return Packages(
        first=FIRST.write(folder / "first.zip"),
        second=SECOND.write(folder / "second.zip"),
        large=LARGE.write(folder / "large.zip"),
    )


def rows_of(scene: Scene, instance_id: str) -> dict[str, Rows]:
    """Answer everything an instance holds, ids included, and what is kept of it for rollbacks."""
    below = {"asset_references": "asset_id", "asset_uniques": "asset_id", "app_members": "app_id"}
    found = {name: scene.rows(_OF_ASSETS.format(name, column), instance_id) for name, column in below.items()}
    return found | {"assets": scene.rows(_ASSETS, instance_id), "kept": scene.rows(_KEPT, instance_id)}


def told_of(scene: Scene, job_id: str) -> dict[str, Rows]:
    """Answer what a job has written down, without its ids and times."""
    items = "select position, kind, key, step, changes from job_items where job_id = ? order by position"
    findings = "select position, severity, kind, name, code, message from job_findings where job_id = ? order by 1"
    jobs = "select state, done, total, counts, outcome from jobs where id = ?"
    return {name: scene.rows(text, job_id) for name, text in (("i", items), ("f", findings), ("j", jobs))}


def filled(scene: Scene, package: Path) -> str:
    """Add an instance that holds a package."""
    instance_id = scene.instance()
    done(scene, instance_id, lambda client: client.import_package(package))
    return instance_id


def done(scene: Scene, instance_id: str, begin: Callable[[Client], str]) -> str:
    """Do a job undisturbed; answer its id."""
    with scene.client(instance_id) as client:
        job = scene.settled(instance_id, begin(client))
    assert job.status == "Success"
    return job.id


@dataclass(frozen=True, kw_only=True)
class Killed:
    """What became of a job whose server was killed."""

    job: JobAnswer
    was_done: bool
    rows: dict[str, Rows]
    """What the instance held after the kill, before the next start."""
    starts: int

    def row(self, what: str, point: Point, effect: str) -> tuple[str, ...]:
        """Answer its row in the matrix of kills."""
        state = "succeeded" if self.was_done else "running"
        return (what, f"{point[0]} {point[1]}", state, str(self.starts), self.job.status, effect)


def killed(scene: Scene, instance_id: str, point: Point, begin: Callable[[Client], str]) -> Killed:
    """Begin a job, kill the server at a checkpoint, start it again, and follow the job to its end.

    Where the kill left no job, nothing is left at all, and the job is begun once more.
    """
    before, earlier = rows_of(scene, instance_id), scene.last_job(instance_id)
    scene.order(name=point[0], nth=point[1])
    job_id = ""
    with scene.client(instance_id) as client:
        try:
            job_id = begin(client)
        except Unreachable:
            found = scene.last_job(instance_id)
            job_id = found[0] if found and found != earlier else ""
    if not job_id:
        scene.server.wait(60)
        scene.pardon()
        scene.server.start()
        assert rows_of(scene, instance_id) == before
        scene.check_nothing_left()
        with scene.client(instance_id) as client:
            job = scene.settled(instance_id, begin(client))
        return Killed(job=job, was_done=False, rows=before, starts=1)
    with scene.watched(instance_id, job_id):
        scene.server.wait(60)
        state = scene.rows("select state from jobs where id = ?", job_id)[0][0]
        rows = rows_of(scene, instance_id)
        scene.pardon()
        scene.server.start()
        job = scene.settled(instance_id, job_id)
    assert job.progress_percent == 1
    scene.check_nothing_left()
    starts = int(scene.rows("select attempt from jobs where id = ?", job_id)[0][0])
    assert starts == (1 if state == "succeeded" else 2)
    return Killed(job=job, was_done=state == "succeeded", rows=rows, starts=starts)


def test_a_plan_killed_on_the_way_says_what_an_undisturbed_one_says(
    scene: Scene, packages: Packages, record_property: Record
) -> None:
    instance_id = filled(scene, packages.first)

    def begin(client: Client) -> str:
        return Extras(client).plan(packages.second, MERGE)

    before = rows_of(scene, instance_id)
    scene.recorded()
    expected = told_of(scene, done(scene, instance_id, begin))
    assert len(expected["i"]) == 3 + 4 + 31 + 3
    points = [*kill_points(scene.recorded(), "plan"), ("import.batch", 2)]
    assert len(points) >= 5
    for point in points:
        found = killed(scene, instance_id, point, begin)
        assert found.rows == before
        assert told_of(scene, found.job.id) == expected
        assert rows_of(scene, instance_id) == before
        record_property("kill", found.row("plan", point, "the same items, nothing written"))


def test_a_merge_and_an_execution_killed_on_the_way_are_whole_or_absent(
    scene: Scene, packages: Packages, record_property: Record
) -> None:
    instance_id = filled(scene, packages.first)
    before = rows_of(scene, instance_id)
    with scene.client(instance_id) as client:
        plan_id = scene.settled(instance_id, Extras(client).plan(packages.second, MERGE)).id
    scene.recorded()
    undisturbed = done(scene, instance_id, lambda client: client.import_package(packages.second, MERGE))
    expected, told = scene.exported(instance_id), told_of(scene, undisturbed)
    assert kill_points(scene.recorded(), "import.applied")
    take_back(scene, instance_id, undisturbed)
    assert rows_of(scene, instance_id) == before
    kinds: dict[str, tuple[Callable[[Client], str], tuple[str, ...]]] = {
        "merge": (
            lambda client: client.import_package(packages.second, MERGE),
            ("import.applied", "import.ended"),
        ),
        "execution": (
            lambda client: Extras(client).execute(plan_id),
            ("import.checked", "import.applied", "import.ending", "import.ended"),
        ),
    }
    for what, (begin, names) in kinds.items():
        for name in names:
            found = killed(scene, instance_id, (name, 1), begin)
            after = rows_of(scene, instance_id)
            assert found.rows == (after if found.was_done else before)
            assert told_of(scene, found.job.id) == told
            assert len(after["kept"]) == 2 + 4 + 30 + 3
            assert scene.exported(instance_id) == expected
            # Killed or not, it can be taken back as a whole.
            take_back(scene, instance_id, found.job.id)
            assert rows_of(scene, instance_id) == before
            record_property("kill", found.row(what, (name, 1), "whole, once, and taken back"))


def roll_back(job_id: str, client: Client) -> str:
    return Extras(client).roll_back(job_id)


def take_back(scene: Scene, instance_id: str, job_id: str) -> None:
    done(scene, instance_id, partial(roll_back, job_id))


def test_a_rollback_killed_on_the_way_is_whole_or_absent(
    scene: Scene, packages: Packages, record_property: Record
) -> None:
    instance_id = filled(scene, packages.first)
    before = rows_of(scene, instance_id)
    job_id = done(scene, instance_id, lambda client: client.import_package(packages.second, MERGE))
    scene.recorded()
    take_back(scene, instance_id, job_id)
    points = kill_points(scene.recorded(), "rollback")
    assert len(points) >= 5
    for point in points:
        merged = done(scene, instance_id, lambda client: client.import_package(packages.second, MERGE))
        after = rows_of(scene, instance_id)
        found = killed(scene, instance_id, point, partial(roll_back, merged))
        assert found.rows == (before if found.was_done else after)
        assert rows_of(scene, instance_id) == before
        undone = "select undone_by from jobs where id = ? and kept_until is null"
        assert scene.rows(undone, merged) == [(found.job.id,)]
        record_property("kill", found.row("rollback", point, "as before the import, once"))


def test_a_deletion_killed_on_the_way_keeps_what_it_takes_back(
    scene: Scene, packages: Packages, record_property: Record
) -> None:
    instance_id = filled(scene, packages.first)
    before = rows_of(scene, instance_id)
    with scene.client(instance_id) as client:
        apps = [app.id for app in client.apps()]
    for name in ("delete.deleted", "delete.ending", "delete.ended"):
        found = killed(scene, instance_id, (name, 1), lambda client: client.delete(apps=apps))
        after = rows_of(scene, instance_id)
        assert found.rows == (after if found.was_done else before)
        assert after["assets"] == []
        assert len(after["kept"]) == 2 + 4 + 30 + 3
        take_back(scene, instance_id, found.job.id)
        assert rows_of(scene, instance_id) == before
        record_property("kill", found.row("deletion, kept", (name, 1), "all gone, once, and taken back"))


def test_a_comparison_killed_on_the_way_finds_what_an_undisturbed_one_finds(
    scene: Scene, packages: Packages, record_property: Record
) -> None:
    instance_id = filled(scene, packages.first)

    def begin(client: Client) -> str:
        return Extras(client).compare(instance_id, packages.large)

    scene.recorded()
    expected = told_of(scene, done(scene, instance_id, begin))
    assert len(expected["i"]) == 3 + 4 + 521 + 3
    points = kill_points(scene.recorded(), "compare")
    assert len(points) >= 6
    for point in points:
        found = killed(scene, instance_id, point, begin)
        assert told_of(scene, found.job.id) == expected
        record_property("kill", found.row("comparison", point, "the same differences, once"))
