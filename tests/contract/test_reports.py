"""The report of a job: who, when, how much of what, every finding, hole and note in pages, the download's receipt."""

import hashlib
from typing import Any

import pytest
from tests.contract.extras import MERGE, Extras, found, scheduled
from tests.contract.handmade import handmade
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import Account, EmbeddedServer

from romaport.packages import encode_entry

FIELDS = [
    "id",
    "type",
    "state",
    "user",
    "begin_time",
    "end_time",
    "duration_seconds",
    "progress_percent",
    "starts",
    "request",
    "counts",
    "outcome",
    "kept_until",
    "rolled_back_by",
    "findings",
    "holes",
    "notes",
    "archive",
]
EMPTY = {"total": 0, "size": 0, "items": []}


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    return scheduled(elsewhere)


def test_the_report_of_an_import_says_who_when_what_and_how_much(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, admin: Account
) -> None:
    started_at = server.clock.now
    with server.gates.held("import.staged") as reached:
        started = extras.ask_import(package, {"prefix": "new-"})
        assert reached.wait(30)
        running = extras.report(started.json()["job_id"])
        server.clock.advance(2.5)
    report = extras.told(started)
    assert list(report) == FIELDS
    assert (running["state"], running["end_time"], running["outcome"]) == ("running", None, {})
    assert 0 < running["progress_percent"] < 1
    begun = started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert report["begin_time"] == begun
    assert report["end_time"] > begun
    assert report["duration_seconds"] == 2.5
    assert report["user"] == {"id": admin.id, "name": admin.name}
    assert (report["type"], report["state"], report["starts"]) == ("importAsset", "succeeded", 1)
    assert report["request"] == {"merges": False, "prefix": "new-", "datasource_overwrite": False}
    assert report["counts"] == {
        kind: {"done": number, "total": number}
        for kind, number in {"app": 1, "data_source": 2, "schedule": 1, "task": 1}.items()
    }
    assert report["outcome"] == {"created": {"app": 1, "data_source": 2, "schedule": 1, "task": 1}}
    assert (report["findings"], report["notes"], report["archive"]) == (EMPTY, EMPTY, None)
    assert found(report, "holes") == [
        ("data_source", "new-orders-in", "ROMAPORT.4101"),
        ("data_source", "new-orders-out", "ROMAPORT.4101"),
    ]
    assert report["kept_until"] is not None
    assert report["rolled_back_by"] is None
    assert work.progress(report["id"]).json()["status"] == "Success"


def test_the_report_of_an_export_has_the_receipt_of_its_download(
    server: EmbeddedServer, work: Workplace, extras: Extras, admin: Account
) -> None:
    app = work.add_app()["id"]
    job_id = work.settled(work.export({"apps": [{"id": app}]}))["id"]
    offered = extras.report(job_id)
    receipt = offered["archive"]
    assert (offered["state"], offered["outcome"]) == ("succeeded", {"exported": {"app": 1}})
    assert (receipt["taken_at"], receipt["taken_by"]) == (None, None)
    content = work.download(receipt["id"]).content
    assert (receipt["size_bytes"], receipt["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    taken = extras.report(job_id)
    assert taken["state"] == "finished"
    assert taken["archive"]["taken_at"] == server.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert taken["archive"]["taken_by"] == admin.name
    assert taken["kept_until"] is None


def test_the_receipt_of_an_archive_that_expired_says_that_nobody_took_it(
    server: EmbeddedServer, work: Workplace, extras: Extras
) -> None:
    job_id = work.settled(work.export({"apps": [{"id": work.add_app()["id"]}]}))["id"]
    server.clock.advance(86_401)
    receipt = extras.report(job_id)["archive"]
    assert receipt["expires_at"] < server.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert receipt["taken_at"] is None


def test_a_refused_deletion_reports_that_nothing_was_done(work: Workplace, extras: Extras) -> None:
    made, other = work.add_set("orders"), work.add_set("billing")
    work.add_task(made["in"], other["out"], "crossing")
    report = extras.deleted(made["app"])
    assert report["state"] == "failed"
    assert found(report) == [("data_source", "orders-in", "ROMAPORT.3005")]
    assert report["outcome"] == {}
    assert {counts["done"] for counts in report["counts"].values()} == {0}
    assert report["kept_until"] is None


def test_every_finding_can_be_read_in_pages_while_the_wire_shows_ten(work: Workplace, extras: Extras) -> None:
    # The body of each lacks fields, it lacks a reference, and the other one leads nowhere.
    lines = [encode_entry((f"task-{number:03}",), "{}", {"source_datasource_id": ("no",)}) for number in range(130)]
    job = extras.imported(handmade(task=lines))
    assert job["state"] == "failed"
    pages = [extras.report(job["id"], offset=offset, limit=150)["findings"] for offset in (0, 150, 300, 450)]
    assert [(page["total"], page["size"]) for page in pages] == [(390, 150), (390, 150), (390, 90), (390, 0)]
    items = [item for page in pages for item in page["items"]]
    assert {(item["kind"], item["name"]) for item in items} == {("task", f"task-{n:03}") for n in range(130)}
    assert all(list(item) == ["kind", "name", "code", "message", "advice"] for item in items)
    assert len({(item["name"], item["message"]) for item in items}) == 390
    reasons = work.progress(job["id"]).json()["reasons"]
    assert [(reason["resource_name"], reason["error_code"]) for reason in reasons] == [
        (item["name"], item["code"]) for item in items[:10]
    ]
    assert extras.report(job["id"], limit=0)["findings"] == {"total": 390, "size": 0, "items": []}
    wrong: list[dict[str, str | int]] = [{"limit": 1_001}, {"offset": -1}, {"limit": "x"}, {"offset": 10**9}]
    for query in wrong:
        refusal(extras.ask_report(job["id"], **query), 400, "ROMA.13000")


def test_holes_come_in_pages_too(extras: Extras) -> None:
    sources = [
        encode_entry(
            (f"db-{number}",),
            '{"content":{},"datasource_type":"MYSQL"}',
            {"app_id": ("a",)},
            None,
            ("content.password",),
        )
        for number in range(5)
    ]
    job = extras.imported(handmade(app=[encode_entry(("a",), "{}")], data_source=sources))
    page = extras.report(job["id"], offset=3, limit=10)["holes"]
    assert (page["total"], [item["name"] for item in page["items"]]) == (5, ["db-3", "db-4"])


def test_the_report_of_a_rollback_and_of_what_it_took_back_name_each_other(extras: Extras, package: bytes) -> None:
    job = extras.imported(package)
    report = extras.rolled_back(job["id"], overwrite=True)
    assert report["request"] == {"job": job["id"], "overwrites": True}
    assert report["counts"]["data_source"] == {"done": 2, "total": 2}
    assert extras.report(job["id"])["rolled_back_by"] == report["id"]
    assert extras.report(job["id"])["kept_until"] is None


def test_a_job_that_has_no_items_answers_none(extras: Extras, package: bytes) -> None:
    for job in (extras.imported(package), extras.imported(package, MERGE)):
        assert extras.ask_items(job["id"]).json() == EMPTY


def test_reports_are_for_the_user_of_the_job_and_for_administrators(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, ann: Account, ben: Account, package: bytes
) -> None:
    anns = Extras(Workplace(ann.http, work.instance_id))
    plan = anns.planned(package)
    foreign = server.account("Tenant Administrator", project_id=server.other_project_id)
    limited = server.account("ROMA ReadOnlyAccess")
    server.directory.add_policy("Nothing", '{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["x:y:z"]}]}')
    nobody = server.account("Nothing")

    def asked(account: Account, instance_id: str = work.instance_id) -> list[Any]:
        extras = Extras(Workplace(account.http, instance_id))
        return [extras.ask_report(plan["id"]), extras.ask_items(plan["id"])]

    for answer in (*asked(ben), *asked(limited), *asked(ann, elsewhere.instance_id)):
        refusal(answer, 404, "ROMAPORT.2001")
    for answer in (anns.ask_report("0" * 32), anns.ask_items("x")):
        refusal(answer, 404, "ROMAPORT.2001")
    for answer in asked(foreign):
        refusal(answer, 404, "ROMAPORT.1201")
    for answer in asked(nobody):
        assert "roma:assets:get" in refusal(answer, 403, "ROMA.1006")["error_details"]
    assert Extras(work).report(plan["id"]) == anns.report(plan["id"])
    assert len(Extras(work).items(plan["id"])) == 5


def test_the_own_job_of_a_reader_is_shown(server: EmbeddedServer, work: Workplace) -> None:
    user = server.account("ROMA FullAccess")
    extras = Extras(Workplace(user.http, work.instance_id))
    job = extras.told(extras.ask_export(everything=True))
    assert (job["state"], job["outcome"]) == ("succeeded", {"exported": {}})
