"""Contract 6.4 and 7.6, what the SDK has no operation for: the shared quota, and mappings listed and changed."""

from typing import Any

from tests.contract.workplace import Workplace, refusal, task_body
from tests.support.embedded import EmbeddedServer

from romaport.catalog import Actor
from romaport.kinds import KINDS, Parts

TASKS_MAX = 1000


def composite(work: Workplace, name: str = "sync", **fields: Any) -> Any:
    body = {"task_name": name, "task_type": "REALTIME", "operation_types": ["INSERT"], **fields}
    return work.http.post(work.fdi("multi-tasks"), json=body)


def test_6_4_common_and_composite_tasks_share_a_quota(server: EmbeddedServer, work: Workplace) -> None:
    made = work.add_set()
    desk = server.system.parts.desk
    actor = Actor(user_id="u", user_name="u", sees_all=True, at=desk.clock())
    body = {"task_type": "REALTIME", "operation_types": ["INSERT"]}
    with desk.database.transaction() as tx:
        for number in range(TASKS_MAX - 2):
            parts = Parts(name=f"sync-{number}", body=body)
            desk.catalog.create(tx, KINDS["composite_task"], work.instance_id, parts, actor)
    assert composite(work, "last").status_code == 200
    for refused in (
        composite(work, "more"),
        work.http.post(work.fdi("tasks"), json=task_body(made["in"], made["out"], "more")),
    ):
        assert f"{TASKS_MAX} at most" in refusal(refused, 400, "ROMA.4031001")["error_details"]


def test_7_6_mappings_are_listed_and_changed(work: Workplace) -> None:
    made = work.add_set()
    task_id = composite(work).json()["task_id"]
    place = work.fdi(f"multi-tasks/{task_id}/mappings")
    pair = {"source_datasource_id": made["in"], "target_datasource_id": made["out"]}

    def tables(**query: Any) -> list[tuple[str, str]]:
        answer = work.http.get(place, params=query)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["size"] == len(found["mappings"]) <= found["total"]
        return sorted((one["source_table"], one["target_table"]) for one in found["mappings"])

    ids = [
        work.http.post(place, json={**pair, "source_table": f"t{number}", "target_table": "all"}).json()["mapping_id"]
        for number in range(3)
    ]
    assert tables() == [("t0", "all"), ("t1", "all"), ("t2", "all")]
    pages = [tables(limit=1, offset=offset) for offset in range(3)]
    assert sorted(pages) == [[("t0", "all")], [("t1", "all")], [("t2", "all")]]
    assert tables(source_table="t2") == [("t2", "all")]
    assert tables(source_datasource_id=made["out"]) == []

    changed = work.http.put(f"{place}/{ids[1]}", json={**pair, "source_table": "t9", "target_table": "all"})
    assert (changed.status_code, changed.json()) == (200, {"mapping_id": ids[1]})
    assert tables() == [("t0", "all"), ("t2", "all"), ("t9", "all")]
    taken = work.http.put(f"{place}/{ids[1]}", json={**pair, "source_table": "t0", "target_table": "all"})
    refusal(taken, 400, "ROMAPORT.3003")
    named = work.http.post(place, json={**pair, "tables": "t1 -> all"})
    assert "tables: is not a field" in refusal(named, 400, "ROMA.13000")["error_details"]
    refusal(work.http.get(work.fdi(f"multi-tasks/{made['task']}/mappings")), 404, "ROMAPORT.3001")


def test_7_6_a_mapping_is_still_the_same_after_a_data_source_was_renamed(work: Workplace) -> None:
    made = work.add_set()
    task_id = composite(work).json()["task_id"]
    mapping = {"source_datasource_id": made["in"], "target_datasource_id": made["out"], "source_table": "orders"}
    place = work.fdi(f"multi-tasks/{task_id}/mappings")
    assert work.http.post(place, json=mapping).status_code == 200
    renamed = {
        "datasource_name": "renamed",
        "datasource_type": "MYSQL",
        "app_id": made["app"],
        "content": {"host": "db.acme.example"},
    }
    assert work.http.put(work.fdi(f"datasources/{made['in']}"), json=renamed).status_code == 200
    refusal(work.http.post(place, json=mapping), 400, "ROMAPORT.3003")
