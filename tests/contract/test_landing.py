"""Imports into an instance that holds nothing: placed out of sight while they are read, and shown at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, found, named, swept
from tests.contract.handmade import handmade
from tests.contract.workplace import Workplace
from tests.support.embedded import EmbeddedServer
from tests.support.stores import HIDDEN, LIE_IN

from romaport.assets import landing as landings
from romaport.assets import uploads
from romaport.catalog import landing
from romaport.kinds import KINDS
from romaport.packages import encode_entry

PLACED = "import.batch"
ASSETS = f"select count(*) from assets where {LIE_IN}"


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    """An application with two data sources and a task, exported."""
    return elsewhere.exported(elsewhere.add_set("orders")["app"])


def held_by(server: EmbeddedServer, instance_id: str) -> int:
    """Count what an instance holds."""
    return int(server.kept.rows(ASSETS, instance_id)[0][0])


def test_nothing_that_is_placed_is_seen_and_nobody_waits_before_all_of_it_is_shown(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, package: bytes
) -> None:
    with server.gates.held(PLACED) as reached:
        started = work.import_package(package)
        assert reached.wait(30)
        (placed,) = server.kept.rows(
            "select id from assets where origin_id = ? and kind = 'app'", started.json()["job_id"]
        )
        assert work.names() == {"apps": [], "sources": [], "tasks": []}
        for path in (work.roma(f"apps/{placed[0]}"), elsewhere.roma(f"apps/{placed[0]}")):
            assert work.http.get(path).status_code == 404
        assert elsewhere.add_app("meanwhile")["name"] == "meanwhile"
        # Where it lies is no instance for anybody.
        assert work.http.get(f"instances/{started.json()['job_id']}/apps").status_code == 404
        assert started.json()["job_id"] not in {found.id for found in server.directory.instances(server.project_id)}
    assert work.settled(started)["status"] == "Success"
    assert work.names() == {"apps": ["orders"], "sources": ["orders-in", "orders-out"], "tasks": ["orders-run"]}
    assert work.http.get(work.roma(f"apps/{placed[0]}")).json()["name"] == "orders"


@pytest.mark.parametrize("reached_at", [PLACED, "import.checked"])
def test_who_creates_something_meanwhile_keeps_it_and_the_import_goes_in_beside_it(
    server: EmbeddedServer, work: Workplace, package: bytes, reached_at: str
) -> None:
    with server.gates.held(reached_at) as reached:
        started = work.import_package(package)
        assert reached.wait(30)
        work.add_app("meanwhile")
    assert work.settled(started)["status"] == "Success"
    assert work.names()["apps"] == ["meanwhile", "orders"]
    server.drain()
    assert server.kept.rows(HIDDEN) == []


def test_who_takes_a_name_of_the_package_meanwhile_has_it_and_the_import_says_so(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    with server.gates.held(PLACED) as reached:
        started = extras.ask_import(package)
        assert reached.wait(30)
        mine = work.add_app("orders", remark="mine")
    report = extras.told(started)
    assert report["state"] == "failed"
    assert [(kind, name) for kind, name, _ in found(report)] == [("app", "orders")]
    server.drain()
    assert held_by(server, work.instance_id) == 1
    assert work.http.get(work.roma(f"apps/{mine['id']}")).json()["remark"] == "mine"
    assert server.kept.rows(HIDDEN) == []


def test_an_instance_is_filled_and_emptied_again_and_again(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    empty = assets_of(server)
    for _ in range(3):
        extras.imported(package)
        assert held_by(server, work.instance_id) == 4
        extras.deleted(named(work, "orders"))
        assert held_by(server, work.instance_id) == 0
    server.drain()
    spaces = server.kept.rows("select id from instances where space_of = ?", work.instance_id)
    assert len(spaces) == 1
    server.clock.advance(8 * 86_400)
    swept(server)
    assert assets_of(server) == empty


def test_what_belongs_to_the_instance_and_never_travels_stays_when_a_package_arrives(
    work: Workplace, package: bytes
) -> None:
    path = f"apic/instances/{work.instance_id}/envs"
    assert work.http.post(path, json={"name": "Stage"}).status_code == 201
    assert work.imported(package)["status"] == "Success"
    assert [env["name"] for env in work.http.get(path).json()["envs"]] == ["RELEASE", "Stage"]
    assert work.http.post(path, json={"name": "Stage"}).is_client_error


def test_a_deletion_is_taken_back_into_an_instance_that_was_filled_anew(
    work: Workplace, elsewhere: Workplace, extras: Extras, package: bytes
) -> None:
    other = elsewhere.exported(elsewhere.add_set("bills")["app"])
    extras.imported(package)
    deleted = extras.deleted(named(work, "orders"))
    imported = extras.imported(other)
    assert extras.rolled_back(deleted["id"])["state"] == "succeeded"
    assert work.names()["apps"] == ["bills", "orders"]
    assert work.http.post(work.roma("apps"), json={"name": "orders"}).status_code == 400
    assert extras.rolled_back(imported["id"])["state"] == "succeeded"
    assert work.names() == {"apps": ["orders"], "sources": ["orders-in", "orders-out"], "tasks": ["orders-run"]}
    again = extras.imported(package, MERGE)
    assert again["outcome"] == {"kept": {"app": 1, "data_source": 2, "task": 1}}


def test_a_package_is_refused_for_the_same_reasons_as_where_it_could_meet_something(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace
) -> None:
    source = b'{"content":{"host":"h"},"datasource_type":"MYSQL"}'.decode()
    task = '{"task_detail":"{}","task_type":"TIMING"}'
    package = handmade(
        app=[
            encode_entry(("bills",), '{"remark":7}', {}, {"key": "one"}),
            encode_entry(("orders",), "{}", {}, {"key": "one"}, ("secret",)),
        ],
        data_source=[
            encode_entry(("lake",), source, {"app_id": ("gone",)}),
            encode_entry(("sea",), source, {"app_id": ("bills",)}),
        ],
        task=[
            encode_entry((f"run-{n}",), task, {"source_datasource_id": ("sea",), "target_datasource_id": (f"no-{n}",)})
            for n in range(3)
        ],
    )
    elsewhere.add_app("unrelated")
    reports = []
    for place in (work, elsewhere):
        before = held_by(server, place.instance_id)
        report = Extras(place).told(Extras(place).ask_import(package))
        assert report["state"] == "failed"
        assert held_by(server, place.instance_id) == before
        reports.append([(one["kind"], one["name"], one["message"]) for one in report["findings"]["items"]])
    server.drain()
    assert reports[0] == reports[1]
    assert [(kind, name) for kind, name, _ in reports[0]] == [
        ("app", "bills"),
        ("data_source", "lake"),
        *(("task", f"run-{n}") for n in range(3)),
    ]
    assert server.kept.rows(HIDDEN) == []
    assert server.kept.rows("select 1 from staged_assets") == []


def test_a_value_that_may_be_there_once_is_had_by_the_first_that_brings_it(
    server: EmbeddedServer, work: Workplace
) -> None:
    apps = [encode_entry((name,), "{}", {}, {"key": "one"}) for name in ("bills", "orders")]
    assert work.settled(work.import_package(handmade(app=apps)))["status"] == "Success"
    keys = dict(
        server.kept.rows(
            f"select name, value from assets join asset_uniques on asset_id = id where assets.{LIE_IN}",
            work.instance_id,
        )
    )
    assert keys["bills"] == "one"
    assert keys["orders"] not in ("one", "")


@pytest.fixture
def linked(monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, set[tuple[str, str, str]]]:
    """A package that takes many batches, and what refers to what in it: (name, field, target)."""
    monkeypatch.setattr(uploads, "_AT_ONCE", 20)
    source = '{"content":{"host":"h"},"datasource_type":"MYSQL"}'
    task = '{"task_detail":"{}","task_type":"TIMING"}'
    ends = {
        f"run-{n:03}": {
            "source_datasource_id": (f"lake-{n % 7:02}",),
            "target_datasource_id": (f"lake-{n * 11 % 40:02}",),
        }
        for n in range(150)
    }
    package = handmade(
        app=[encode_entry(("orders",), "{}", {}, {"key": "one"})],
        data_source=[encode_entry((f"lake-{n:02}",), source, {"app_id": ("orders",)}) for n in range(40)],
        task=[encode_entry((name,), task, references) for name, references in ends.items()],
    )
    tasks = {(name, field, target) for name, references in ends.items() for field, (target,) in references.items()}
    return package, tasks | {(f"lake-{n:02}", "app_id", "orders") for n in range(40)}


def links_of(server: EmbeddedServer, instance_id: str) -> list[tuple[str, str, str]]:
    """Answer what refers to what in an instance."""
    return server.kept.rows(
        "select own.name, field, target.name from asset_references "
        f"join assets own on own.id = asset_id join assets target on target.id = target_id where own.{LIE_IN}",
        instance_id,
    )


@pytest.mark.parametrize("step", [10, 1_000])
@pytest.mark.parametrize("held_max", [1, 60, 1_000_000])
def test_references_lead_where_the_package_says_however_many_are_held_back(
    server: EmbeddedServer,
    work: Workplace,
    linked: tuple[bytes, set[tuple[str, str, str]]],
    monkeypatch: pytest.MonkeyPatch,
    held_max: int,
    step: int,
) -> None:
    monkeypatch.setattr(landing, "_HELD_MAX", held_max)
    for name in ("_ROWS_FIRST", "_ROWS_MIN", "_ROWS_MAX"):
        monkeypatch.setattr(landings, name, step)
    package, links = linked
    assert work.settled(work.import_package(package))["status"] == "Success"
    assert sorted(links_of(server, work.instance_id)) == sorted(links)


def test_references_that_are_due_are_placed_while_others_are_held_back(
    server: EmbeddedServer,
    work: Workplace,
    extras: Extras,
    linked: tuple[bytes, set[tuple[str, str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Where writers do not wait for one another, nothing is held back.
    holds_back = server.kept.is_in_folder
    monkeypatch.setattr(landing, "_HELD_MAX", 60)
    for name in ("_ROWS_FIRST", "_ROWS_MIN", "_ROWS_MAX"):
        monkeypatch.setattr(landings, name, 30)
    package, links = linked
    with server.gates.held("import.referred" if holds_back else "import.staged") as reached:
        started = extras.ask_import(package)
        assert reached.wait(30)
        job_id = started.json()["job_id"]
        ((placed,),) = server.kept.rows("select count(*) from assets where origin_id = ?", job_id)
        ((referring,),) = server.kept.rows(
            "select count(*) from asset_references join assets on id = asset_id where origin_id = ?", job_id
        )
        ((done, noted),) = server.kept.rows("select done, checkpoint from jobs where id = ?", job_id)
    if holds_back:
        assert 60 < placed < 191
        assert 0 < referring < 60
        # What is placed is half done, and done once it refers to everything; another attempt looks at all of it again.
        assert placed < done <= placed + referring
        assert json.loads(noted) == {}
    else:
        assert (placed, referring, done) == (191, len(links), 2 * 191)
        assert json.loads(noted) == {"app": 1, "data_source": 40, "task": 150}
    assert extras.told(started)["state"] == "succeeded"
    assert sorted(links_of(server, work.instance_id)) == sorted(links)


def test_no_kind_that_travels_refers_to_its_own() -> None:
    """Or what is referred to could be read after what refers to it, and would not be found in its place."""
    assert [
        kind.name for kind in KINDS.values() if kind.is_packed and kind.name in {to.to for to in kind.references}
    ] == []


def test_what_was_placed_by_a_job_that_was_given_up_is_swept(
    server: EmbeddedServer, work: Workplace, package: bytes
) -> None:
    with server.gates.held(PLACED) as reached, ThreadPoolExecutor(1) as threads:
        started = work.import_package(package)
        assert reached.wait(30)
        job_id = started.json()["job_id"]
        threads.submit(swept, server).result(30)
        # It is at work yet.
        assert server.kept.rows(HIDDEN) == [(job_id,)]
        server.kept.change("update jobs set state = 'failed', ended_at = 0 where id = ?", job_id)
    server.drain()
    assert held_by(server, work.instance_id) == 0
    assert server.kept.rows(HIDDEN) == [(job_id,)]
    swept(server)
    assert server.kept.rows(HIDDEN) == []
    assert server.kept.rows("select 1 from assets where origin_id = ?", job_id) == []


def test_an_attempt_that_is_void_removes_nothing_of_what_the_next_one_has_placed(
    server: EmbeddedServer, work: Workplace, package: bytes
) -> None:
    with server.gates.held(PLACED) as reached:
        job_id = work.import_package(package).json()["job_id"]
        assert reached.wait(30)
        placed = server.kept.rows("select id from assets where origin_id = ?", job_id)
        server.kept.change("update jobs set attempt = attempt + 1 where id = ?", job_id)
        work.add_app("meanwhile")
    server.drain()
    assert placed == server.kept.rows("select id from assets where origin_id = ?", job_id)
    assert server.kept.rows(HIDDEN) == [(job_id,)]
    server.kept.change("update jobs set state = 'failed', ended_at = 0 where id = ?", job_id)
    swept(server)
    assert server.kept.rows(HIDDEN) == []
