"""Plans: what an import would do is said asset by asset; executed, it is what happens, or is refused with why not."""

import os
from datetime import timedelta
from typing import Any

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, found
from tests.contract.workplace import Workplace, lines_of, refusal, task_body
from tests.support.embedded import Account, EmbeddedServer

from romaport.assets import sweep

DAY_SECONDS = 86_400
WHOLE = {"app": 1, "data_source": 2, "task": 1}


@pytest.fixture
def extras(work: Workplace) -> Extras:
    return Extras(work)


@pytest.fixture
def there(elsewhere: Workplace) -> dict[str, str]:
    """An application with two data sources and a task in another instance: ids by role."""
    return elsewhere.add_set("orders")


@pytest.fixture
def package(elsewhere: Workplace, there: dict[str, str]) -> bytes:
    return elsewhere.exported(there["app"])


def remark(work: Workplace, app_id: str, text: str) -> None:
    assert work.http.put(work.roma(f"apps/{app_id}"), json={"remark": text}).status_code == 200


def source_changed(work: Workplace, source_id: str, app_id: str, name: str, **content: Any) -> None:
    body = {
        "datasource_name": name,
        "datasource_type": "MYSQL",
        "app_id": app_id,
        "content": content | {"password": "hidden-word"},
    }
    answer = work.http.put(work.fdi(f"datasources/{source_id}"), json=body)
    assert answer.status_code == 200, answer.text


def steps(items: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Answer the step of every item by kind and name."""
    answer = {(item["kind"], item["name"]): item["step"] for item in items}
    assert len(answer) == len(items)
    return answer


# what a plan says


def test_a_plan_of_new_assets_says_that_they_would_be_created_and_what_they_would_lack(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    before = assets_of(server)
    report = extras.planned(package)
    assert (report["type"], report["state"], report["progress_percent"]) == ("planAsset", "succeeded", 1)
    assert report["outcome"] == {"create": WHOLE}
    assert found(report, "holes") == [
        ("data_source", "orders-in", "ROMAPORT.4101"),
        ("data_source", "orders-out", "ROMAPORT.4101"),
    ]
    assert all("content.password" in hole["message"] and hole["advice"] for hole in report["holes"]["items"])
    items = extras.items(report["id"])
    assert steps(items) == {
        ("app", "orders"): "create",
        ("data_source", "orders-in"): "create",
        ("data_source", "orders-out"): "create",
        ("task", "orders-run"): "create",
    }
    assert [item["changes"] for item in items] == [[]] * 4
    assert assets_of(server) == before


def test_a_plan_of_a_merge_says_field_by_field_what_would_change(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, extras: Extras, there: dict[str, str]
) -> None:
    here = work.add_set("orders")
    remark(work, here["app"], "old")
    remark(elsewhere, there["app"], "new")
    source_changed(elsewhere, there["in"], there["app"], "orders-in", host="other.example", port="3306", tables=["a"])
    body = task_body(there["out"], there["in"], "orders-run", task_detail='{"new":1}')
    assert elsewhere.http.put(elsewhere.fdi(f"tasks/{there['task']}"), json=body).status_code == 200
    package = elsewhere.exported(there["app"])
    before = assets_of(server)
    report = extras.planned(package, MERGE)
    assert assets_of(server) == before
    assert report["outcome"] == {
        "keep": {"data_source": 1},
        "update": {"app": 1, "data_source": 1, "task": 1},
    }
    changes = {item["name"]: item["changes"] for item in extras.items(report["id"])}
    assert changes == {
        "orders": [{"field": "remark", "before": "old", "after": "new"}],
        "orders-in": [
            {"field": "content.host", "before": "db.acme.example", "after": "other.example"},
            {"field": "content.tables", "after": ["a"]},
            {"field": "content.user_name", "before": "reader"},
        ],
        "orders-out": [],
        "orders-run": [
            {
                "field": "task_detail",
                "before": '{"sourceSelectedDatasource":{"sourceParams":[]}}',
                "after": '{"new":1}',
            },
            {"field": "source_datasource_id", "before": "orders-in", "after": "orders-out"},
            {"field": "target_datasource_id", "before": "orders-out", "after": "orders-in"},
        ],
    }


def test_a_merge_keeps_data_sources_unless_told_to_overwrite_them(
    work: Workplace, elsewhere: Workplace, extras: Extras, there: dict[str, str]
) -> None:
    work.add_set("orders")
    source_changed(elsewhere, there["in"], there["app"], "orders-in", host="other.example")
    package = elsewhere.exported(there["app"])
    assert extras.planned(package, {"type": "Merge"})["outcome"] == {"keep": WHOLE}
    assert extras.planned(package, MERGE)["outcome"]["update"] == {"data_source": 1}


def test_a_merge_is_planned_as_nothing_once_it_is_done(extras: Extras, package: bytes, work: Workplace) -> None:
    remark(work, work.add_set("orders")["app"], "otherwise")
    assert extras.imported(package, MERGE)["outcome"]["updated"] == {"app": 1}
    report = extras.planned(package, MERGE)
    assert report["outcome"] == {"keep": WHOLE}
    assert extras.imported(package, MERGE)["outcome"] == {"kept": WHOLE}


def test_a_prefix_stands_before_every_name_of_a_plan(extras: Extras, package: bytes, work: Workplace) -> None:
    work.add_set("orders")
    report = extras.planned(package, {"prefix": "new-"})
    assert report["outcome"] == {"create": WHOLE}
    assert {name for _, name in steps(extras.items(report["id"]))} == {
        "new-orders",
        "new-orders-in",
        "new-orders-out",
        "new-orders-run",
    }
    assert {name for _, name, _ in found(report, "holes")} == {"new-orders-in", "new-orders-out"}


def test_every_refusal_is_a_finding_with_kind_name_code_sentence_and_advice(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    work.add_set("orders")
    before = assets_of(server)
    report = extras.planned(package)
    assert report["state"] == "succeeded"
    assert report["outcome"] == {"refuse": WHOLE}
    assert found(report) == [
        ("app", "orders", "ROMA.14011"),
        ("data_source", "orders-in", "ROMAPORT.3003"),
        ("data_source", "orders-out", "ROMAPORT.3003"),
        ("task", "orders-run", "ROMAPORT.3003"),
    ]
    assert {finding["advice"] for finding in report["findings"]["items"]} == {
        "Import with a prefix, or merge into what exists."
    }
    assert set(steps(extras.items(report["id"])).values()) == {"refuse"}
    # What a plan refuses an import refuses the same way.
    failed = extras.imported(package)
    assert (failed["state"], failed["outcome"]) == ("failed", {})
    assert failed["findings"] == report["findings"]
    assert assets_of(server) == before


def test_a_refusal_is_found_under_the_name_that_the_prefix_makes(extras: Extras) -> None:
    source, prefix = extras.work.add_set("orders-" + "y" * 40), "x" * 64
    report = extras.planned(extras.work.exported(source["app"]), {"prefix": prefix})
    # The longest name that a task may have is shorter than that.
    name = f"{prefix}orders-{'y' * 40}-run"
    assert found(report) == [("task", name, "ROMAPORT.4004")]
    assert steps(extras.items(report["id"]))["task", name] == "refuse"


def test_what_is_neither_in_the_package_nor_in_the_instance_is_a_finding(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, extras: Extras, there: dict[str, str]
) -> None:
    assert there
    package, _ = Extras(elsewhere).exported(select={"task": ["orders-run"]}, dependencies=False)
    before = assets_of(server)
    report = extras.planned(package)
    assert found(report) == [("task", "orders-run", "ROMAPORT.3004")] * 2
    sentences = sorted(finding["message"] for finding in report["findings"]["items"])
    assert "orders-in named by source_datasource_id" in sentences[0]
    assert "orders-out named by target_datasource_id" in sentences[1]
    assert assets_of(server) == before
    work.add_set("orders")
    assert extras.planned(package, MERGE)["outcome"] == {"keep": {"task": 1}}


# what is wrong at once


def test_a_plan_is_refused_where_its_import_would_be(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    before = server.written()
    said = refusal(extras.ask_plan(package, {"datasource_overwrite": "true"}), 400, "ROMA.13000")
    assert "works with type Merge only" in said["error_msg"]
    refusal(extras.ask_plan(package[:-30]), 400, "ROMA.10011")
    refusal(extras.ask_plan(package, {"type": "Other"}), 400, "ROMA.13000")
    assert (
        "package: the form needs a file"
        in refusal(extras.work.http.post(extras.at("assets/plan"), files={"values": (None, "{}")}), 400, "ROMA.13000")[
            "error_details"
        ]
    )
    assert (
        "is not a field of this form"
        in refusal(
            extras.work.http.post(extras.at("assets/plan"), files={"archive": ("a.zip", package)}), 400, "ROMA.13000"
        )["error_details"]
    )
    assert server.written() == before


# execution


def test_what_a_plan_says_is_what_its_execution_does(
    work: Workplace, elsewhere: Workplace, extras: Extras, there: dict[str, str]
) -> None:
    remark(work, work.add_set("orders")["app"], "old")
    elsewhere.add_source(there["app"], "late")
    package = elsewhere.exported(there["app"])
    plan = extras.planned(package, MERGE)
    assert plan["outcome"] == {
        "create": {"data_source": 1},
        "keep": {"data_source": 2, "task": 1},
        "update": {"app": 1},
    }
    job = extras.executed(plan["id"])
    assert (job["type"], job["state"], job["request"]["plan"]) == ("importAsset", "succeeded", plan["id"])
    assert job["outcome"] == {
        "created": {"data_source": 1},
        "kept": {"data_source": 2, "task": 1},
        "updated": {"app": 1},
    }
    assert job["holes"] == plan["holes"]
    # A merge leaves the target its own key.
    compared = extras.compared(work.instance_id, package)
    assert compared["outcome"] == {"differs": {"app": 1}, "same": {"data_source": 3, "task": 1}}
    assert [change["field"] for change in extras.items(compared["id"])[0]["changes"]] == ["key"]


def test_what_an_execution_writes_is_what_an_import_would_have_written(
    server: EmbeddedServer, extras: Extras, package: bytes, admin: Account
) -> None:
    third = Workplace(admin.http, server.instance())
    assert extras.executed(extras.planned(package)["id"])["state"] == "succeeded"
    assert third.imported(package)["status"] == "Success"
    assert extras.compared(extras.work.instance_id, third.instance_id)["outcome"] == {"same": WHOLE}


def test_an_execution_is_refused_with_the_difference_after_the_target_has_changed(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, extras: Extras, there: dict[str, str]
) -> None:
    here = work.add_set("orders")
    remark(elsewhere, there["app"], "new")
    plan = extras.planned(elsewhere.exported(there["app"]), MERGE)
    source_changed(work, here["in"], here["app"], "orders-in", host="mine.example")
    assert work.http.delete(work.fdi(f"tasks/{here['task']}")).status_code == 204
    remark(work, here["app"], "new")
    before = assets_of(server)
    report = extras.executed(plan["id"])
    assert report["state"] == "failed"
    assert assets_of(server) == before
    assert found(report) == [
        ("app", "orders", "ROMAPORT.2007"),
        ("data_source", "orders-in", "ROMAPORT.2007"),
        ("task", "orders-run", "ROMAPORT.2007"),
    ]
    assert {finding["name"]: finding["message"] for finding in report["findings"]["items"]} == {
        "orders": "The plan says update (remark), now it would be keep.",
        "orders-in": "The plan says keep, now it would be update (content.host, content.port, content.user_name).",
        "orders-run": "The plan says keep, now it would be create.",
    }
    assert {finding["advice"] for finding in report["findings"]["items"]} == {"Make a new plan and look at it."}


def test_a_change_that_was_changed_back_outdates_a_plan_too(extras: Extras, work: Workplace, package: bytes) -> None:
    here = work.add_set("orders")
    plan = extras.planned(package, MERGE)
    remark(work, here["app"], "for a moment")
    assert work.http.put(work.roma(f"apps/{here['app']}"), json={"remark": ""}).status_code == 200
    report = extras.executed(plan["id"])
    assert found(report) == [("app", "orders", "ROMAPORT.2007")]


def test_names_taken_since_are_said_with_the_difference(
    server: EmbeddedServer, extras: Extras, work: Workplace, package: bytes
) -> None:
    plan = extras.planned(package)
    work.add_app("orders")
    before = assets_of(server)
    assert found(extras.executed(plan["id"])) == [
        ("app", "orders", "ROMA.14011"),
        ("app", "orders", "ROMAPORT.2007"),
    ]
    assert assets_of(server) == before


def test_an_execution_ends_the_plan_and_a_rollback_brings_it_back(extras: Extras, package: bytes) -> None:
    plan = extras.planned(package)
    job = extras.executed(plan["id"])
    again = extras.executed(plan["id"])
    assert again["state"] == "failed"
    assert {code for _, _, code in found(again)} == {"ROMA.14011", "ROMAPORT.2007", "ROMAPORT.3003"}
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    # The instance is as the plan has seen it.
    assert extras.executed(plan["id"])["state"] == "succeeded"


def test_what_belongs_to_another_place_does_not_outdate_a_plan(extras: Extras, work: Workplace, package: bytes) -> None:
    plan = extras.planned(package)
    work.add_set("meanwhile")
    assert extras.executed(plan["id"])["state"] == "succeeded"


# what cannot be executed


def test_a_plan_with_refusals_cannot_be_executed_and_its_package_is_not_kept(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    work.add_set("orders")
    plan = extras.planned(package)
    server.drain()
    assert plan["kept_until"] is None
    assert not (server.data / "store" / "uploads" / f"{plan['id']}.zip").exists()
    said = refusal(extras.ask_execution(plan["id"]), 409, "ROMAPORT.2006")
    assert "it has 4 refusals, which its report lists" in said["error_msg"]


def test_only_a_plan_that_is_done_can_be_executed(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    imported = extras.imported(package, {"prefix": "x-"})
    assert "it is no plan" in refusal(extras.ask_execution(imported["id"]), 409, "ROMAPORT.2006")["error_msg"]
    with server.gates.held("planAsset.started") as reached:
        started = extras.ask_plan(package)
        assert reached.wait(30)
        said = refusal(extras.ask_execution(started.json()["job_id"]), 409, "ROMAPORT.2006")
        assert "it is not done" in said["error_msg"]
    extras.told(started)


def test_a_plan_is_kept_for_its_time_with_its_package_and_no_longer(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    plan = extras.planned(package)
    upload = server.data / "store" / "uploads" / f"{plan['id']}.zip"
    server.clock.advance(DAY_SECONDS - 1)
    swept(server)
    assert upload.exists()
    server.clock.advance(1)
    said = refusal(extras.ask_execution(plan["id"]), 409, "ROMAPORT.2006")
    assert "no longer kept" in said["error_msg"]
    swept(server)
    assert not upload.exists()
    refusal(extras.ask_execution(plan["id"]), 409, "ROMAPORT.2006")
    assert extras.report(plan["id"])["outcome"] == plan["outcome"]
    assert len(extras.items(plan["id"])) == 4


def test_an_execution_that_has_begun_keeps_the_package_of_its_plan(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    plan = extras.planned(package)
    with server.gates.held("importAsset.started") as reached:
        started = extras.ask_execution(plan["id"])
        assert reached.wait(30)
        server.clock.advance(DAY_SECONDS)
        swept(server)
    assert extras.told(started)["state"] == "succeeded"
    server.drain()
    swept(server)
    assert not (server.data / "store" / "uploads" / f"{plan['id']}.zip").exists()


def swept(server: EmbeddedServer) -> None:
    """Sweep as if every stored file were old: the clock of the files is the machine's, not the test's."""
    for path in (server.data / "store").rglob("*.zip"):
        os.utime(path, (0, 0))
    sweep(server.system.parts.desk, grace=timedelta(hours=1))


# who


def test_plans_of_others_and_of_other_places_do_not_exist(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, ann: Account, ben: Account, package: bytes
) -> None:
    anns = Extras(Workplace(ann.http, work.instance_id))
    plan = anns.planned(package)
    bens = Extras(Workplace(ben.http, work.instance_id))
    foreign = server.account("Tenant Administrator", project_id=server.other_project_id)
    limited = server.account("ROMA ReadOnlyAccess")
    before = server.written()
    for asked in (
        bens.ask_execution(plan["id"]),
        Extras(elsewhere).ask_execution(plan["id"]),
        bens.ask_items(plan["id"]),
    ):
        refusal(asked, 404, "ROMAPORT.2001")
    refusal(anns.ask_execution("0" * 32), 404, "ROMAPORT.2001")
    abroad = Extras(Workplace(foreign.http, work.instance_id))
    refusal(abroad.ask_execution(plan["id"]), 404, "ROMAPORT.1201")
    refusal(abroad.ask_plan(package), 404, "ROMAPORT.1201")
    reader = Extras(Workplace(limited.http, work.instance_id))
    assert "roma:assets:plan" in refusal(reader.ask_plan(package), 403, "ROMA.1006")["error_details"]
    assert "roma:assets:import" in refusal(reader.ask_execution(plan["id"]), 403, "ROMA.1006")["error_details"]
    assert server.written() == before
    assert anns.executed(plan["id"])["state"] == "succeeded"


def test_one_plan_and_one_execution_at_a_time(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    plan = extras.planned(package)
    with server.gates.held("planAsset.started") as reached:
        started = extras.ask_plan(package)
        assert reached.wait(30)
        refusal(extras.ask_plan(package), 400, "ROMA.10012")
        # Of another type, and so not in its way.
        assert extras.executed(plan["id"])["state"] == "succeeded"
    extras.told(started)
    with server.gates.held("importAsset.started") as reached:
        started = extras.ask_execution(plan["id"])
        assert reached.wait(30)
        refusal(extras.ask_execution(plan["id"]), 400, "ROMA.10012")
    extras.told(started)


# pages


def test_items_come_in_pages_and_by_step(extras: Extras, work: Workplace, elsewhere: Workplace) -> None:
    for number in range(7):
        elsewhere.add_app(f"app-{number}", remark="new")
        if number < 3:
            work.add_app(f"app-{number}")
    package, _ = Extras(elsewhere).exported(everything=True)
    assert len(lines_of(package, "app")) == 7
    plan = extras.planned(package, MERGE)
    pages = [extras.ask_items(plan["id"], offset=offset, limit=3).json() for offset in (0, 3, 6, 9)]
    assert [(page["total"], page["size"]) for page in pages] == [(7, 3), (7, 3), (7, 1), (7, 0)]
    names = [item["name"] for page in pages for item in page["items"]]
    assert names == [f"app-{number}" for number in range(7)]
    assert [item["name"] for item in extras.items(plan["id"], step="update")] == names[:3]
    assert [item["name"] for item in extras.items(plan["id"], step="update,create")] == names
    assert extras.ask_items(plan["id"], step="create", limit=0).json() == {"total": 4, "size": 0, "items": []}
    assert extras.items(plan["id"], step="refuse") == []
    for wrong in ({"limit": 1001}, {"limit": -1}, {"offset": -1}, {"limit": "many"}):
        refusal(extras.ask_items(plan["id"], **wrong), 400, "ROMA.13000")
