"""A few assets made, read back and carried through the vendor's SDK."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkroma.v2 import (
    AddUserToApp,
    AddUserToAppRequest,
    AssetExportRequest,
    AssetExportRequestApps,
    AssetExportRequestTasks,
    CheckAssetJobStatusRequest,
    Content,
    CreateAppReq,
    CreateCommonTaskRequest,
    CreateCommonTaskRequestBody,
    CreateDatasourceInfoRequest,
    CreateDispatchesRequest,
    CreateRomaAppRequest,
    DatasourceInfo,
    DownloadAssetArchiveRequest,
    ExportAssetRequest,
    ImportAssetRequest,
    ImportAssetRequestBody,
    ListDatasourcesRequest,
    ListRomaAppRequest,
    ListTasksRequest,
    ShowDispatchesRequest,
    ShowTaskRequest,
    TaskBasicRequestBody,
    TaskDispatch,
    User,
)
from tests.sdk.vendor import Sdk, decoded

__all__ = [
    "add_app",
    "add_sample",
    "add_source",
    "add_task",
    "assets_of",
    "export_request",
    "exported",
    "finished",
    "import_package",
    "settled",
    "share",
]

_RUNNING = ("Running", "RUNNING")
_START = 1_767_225_600_000
_ID = re.compile(r"[0-9a-f]{32}")


def add_app(sdk: Sdk, instance_id: str, name: str, **fields: Any) -> Any:
    """Add an application."""
    return sdk.send(CreateRomaAppRequest(instance_id=instance_id, body=CreateAppReq(name=name, **fields)))


def share(sdk: Sdk, instance_id: str, app_id: str, user_id: str, *roles: str) -> None:
    """Share an application with one user and nobody else."""
    users = [User(id=user_id, roles=list(roles))]
    sdk.send(AddUserToAppRequest(instance_id=instance_id, app_id=app_id, body=AddUserToApp(users=users)))


def add_source(sdk: Sdk, instance_id: str, app_id: str, name: str, **content: Any) -> Any:
    """Add a data source."""
    body = DatasourceInfo(
        datasource_name=name,
        datasource_type="MYSQL",
        app_id=app_id,
        content=Content(**{"host": f"{name}.lakeside.example", "port": "3306", **content}),
        description=f"The {name} database",
    )
    return sdk.send(CreateDatasourceInfoRequest(instance_id=instance_id, body=body))


def add_task(sdk: Sdk, instance_id: str, name: str, source_id: str, target_id: str, **fields: Any) -> Any:
    """Add a task between two data sources."""
    task = TaskBasicRequestBody(
        task_name=name,
        task_type=fields.pop("task_type", "TIMING"),
        source_datasource_id=source_id,
        target_datasource_id=target_id,
        **fields,
    )
    detail = json.dumps({"sourceSelectedDatasource": {"id": source_id, "sourceParams": []}, "target": target_id})
    body = CreateCommonTaskRequestBody(task=task, task_detail=detail)
    return sdk.send(CreateCommonTaskRequest(instance_id=instance_id, body=body)).task


def add_sample(sdk: Sdk, instance_id: str) -> tuple[str, str]:
    """Add two applications, four data sources, two tasks and a schedule; answer the first app's and task's id."""
    first_ids: list[tuple[str, str]] = []
    for area in ("Orders", "Billing"):
        app = add_app(sdk, instance_id, f"{area} Lakeside", remark=f"All about {area}", key=f"lakeside-{area}")
        source = add_source(sdk, instance_id, app.id, f"{area}-erp", user_name="reader", password="hush-hush")
        target = add_source(sdk, instance_id, app.id, f"{area}-lake", user_name="writer", password="more-hush")
        ends = (source.datasource_id, target.datasource_id)
        task = add_task(sdk, instance_id, f"{area}-nightly", *ends, description="Every night", task_tag="nightly")
        first_ids.append((app.id, task.task_id))
    schedule = TaskDispatch(start_datetime=_START, period="DAY", dispatch_interval=1, remark="At midnight")
    sdk.send(CreateDispatchesRequest(instance_id=instance_id, task_id=first_ids[0][1], body=schedule))
    return first_ids[0]


def assets_of(sdk: Sdk, instance_id: str) -> dict[str, list[dict[str, Any]]]:
    """Answer what an instance holds, without what is its own: ids, times, and secrets that do not travel."""
    apps = sdk.send(ListRomaAppRequest(instance_id=instance_id, limit=500)).apps
    sources = sdk.send(ListDatasourcesRequest(instance_id=instance_id, limit=999)).entities
    names = {found.datasource_id: found.datasource_name for found in sources}
    tasks = [
        sdk.send(ShowTaskRequest(instance_id=instance_id, task_id=found.task_id))
        for found in sdk.send(ListTasksRequest(instance_id=instance_id, limit=999)).entities
    ]
    return {
        "apps": _sorted({"name": app.name, "remark": app.remark, "key": app.key} for app in apps),
        "data sources": _sorted(map(_source, sources)),
        "tasks": _sorted(_task(sdk, instance_id, found, names) for found in tasks),
    }


def _sorted(found: Any) -> list[dict[str, Any]]:
    return sorted(found, key=repr)


def _source(found: Any) -> dict[str, Any]:
    content = {name: value for name, value in decoded(found.content).items() if value is not None}
    content.pop("password", None)
    return {
        "name": found.datasource_name,
        "type": found.datasource_type,
        "app": found.app_name,
        "description": found.description,
        "content": content,
    }


def _task(sdk: Sdk, instance_id: str, found: Any, names: dict[str, str]) -> dict[str, Any]:
    task = found.task
    shown: dict[str, Any] = {
        name: getattr(task, name)
        for name in (
            "task_name",
            "task_type",
            "description",
            "task_tag",
            "source_datasource_name",
            "target_datasource_name",
            "source_app_name",
            "target_app_name",
        )
    }
    # Ids differ; what they name does not.
    shown["detail"] = _ID.sub(lambda met: names[met[0]], found.task_detail)
    if task.task_name.startswith("Orders"):
        schedule = sdk.send(ShowDispatchesRequest(instance_id=instance_id, task_id=task.task_id))
        assert schedule.task_id == task.task_id
        shown["schedule"] = (schedule.start_datetime, schedule.period, schedule.dispatch_interval, schedule.remark)
    return shown


def export_request(instance_id: str, *, apps: Sequence[str] = (), tasks: Sequence[str] = ()) -> Any:
    """Make the request that exports these applications and tasks."""
    body = AssetExportRequest(
        apps=[AssetExportRequestApps(id=app_id) for app_id in apps] or None,
        tasks=[AssetExportRequestTasks(id=task_id) for task_id in tasks] or None,
    )
    return ExportAssetRequest(instance_id=instance_id, body=body)


def settled(sdk: Sdk, instance_id: str, job_id: str) -> Any:
    """Poll a job until it no longer runs; answer its last progress. It must never have gone back."""
    seen = 0.0
    while True:
        job = sdk.send(CheckAssetJobStatusRequest(instance_id=instance_id, job_id=job_id))
        assert job.id == job_id
        assert seen <= job.progress_percent <= 1
        seen = job.progress_percent
        if job.status not in _RUNNING:
            return job
        assert job.progress_percent < 1
        assert job.archive_id is None
        assert job.end_time is None


def finished(sdk: Sdk, instance_id: str, job_id: str) -> Any:
    """Poll an export until its package is gone by itself; answer its last progress."""
    while True:
        job = settled(sdk, instance_id, job_id)
        assert job.progress_percent == 1
        if job.archive_id is None:
            return job


def exported(sdk: Sdk, instance_id: str, path: Path, **chosen: Sequence[str]) -> Any:
    """Export, and download to a file; answer the job as it was before the download."""
    started = sdk.send(export_request(instance_id, **chosen))
    job = settled(sdk, instance_id, started.job_id)
    assert job.archive_id, job
    sdk.save(DownloadAssetArchiveRequest(instance_id=instance_id, archive_id=job.archive_id), path)
    # Whoever has read the last byte never sees an older state again.
    assert settled(sdk, instance_id, job.id).archive_id is None
    return job


def import_package(path: Path, instance_id: str) -> Any:
    """Make the request that imports a file; the SDK reads it when the request is sent."""
    return ImportAssetRequest(
        instance_id=instance_id, body=ImportAssetRequestBody(import_asset_request_body=FormFile(str(path)))
    )
