"""An export is killed at every checkpoint, and always ends as if nothing had happened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.crash.scene import Scene, kill_points

from romaport.errors import Unreachable


def test_an_export_killed_anywhere_ends_as_an_undisturbed_one(
    scene: Scene, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    instance_id = scene.filled()
    scene.recorded()
    expected = scene.exported(instance_id)
    points = kill_points(scene.recorded(), "export")
    assert len(points) >= 10
    for name, nth in points:
        record_property("kill", _kill(scene, instance_id, (name, nth), expected, tmp_path / "got.zip"))


def _kill(
    scene: Scene, instance_id: str, point: tuple[str, int], expected: dict[str, str], package: Path
) -> tuple[str, ...]:
    name, nth = point
    before = scene.last_job(instance_id)
    with scene.client(instance_id) as client:
        apps = [app.id for app in client.apps()]
        scene.order(name=name, nth=nth)
        try:
            job_id = client.export(apps=apps)
        except Unreachable:
            job_id = ""
    found = scene.last_job(instance_id) if not job_id else None
    job_id = job_id or (found[0] if found is not None and (before is None or found[0] != before[0]) else "")
    if not job_id:
        scene.server.wait(60)
        scene.pardon()
        scene.server.start()
        scene.check_nothing_left()
        assert (scene.last_job(instance_id) or [""])[0] == (before or [""])[0]
        return ("export", f"{name} {nth}", "no job yet", "0", "no job", "refused before it began")
    with scene.watched(instance_id, job_id):
        scene.server.wait(60)
        state = str(scene.rows("select state from jobs where id = ?", job_id)[0][0])
        scene.pardon()
        scene.server.start()
        job = scene.settled(instance_id, job_id)
    assert job.status == "Success"
    assert job.progress_percent == 1
    assert isinstance(job.archive_id, str)
    scene.check_nothing_left()
    with scene.client(instance_id) as client:
        client.download(job.archive_id, package)
        assert client.job(job_id).status == "Finished"
    assert scene.digests(package) == expected
    scene.check_nothing_left()
    starts = str(scene.rows("select attempt from jobs where id = ?", job_id)[0][0])
    return ("export", f"{name} {nth}", state, starts, job.status, "one archive, same bytes")
