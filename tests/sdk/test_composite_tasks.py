"""FDI composite tasks through the vendor's SDK (contract 7.6)."""

import json
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateCommonTaskRequest,
    CreateCommonTaskRequestBody,
    CreateMultiTasksRequest,
    DeleteAssetRequest,
    ListTasksRequest,
    MultiTaskResetBody,
    MultiTaskUpdateBody,
    ResetMultiTaskOffsetRequest,
    TaskBasicRequestBody,
    UpdateMultiTasksRequest,
    UpdateTaskRequest,
)
from tests.sdk.composites import Ends, add, body, ends_of, map_tables, shown
from tests.sdk.requests_of import deletion_request
from tests.sdk.sample import add_task, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk


@pytest.fixture
def ends(sdk: Sdk, instance: str) -> Ends:
    return ends_of(sdk, instance)


def test_a_composite_task_takes_every_field_and_is_shown_as_a_task(sdk: Sdk, site: Site, ends: Ends) -> None:
    source_app, target_app = ends.app_ids
    request = CreateMultiTasksRequest(
        instance_id=ends.instance,
        body=body(
            operation_types=["INSERT", "UPDATE", "DELETE"],
            description="All changes",
            task_tag="cdc-1",
            source_app_id=source_app,
            target_app_id=target_app,
        ),
    )
    made = sdk.send(request)
    assert list(json.loads(made.raw_content)) == ["task_id"]
    found = shown(sdk, ends.instance, made.task_id)
    task = found.task
    assert (task.task_id, task.task_name, task.task_type, task.status) == (made.task_id, "sync", "realtime", "stopped")
    assert (task.description, task.task_tag, task.project_id) == ("All changes", "cdc-1", site.place.project_id)
    assert (task.source_app_id, task.source_app_name) == (source_app, "Orders")
    assert (task.target_app_id, task.target_app_name) == (target_app, "Billing")
    assert (task.source_datasource_id, task.target_datasource_id, found.task_detail) == (None, None, None)
    assert task.created_date == task.last_modified_date > 1_700_000_000_000
    assert b'"operation_types":["INSERT","UPDATE","DELETE"]' in found.raw_content


def test_an_update_keeps_what_it_does_not_name(sdk: Sdk, ends: Ends) -> None:
    task_id = add(sdk, ends.instance, description="Old", task_tag="cdc-1", source_app_id=ends.app_ids[0])

    def change(**fields: Any) -> Any:
        changes = MultiTaskUpdateBody(**fields)
        return sdk.send(UpdateMultiTasksRequest(instance_id=ends.instance, task_id=task_id, body=changes))

    changed = change(description="New", operation_types=["DELETE", "DELETE"], repulling_snapshot=True)
    assert (changed.status_code, changed.task_id) == (200, task_id)
    found = shown(sdk, ends.instance, task_id)
    assert (found.task.task_name, found.task.description, found.task.task_tag) == ("sync", "New", "cdc-1")
    assert found.task.source_app_name == "Orders"
    assert b'"operation_types":["DELETE"]' in found.raw_content
    change(task_tag="cdc-2")
    assert shown(sdk, ends.instance, task_id).task.description == "New"


def test_composite_tasks_are_listed_among_the_tasks(sdk: Sdk, ends: Ends) -> None:
    common = add_task(sdk, ends.instance, "nightly", ends.source, ends.target, task_tag="night")
    composite = add(sdk, ends.instance, task_tag="cdc-1", source_app_id=ends.app_ids[0], target_app_id=ends.app_ids[1])
    first, second = sdk.send(ListTasksRequest(instance_id=ends.instance)).entities
    assert (first.task_id, first.ext_type) == (common.task_id, None)
    assert (second.task_id, second.task_name, second.task_type) == (composite, "sync", "realtime")
    assert (second.ext_type, second.status, second.execute_status, second.version) == ("CDC", 0, "UNSTARTED", "1")
    assert (second.source_app_id, second.target_app_id) == ends.app_ids
    assert second.source_instance_id == second.target_instance_id == ends.instance

    def names(**query: Any) -> list[str]:
        found = sdk.send(ListTasksRequest(instance_id=ends.instance, **query))
        assert found.total == found.size
        return [task.task_name for task in found.entities]

    assert names(task_id=composite) == names(name="syn") == names(task_tag="cdc-1") == ["sync"]
    assert names(task_type="realtime") == ["sync"]
    assert names(status=0) == ["nightly", "sync"]


def test_names_are_shared_with_common_tasks(sdk: Sdk, site: Site, ends: Ends) -> None:
    add_task(sdk, ends.instance, "nightly", ends.source, ends.target)
    add(sdk, ends.instance)
    before = site.written()
    taken = CreateMultiTasksRequest(instance_id=ends.instance, body=body(task_name="nightly"))
    sdk.refused(taken, 400, "ROMAPORT.3003", r"The composite task nightly already exists\.")
    common = CreateCommonTaskRequestBody(
        task=TaskBasicRequestBody(task_name="sync", task_type="TIMING", **ends.pair()), task_detail="{}"
    )
    request = CreateCommonTaskRequest(instance_id=ends.instance, body=common)
    sdk.refused(request, 400, "ROMAPORT.3003", r"The task sync already exists\.")
    lost = CreateMultiTasksRequest(instance_id=ends.instance, body=body(task_name="more", source_app_id="nowhere"))
    message = r"The application nowhere named by source_app_id does not exist\."
    sdk.refused(lost, 400, "ROMAPORT.3004", message)
    assert site.written() == before


def test_each_sort_of_task_is_changed_by_its_own_operation(sdk: Sdk, site: Site, ends: Ends) -> None:
    common = add_task(sdk, ends.instance, "nightly", ends.source, ends.target).task_id
    composite = add(sdk, ends.instance)
    before = site.written()
    as_common = CreateCommonTaskRequestBody(
        task=TaskBasicRequestBody(task_name="sync", task_type="TIMING", **ends.pair()), task_detail="{}"
    )
    request = UpdateTaskRequest(instance_id=ends.instance, task_id=composite, body=as_common)
    sdk.refused(request, 404, "ROMAPORT.3001", f"The task {composite} does not exist\\.")
    changes = MultiTaskUpdateBody(description="New")
    other = UpdateMultiTasksRequest(instance_id=ends.instance, task_id=common, body=changes)
    sdk.refused(other, 404, "ROMAPORT.3001", f"The composite task {common} does not exist\\.")
    mapped = map_tables(ends, common, "a", "b")
    sdk.refused(mapped, 404, "ROMAPORT.3001", f"The composite task {common} does not exist\\.")
    assert site.written() == before


def test_a_deletion_job_takes_composite_tasks_as_tasks(sdk: Sdk, ends: Ends) -> None:
    task_id = add(sdk, ends.instance)
    sdk.send(map_tables(ends, task_id, "orders", "orders"))
    request = deletion_request(ends.instance, tasks=[task_id])
    assert isinstance(request, DeleteAssetRequest)
    job = sdk.send(request)
    assert settled(sdk, ends.instance, job.job_id).status == "Success"
    assert sdk.send(ListTasksRequest(instance_id=ends.instance)).total == 0


def test_a_reset_notes_from_when_on(sdk: Sdk, ends: Ends) -> None:
    task_id = add(sdk, ends.instance)

    def reset(**fields: Any) -> Any:
        asked = MultiTaskResetBody(**fields)
        return ResetMultiTaskOffsetRequest(instance_id=ends.instance, task_id=task_id, body=asked)

    done = sdk.send(reset(date_from=1_630_052_714_000))
    assert (done.status_code, done.message) == (200, "Reset Success")
    assert b'"date_from":1630052714000' in shown(sdk, ends.instance, task_id).raw_content
    sdk.send(reset())
    assert b'"date_from":null' in shown(sdk, ends.instance, task_id).raw_content
    sdk.refused(reset(date_from=-1), 400, "ROMA.13000", ".*date_from.*")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"task_name": "ab"}, "task_name: "),
        ({"task_name": "-sync"}, "task_name: "),
        ({"task_name": "s" * 101}, "task_name: "),
        ({"task_name": None}, "task_name: is required"),
        ({"task_type": "TIMING"}, "task_type: "),
        ({"task_type": None}, "task_type: is required"),
        ({"operation_types": None}, "operation_types: is required"),
        ({"operation_types": []}, "operation_types: "),
        ({"operation_types": ["INSERT", "SELECT"]}, "operation_types[1]: "),
        ({"operation_types": "INSERT"}, "operation_types: "),
        ({"description": "d" * 1025}, "description: "),
        ({"task_tag": "abc"}, "task_tag: "),
        ({"source_app_id": "a" * 65}, "source_app_id: "),
        ({"task_id": "one-of-my-own"}, "task_id: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_composite_task_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, Any], named: str
) -> None:
    before = site.written()
    request = CreateMultiTasksRequest(instance_id=instance, body=body(**fields))
    assert named in sdk.refused(request, 400, "ROMA.13000", ".*")
    assert site.written() == before
