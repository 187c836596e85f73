"""What others see of an import that is killed: none of it or all of it, in every list, at every moment.

Beside `test_import_kills.py`, which kills at every checkpoint; here somebody looks at the lists without pause.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.crash.cargo import Cargo
from tests.crash.follower import Change
from tests.crash.rig import KillPoint, Outcome, Rig, Work, assert_in_order, carry_out
from tests.support.stores import Store

from romaport.client import Client, ImportOptions

Record = Callable[[str, object], None]

CARGO = Cargo()
NOTHING = dict.fromkeys(CARGO.totals, 0)
ARRIVAL = Change(before=NOTHING, after=CARGO.totals)
MERGER = Change(before=CARGO.totals, after=CARGO.totals)
REFUSAL = Change(before=NOTHING, after=NOTHING)
MERGE = ImportOptions(type="Merge", datasource_overwrite=True)
# More than a file keeps to itself before it writes.
BULKY = Cargo(tasks=40, schedules=0, detail_bytes=100_000)
# More than an instance may hold, and more than is staged at once.
TOO_MUCH = Cargo(tasks=2_500)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Rig]:
    found = Rig(tmp_path_factory.mktemp("rig"), store)
    yield found
    found.close()


def row(point: KillPoint, outcome: Outcome, effect: str) -> tuple[str, ...]:
    state = str(outcome.before or "no job yet")
    return ("import, seen", str(point), state, str(outcome.row.attempt), outcome.answer["status"], effect)


def importing(instance_id: str, package: Path, change: Change, options: ImportOptions | None = None) -> Work:
    def submit(client: Client) -> str:
        return client.import_package(package, options)

    return Work(type="importAsset", instance_id=instance_id, submit=submit, change=change)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    cargos = {"first": CARGO, "second": Cargo(remark="second"), "too much": TOO_MUCH}
    return {name: cargo.write(folder / f"{name.replace(' ', '-')}.zip") for name, cargo in cargos.items()}


@pytest.fixture(scope="module")
def imported(rig: Rig, packages: dict[str, Path]) -> tuple[str, Outcome]:
    """An instance with the first package in it, undisturbed."""
    rig.ensure_running()
    instance_id = rig.new_instance()
    return instance_id, carry_out(rig, importing(instance_id, packages["first"], ARRIVAL))


@pytest.fixture(scope="module")
def merged(rig: Rig, packages: dict[str, Path]) -> str:
    """An instance with the first package in it and the second merged over it, undisturbed."""
    rig.ensure_running()
    instance_id = rig.new_instance()
    rig.fill(instance_id, packages["first"])
    carry_out(rig, importing(instance_id, packages["second"], MERGER, MERGE))
    return instance_id


@pytest.fixture(scope="module")
def refused(rig: Rig, packages: dict[str, Path]) -> Outcome:
    """The refusal of the package that is too much, undisturbed."""
    rig.ensure_running()
    return carry_out(rig, importing(rig.new_instance(), packages["too much"], REFUSAL))


@pytest.mark.parametrize("name", ["import.kept", "import.batch", "import.applied", "import.ending", "import.ended"])
def test_no_list_ever_shows_a_part_of_an_import_that_is_killed(
    rig: Rig, packages: dict[str, Path], imported: tuple[str, Outcome], record_property: Record, name: str
) -> None:
    undisturbed, reference = imported
    rig.ensure_running()
    disturbed = rig.new_instance()
    point = KillPoint(name=name)
    outcome = carry_out(rig, importing(disturbed, packages["first"], ARRIVAL), kill=point)
    assert outcome.row.state == reference.row.state == "succeeded"
    assert rig.folder.contents(disturbed) == rig.folder.contents(undisturbed)
    assert rig.folder.findings(outcome.row.id) == rig.folder.findings(reference.row.id)
    record_property("kill", row(point, outcome, "every list empty or whole, as undisturbed"))


@pytest.mark.parametrize("name", ["import.applied", "import.ending", "import.settled", "import.ended"])
def test_a_killed_import_changes_what_exists_exactly_once(
    rig: Rig, packages: dict[str, Path], merged: str, record_property: Record, name: str
) -> None:
    rig.ensure_running()
    disturbed = rig.new_instance()
    rig.fill(disturbed, packages["first"])
    untouched = rig.folder.contents(disturbed)
    point = KillPoint(name=name)
    outcome = carry_out(rig, importing(disturbed, packages["second"], MERGER, MERGE), kill=point)
    # Contents tell every asset's revision: one change is one more, two would be two.
    assert rig.folder.contents(disturbed) == rig.folder.contents(merged)
    assert rig.folder.contents(disturbed) != untouched
    record_property("kill", row(point, outcome, "merged: every revision raised once"))


@pytest.mark.parametrize(
    "point",
    [
        # Apps, data sources and the first 2,000 tasks are three batches; the fourth is the second of its kind.
        KillPoint(name="import.batch", nth=3),
        KillPoint(name="import.staging", nth=4),
        KillPoint(name="import.checked"),
        KillPoint(name="import.ending"),
    ],
    ids=str,
)
def test_an_import_of_several_batches_is_refused_the_same_after_a_kill(
    rig: Rig, packages: dict[str, Path], refused: Outcome, record_property: Record, point: KillPoint
) -> None:
    rig.ensure_running()
    disturbed = rig.new_instance()
    outcome = carry_out(rig, importing(disturbed, packages["too much"], REFUSAL), kill=point)
    assert outcome.row.state == refused.row.state == "failed"
    assert outcome.answer["reasons"] == refused.answer["reasons"]
    assert rig.folder.findings(outcome.row.id) == rig.folder.findings(refused.row.id) != []
    assert rig.folder.contents(disturbed) == []
    record_property("kill", row(point, outcome, "same findings, nothing written"))


def test_an_upload_killed_half_way_leaves_nothing(rig: Rig, tmp_path: Path, record_property: Record) -> None:
    content = BULKY.write(tmp_path / "bulky.zip").read_bytes()
    rig.ensure_running()
    instance_id = rig.new_instance()
    scratch = rig.server.data / "scratch"

    def halved() -> Iterator[bytes]:
        yield content[: len(content) // 2]
        rig.wait_for(lambda: any(found.stat().st_size for found in scratch.glob("*/upload-*")))
        rig.kill()
        yield content[len(content) // 2 :]

    with pytest.raises(httpx.TransportError):
        httpx.post(
            f"{rig.server.endpoint}{rig.project_url_path}/instances/{instance_id}/assets/import",
            content=halved(),
            headers={"X-Auth-Token": rig.token, "Content-Type": "application/zip"},
            timeout=60,
        )
    assert rig.folder.jobs(instance_id) == []
    assert rig.folder.disorder() != []
    rig.start()
    assert_in_order(rig)
    change = Change(before=NOTHING, after=BULKY.totals)
    outcome = carry_out(rig, importing(instance_id, tmp_path / "bulky.zip", change))
    assert outcome.row.state == "succeeded"
    record_property("kill", row(KillPoint(name="(half an upload)"), outcome, "nothing left, then imported"))
