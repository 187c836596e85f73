"""Plans: what an import would do is said asset by asset; executed, it is what happens, or is refused with why not."""

from typing import Any

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, change_source, found, remark
from tests.contract.handmade import handmade
from tests.contract.workplace import Workplace, lines_of, refusal, task_body
from tests.support.embedded import EmbeddedServer

from romaport.packages import encode_entry

DAY_SECONDS = 86_400
WHOLE = {"app": 1, "data_source": 2, "task": 1}


@pytest.fixture
def there(elsewhere: Workplace) -> dict[str, str]:
    """An application with two data sources and a task in another instance: ids by role."""
    return elsewhere.add_set("orders")


@pytest.fixture
def package(elsewhere: Workplace, there: dict[str, str]) -> bytes:
    return elsewhere.exported(there["app"])


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
    change_source(elsewhere, there["in"], there["app"], "orders-in", host="other.example", port="3306", tables=["a"])
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
    change_source(elsewhere, there["in"], there["app"], "orders-in", host="other.example")
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


def test_entries_that_contradict_themselves_are_findings_each(server: EmbeddedServer, extras: Extras) -> None:
    detail = '{"task_detail":"{}","task_type":"TIMING"}'
    ends = {"source_datasource_id": ("lake",), "target_datasource_id": ("lake",)}
    package = handmade(
        app=[encode_entry(("orders",), '{"remark":7}')],
        data_source=[encode_entry(("lake",), '{"content":{},"datasource_type":"MYSQL"}', {"app_id": ("orders",)})],
        # Two of one task: their names say otherwise, and one place has room for one.
        schedule=[
            encode_entry((name,), '{"period":"DAY"}', {"task_id": ("carry",)}) for name in ("carry-1", "carry-2")
        ],
        task=[encode_entry(("carry",), detail, ends), encode_entry(("lost",), detail, {"app_id": ("orders",)})],
    )
    before = assets_of(server)
    report = extras.planned(package)
    assert found(report) == [
        ("app", "orders", "ROMAPORT.4004"),
        ("schedule", "carry-1", "ROMAPORT.4004"),
        ("schedule", "carry-2", "ROMAPORT.4004"),
        ("task", "lost", "ROMAPORT.4004"),
    ]
    refused = {asset for asset, step in steps(extras.items(report["id"])).items() if step == "refuse"}
    assert refused == {(kind, name) for kind, name, _ in found(report)}
    assert extras.imported(package)["findings"] == report["findings"]
    assert assets_of(server) == before


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
