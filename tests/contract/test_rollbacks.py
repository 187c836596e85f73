"""Rollbacks: after one, every row is as it was before the job; what stands in the way is said, all of it."""

from datetime import timedelta

import pytest
from tests.contract.apis import add_api, add_group
from tests.contract.extras import MERGE, Extras, altered, assets_of, found, named, remark, scheduled, share
from tests.contract.workplace import Workplace, lines_of, refusal
from tests.support.embedded import Account, EmbeddedServer

from romaport.assets import sweep

WEEK_SECONDS = 604_800


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    return scheduled(elsewhere)


# an import that is taken back


def test_an_import_taken_back_leaves_every_row_as_it_was(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, ben: Account
) -> None:
    altered(work, ben)
    before = assets_of(server)
    job = extras.imported(package, {"prefix": "new-"})
    assert job["outcome"] == {"created": {"app": 1, "data_source": 2, "schedule": 1, "task": 1}}
    report = extras.rolled_back(job["id"])
    assert report["state"] == "succeeded", report
    assert report["outcome"] == {"removed": {"app": 1, "data_source": 2, "schedule": 1, "task": 1}, "restored": {}}
    assert assets_of(server) == before
    assert extras.report(job["id"])["rolled_back_by"] == report["id"]


def test_a_merge_taken_back_restores_secrets_holes_references_members_and_unique_values(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, ben: Account
) -> None:
    made = altered(work, ben)
    before = assets_of(server)
    values = {
        "app": {"orders": {"secret": "given-secret"}},
        "data_source": {"orders-in": {"content.password": "given"}},
    }
    job = extras.imported(package, MERGE, values=values)
    assert job["outcome"] == {
        "created": {"schedule": 1},
        "kept": {"data_source": 1},
        "updated": {"app": 1, "data_source": 1, "task": 1},
    }
    assert work.http.get(work.roma(f"apps/{made['app']}/secret")).json()["secret"] == "given-secret"
    report = extras.rolled_back(job["id"])
    assert report["state"] == "succeeded", report
    assert report["outcome"] == {
        "removed": {"schedule": 1},
        "restored": {"app": 1, "data_source": 1, "task": 1},
    }
    assert assets_of(server) == before


def test_holes_that_a_merge_made_known_are_as_before_after_a_rollback(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    app = work.add_app("orders")["id"]
    work.add_source(app, "orders-in", content={"host": "db.acme.example", "port": "3306", "user_name": "reader"})
    before = assets_of(server)
    job = extras.imported(package, MERGE)
    assert ("data_source", "orders-in", "ROMAPORT.4101") in found(job, "holes")
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    assert assets_of(server) == before


def test_an_import_that_changed_nothing_is_taken_back_as_nothing(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    extras.imported(package)
    before = assets_of(server)
    job = extras.imported(package, MERGE)
    assert set(job["outcome"]) == {"kept"}
    report = extras.rolled_back(job["id"])
    assert (report["state"], report["outcome"]) == ("succeeded", {"removed": {}, "restored": {}})
    assert assets_of(server) == before


# a deletion that is taken back


def test_a_deletion_taken_back_leaves_every_row_as_it_was(
    server: EmbeddedServer, work: Workplace, extras: Extras, ben: Account
) -> None:
    made = altered(work, ben)
    before = assets_of(server)
    job = extras.deleted(made["app"], made["other"])
    assert work.names() == {"apps": [], "sources": [], "tasks": []}
    report = extras.rolled_back(job["id"])
    assert report["state"] == "succeeded", report
    assert report["outcome"] == {"removed": {}, "restored": {"app": 2, "data_source": 2, "task": 1}}
    assert assets_of(server) == before


def test_a_user_who_is_gone_is_no_member_of_what_comes_back(
    server: EmbeddedServer, work: Workplace, extras: Extras
) -> None:
    gone, stays = server.account("ROMA FullAccess"), server.account("ROMA FullAccess")
    app = work.add_app("shared")["id"]
    share(work, app, gone, stays)
    job = extras.deleted(app)
    server.directory.remove_user(gone.id)
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    users = work.http.get(work.roma(f"apps/{app}/users")).json()["users"]
    assert [user["id"] for user in users] == [stays.id]


def test_a_deletion_is_taken_back_though_others_have_worked_elsewhere(
    work: Workplace, extras: Extras, ben: Account
) -> None:
    made = altered(work, ben)
    job = extras.deleted(made["app"])
    work.add_set("meanwhile")
    remark(work, made["other"])
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    assert work.names()["apps"] == ["billing", "meanwhile", "orders"]


# one after another


def test_a_job_is_taken_back_once(extras: Extras, package: bytes) -> None:
    job = extras.imported(package)
    first = extras.rolled_back(job["id"])
    said = refusal(extras.ask_rollback(job["id"]), 409, "ROMAPORT.2004")
    assert first["id"] in said["error_msg"]
    refusal(extras.ask_rollback(first["id"]), 409, "ROMAPORT.2004")


def test_an_older_import_is_taken_back_after_a_newer_one_was(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, elsewhere: Workplace
) -> None:
    empty = assets_of(server)
    older = extras.imported(package)
    between = assets_of(server)
    remark(elsewhere, named(elsewhere, "orders"), "newer")
    before = assets_of(server)
    newer = extras.imported(elsewhere.exported(named(elsewhere, "orders")), MERGE)
    assert newer["outcome"]["updated"] == {"app": 1}
    assert found(extras.rolled_back(older["id"])) == [("app", "orders", "ROMAPORT.2005")]
    assert extras.rolled_back(newer["id"])["state"] == "succeeded"
    assert assets_of(server) == before
    assert extras.rolled_back(older["id"])["state"] == "succeeded"
    remark(elsewhere, named(elsewhere, "orders"), "")
    assert between != empty
    assert work.names() == {"apps": [], "sources": [], "tasks": []}


def test_a_deletion_of_what_was_imported_is_taken_back_and_then_the_import(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    empty = assets_of(server)
    imported = extras.imported(package)
    before = assets_of(server)
    deleted = extras.deleted(named(work, "orders"))
    assert extras.rolled_back(deleted["id"])["state"] == "succeeded"
    assert assets_of(server) == before
    assert extras.rolled_back(imported["id"])["state"] == "succeeded"
    assert assets_of(server) == empty


def test_an_executed_plan_is_taken_back_like_any_import(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    before = assets_of(server)
    job = extras.executed(extras.planned(package)["id"])
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    assert assets_of(server) == before


def test_names_that_were_swapped_since_are_swapped_back_when_overwriting(
    server: EmbeddedServer, work: Workplace, extras: Extras, elsewhere: Workplace
) -> None:
    left, right = work.add_app("left", key="left-key")["id"], work.add_app("right")["id"]
    package = elsewhere.exported(*(elsewhere.add_app(name, remark="new")["id"] for name in ("left", "right")))
    before = assets_of(server)
    job = extras.imported(package, MERGE)
    for app, name in ((left, "spare"), (right, "left"), (left, "right")):
        assert work.http.put(work.roma(f"apps/{app}"), json={"name": name}).status_code == 200
    assert {code for _, _, code in found(extras.rolled_back(job["id"]))} == {"ROMAPORT.2005"}
    assert extras.rolled_back(job["id"], overwrite=True)["state"] == "succeeded"
    assert assets_of(server) == before


def test_a_part_whose_owner_was_renamed_since_keeps_the_name_of_its_owner(
    work: Workplace, extras: Extras, package: bytes
) -> None:
    extras.imported(package)
    task = work.http.get(work.fdi("tasks")).json()["entities"][0]["task_id"]
    body = {"period": "HOUR", "dispatch_interval": 2}
    dispatch = work.http.get(work.fdi(f"tasks/{task}/dispatches")).json()["dispatch_id"]
    assert work.http.put(work.fdi(f"tasks/{task}/dispatches/{dispatch}"), json=body).status_code == 200
    job = extras.imported(package, MERGE)
    assert job["outcome"]["updated"] == {"schedule": 1}
    shown = work.http.get(work.fdi(f"tasks/{task}")).json()
    fields = ("task_type", "source_datasource_id", "target_datasource_id")
    renamed = {"task": {name: shown["task"][name] for name in fields} | {"task_name": "renamed"}}
    answer = work.http.put(work.fdi(f"tasks/{task}"), json=renamed | {"task_detail": shown["task_detail"]})
    assert answer.status_code == 200, answer.text
    assert extras.rolled_back(job["id"], overwrite=True)["state"] == "succeeded"
    assert work.http.get(work.fdi(f"tasks/{task}/dispatches")).json()["period"] == "HOUR"
    package, _ = extras.exported(everything=True)
    assert [line["key"] for line in lines_of(package, "schedule")] == [["renamed"]]


def test_what_an_application_scopes_follows_its_name_when_overwriting(
    work: Workplace, elsewhere: Workplace, extras: Extras
) -> None:
    app, group = add_group(work)
    add_api(work, group, "list-orders", "/orders")
    package = elsewhere.exported(elsewhere.add_app("orders", remark="new")["id"])
    job = extras.imported(package, MERGE)
    assert job["outcome"] == {"updated": {"app": 1}}
    assert work.http.put(work.roma(f"apps/{app}"), json={"name": "sales"}).status_code == 200
    assert extras.rolled_back(job["id"], overwrite=True)["state"] == "succeeded"
    whole, _ = extras.exported(everything=True)
    assert [line["key"] for line in lines_of(whole, "api_group")] == [["orders", "Shop"]]
    assert [line["key"] for line in lines_of(whole, "api")] == [["orders", "Shop", "list-orders"]]


# how long


def test_what_is_no_longer_kept_is_neither_taken_back_nor_there(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, ben: Account
) -> None:
    altered(work, ben)
    before = assets_of(server)
    job = extras.imported(package, MERGE)
    assert assets_of(server)["kept_assets"] != before["kept_assets"]
    assert job["kept_until"] is not None
    server.clock.advance(WEEK_SECONDS - 1)
    sweep(server.system.parts.desk, grace=timedelta(0))
    assert extras.report(job["id"])["kept_until"] == job["kept_until"]
    server.clock.advance(1)
    said = refusal(extras.ask_rollback(job["id"]), 409, "ROMAPORT.2004")
    assert "no longer kept" in said["error_msg"]
    sweep(server.system.parts.desk, grace=timedelta(0))
    kept = [name for name in before if name.startswith("kept_")]
    assert {name: assets_of(server)[name] for name in kept} == {name: [] for name in kept}
    assert extras.report(job["id"])["kept_until"] is None
    refusal(extras.ask_rollback(job["id"]), 409, "ROMAPORT.2004")


def test_a_rollback_that_waited_too_long_is_refused_as_a_whole(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    job = extras.imported(package)
    with server.gates.held("rollbackAsset.started") as reached:
        started = extras.ask_rollback(job["id"])
        assert reached.wait(30)
        server.clock.advance(WEEK_SECONDS)
        sweep(server.system.parts.desk, grace=timedelta(0))
        before = assets_of(server)
    report = extras.told(started)
    assert (report["state"], found(report)) == ("failed", [("job", report["id"], "ROMAPORT.2004")])
    assert assets_of(server) == before
    assert work.names()["apps"] == ["orders"]


# who, and which jobs


def test_only_what_changed_something_is_taken_back(extras: Extras, work: Workplace, package: bytes) -> None:
    app = work.add_app()["id"]
    jobs = {
        "only imports and deletions": work.settled(work.export({"apps": [{"id": app}]}))["id"],
        "only imports and deletions ": extras.planned(package, MERGE)["id"],
        "it changed nothing": extras.imported(package)["id"],
    }
    for reason, job_id in jobs.items():
        said = refusal(extras.ask_rollback(job_id), 409, "ROMAPORT.2004")
        assert reason.strip() in said["error_msg"], said


def test_a_job_that_runs_cannot_be_taken_back(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    with server.gates.held("import.staged") as reached:
        started = extras.ask_import(package)
        assert reached.wait(30)
        said = refusal(extras.ask_rollback(started.json()["job_id"]), 409, "ROMAPORT.2004")
        assert "still running" in said["error_msg"]
    assert extras.told(started)["state"] == "succeeded"


def test_jobs_of_others_and_of_other_places_do_not_exist(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, ann: Account, ben: Account, package: bytes
) -> None:
    anns = Extras(Workplace(ann.http, work.instance_id))
    job = anns.imported(package)
    before = server.written()
    bens, there = Extras(Workplace(ben.http, work.instance_id)), Extras(elsewhere)
    foreign = server.account("Tenant Administrator", project_id=server.other_project_id)
    for asked in (bens.ask_rollback(job["id"]), there.ask_rollback(job["id"]), anns.ask_rollback("0" * 32)):
        refusal(asked, 404, "ROMAPORT.2001")
    refusal(Extras(Workplace(foreign.http, work.instance_id)).ask_rollback(job["id"]), 404, "ROMAPORT.1201")
    limited = server.account("ROMA ReadOnlyAccess")
    said = refusal(Extras(Workplace(limited.http, work.instance_id)).ask_rollback(job["id"]), 403, "ROMA.1006")
    assert "roma:assets:rollback" in said["error_details"]
    after = server.written()
    assert {name for name in before if before[name] != after[name]} <= {"users", "grants"}
    # An administrator may do for a user what the user could.
    assert Extras(work).rolled_back(job["id"])["state"] == "succeeded"


def test_one_rollback_at_a_time(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    job = extras.imported(package)
    with server.gates.held("rollbackAsset.started") as reached:
        started = extras.ask_rollback(job["id"])
        assert reached.wait(30)
        refusal(extras.ask_rollback(job["id"]), 400, "ROMA.10012")
    assert extras.told(started)["state"] == "succeeded"


@pytest.mark.parametrize("body", [b"[]", b'{"overwrite": "yes"}', b'{"other": 1}', b"{"])
def test_a_body_that_is_no_rollback_is_refused(
    server: EmbeddedServer, extras: Extras, package: bytes, body: bytes
) -> None:
    job = extras.imported(package)
    before = server.written()
    refusal(extras.work.http.post(extras.at(f"jobs/{job['id']}/rollback"), content=body), 400, "ROMA.13000")
    assert server.written() == before
