"""FDI tasks and their schedules through the vendor's SDK (contract 7.6)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateCommonTaskRequest,
    CreateCommonTaskRequestBody,
    CreateDispatchesRequest,
    DeleteTaskRequest,
    ListTasksRequest,
    ShowDispatchesRequest,
    ShowTaskRequest,
    TaskBasicRequestBody,
    TaskDispatch,
    UpdateDispatchesRequest,
    UpdateTaskRequest,
)
from tests.sdk.sample import add_app, add_source, add_task
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


@dataclass(frozen=True)
class Ends:
    """Two applications with a data source each."""

    instance: str
    app_ids: tuple[str, str]
    source: str
    target: str


@pytest.fixture
def ends(sdk: Sdk, instance: str) -> Ends:
    apps = [add_app(sdk, instance, name).id for name in ("Orders", "Billing")]
    found = [
        add_source(sdk, instance, app, name).datasource_id for app, name in zip(apps, ("erp", "lake"), strict=True)
    ]
    return Ends(instance, (apps[0], apps[1]), *found)


def body(ends: Ends, *, detail: object = '{"mode": "all"}', **fields: Any) -> Any:
    known = {
        "task_name": "nightly",
        "task_type": "TIMING",
        "source_datasource_id": ends.source,
        "target_datasource_id": ends.target,
    }
    return CreateCommonTaskRequestBody(task=TaskBasicRequestBody(**{**known, **fields}), task_detail=detail)


def test_a_task_takes_every_field_and_shows_it(sdk: Sdk, site: Site, ends: Ends) -> None:
    detail = json.dumps({"source": {"id": ends.source, "paging": [1, 2]}, "target": {"id": ends.target}})
    request = CreateCommonTaskRequest(
        instance_id=ends.instance, body=body(ends, detail=detail, description="Every night", task_tag="nightly-1")
    )
    made = sdk.send(request)
    assert made.status_code == 200
    task = made.task
    assert (task.task_name, task.task_type, task.status) == ("nightly", "timing", "stopped")
    assert (task.description, task.task_tag, task.project_id) == ("Every night", "nightly-1", site.place.project_id)
    assert (task.source_datasource_id, task.source_datasource_name) == (ends.source, "erp")
    assert (task.target_datasource_id, task.target_datasource_name) == (ends.target, "lake")
    assert (task.source_app_id, task.source_app_name) == (ends.app_ids[0], "Orders")
    assert (task.target_app_id, task.target_app_name) == (ends.app_ids[1], "Billing")
    assert task.created_date == task.last_modified_date > 1_700_000_000_000
    assert made.task_detail == detail
    shown = sdk.send(ShowTaskRequest(instance_id=ends.instance, task_id=task.task_id))
    assert decoded(shown) == decoded(made)


def test_an_update_gives_the_whole_task(sdk: Sdk, ends: Ends) -> None:
    made = add_task(sdk, ends.instance, "nightly", ends.source, ends.target, description="Old", task_tag="tagged")
    turned = body(
        ends,
        task_name="hourly",
        task_type="REALTIME",
        source_datasource_id=ends.target,
        target_datasource_id=ends.source,
        detail='{"mode": "some"}',
    )
    changed = sdk.send(UpdateTaskRequest(instance_id=ends.instance, task_id=made.task_id, body=turned))
    assert changed.status_code == 200
    assert (changed.task.task_id, changed.task.task_name, changed.task.task_type) == (
        made.task_id,
        "hourly",
        "realtime",
    )
    assert (changed.task.source_datasource_name, changed.task.target_datasource_name) == ("lake", "erp")
    assert (changed.task.description, changed.task.task_tag) == (None, None)
    assert changed.task_detail == '{"mode": "some"}'
    assert changed.task.created_date == made.created_date
    assert decoded(sdk.send(ShowTaskRequest(instance_id=ends.instance, task_id=made.task_id))) == decoded(changed)


def test_tasks_are_listed_page_by_page_and_by_filters(sdk: Sdk, ends: Ends) -> None:
    made = [
        add_task(
            sdk,
            ends.instance,
            f"task-{number:02}",
            *((ends.source, ends.target) if number % 3 else (ends.target, ends.source)),
            task_type="REALTIME" if number % 2 else "TIMING",
            task_tag=f"tag-{number % 4}",
        )
        for number in range(12)
    ]

    def total(**query: Any) -> int:
        found = sdk.send(ListTasksRequest(instance_id=ends.instance, **query))
        assert found.size == len(found.entities) <= found.total
        number: int = found.total
        return number

    first = sdk.send(ListTasksRequest(instance_id=ends.instance, limit=10))
    rest = sdk.send(ListTasksRequest(instance_id=ends.instance, limit=10, offset=10))
    assert (first.total, first.size, rest.size) == (12, 10, 2)
    assert {task.task_id for task in first.entities + rest.entities} == {task.task_id for task in made}
    assert total(limit=5000) == 12
    assert total(task_id=made[3].task_id) == 1
    assert total(name="task-1") == 2
    assert total(task_type="REALTIME") == total(task_type="realtime") == 6
    assert total(source_datasource_id=ends.source) == total(source_app_id=ends.app_ids[0]) == 8
    assert total(target_datasource_id=ends.source) == total(target_app_id=ends.app_ids[0]) == 4
    assert total(task_tag="tag-3") == 3
    assert total(status=0) == total(execute_status="UNSTARTED") == 12
    assert total(status=1) == total(execute_status="RUNNING") == 0
    assert total(sort_field="STATUS", sort_type="ASC") == 12
    newest = sdk.send(ListTasksRequest(instance_id=ends.instance, sort_field="CREATED_DATE", sort_type="DESC"))
    times = [task.last_modified_time for task in newest.entities]
    assert times == sorted(times, reverse=True)


def test_a_list_shows_tasks_in_its_own_form(sdk: Sdk, ends: Ends) -> None:
    made = add_task(sdk, ends.instance, "nightly", ends.source, ends.target, task_tag="tagged")
    (found,) = sdk.send(ListTasksRequest(instance_id=ends.instance)).entities
    assert (found.task_id, found.task_name, found.task_type) == (made.task_id, "nightly", "timing")
    assert (found.status, found.execute_status, found.version) == (0, "UNSTARTED", "1")
    assert found.last_modified_time == made.last_modified_date
    assert found.created_date == datetime.fromtimestamp(made.created_date / 1000, UTC).date()
    assert (found.source_app_id, found.target_app_id) == ends.app_ids
    assert found.source_instance_id == found.target_instance_id == ends.instance
    assert found.task_tag == "tagged"


def test_a_schedule_takes_every_field_and_belongs_to_its_task(sdk: Sdk, ends: Ends) -> None:
    task_id = add_task(sdk, ends.instance, "nightly", ends.source, ends.target).task_id
    place = {"instance_id": ends.instance, "task_id": task_id}
    show = ShowDispatchesRequest(**place)
    sdk.refused(show, 404, "ROMAPORT.3001", "The schedule .* does not exist\\.")

    fields = {"start_datetime": 1_767_225_600_000, "period": "DAY", "dispatch_interval": 2, "remark": "At midnight"}
    made = sdk.send(CreateDispatchesRequest(**place, body=TaskDispatch(**fields, use_quartz_cron=False)))
    assert made.status_code == 200
    assert {name: getattr(made, name) for name in fields} == fields
    assert (made.task_id, made.use_quartz_cron, made.cron) == (task_id, False, None)
    assert made.created_date == made.last_modified_date > 1_700_000_000_000
    assert decoded(sdk.send(show)) == decoded(made)

    cron = TaskDispatch(period="", use_quartz_cron=True, cron="0 0 2 * * ?")
    changed = sdk.send(UpdateDispatchesRequest(**place, dispatch_id=made.dispatch_id, body=cron))
    assert (changed.dispatch_id, changed.use_quartz_cron, changed.cron) == (made.dispatch_id, True, "0 0 2 * * ?")
    assert (changed.period, changed.start_datetime, changed.remark) == ("", None, None)

    assert sdk.send(DeleteTaskRequest(**place)).status_code == 204
    sdk.refused(show, 404, "ROMAPORT.3001", f"The task {task_id} does not exist\\.")
    sdk.refused(ShowTaskRequest(**place), 404, "ROMAPORT.3001", f"The task {task_id} does not exist\\.")


def test_names_are_unique_and_data_sources_must_exist(sdk: Sdk, site: Site, ends: Ends) -> None:
    add_task(sdk, ends.instance, "nightly", ends.source, ends.target)
    before = site.written()
    taken = CreateCommonTaskRequest(instance_id=ends.instance, body=body(ends))
    sdk.refused(taken, 400, "ROMAPORT.3003", "The task nightly already exists\\.")
    lost = body(ends, task_name="hourly", target_datasource_id="nowhere")
    sdk.refused(
        CreateCommonTaskRequest(instance_id=ends.instance, body=lost),
        400,
        "ROMAPORT.3004",
        "The data source nowhere named by target_datasource_id does not exist\\.",
    )
    assert site.written() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"task_name": "ab"}, ["task.task_name: ", "3"]),
        ({"task_name": "t" * 101}, ["task.task_name: ", "100"]),
        ({"task_name": "-nightly"}, ["task.task_name: "]),
        ({"task_name": 12345}, ["task.task_name: ", "str", "int"]),
        ({"task_type": "WEEKLY"}, ["task.task_type: "]),
        ({"source_datasource_id": "s" * 65}, ["task.source_datasource_id: ", "64"]),
        ({"target_datasource_id": None}, ["task.target_datasource_id: is required"]),
        ({"description": "d" * 1025}, ["task.description: ", "1024"]),
        ({"task_tag": "abc"}, ["task.task_tag: ", "4"]),
        ({"detail": None}, ["task_detail: is required"]),
        ({"detail": "{"}, ["task_detail: "]),
        ({"detail": {"mode": "all"}}, ["task_detail: ", "str", "object"]),
        ({"task_name": 1, "detail": 2}, ["task.task_name: ", "task_detail: "]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_a_wrong_field_of_a_task_is_named(
    sdk: Sdk, site: Site, ends: Ends, fields: dict[str, Any], named: list[str]
) -> None:
    before = site.written()
    request = CreateCommonTaskRequest(instance_id=ends.instance, body=body(ends, **fields))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert not [part for part in named if part not in details], details
    assert site.written() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"period": "YEAR"}, "period: "),
        ({"dispatch_interval": "two"}, "dispatch_interval: "),
        ({"start_datetime": -1}, "start_datetime: "),
        ({"cron": "* *"}, "cron: "),
        ({"remark": "r" * 1025}, "remark: "),
        ({"use_quartz_cron": "yes"}, "use_quartz_cron: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_schedule_is_named(
    sdk: Sdk, site: Site, ends: Ends, fields: dict[str, Any], named: str
) -> None:
    task_id = add_task(sdk, ends.instance, "nightly", ends.source, ends.target).task_id
    before = site.written()
    request = CreateDispatchesRequest(instance_id=ends.instance, task_id=task_id, body=TaskDispatch(**fields))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert named in details
    assert site.written() == before
