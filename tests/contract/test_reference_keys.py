"""The keys of what an asset refers to, which are stored with it: what is exported has them as they are by now."""

import json
from typing import Any

from tests.contract.apis import add_group
from tests.contract.extras import MERGE, Extras, change_source
from tests.contract.workplace import Workplace, lines_of
from tests.support.embedded import EmbeddedServer

from romaport.storage.migrations import Migrated, migrate


def references(extras: Extras, kind: str) -> dict[str, Any]:
    """Export everything, and answer by key what the assets of a kind refer to."""
    package, _ = extras.exported(everything=True)
    return {json.dumps(line["key"]): line.get("references", {}) for line in lines_of(package, kind)}


def turned(work: Workplace, task_id: str, source_id: str, target_id: str) -> None:
    """Have a task carry from here to there."""
    shown = work.http.get(work.fdi(f"tasks/{task_id}")).json()
    fields = {"task_name": shown["task"]["task_name"], "task_type": shown["task"]["task_type"]}
    task = fields | {"source_datasource_id": source_id, "target_datasource_id": target_id}
    answer = work.http.put(work.fdi(f"tasks/{task_id}"), json={"task": task, "task_detail": shown["task_detail"]})
    assert answer.status_code == 200, answer.text


def test_what_is_renamed_is_told_by_all_that_refers_to_it(work: Workplace, extras: Extras) -> None:
    ids = work.add_set("orders")
    work.add_task(ids["in"], ids["in"], "round")
    change_source(work, ids["in"], ids["app"], "renamed")
    assert references(extras, "task") == {
        '["orders-run"]': {"source_datasource_id": ["renamed"], "target_datasource_id": ["orders-out"]},
        '["round"]': {"source_datasource_id": ["renamed"], "target_datasource_id": ["renamed"]},
    }


def test_what_is_renamed_with_what_scopes_it_is_told_too(work: Workplace, extras: Extras) -> None:
    app, _ = add_group(work)
    before = references(extras, "api_group")
    assert work.http.put(work.roma(f"apps/{app}"), json={"name": "sales"}).status_code == 200
    assert before == {'["orders", "Shop"]': {"roma_app_id": ["orders"]}}
    assert references(extras, "api_group") == {'["sales", "Shop"]': {"roma_app_id": ["sales"]}}


def test_a_merge_tells_what_it_has_changed(work: Workplace, elsewhere: Workplace, extras: Extras) -> None:
    work.add_set("orders")
    other = elsewhere.add_set("orders")
    turned(elsewhere, other["task"], other["out"], other["in"])
    assert extras.imported(elsewhere.exported(other["app"]), MERGE)["outcome"]["updated"] == {"task": 1}
    told = {"source_datasource_id": ["orders-out"], "target_datasource_id": ["orders-in"]}
    assert references(extras, "task") == {'["orders-run"]': told}


def test_a_prefix_is_not_told_of_what_takes_none(work: Workplace, extras: Extras) -> None:
    work.add_set("orders")
    package, _ = extras.exported(select={"task": ["orders-run"]}, dependencies=False)
    assert extras.imported(package, {"prefix": "copy-"})["outcome"]["created"] == {"task": 1}
    told = {"source_datasource_id": ["orders-in"], "target_datasource_id": ["orders-out"]}
    assert references(extras, "task") == {'["copy-orders-run"]': told, '["orders-run"]': told}


def test_a_plan_with_a_prefix_shows_the_keys_that_are_there(work: Workplace, extras: Extras) -> None:
    ids = work.add_set("orders")
    work.add_task(ids["out"], ids["in"], "copy-orders-run")
    package, _ = extras.exported(select={"task": ["orders-run"]}, dependencies=False)
    plan = extras.planned(package, MERGE | {"prefix": "copy-"})
    (item,) = extras.items(plan["id"])
    assert [(change["before"], change["after"]) for change in item["changes"]] == [
        ("orders-out", "orders-in"),
        ("orders-in", "orders-out"),
    ]


def test_what_comes_back_tells_the_names_of_now(work: Workplace, extras: Extras) -> None:
    ids = work.add_set("orders")
    job = extras.deleted(tasks=[ids["task"]])
    change_source(work, ids["in"], ids["app"], "renamed")
    assert extras.rolled_back(job["id"])["state"] == "succeeded"
    told = {"source_datasource_id": ["renamed"], "target_datasource_id": ["orders-out"]}
    assert references(extras, "task") == {'["orders-run"]': told}


def test_a_database_from_before_is_told_them_by_the_migration(server: EmbeddedServer, work: Workplace) -> None:
    work.add_set("orders")
    kept = "select id, reference_keys from assets order by id"
    before = server.kept.rows(kept)
    for table in ("assets", "kept_assets", "staged_assets"):
        server.kept.change(f"alter table {table} drop column reference_keys")
    server.kept.change("update alembic_version set version_num = '0005'")
    assert migrate(server.system.database) == Migrated(was="0005", now="0006")
    assert server.kept.rows(kept) == before
    assert any(text for _, text in before)
