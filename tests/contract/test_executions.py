"""Executions of plans: what happens is what was said, or nothing, with the difference."""

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, change_source, found, remark, swept
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import Account, EmbeddedServer

DAY_SECONDS = 86_400
WHOLE = {"app": 1, "data_source": 2, "task": 1}


@pytest.fixture
def there(elsewhere: Workplace) -> dict[str, str]:
    """An application with two data sources and a task in another instance: ids by role."""
    return elsewhere.add_set("orders")


@pytest.fixture
def package(elsewhere: Workplace, there: dict[str, str]) -> bytes:
    return elsewhere.exported(there["app"])


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
    change_source(work, here["in"], here["app"], "orders-in", host="mine.example")
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
    assert f"uploads/{plan['id']}.zip" not in server.kept.packages.names()
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
    upload = f"uploads/{plan['id']}.zip"
    server.clock.advance(DAY_SECONDS - 1)
    swept(server)
    assert upload in server.kept.packages.names()
    server.clock.advance(1)
    said = refusal(extras.ask_execution(plan["id"]), 409, "ROMAPORT.2006")
    assert "no longer kept" in said["error_msg"]
    swept(server)
    assert upload not in server.kept.packages.names()
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
    assert f"uploads/{plan['id']}.zip" not in server.kept.packages.names()


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
