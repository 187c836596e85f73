"""Exports by name, wildcard and tag, of everything, with and without what is needed; what came along is said."""

from typing import Any

import pytest
from tests.contract.extras import Extras, found, share
from tests.contract.workplace import Workplace, lines_of, refusal
from tests.support.embedded import Account, EmbeddedServer

KINDS = ("app", "data_source", "schedule", "task")


def held(package: bytes) -> dict[str, list[str]]:
    """Answer the names in a package by kind, without the kinds that it lacks."""
    names = {kind: [line["key"][-1] for line in lines_of(package, kind)] for kind in KINDS}
    return {kind: found for kind, found in names.items() if found}


@pytest.fixture
def extras(work: Workplace) -> Extras:
    """Three applications; a task of the first writes into the second."""
    orders, billing = work.add_set("orders"), work.add_set("billing")
    work.add_app("archive (old)")
    work.add_task(orders["in"], billing["out"], "crossing", task_tag="nightly-eu")
    answer = work.http.post(work.fdi(f"tasks/{orders['task']}/dispatches"), json={"period": "DAY"})
    assert answer.status_code == 200
    return Extras(work)


def test_an_application_by_name_brings_what_belongs_to_it_and_what_that_needs(extras: Extras) -> None:
    package, report = extras.exported(select={"app": ["orders"]})
    assert held(package) == {
        "app": ["billing", "orders"],
        "data_source": ["billing-out", "orders-in", "orders-out"],
        "schedule": ["orders-run"],
        "task": ["crossing", "orders-run"],
    }
    assert report["outcome"] == {"exported": {"app": 2, "data_source": 3, "schedule": 1, "task": 2}}
    assert found(report, "notes") == [
        ("app", "billing", "ROMAPORT.4201"),
        ("data_source", "billing-out", "ROMAPORT.4201"),
    ]
    sentences = {note["name"]: note["message"] for note in report["notes"]["items"]}
    assert sentences == {
        "billing": "Taken along, because data source billing-out needs it.",
        "billing-out": "Taken along, because task crossing needs it.",
    }


def test_without_dependencies_only_what_was_asked_for_and_what_belongs_to_it(extras: Extras) -> None:
    package, report = extras.exported(select={"app": ["orders"]}, dependencies=False)
    assert held(package) == {
        "app": ["orders"],
        "data_source": ["orders-in", "orders-out"],
        "schedule": ["orders-run"],
        "task": ["crossing", "orders-run"],
    }
    assert report["notes"]["total"] == 0
    assert report["request"]["with_dependencies"] is False


def test_a_task_alone_without_dependencies(extras: Extras, elsewhere: Workplace) -> None:
    package, _ = extras.exported(select={"task": ["crossing"]}, dependencies=False)
    assert held(package) == {"task": ["crossing"]}
    # What it needs is looked for by name where it goes.
    there = Extras(elsewhere)
    assert found(there.imported(package)) == [("task", "crossing", "ROMAPORT.3004")] * 2
    elsewhere.add_set("orders")
    elsewhere.add_set("billing")
    assert there.imported(package)["outcome"] == {"created": {"task": 1}}


@pytest.mark.parametrize(
    ("select", "tasks"),
    [
        ({"task": ["*"]}, ["billing-run", "crossing", "orders-run"]),
        ({"task": ["*-run"]}, ["billing-run", "orders-run"]),
        ({"task": ["[bo]*"]}, ["billing-run", "orders-run"]),
        ({"task": ["[!bo]*"]}, ["crossing"]),
        ({"task": ["orders-r?n", "cross*"]}, ["crossing", "orders-run"]),
        ({"schedule": ["orders-*"]}, []),
        ({"app": ["b*"], "task": ["crossing"]}, ["billing-run", "crossing"]),
    ],
)
def test_names_may_have_wildcards(extras: Extras, select: dict[str, list[str]], tasks: list[str]) -> None:
    package, _ = extras.exported(select=select, dependencies=False)
    assert held(package).get("task", []) == tasks


def test_a_name_stands_for_itself_whatever_signs_it_has(extras: Extras) -> None:
    app = extras.work.add_app("signs")["id"]
    for name in ("a[1]", "a1", "what?", "whats", "all*"):
        extras.work.add_source(app, name)
    package, _ = extras.exported(select={"data_source": ["a[1]"]}, dependencies=False)
    assert held(package) == {"data_source": ["a1", "a[1]"]}
    package, _ = extras.exported(select={"data_source": ["a[[]1]", "what[?]", "all[*]"]}, dependencies=False)
    assert held(package) == {"data_source": ["a[1]", "all*", "what?"]}


def test_names_are_told_apart_by_case(extras: Extras) -> None:
    said = refusal(extras.ask_export(select={"app": ["Orders", "ORDERS*"]}), 404, "ROMAPORT.3002")
    assert "application ORDERS*, application Orders" in said["error_details"]


def test_a_tag_takes_what_carries_it(extras: Extras) -> None:
    package, report = extras.exported(tags=["nightly-eu"])
    assert held(package)["task"] == ["crossing"]
    assert {note["name"] for note in report["notes"]["items"]} == {"orders", "billing", "orders-in", "billing-out"}
    package, _ = extras.exported(tags=["nightly-*"], select={"task": ["billing-run"]}, dependencies=False)
    assert held(package) == {"task": ["billing-run", "crossing"]}


def test_everything_is_everything_the_user_sees(extras: Extras, ann: Account) -> None:
    package, report = extras.exported(everything=True)
    assert held(package) == {
        "app": ["archive (old)", "billing", "orders"],
        "data_source": ["billing-in", "billing-out", "orders-in", "orders-out"],
        "schedule": ["orders-run"],
        "task": ["billing-run", "crossing", "orders-run"],
    }
    assert report["notes"]["total"] == 0
    apps = extras.work.http.get(extras.work.roma("apps")).json()["apps"]
    share(extras.work, next(app["id"] for app in apps if app["name"] == "archive (old)"), ann)
    anns = Extras(Workplace(ann.http, extras.work.instance_id))
    anns.work.add_app("anns")
    package, _ = anns.exported(everything=True)
    assert held(package) == {"app": ["anns", "archive (old)"]}


def test_the_same_choice_gives_the_same_bytes(extras: Extras) -> None:
    choices: list[dict[str, Any]] = [
        {"everything": True},
        {"select": {"app": ["*"]}},
        {"select": {"app": ["*"], "task": ["*"]}, "tags": ["nightly-eu"]},
    ]
    assert len({extras.exported(**choice)[0] for choice in choices}) == 1


def test_nothing_to_export_is_an_empty_package(elsewhere: Workplace, work: Workplace) -> None:
    package, _ = Extras(elsewhere).exported(everything=True)
    assert held(package) == {}
    report = Extras(work).imported(package)
    assert (report["state"], report["outcome"], report["progress_percent"]) == ("succeeded", {}, 1)


# what is refused


def test_every_name_and_tag_that_fits_nothing_is_said_before_there_is_a_job(
    server: EmbeddedServer, extras: Extras
) -> None:
    before = server.written()
    asked = extras.ask_export(
        select={"app": ["orders", "order", "x*"], "data_source": ["orders"], "task": ["cross"]},
        tags=["nightly", "nightly-*"],
    )
    said = refusal(asked, 404, "ROMAPORT.3002")
    assert said["error_msg"].startswith("5 of the selected assets do not exist")
    for what in ("application order,", "application x*", "data source orders", "task cross", "tag nightly"):
        assert what in said["error_details"]
    assert "tag nightly-*" not in said["error_details"]
    assert server.written() == before


def test_what_a_user_does_not_see_fits_nothing(extras: Extras, ann: Account) -> None:
    anns = Extras(Workplace(ann.http, extras.work.instance_id))
    said = refusal(anns.ask_export(select={"app": ["*"], "task": ["crossing"]}), 404, "ROMAPORT.3002")
    assert "application *" in said["error_details"]
    assert "task crossing" in said["error_details"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "at least one"),
        ({"select": {}}, "at least one"),
        ({"select": {"app": []}, "tags": []}, "at least one"),
        ({"dependencies": False}, "at least one"),
        (
            {"select": {"apps": ["x"], "nothing": ["x"], "app": ["orders"]}},
            "select.apps: is no kind that travels; select.nothing",
        ),
        ({"everything": True, "tags": ["x"]}, "everything: leaves nothing to select"),
        ({"everything": True, "select": {"app": ["orders"]}}, "everything: leaves nothing to select"),
        ({"select": {"app": [""]}}, "select"),
        ({"select": {"app": "orders"}}, "select"),
        ({"select": {"app": ["x" * 257]}}, "select"),
        ({"tags": [7]}, "tags"),
        ({"names": ["orders"]}, "names"),
        ({"everything": "yes"}, "everything"),
    ],
)
def test_a_body_that_is_no_choice_is_refused(
    server: EmbeddedServer, extras: Extras, body: dict[str, Any], text: str
) -> None:
    before = server.written()
    assert text in refusal(extras.ask_export(**body), 400, "ROMA.13000")["error_details"]
    assert server.written() == before


def test_who_may_not_export_is_refused_and_one_export_runs_at_a_time(server: EmbeddedServer, extras: Extras) -> None:
    limited = Extras(Workplace(server.account("ROMA ReadOnlyAccess").http, extras.work.instance_id))
    assert "roma:assets:export" in refusal(limited.ask_export(everything=True), 403, "ROMA.1006")["error_details"]
    with server.gates.held("exportAsset.started") as reached:
        started = extras.ask_export(everything=True)
        assert reached.wait(30)
        refusal(extras.ask_export(everything=True), 400, "ROMA.10012")
    extras.told(started)
