"""Rollbacks: after one, every row is as it was before the job; what stands in the way is said, all of it."""

from datetime import timedelta

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, found
from tests.contract.workplace import Workplace, lines_of, refusal
from tests.support.embedded import Account, EmbeddedServer

from romaport.assets import sweep

WEEK_SECONDS = 604_800


@pytest.fixture
def extras(work: Workplace) -> Extras:
    return Extras(work)


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    """An application with two data sources, a task and its schedule, exported."""
    made = elsewhere.add_set("orders")
    schedule = {"period": "DAY", "dispatch_interval": 1}
    answer = elsewhere.http.post(elsewhere.fdi(f"tasks/{made['task']}/dispatches"), json=schedule)
    assert answer.status_code == 200, answer.text
    return elsewhere.exported(made["app"])


def share(work: Workplace, app_id: str, *users: Account, roles: tuple[str, ...] = ("read",)) -> None:
    body = {"users": [{"id": user.id, "roles": list(roles)} for user in users]}
    assert work.http.put(work.roma(f"apps/{app_id}/users"), json=body).status_code == 200


def remark(work: Workplace, app_id: str, text: str = "mine now") -> None:
    assert work.http.put(work.roma(f"apps/{app_id}"), json={"remark": text}).status_code == 200


def named(work: Workplace, name: str) -> str:
    """Answer the id of an application."""
    apps = work.http.get(work.roma("apps"), params={"name": name}).json()["apps"]
    return next(str(app["id"]) for app in apps if app["name"] == name)


def filled(work: Workplace, ben: Account) -> dict[str, str]:
    """Make an instance that has what the package has, but otherwise: other fields, other ends, members, own secrets."""
    made = work.add_set("orders")
    remark(work, made["app"], "before the import")
    share(work, made["app"], ben, roles=("read", "modify"))
    other = work.add_app("billing")["id"]
    turned = {"task_name": "orders-run", "task_type": "TIMING", "task_detail": '{"old":1}'}
    turned |= {"source_datasource_id": made["out"], "target_datasource_id": made["in"]}
    body = {
        "task": {name: value for name, value in turned.items() if name != "task_detail"},
        "task_detail": '{"old":1}',
    }
    assert work.http.put(work.fdi(f"tasks/{made['task']}"), json=body).status_code == 200
    return made | {"other": other}


# an import that is taken back


def test_an_import_taken_back_leaves_every_row_as_it_was(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, ben: Account
) -> None:
    filled(work, ben)
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
    made = filled(work, ben)
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
    made = filled(work, ben)
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
    made = filled(work, ben)
    job = extras.deleted(made["app"])
    work.add_set("meanwhile")
    remark(work, made["other"])
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    assert work.names()["apps"] == ["billing", "meanwhile", "orders"]


# what stands in the way


def test_what_was_edited_since_is_listed_and_nothing_is_done(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, admin: Account
) -> None:
    old = work.add_set("billing")
    job = extras.imported(package)
    assert job["state"] == "succeeded"
    app = named(work, "orders")
    remark(work, app)
    remark(work, old["app"])
    source = next(
        source for source in work.http.get(work.fdi("datasources")).json()["entities"] if source["app_name"] == "orders"
    )
    content = {"host": "other", "password": "changed"}
    body = {"datasource_name": source["datasource_name"], "datasource_type": "MYSQL", "app_id": app, "content": content}
    answer = work.http.put(work.fdi(f"datasources/{source['datasource_id']}"), json=body)
    assert answer.status_code == 200, answer.text
    before = assets_of(server)
    report = extras.rolled_back(job["id"])
    assert report["state"] == "failed"
    assert found(report) == [
        ("app", "orders", "ROMAPORT.2005"),
        ("data_source", source["datasource_name"], "ROMAPORT.2005"),
    ]
    assert all(f"changed by {admin.name} at 2026-" in item["message"] for item in report["findings"]["items"])
    assert all("overwrite" in item["advice"] for item in report["findings"]["items"])
    assert assets_of(server) == before
    assert extras.rolled_back(job["id"], overwrite=True)["state"] == "succeeded"
    assert work.names()["apps"] == ["billing"]


def test_a_new_member_is_a_change_too(work: Workplace, extras: Extras, package: bytes, ben: Account) -> None:
    job = extras.imported(package)
    share(work, named(work, "orders"), ben)
    assert found(extras.rolled_back(job["id"])) == [("app", "orders", "ROMAPORT.2005")]


def test_a_new_secret_is_a_change_too(work: Workplace, extras: Extras, package: bytes) -> None:
    job = extras.imported(package)
    app = named(work, "orders")
    assert work.http.put(work.roma(f"apps/{app}/secret"), json={}).status_code == 200
    assert found(extras.rolled_back(job["id"])) == [("app", "orders", "ROMAPORT.2005")]


def test_what_a_merge_changed_and_somebody_deleted_since_is_listed(
    work: Workplace, extras: Extras, package: bytes, ben: Account
) -> None:
    made = filled(work, ben)
    job = extras.imported(package, MERGE)
    assert work.http.delete(work.fdi(f"tasks/{made['task']}")).status_code == 204
    report = extras.rolled_back(job["id"])
    assert found(report) == [("task", "orders-run", "ROMAPORT.2005")]
    assert "has been deleted since" in report["findings"]["items"][0]["message"]
    assert extras.rolled_back(job["id"], overwrite=True)["state"] == "succeeded"
    task = work.http.get(work.fdi(f"tasks/{made['task']}")).json()["task"]
    assert (task["task_id"], task["source_datasource_id"]) == (made["task"], made["out"])


def test_what_was_put_into_an_imported_application_is_not_lost_unasked(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    job = extras.imported(package)
    work.add_source(named(work, "orders"), "late")
    before = assets_of(server)
    report = extras.rolled_back(job["id"])
    assert found(report) == [("app", "orders", "ROMAPORT.3005")]
    assert "data source late" in report["findings"]["items"][0]["message"]
    assert assets_of(server) == before
    overwritten = extras.rolled_back(job["id"], overwrite=True)
    assert overwritten["outcome"]["removed"]["data_source"] == 3
    assert work.names() == {"apps": [], "sources": [], "tasks": []}


def test_a_task_of_another_application_that_uses_what_was_imported_stays_in_the_way(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    other = work.add_set("billing")
    job = extras.imported(package)
    sources = work.http.get(work.fdi("datasources")).json()["entities"]
    used = next(source["datasource_id"] for source in sources if source["datasource_name"] == "orders-in")
    work.add_task(used, other["out"], "crossing")
    before = assets_of(server)
    for overwrite in (False, True):
        report = extras.rolled_back(job["id"], overwrite=overwrite)
        assert report["state"] == "failed" or overwrite
        if not overwrite:
            assert found(report) == [("data_source", "orders-in", "ROMAPORT.3005")]
            assert assets_of(server) == before
    # The task belongs to the imported application as well, so whoever overwrites loses it.
    assert work.names()["tasks"] == ["billing-run"]


def test_names_that_were_taken_since_are_listed_even_when_overwriting(
    server: EmbeddedServer, work: Workplace, extras: Extras, ben: Account
) -> None:
    made = filled(work, ben)
    key = work.http.get(work.roma(f"apps/{made['app']}")).json()["key"]
    job = extras.deleted(made["app"])
    app = work.add_app("orders")["id"]
    work.add_source(app, "orders-in")
    work.add_app("key-holder", key=key)
    before = assets_of(server)
    for overwrite in (False, True):
        report = extras.rolled_back(job["id"], overwrite=overwrite)
        assert report["state"] == "failed"
        assert found(report) == [
            ("app", "orders", "ROMA.14011"),
            ("app", "orders", "ROMA.14012"),
            ("data_source", "orders-in", "ROMAPORT.3003"),
        ]
        assert assets_of(server) == before


def test_targets_that_were_lost_since_are_listed_even_when_overwriting(
    server: EmbeddedServer, work: Workplace, extras: Extras
) -> None:
    made = work.add_set("orders")
    job = extras.deleted(tasks=[made["task"]])
    assert work.http.delete(work.fdi(f"datasources/{made['in']}")).status_code == 204
    before = assets_of(server)
    for overwrite in (False, True):
        report = extras.rolled_back(job["id"], overwrite=overwrite)
        assert found(report) == [("task", "orders-run", "ROMAPORT.3004")]
        assert "source_datasource_id" in report["findings"]["items"][0]["message"]
        assert assets_of(server) == before


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


# how long


def test_what_is_no_longer_kept_is_neither_taken_back_nor_there(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, ben: Account
) -> None:
    filled(work, ben)
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
