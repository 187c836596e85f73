"""Starting, stopping and watching tasks, and what needs a run or a connection, through the vendor's SDK (7.5, 7.6)."""

from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    BatchStartOrStopTasksRequest,
    CountTasksRequest,
    CreateCommonTaskRequestBody,
    CreateDispatchesRequest,
    DatasourceInfo,
    ListDatasourceColumnsRequest,
    ListDatasourceTablesRequest,
    ListMonitorInfosRequest,
    ListMonitorLogRequest,
    ListTasksRequest,
    OperateTasksBean,
    RunTaskRequest,
    ShowTaskRequest,
    StartTestDatasourceRequest,
    StopTaskRequest,
    TaskBasicRequestBody,
    TaskBean,
    TaskDispatch,
    UpdateTaskRequest,
)
from tests.sdk.composites import Ends, add, ends_of
from tests.sdk.sample import add_task, exported, import_package, settled, share
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


@pytest.fixture
def ends(sdk: Sdk, instance: str) -> Ends:
    return ends_of(sdk, instance)


def operation(instance: str, action: str | None, *task_ids: str | None) -> Any:
    asked = OperateTasksBean(action_id=action, list=[TaskBean(task_id=task_id) for task_id in task_ids])
    return BatchStartOrStopTasksRequest(instance_id=instance, body=asked)


def counts(sdk: Sdk, instance: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    found = sdk.send(CountTasksRequest(instance_id=instance))
    names = ("running", "abnormal", "terminated", "completed")
    common, composite = (
        tuple(getattr(details, f"{name}_tasks_count") for name in names)
        for details in (found.common_task_details, found.cdc_task_details)
    )
    return common, composite


def test_tasks_are_started_and_stopped(sdk: Sdk, ends: Ends) -> None:
    common = add_task(sdk, ends.instance, "nightly", ends.source, ends.target).task_id
    composite = add(sdk, ends.instance)
    assert counts(sdk, ends.instance) == ((0, 0, 1, 0), (0, 0, 1, 0))
    done = sdk.send(operation(ends.instance, "start", common, composite))
    assert (done.status_code, done.success_count, done.failure_count, done.failure) == (200, 2, 0, [])
    assert [(task.task_id, task.task_name) for task in done.success] == [(common, "nightly"), (composite, "sync")]
    for task_id in (common, composite):
        shown = sdk.send(ShowTaskRequest(instance_id=ends.instance, task_id=task_id))
        assert shown.task.status == "running"
    assert counts(sdk, ends.instance) == ((1, 0, 0, 0), (1, 0, 0, 0))

    again = sdk.send(operation(ends.instance, "start", common))
    assert again.success_count == 1
    sdk.send(operation(ends.instance, "stop", composite))
    listed = {
        task.task_name: (task.status, task.execute_status)
        for task in sdk.send(ListTasksRequest(instance_id=ends.instance)).entities
    }
    assert listed == {"nightly": (1, "WAITING"), "sync": (0, "UNSTARTED")}
    assert counts(sdk, ends.instance) == ((1, 0, 0, 0), (0, 0, 1, 0))


def test_tasks_are_listed_by_their_status(sdk: Sdk, ends: Ends) -> None:
    tasks = [add_task(sdk, ends.instance, name, ends.source, ends.target) for name in ("first", "second")]
    sdk.send(operation(ends.instance, "start", tasks[1].task_id))

    def names(**query: Any) -> list[str]:
        found = sdk.send(ListTasksRequest(instance_id=ends.instance, **query))
        return [task.task_name for task in found.entities]

    assert names(status=1) == names(execute_status="WAITING") == ["second"]
    assert names(status=0) == names(execute_status="UNSTARTED") == ["first"]
    assert names(status=2) == names(execute_status="ERROR") == names(execute_status="RUNNING") == []


def test_an_update_leaves_a_task_started_and_a_package_does_not(
    sdk: Sdk, site: Site, ends: Ends, tmp_path: Path
) -> None:
    task_id = add_task(sdk, ends.instance, "nightly", ends.source, ends.target).task_id
    sdk.send(operation(ends.instance, "start", task_id))
    changed = CreateCommonTaskRequestBody(
        task=TaskBasicRequestBody(task_name="hourly", task_type="TIMING", **ends.pair()), task_detail="{}"
    )
    update = UpdateTaskRequest(instance_id=ends.instance, task_id=task_id, body=changed)
    assert sdk.send(update).task.status == "running"
    package = tmp_path / "package.zip"
    exported(sdk, ends.instance, package, tasks=[task_id])
    elsewhere = site.instance()
    job = sdk.send(import_package(package, elsewhere))
    assert settled(sdk, elsewhere, job.job_id).status == "Success"
    (arrived,) = sdk.send(ListTasksRequest(instance_id=elsewhere)).entities
    assert (arrived.task_name, arrived.status) == ("hourly", 0)


def test_each_task_of_several_says_what_became_of_it(client: str, site: Site, instance: str) -> None:
    maker, other = site.user("ROMA FullAccess"), site.user("ROMA FullAccess")
    with site.sdk(client, maker) as sdk:
        ends = ends_of(sdk, instance)
        add_task(sdk, instance, "nightly", ends.source, ends.target)
        read = add(sdk, instance, source_app_id=ends.app_ids[0])
        share(sdk, instance, ends.app_ids[0], other.id, "read")
        hidden = add(sdk, instance, task_name="hidden", source_app_id=ends.app_ids[1])
    with site.sdk(client, other) as sdk:
        own = add(sdk, instance, task_name="own")
        done = sdk.send(operation(instance, "start", own, read, hidden, "nowhere", own))
        assert (done.success_count, done.failure_count) == (1, 3)
        assert [task.task_id for task in done.success] == [own]
        assert [(task.task_id, task.task_name, task.error_code) for task in done.failure] == [
            (read, "sync", "ROMA.12001"),
            (hidden, None, "FDI.3021"),
            ("nowhere", None, "FDI.3021"),
        ]
        assert done.failure[2].error_msg == "The task nowhere does not exist."
        assert counts(sdk, instance) == ((0, 0, 1, 0), (1, 0, 1, 0))


@pytest.mark.parametrize(
    ("action", "task_ids", "named"),
    [
        ("restart", ["a"], "action_id: "),
        (None, ["a"], "action_id: is required"),
        ("start", [], "list: "),
        ("start", ["a"] * 11, "list: "),
        ("start", ["a", None], "list[1].task_id: is required"),
    ],
)
def test_a_wrong_field_of_an_operation_is_named(
    sdk: Sdk, site: Site, instance: str, action: str | None, task_ids: list[str | None], named: str
) -> None:
    before = site.written()
    assert named in sdk.refused(operation(instance, action, *task_ids), 400, "ROMA.13000", ".*")
    assert site.written() == before


def test_tasks_are_watched_with_their_schedules(sdk: Sdk, ends: Ends) -> None:
    common = add_task(sdk, ends.instance, "nightly", ends.source, ends.target, task_tag="night").task_id
    schedule = TaskDispatch(start_datetime=1, period="DAY", dispatch_interval=2, use_quartz_cron=False)
    sdk.send(CreateDispatchesRequest(instance_id=ends.instance, task_id=common, body=schedule))
    composite = add(sdk, ends.instance, source_app_id=ends.app_ids[0])
    sdk.send(operation(ends.instance, "start", composite))
    found = sdk.send(ListMonitorInfosRequest(instance_id=ends.instance))
    assert (found.total, found.size) == (2, 2)
    first, second = found.entities
    assert (first.task_id, first.task_name, first.task_type) == (common, "nightly", "timing")
    assert (first.period, first.dispatch_interval, first.use_quartz_cron, first.cron) == ("DAY", 2, False, None)
    assert (first.source_app_id, first.source_app_name) == (ends.app_ids[0], "Orders")
    assert (first.target_app_id, first.target_app_name) == (ends.app_ids[1], "Billing")
    assert (first.status, first.execute_status, first.ext_type, first.task_tag) == (0, "UNSTARTED", None, "night")
    assert (first.last_execute_time, first.position) == (None, None)
    assert (second.task_id, second.ext_type, second.status, second.execute_status) == (composite, "CDC", 1, "WAITING")
    assert (second.source_app_name, second.target_app_name, second.period) == ("Orders", None, None)

    def names(**query: Any) -> list[str]:
        page = sdk.send(ListMonitorInfosRequest(instance_id=ends.instance, **query))
        return [task.task_name for task in page.entities]

    assert names(task_name="night") == names(limit=1) == names(execute_status="UNSTARTED") == ["nightly"]
    assert names(offset=1) == ["sync"]


def test_no_task_was_ever_run(sdk: Sdk, site: Site, ends: Ends) -> None:
    task_id = add_task(sdk, ends.instance, "nightly", ends.source, ends.target).task_id
    place = {"instance_id": ends.instance, "task_id": task_id}
    before = site.written()
    logs = sdk.send(ListMonitorLogRequest(**place, limit=10, begin_time=1, end_time=2))
    assert (logs.total, logs.size, logs.entities) == (0, 0, [])
    details = sdk.refused(RunTaskRequest(**place), 400, "FDI.3026", r"Failed to start the task\.")
    assert "nightly" in details
    details = sdk.refused(StopTaskRequest(**place), 400, "FDI.3027", r"Failed to stop the task\.")
    assert "nightly" in details
    for request in (RunTaskRequest, StopTaskRequest, ListMonitorLogRequest):
        nowhere = request(instance_id=ends.instance, task_id="nowhere")
        sdk.refused(nowhere, 404, "ROMAPORT.3001", r"The task nowhere does not exist\.")
    assert site.written() == before


def test_no_data_source_is_asked(sdk: Sdk, ends: Ends) -> None:
    place = {"instance_id": ends.instance, "datasource_id": ends.source}
    body = DatasourceInfo(datasource_name="erp", datasource_type="MYSQL", app_id=ends.app_ids[0], content={"host": "h"})
    for request in (
        StartTestDatasourceRequest(**place, body=body),
        ListDatasourceTablesRequest(**place),
        ListDatasourceColumnsRequest(**place, table_name="orders"),
    ):
        details = sdk.refused(request, 400, "FDI.3016", r"Failed to test the connectivity\.")
        assert details == "datasource_id: erp was not asked, since this server opens no connections to data sources"
    lost = ListDatasourceTablesRequest(instance_id=ends.instance, datasource_id="nowhere")
    sdk.refused(lost, 404, "ROMAPORT.3001", r"The data source nowhere does not exist\.")


def test_a_started_task_is_shown_alike_everywhere(sdk: Sdk, ends: Ends) -> None:
    made = add_task(sdk, ends.instance, "nightly", ends.source, ends.target)
    sdk.send(operation(ends.instance, "start", made.task_id))
    shown = decoded(sdk.send(ShowTaskRequest(instance_id=ends.instance, task_id=made.task_id)).task)
    unchanged = {name: value for name, value in decoded(made).items() if name not in ("status", "last_modified_date")}
    assert {name: shown[name] for name in unchanged} == unchanged
