"""Rollbacks that are refused: what stands in the way is said, all of it, and nothing is done."""

import pytest
from tests.contract.apis import add_api, add_group
from tests.contract.extras import (
    MERGE,
    Extras,
    altered,
    assets_of,
    change_source,
    found,
    named,
    remark,
    scheduled,
    share,
)
from tests.contract.workplace import Workplace
from tests.support.embedded import Account, EmbeddedServer


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    return scheduled(elsewhere)


def test_what_was_edited_since_is_listed_and_nothing_is_done(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, admin: Account
) -> None:
    old = work.add_set("billing")
    job = extras.imported(package)
    assert job["state"] == "succeeded"
    app = named(work, "orders")
    remark(work, app)
    remark(work, old["app"])
    sources = work.http.get(work.fdi("datasources")).json()["entities"]
    source = next(source for source in sources if source["app_name"] == "orders")
    change_source(work, source["datasource_id"], app, source["datasource_name"], host="other")
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
    made = altered(work, ben)
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
    made = altered(work, ben)
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


def test_a_path_that_another_api_has_by_now_is_listed_even_when_overwriting(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, extras: Extras
) -> None:
    _, group = add_group(work)
    add_api(work, group, "list-orders", "/orders")
    app, other = add_group(elsewhere)
    add_api(elsewhere, other, "list-orders", "/moved")
    job = extras.imported(elsewhere.exported(app), MERGE)
    assert job["outcome"]["updated"] == {"api": 1}
    add_api(work, group, "all-orders", "/orders")
    before = assets_of(server)
    for overwrite in (False, True):
        report = extras.rolled_back(job["id"], overwrite=overwrite)
        assert found(report) == [("api", "orders / Shop / list-orders", "APIG.3301")]
        assert assets_of(server) == before
