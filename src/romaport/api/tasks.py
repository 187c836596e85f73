"""What tasks have beyond the operations of every kind: starting, stopping and watching them (contract 7.6).

Tasks are kept here and not run. Started and stopped are states of theirs, as an instance has them for the tasks of
its own; whatever needs a run, or a connection to a data source, is refused.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.resources import listed
from romaport.catalog import Page
from romaport.errors import (
    AssetMissing,
    ConnectionImpossible,
    RoleMissing,
    RomaportError,
    RunImpossible,
    StopImpossible,
    TaskUnknown,
)
from romaport.kinds import KINDS, Asset, Filter, Kind, Viewer
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS"]

_TASK = KINDS["task"]
_COMPOSITE = KINDS["composite_task"]
_SCHEDULE = KINDS["schedule"]
_SOURCE = KINDS["data_source"]
_FDI = "/v2/{project_id}/fdi/instances/{instance_id}"
_IS_STARTED = Filter(query="status", matches="local.is_started")
_MONITORED = (
    "task_id",
    "task_name",
    "task_type",
    "status",
    "execute_status",
    "source_app_id",
    "source_app_name",
    "source_instance_id",
    "target_app_id",
    "target_app_name",
    "target_instance_id",
    "ext_type",
    "task_tag",
)
_SCHEDULED = ("use_quartz_cron", "cron", "period", "dispatch_interval")


class TaskNamed(Struct, frozen=True, forbid_unknown_fields=True):
    """One task of several."""

    task_id: Annotated[str, Meta(min_length=1, max_length=64)]


class BatchOperation(Struct, frozen=True, forbid_unknown_fields=True, rename={"tasks": "list"}):
    """Body of the operation that starts or stops tasks."""

    action_id: Literal["start", "stop"]
    tasks: Annotated[list[TaskNamed], Meta(min_length=1, max_length=10)]


def operate(call: Call) -> Reply:
    """Start or stop tasks, each on its own."""
    asked = decode(BatchOperation, call.body)
    success: list[dict[str, Any]] = []
    failure: list[dict[str, Any]] = []
    with call.parts.desk.deciding(call.instance_id) as tx:
        for task_id in dict.fromkeys(named.task_id for named in asked.tasks):
            outcome = _switched(call, tx, task_id, is_started=asked.action_id == "start")
            (failure if "error_code" in outcome else success).append(outcome)
    counts = {"success_count": len(success), "failure_count": len(failure)}
    return Reply(document={**counts, "success": success, "failure": failure})


def _switched(call: Call, tx: Transaction, task_id: str, *, is_started: bool) -> dict[str, Any]:
    catalog = call.parts.desk.catalog
    outcome: dict[str, Any] = {"task_id": task_id}
    refusal: RomaportError
    try:
        task = catalog.show(tx, _TASK, call.instance_id, task_id, call.actor)
        outcome["task_name"] = task.name
        if bool(task.local.get("is_started")) != is_started:
            catalog.note(tx, task, call.actor, is_started=is_started)
    except AssetMissing:
        refusal = TaskUnknown(task_id=task_id)
    except RoleMissing as missing:
        refusal = missing
    else:
        return outcome
    return {**outcome, "error_code": refusal.code, "error_msg": str(refusal)}


def run_now(call: Call) -> Reply:
    """Refuse to run a task."""
    raise RunImpossible(name=_task(call).name)


def terminate(call: Call) -> Reply:
    """Refuse to stop a run of a task."""
    raise StopImpossible(name=_task(call).name)


def _task(call: Call) -> Asset:
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        return desk.catalog.show(tx, _TASK, call.instance_id, call.path["task_id"], call.actor)


def count_tasks(call: Call) -> Reply:
    """Count the caller's tasks by sort and status; those that were not started count as terminated."""
    with call.parts.desk.database.snapshot() as tx:
        every = _statistics(call, tx, _TASK)
        composite = _statistics(call, tx, _COMPOSITE)
    common = {name: number - composite[name] for name, number in every.items()}
    return Reply(document={"common_task_details": common, "cdc_task_details": composite})


def _statistics(call: Call, tx: Transaction, kind: Kind) -> dict[str, int]:
    return {
        "running_tasks_count": _count(call, tx, kind, "true"),
        "abnormal_tasks_count": 0,
        "terminated_tasks_count": _count(call, tx, kind, "false"),
        "completed_tasks_count": 0,
    }


def _count(call: Call, tx: Transaction, kind: Kind, is_started: str) -> int:
    asked = Page(offset=0, limit=1, filters=((_IS_STARTED, is_started),), member_id=call.actor.member_id)
    return call.parts.desk.catalog.page(tx, kind, call.instance_id, asked)[0]


def list_monitors(call: Call) -> Reply:
    """List tasks with their schedules; none of them was ever run."""
    catalog = call.parts.desk.catalog

    with call.parts.desk.database.snapshot() as tx:

        def monitored(task: Asset, viewer: Viewer) -> dict[str, Any]:
            kind = KINDS[task.kind]
            shown = kind.present(task, viewer)["task"] | (kind.summarise or kind.present)(task, viewer)
            schedule = next((part.body for part in catalog.parts(tx, _SCHEDULE, task)), {})
            return {name: shown[name] for name in _MONITORED} | {name: schedule.get(name) for name in _SCHEDULED}

        return Reply(document=listed(_TASK, call, tx, monitored))


def list_logs(call: Call) -> Reply:
    """List the runs of a task: none."""
    _task(call)
    return Reply(document={"total": 0, "size": 0, "entities": []})


def refuse_connection(call: Call) -> Reply:
    """Refuse what only a data source itself could answer."""
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        source = desk.catalog.show(tx, _SOURCE, call.instance_id, call.path["datasource_id"], call.actor)
    raise ConnectionImpossible(name=source.name)


OPERATIONS = (
    Operation(
        name="BatchStartOrStopTasks",
        summary="Start or stop tasks.",
        method="POST",
        path=f"{_FDI}/batch-operation/tasks",
        action="roma:tasks:operate",
        run=operate,
        takes=Takes.JSON,
        request=BatchOperation,
        contract="7.6",
    ),
    Operation(
        name="RunTask",
        summary="Run a task at once; always refused.",
        method="POST",
        path=f"{_FDI}/tasks/{{task_id}}/run",
        action="roma:tasks:operate",
        run=run_now,
        contract="7.6",
    ),
    Operation(
        name="StopTask",
        summary="Stop a run of a task; always refused.",
        method="POST",
        path=f"{_FDI}/tasks/{{task_id}}/terminate",
        action="roma:tasks:operate",
        run=terminate,
        contract="7.6",
    ),
    Operation(
        name="CountTasks",
        summary="Count tasks by sort and status.",
        method="GET",
        path=f"{_FDI}/statistics/tasks",
        action="roma:tasks:list",
        run=count_tasks,
        contract="7.6",
    ),
    Operation(
        name="ListMonitorInfos",
        summary="List tasks with their schedules and their last run.",
        method="GET",
        path=f"{_FDI}/task-monitors",
        action="roma:tasks:list",
        run=list_monitors,
        contract="7.6",
    ),
    Operation(
        name="ListMonitorLog",
        summary="List the runs of a task.",
        method="GET",
        path=f"{_FDI}/tasks/{{task_id}}/monitor-logs",
        action="roma:tasks:get",
        run=list_logs,
        contract="7.6",
    ),
    Operation(
        name="StartTestDatasource",
        summary="Test the connection to a data source; always refused.",
        method="POST",
        path=f"{_FDI}/datasources/{{datasource_id}}/test-connect",
        action="roma:datasources:get",
        run=refuse_connection,
        takes=Takes.JSON,
        contract="7.5",
    ),
    Operation(
        name="ListDatasourceTables",
        summary="List the tables of a data source; always refused.",
        method="GET",
        path=f"{_FDI}/datasources/{{datasource_id}}/tables",
        action="roma:datasources:get",
        run=refuse_connection,
        contract="7.5",
    ),
    Operation(
        name="ListDatasourceColumns",
        summary="List the columns of a table of a data source; always refused.",
        method="GET",
        path=f"{_FDI}/datasources/{{datasource_id}}/columns",
        action="roma:datasources:get",
        run=refuse_connection,
        contract="7.5",
    ),
)
