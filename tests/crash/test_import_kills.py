"""An import is killed at every checkpoint; its target holds all of the package or nothing of it, once."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.crash.scene import TASKS, Scene, kill_points

from romaport.client import reasons
from romaport.errors import Unreachable

WHOLE = TASKS + 2 + 3 + 5


def test_an_import_killed_anywhere_is_whole_or_absent_and_ends_as_an_undisturbed_one(
    scene: Scene, record_property: Callable[[str, Any], None]
) -> None:
    scene.recorded()
    expected = scene.exported(scene.filled())
    points = kill_points(scene.recorded(), "import")
    assert len(points) >= 10
    for name, nth in points:
        record_property("kill", _kill(scene, (name, nth), expected))


@pytest.mark.parametrize("name", ["import.checked", "import.ending"])
def test_an_import_that_is_refused_is_refused_the_same_after_a_kill(
    scene: Scene, record_property: Callable[[str, Any], None], name: str
) -> None:
    instance_id = scene.filled()
    with scene.client(instance_id) as client:
        undisturbed = scene.settled(instance_id, client.import_package(scene.package))
        assert undisturbed.status == "Failed"
        scene.order(name=name)
        job_id = client.import_package(scene.package)
    with scene.watched(instance_id, job_id):
        scene.server.wait(60)
        scene.pardon()
        scene.server.start()
        job = scene.settled(instance_id, job_id)
    assert job.status == "Failed"
    assert reasons(job) == reasons(undisturbed)
    assert scene.rows("select count(*) from job_findings where job_id = ?", job_id) == [(TASKS + 5,)]
    assert scene.asset_count(instance_id) == WHOLE
    scene.check_nothing_left()
    record_property("kill", ("import refused", name, "running", "2", job.status, "all findings, nothing written"))


def _kill(scene: Scene, point: tuple[str, int], expected: dict[str, str]) -> tuple[str, ...]:
    name, nth = point
    instance_id = scene.instance()
    scene.order(name=name, nth=nth)
    with scene.client(instance_id) as client:
        try:
            job_id = client.import_package(scene.package)
        except Unreachable:
            found = scene.last_job(instance_id)
            job_id = found[0] if found else ""
    if not job_id:
        scene.server.wait(60)
        scene.pardon()
        scene.server.start()
        scene.check_nothing_left()
        assert scene.asset_count(instance_id) == 0
        return ("import", f"{name} {nth}", "no job yet", "0", "no job", "refused before it began")
    with scene.watched(instance_id, job_id):
        scene.server.wait(60)
        state = str(scene.rows("select state from jobs where id = ?", job_id)[0][0])
        held = scene.asset_count(instance_id)
        assert held == (WHOLE if state == "succeeded" else 0)
        scene.pardon()
        scene.server.start()
        job = scene.settled(instance_id, job_id)
    assert job.status == "Success"
    assert job.progress_percent == 1
    assert scene.asset_count(instance_id) == WHOLE
    scene.check_nothing_left()
    assert scene.exported(instance_id) == expected
    starts = str(scene.rows("select attempt from jobs where id = ?", job_id)[0][0])
    return ("import", f"{name} {nth}", state, starts, job.status, "whole, once" if held else "absent, then whole, once")
