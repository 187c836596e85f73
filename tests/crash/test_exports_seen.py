"""What a poller sees of an export that is killed and begins anew: progress that never falls.

Beside `test_export_kills.py`, which kills at every checkpoint; here the job waits for a poll at each, so that every
progress it writes is read, before the kill and after it. Until something is counted, nothing can fall.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.crash.cargo import Cargo
from tests.crash.follower import Answer, Change, Follower
from tests.crash.rig import KillPoint, Rig, Work, assert_in_order, carry_out
from tests.support.stores import Store

from romaport.client import Client

CARGO = Cargo()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Rig]:
    found = Rig(tmp_path_factory.mktemp("rig"), store)
    yield found
    found.close()


@pytest.fixture(scope="module")
def source(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> str:
    rig.ensure_running()
    instance_id = rig.new_instance()
    rig.fill(instance_id, CARGO.write(tmp_path_factory.mktemp("packages") / "cargo.zip"))
    return instance_id


def exporting(instance_id: str, path: Path) -> Work:
    """Export everything, and fetch the package while the job is still followed."""

    def submit(client: Client) -> str:
        return client.export(apps=[app.id for app in client.apps()])

    def fetch(rig: Rig, answer: Answer, follower: Follower) -> None:
        assert_in_order(rig)
        with rig.client(instance_id) as client:
            client.download(answer["archive_id"], path)
        assert "archive_id" not in follower.until(lambda found: found["status"] == "Finished")

    change = Change(before=CARGO.totals, after=CARGO.totals)
    return Work(type="exportAsset", instance_id=instance_id, submit=submit, change=change, finish=fetch)


@pytest.fixture(scope="module")
def digest(rig: Rig, source: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The package of an undisturbed export."""
    path = tmp_path_factory.mktemp("downloads") / "undisturbed.zip"
    carry_out(rig, exporting(source, path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "name",
    ["export.wrote.app", "export.counted", "export.wrote.task", "export.written", "export.stored", "export.ending"],
)
def test_progress_does_not_fall_when_an_export_begins_anew(
    rig: Rig, source: str, digest: str, tmp_path: Path, record_property: Callable[[str, object], None], name: str
) -> None:
    path = tmp_path / "got.zip"
    outcome = carry_out(rig, exporting(source, path), kill=KillPoint(name=name))
    assert outcome.row.state == "finished"
    assert outcome.before is not None
    assert outcome.before.done > 0
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    row = ("export, seen", name, str(outcome.before), str(outcome.row.attempt), outcome.answer["status"])
    record_property("kill", (*row, "progress never fell, same bytes, taken once"))
