"""Deletions and downloads are killed at every checkpoint; a graceful stop loses nothing; a poison job ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from tests.crash.scene import Scene, kill_points
from tests.support.waiting import until

from romaport.client import reasons
from romaport.errors import Unreachable


def test_a_deletion_killed_anywhere_takes_all_or_nothing_and_ends_as_an_undisturbed_one(
    scene: Scene, record_property: Callable[[str, Any], None]
) -> None:
    instance_id = scene.filled()
    scene.recorded()
    with scene.client(instance_id) as client:
        assert scene.settled(instance_id, client.delete(apps=[app.id for app in client.apps()])).status == "Success"
    for name, nth in kill_points(scene.recorded(), "delete"):
        record_property("kill", _kill_deletion(scene, name, nth))


def _kill_deletion(scene: Scene, name: str, nth: int) -> tuple[str, ...]:
    instance_id = scene.filled()
    held = scene.asset_count(instance_id)
    before = scene.last_job(instance_id)
    with scene.client(instance_id) as client:
        apps = [app.id for app in client.apps()]
        scene.order(name=name, nth=nth)
        try:
            job_id = client.delete(apps=apps)
        except Unreachable:
            found = scene.last_job(instance_id)
            job_id = found[0] if found and (before is None or found[0] != before[0]) else ""
    if not job_id:
        scene.server.wait(60)
        scene.pardon()
        scene.server.start()
        assert scene.asset_count(instance_id) == held
        return ("delete", f"{name} {nth}", "no job yet", "0", "no job", "nothing deleted")
    with scene.watched(instance_id, job_id):
        scene.server.wait(60)
        state = str(scene.rows("select state from jobs where id = ?", job_id)[0][0])
        assert scene.asset_count(instance_id) == (0 if state == "succeeded" else held)
        scene.pardon()
        scene.server.start()
        job = scene.settled(instance_id, job_id)
    assert job.status == "Success"
    assert scene.asset_count(instance_id) == 0
    scene.check_nothing_left()
    starts = str(scene.rows("select attempt from jobs where id = ?", job_id)[0][0])
    return ("delete", f"{name} {nth}", state, starts, job.status, "all gone, once")


def test_a_download_killed_anywhere_is_there_again_or_was_complete(
    scene: Scene, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    instance_id = scene.filled()
    scene.recorded()
    scene.exported(instance_id)
    points = kill_points(scene.recorded(), "download")
    assert points
    for name, nth in points:
        record_property("kill", _kill_download(scene, instance_id, (name, nth), tmp_path / "got.zip"))


def _kill_download(scene: Scene, instance_id: str, point: tuple[str, int], package: Path) -> tuple[str, ...]:
    name, nth = point
    with scene.client(instance_id) as client:
        job_id = client.export(apps=[app.id for app in client.apps()])
    job = scene.settled(instance_id, job_id)
    path = f"/v2/{scene.place.project_id}/instances/{instance_id}/assets/archives/{job.archive_id}"
    with scene.raw() as http, scene.watched(instance_id, job_id):
        scene.order(name=name, nth=nth)
        try:
            received = len(http.get(path).content)
        except httpx.HTTPError:
            received = 0
        scene.server.wait(60)
        state = str(scene.rows("select state from jobs where id = ?", job_id)[0][0])
        scene.pardon()
        scene.server.start()
        scene.check_nothing_left()
        after = scene.settled(instance_id, job_id)
        if state == "succeeded":
            # Not counted, so it is there again, whole.
            assert isinstance(after.archive_id, str)
            with scene.client(instance_id) as client:
                client.download(after.archive_id, package)
            after = scene.settled(instance_id, job_id)
            effect = "offered again, then taken once"
        else:
            size = scene.rows("select size_bytes from archives where job_id = ?", job_id)[0][0]
            assert received == size
            effect = "had been received whole"
        assert after.status == "Finished"
    scene.check_nothing_left()
    with scene.raw() as http:
        assert http.get(path).status_code == 410
    return ("download", f"{name} {nth}", state, "-", after.status, effect)


def test_a_graceful_stop_lets_a_running_job_reach_a_safe_point(scene: Scene) -> None:
    instance_id = scene.filled()
    (scene.folder / "paused").unlink(missing_ok=True)
    scene.order(name="export.counted", pause=1.5)
    with scene.client(instance_id) as client:
        job_id = client.export(apps=[app.id for app in client.apps()])
    until((scene.folder / "paused").exists, "the pause", 60)
    assert scene.server.stop() == 0
    assert scene.rows("select state, attempt, strikes from jobs where id = ?", job_id) == [("running", 1, 0)]
    scene.pardon()
    scene.server.start()
    assert scene.settled(instance_id, job_id).status == "Success"
    assert scene.rows("select attempt, strikes from jobs where id = ?", job_id) == [(2, 1)]


def test_a_job_that_kills_its_process_every_time_is_given_up(
    scene: Scene, record_property: Callable[[str, Any], None]
) -> None:
    instance_id = scene.instance()
    scene.order(name="import.staged")
    with scene.client(instance_id) as client:
        job_id = client.import_package(scene.package)
    scene.server.wait(60)
    for _ in range(2):
        try:
            scene.server.start()
        except RuntimeError:
            # It may die before it has announced itself.
            continue
        scene.server.wait(60)
    scene.server.start()
    job = scene.settled(instance_id, job_id)
    scene.pardon()
    assert job.status == "Failed"
    assert [found.error_code for found in reasons(job)] == ["ROMAPORT.2003"]
    assert scene.asset_count(instance_id) == 0
    record_property(
        "kill", ("import", "import.staged, every time", "running", "4", job.status, "given up, nothing written")
    )
