"""Contract 6.1, for topics, composite tasks and what belongs to them: what is exported arrives."""

from typing import Any

import pytest
from tests.contract.workplace import Workplace, lines_of, manifest_of


def add(work: Workplace, path: str, body: dict[str, Any]) -> Any:
    answer = work.http.post(path, json=body)
    assert answer.status_code in (200, 201, 204), answer.text
    return answer.json() if answer.content else None


def mqs(work: Workplace, path: str) -> str:
    return f"mqs/instances/{work.instance_id}/{path}"


def add_topics(work: Workplace) -> dict[str, str]:
    """Add two applications and a topic of the first one that the second one may use; answer the ids of the first."""
    owner, guest = work.add_app("orders", key="orders-key"), work.add_app("billing", key="billing-key")
    topic = {"name": "placed", "app_id": owner["key"], "access_policy": "pub", "tag": "new||old", "partition": 7}
    add(work, mqs(work, "topics"), topic)
    policies = [{"app_id": guest["key"], "app_name": "billing", "access_policy": "sub", "tag": "new"}]
    add(work, mqs(work, "topics/accesspolicy"), {"topics": [{"name": "placed", "policies": policies}]})
    return {"owner": owner["id"], "guest": guest["id"]}


def topics(work: Workplace) -> dict[str, Any]:
    """Answer the topics with their policies, without what is the instance's own."""
    found = {}
    for topic in work.http.get(mqs(work, "topics")).json()["topics"]:
        policies = work.http.get(mqs(work, f"topics/{topic['name']}/accesspolicy")).json()["policies"]
        found[topic["name"]] = (
            topic["app_name"],
            topic["partition"],
            [(one["app_name"], one["access_policy"], one["tag"], one["owner"]) for one in policies],
        )
    return found


def test_6_1_a_topic_travels_with_its_policies_and_brings_the_applications_along(
    work: Workplace, elsewhere: Workplace
) -> None:
    package = work.exported(add_topics(work)["owner"])
    assert manifest_of(package)["counts"] == {"app": 2, "topic": 1, "topic_access": 1}
    (access,) = lines_of(package, "topic_access")
    assert access["key"] == ["placed", "billing"]
    assert access["references"] == {"app_id": ["billing"], "topic": ["placed"]}
    assert elsewhere.imported(package)["status"] == "Success"
    policies = [("orders", "pub", "new||old", True), ("billing", "sub", "new", False)]
    assert topics(elsewhere) == topics(work) == {"placed": ("orders", 7, policies)}


def test_6_1_a_prefix_is_put_before_topics_too(work: Workplace) -> None:
    package = work.exported(add_topics(work)["owner"])
    before = topics(work)
    assert work.imported(package, prefix="copy-")["status"] == "Success"
    policies = [("copy-orders", "pub", "new||old", True), ("copy-billing", "sub", "new", False)]
    assert topics(work) == before | {"copy-placed": ("copy-orders", 7, policies)}
    found = work.imported(package)
    assert sorted(reason["resource_name"] for reason in found["reasons"]) == ["billing", "orders", "placed"]
    assert work.imported(package, type="Merge")["status"] == "Success"


def test_6_4_partitions_are_counted_before_an_import(work: Workplace, elsewhere: Workplace) -> None:
    package = work.exported(add_topics(work)["owner"])
    app = elsewhere.add_app("much")
    for number in range(18):
        partitions = 100 if number else 94
        body = {"name": f"topic-{number}", "app_id": app["id"], "access_policy": "all", "partition": partitions}
        add(elsewhere, mqs(elsewhere, "topics"), body)
    found = elsewhere.imported(package)
    assert (found["status"], [reason["error_code"] for reason in found["reasons"]]) == ("Failed", ["ROMA.4031001"])
    elsewhere.http.delete(mqs(elsewhere, "topics"), params={"name": "topic-0"})
    assert elsewhere.imported(package)["status"] == "Success"
    # What is replaced is not counted twice.
    assert elsewhere.imported(package, type="Merge")["status"] == "Success"


def add_composite(work: Workplace, **fields: Any) -> dict[str, str]:
    """Add a composite task with two mappings; answer ids by role."""
    made = work.add_set()
    body = {"task_name": "sync", "task_type": "REALTIME", "operation_types": ["INSERT", "DELETE"], **fields}
    made["composite"] = add(work, work.fdi("multi-tasks"), body)["task_id"]
    place = work.fdi(f"multi-tasks/{made['composite']}/mappings")
    pair = {"source_datasource_id": made["in"], "target_datasource_id": made["out"]}
    columns = [{"source_column": "ID", "target_column": "NO"}]
    add(work, place, {**pair, "source_table": "orders", "target_table": "all", "mapping_columns": columns})
    add(work, place, {**pair, "source_table": "returns", "target_table": "all", "ext_info": {"server_id": "7"}})
    return made


def composites(work: Workplace) -> dict[str, Any]:
    """Answer the composite tasks with their mappings, without what is the instance's own."""
    found = {}
    for task in work.http.get(work.fdi("tasks")).json()["entities"]:
        if task["ext_type"] != "CDC":
            continue
        shown = work.http.get(work.fdi(f"tasks/{task['task_id']}")).json()["task"]
        (element,) = add(work, work.fdi("multi-tasks/init"), {"task_id": task["task_id"]})
        mappings = sorted(
            (one["source_table"], one["target_table"], str(one["mapping"]), str(one["ext_info"]))
            for one in element["mappings"]
        )
        ends = (element["source_datasource_name"], element["target_datasource_name"])
        found[task["task_name"]] = (shown["source_app_name"], shown["operation_types"], ends, mappings)
    return found


def test_6_1_a_composite_task_travels_with_its_mappings(work: Workplace, elsewhere: Workplace) -> None:
    made = add_composite(work)
    package = work.exported(tasks=(made["composite"],))
    assert manifest_of(package)["counts"] == {"app": 1, "composite_task": 1, "data_source": 2, "mapping": 2}
    first, _ = lines_of(package, "mapping")
    assert first["key"] == ["sync", "orders-in", "orders-out", "orders -> all"]
    assert elsewhere.imported(package)["status"] == "Success"
    assert composites(elsewhere) == composites(work)
    assert list(composites(elsewhere)) == ["sync"]


def test_6_1_an_applications_composite_tasks_travel_with_it_and_a_prefix_is_before_all(work: Workplace) -> None:
    app = work.add_app("shop")["id"]
    add_composite(work, source_app_id=app)
    package = work.exported(app)
    counts = {"app": 2, "composite_task": 1, "data_source": 2, "mapping": 2}
    assert manifest_of(package)["counts"] == counts
    before = composites(work)
    assert work.imported(package, prefix="copy-")["status"] == "Success"
    after = composites(work)
    name, operations, _, mappings = before["sync"]
    copied = (f"copy-{name}", operations, ("copy-orders-in", "copy-orders-out"), mappings)
    assert after == before | {"copy-sync": copied}
    found = work.imported(package)
    assert {reason["resource_type"] for reason in found["reasons"]} == {"application", "datasource", "task"}


def test_6_3_a_common_task_takes_a_composite_tasks_name(work: Workplace, elsewhere: Workplace) -> None:
    package = work.exported(tasks=(add_composite(work)["composite"],))
    made = elsewhere.add_set("else")
    elsewhere.add_task(made["in"], made["out"], "sync")
    found = elsewhere.imported(package, type="Merge")
    assert (found["status"], [reason["resource_name"] for reason in found["reasons"]]) == ("Failed", ["sync"])


@pytest.mark.parametrize(
    ("tag", "counts"),
    [
        ("old", {"app": 2, "topic": 1, "topic_access": 1}),
        ("new", {"app": 2, "topic": 1, "topic_access": 1}),
        ("cdc-1", {"composite_task": 1}),
        ("night-*", {"app": 1, "data_source": 2, "task": 1}),
    ],
)
def test_topics_and_tasks_are_chosen_by_their_tags(work: Workplace, tag: str, counts: dict[str, int]) -> None:
    add_topics(work)
    composite = {"task_name": "sync", "task_type": "REALTIME", "operation_types": ["INSERT"], "task_tag": "cdc-1"}
    add(work, work.fdi("multi-tasks"), composite)
    made = work.add_set("shop")
    work.add_task(made["in"], made["out"], "nightly", task_tag="night-1")
    project = str(work.http.base_url).rstrip("/").rsplit("/", maxsplit=1)[-1]
    place = f"/romaport/v1/{project}/instances/{work.instance_id}/assets/export"
    found = work.settled(work.http.post(f"http://server{place}", json={"tags": [tag]}))
    package = work.download(found["archive_id"]).content
    assert manifest_of(package)["counts"] == counts
