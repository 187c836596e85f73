"""Comparisons: two sides by natural key and field by field, whatever each side is."""

from typing import Any

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, change_source, named, remark, scheduled, share
from tests.contract.handmade import handmade
from tests.contract.workplace import Workplace, refusal, task_body
from tests.support.embedded import Account, EmbeddedServer

from romaport.packages import encode_entry

SCHEDULED = {"app": 1, "data_source": 2, "schedule": 1, "task": 1}


def by_name(extras: Extras, report: dict[str, Any], **query: str | int) -> dict[tuple[str, str], tuple[str, Any]]:
    items = extras.items(report["id"], **query)
    answer = {(item["kind"], item["name"]): (item["step"], item["changes"]) for item in items}
    assert len(answer) == len(items)
    return answer


@pytest.fixture
def package(elsewhere: Workplace) -> bytes:
    return scheduled(elsewhere)


def test_what_was_exported_and_imported_is_the_same_on_every_side(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, extras: Extras, package: bytes
) -> None:
    extras.imported(package)
    before = assets_of(server)
    sides: list[tuple[str | bytes, str | bytes]] = [
        (work.instance_id, elsewhere.instance_id),
        (work.instance_id, package),
        (package, elsewhere.instance_id),
        (package, package),
        (work.instance_id, work.instance_id),
    ]
    for left, right in sides:
        report = extras.compared(left, right)
        assert (report["type"], report["state"], report["progress_percent"]) == ("compareAsset", "succeeded", 1)
        # The key of an application is kept where it is free, and each instance has its own.
        assert report["outcome"] == {"same": SCHEDULED}, (left[:20], right[:20])
        assert extras.items(report["id"]) == []
    assert assets_of(server) == before
    server.drain()
    assert not [name for name in server.kept.packages.names() if name.startswith("uploads/")]


def test_differences_are_said_field_by_field(
    work: Workplace, elsewhere: Workplace, extras: Extras, package: bytes
) -> None:
    extras.imported(package)
    app, there = named(work, "orders"), named(elsewhere, "orders")
    remark(work, app, "here")
    sources = {
        source["datasource_name"]: source["datasource_id"]
        for source in work.http.get(work.fdi("datasources")).json()["entities"]
    }
    change_source(
        work, sources["orders-in"], app, "orders-in", host="db.acme.example", port="1", lists=[{"a": [1, 2]}, None]
    )
    task = work.http.get(work.fdi("tasks")).json()["entities"][0]["task_id"]
    body = task_body(sources["orders-in"], sources["orders-in"], "orders-run", description="longer")
    assert work.http.put(work.fdi(f"tasks/{task}"), json=body).status_code == 200
    work.add_app("only-here")
    elsewhere.add_source(there, "only-there")
    report = extras.compared(work.instance_id, elsewhere.instance_id)
    assert report["outcome"] == {
        "differs": {"app": 1, "data_source": 1, "task": 1},
        "left": {"app": 1},
        "right": {"data_source": 1},
        "same": {"data_source": 1, "schedule": 1},
    }
    assert by_name(extras, report) == {
        ("app", "only-here"): ("left", []),
        ("app", "orders"): ("differs", [{"field": "remark", "before": "here"}]),
        ("data_source", "only-there"): ("right", []),
        ("data_source", "orders-in"): (
            "differs",
            [
                {"field": "content.lists", "before": [{"a": [1, 2]}, None]},
                {"field": "content.port", "before": "1", "after": "3306"},
                {"field": "content.user_name", "after": "reader"},
            ],
        ),
        ("task", "orders-run"): (
            "differs",
            [
                {"field": "description", "before": "longer"},
                {"field": "target_datasource_id", "before": "orders-in", "after": "orders-out"},
            ],
        ),
    }
    assert set(by_name(extras, report, step="left,right")) == {("app", "only-here"), ("data_source", "only-there")}
    turned = extras.compared(elsewhere.instance_id, work.instance_id)
    assert by_name(extras, turned)["app", "orders"] == ("differs", [{"field": "remark", "after": "here"}])
    assert turned["outcome"]["left"] == report["outcome"]["right"]


def test_values_that_look_alike_differ(extras: Extras) -> None:
    bodies = ['{"content":{"port":1},"datasource_type":"MYSQL"}', '{"content":{"port":true},"datasource_type":"MYSQL"}']
    left, right = (
        handmade(app=[encode_entry(("a",), "{}")], data_source=[encode_entry(("lake",), body, {"app_id": ("a",)})])
        for body in bodies
    )
    report = extras.compared(left, right)
    assert by_name(extras, report) == {
        ("data_source", "lake"): ("differs", [{"field": "content.port", "before": 1, "after": True}])
    }


@pytest.mark.parametrize(
    "body", ['{"backend_params":7}', '{"backend_params":[{}]}', '{"odd":"Zq-word"}', '{"name":[]}']
)
def test_a_body_that_is_none_of_its_kind_differs_and_is_not_shown(extras: Extras, body: str) -> None:
    kinds = [("app", encode_entry(("a",), "{}")), ("api", encode_entry(("a", "g", "x"), body))]
    left = handmade(**{kind: [line] for kind, line in kinds})
    right = handmade(**{kind: [line.replace(body.encode(), b'{"remark":"x"}')] for kind, line in kinds})
    report = extras.compared(left, right)
    assert report["state"] == "succeeded", report
    stars = [{"field": "body", "before": "********", "after": "********"}]
    assert by_name(extras, report) == {("api", "a / g / x"): ("differs", stars)}
    assert extras.compared(left, left)["outcome"] == {"same": {"api": 1, "app": 1}}


def test_order_is_that_of_the_keys_on_both_sides(work: Workplace, elsewhere: Workplace, extras: Extras) -> None:
    # Upper and lower case, beyond ASCII, and one name that begins another: where orders like to differ.
    names = ["B", "a", "ab", "a b", "b", "a(1)", "\u4e00", "\u9fff", "A.", "a-"]
    for name in names[:7]:
        work.add_app(name)
    for name in names[3:]:
        elsewhere.add_app(name)
    package, _ = Extras(elsewhere).exported(everything=True)
    for right in (elsewhere.instance_id, package):
        report = extras.compared(work.instance_id, right)
        steps = {name: step for (_, name), (step, _) in by_name(extras, report).items()}
        assert steps == {
            **dict.fromkeys(names[:3], "left"),
            **dict.fromkeys(names[3:7], "differs"),
            **dict.fromkeys(names[7:], "right"),
        }


def test_two_empty_sides_are_the_same(work: Workplace, elsewhere: Workplace, extras: Extras) -> None:
    report = extras.compared(work.instance_id, elsewhere.instance_id)
    assert (report["state"], report["outcome"], report["progress_percent"]) == ("succeeded", {}, 1)


def test_only_what_differs_is_listed_in_pages(extras: Extras) -> None:
    apps = [encode_entry((f"app-{number:04}",), '{"remark":"x"}') for number in range(1_200)]
    odd = [line.replace(b'"x"', b'"y"') if number % 2 else line for number, line in enumerate(apps)]
    report = extras.compared(handmade(app=apps), handmade(app=odd))
    assert report["outcome"] == {"differs": {"app": 600}, "same": {"app": 600}}
    pages = [extras.ask_items(report["id"], offset=offset, limit=250).json() for offset in (0, 250, 500, 750)]
    assert [(page["total"], page["size"]) for page in pages] == [(600, 250), (600, 250), (600, 100), (600, 0)]
    names = [item["name"] for page in pages for item in page["items"]]
    assert names == [f"app-{number:04}" for number in range(1, 1_200, 2)]


def test_progress_counts_both_sides_even_if_they_are_one(
    server: EmbeddedServer, work: Workplace, extras: Extras
) -> None:
    tasks = [f"carry-{number:04}" for number in range(598)]
    ends = {"source_datasource_id": ("lake",), "target_datasource_id": ("lake",)}
    package = handmade(
        app=[encode_entry(("orders",), "{}")],
        data_source=[encode_entry(("lake",), '{"content":{},"datasource_type":"MYSQL"}', {"app_id": ("orders",)})],
        task=[encode_entry((name,), '{"task_detail":"{}","task_type":"TIMING"}', ends) for name in tasks],
    )
    assert extras.imported(package)["state"] == "succeeded"
    for side in (package, work.instance_id):
        with server.gates.held("compare.counted") as reached:
            started = extras.ask_comparison(side, side)
            assert reached.wait(30)
            found = work.progress(started.json()["job_id"]).json()
        # The first 500 of 600 are counted.
        assert found["progress_percent"] == pytest.approx(500 / 600, abs=0.01)
        assert extras.told(started)["progress_percent"] == 1


# who, and what not


def test_a_user_compares_what_the_user_sees(work: Workplace, elsewhere: Workplace, ann: Account) -> None:
    for place in (work, elsewhere):
        place.add_app("hidden", remark=place.instance_id)
        share(place, place.add_app("shared", remark=place.instance_id)["id"], ann)
    anns = Extras(Workplace(ann.http, work.instance_id))
    report = anns.compared(work.instance_id, elsewhere.instance_id)
    assert report["outcome"] == {"differs": {"app": 1}}
    assert set(by_name(anns, report)) == {("app", "shared")}
    package, _ = Extras(work).exported(everything=True)
    assert anns.compared(work.instance_id, package)["outcome"] == {"right": {"app": 1}, "same": {"app": 1}}


def test_instances_of_other_projects_do_not_exist(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    foreign = server.instance(server.other_project_id)
    before = server.written()
    for sides in ((work.instance_id, foreign), (foreign, work.instance_id), (package, foreign), ("0" * 32, package)):
        refusal(extras.ask_comparison(*sides), 404, "ROMAPORT.1201")
    assert server.written() == before


def test_who_may_not_compare_is_refused(server: EmbeddedServer, work: Workplace, package: bytes) -> None:
    limited = Extras(Workplace(server.account("ROMA ReadOnlyAccess").http, work.instance_id))
    before = server.written()
    said = refusal(limited.ask_comparison(work.instance_id, package), 403, "ROMA.1006")
    assert "roma:assets:compare" in said["error_details"]
    assert server.written() == before


def test_a_side_that_is_none_is_refused(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    before = server.written()
    here = (None, work.instance_id.encode())
    forms: list[tuple[dict[str, Any], int, str, str]] = [
        ({"left": here}, 400, "ROMA.13000", "right: must be a package, or the id of an instance"),
        ({"left": here, "right": (None, b"")}, 400, "ROMA.13000", "right: must be a package"),
        ({"left": here, "other": here}, 400, "ROMA.13000", "other: is not a field of this form"),
        ({"left": here, "right": ("right.zip", package[:-40])}, 400, "ROMA.10011", ""),
        ({"left": here, "right": ("right.tar", package)}, 400, "ROMA.10013", ""),
        ({"left": ("left.zip", handmade(unknown=[encode_entry(("a",), "{}")])), "right": here}, 400, "ROMA.10011", ""),
    ]
    for form, status, code, text in forms:
        answer = extras.work.http.post(extras.at("assets/compare"), files=form)
        assert text in refusal(answer, status, code)["error_details"]
    assert server.written() == before


def test_one_comparison_at_a_time(server: EmbeddedServer, extras: Extras, work: Workplace, package: bytes) -> None:
    with server.gates.held("compareAsset.started") as reached:
        started = extras.ask_comparison(work.instance_id, package)
        assert reached.wait(30)
        refusal(extras.ask_comparison(work.instance_id, package), 400, "ROMA.10012")
    assert extras.told(started)["state"] == "succeeded"


def test_a_comparison_can_neither_be_executed_nor_taken_back(extras: Extras, work: Workplace) -> None:
    job = extras.compared(work.instance_id, work.instance_id)
    refusal(extras.ask_execution(job["id"]), 409, "ROMAPORT.2006")
    refusal(extras.ask_rollback(job["id"]), 409, "ROMAPORT.2004")


def test_after_a_merge_nothing_differs_but_the_target_s_own_key(
    work: Workplace, extras: Extras, package: bytes
) -> None:
    work.add_set("orders")
    extras.imported(package, MERGE)
    report = extras.compared(work.instance_id, package)
    [(step, changes)] = by_name(extras, report).values()
    assert (step, [change["field"] for change in changes]) == ("differs", ["key"])
