"""Composite tasks made and looked at through the vendor's SDK."""

from dataclasses import dataclass
from typing import Any

from huaweicloudsdkroma.v2 import (
    CreateMultiTaskMappingsRequest,
    CreateMultiTasksRequest,
    InstallMultiTasksRequest,
    MultiTaskInitBody,
    MultiTaskMappingCreateBody,
    MultiTaskRequestBody,
    ShowTaskRequest,
)
from tests.sdk.sample import add_app, add_source
from tests.sdk.vendor import Sdk

__all__ = ["Ends", "add", "body", "ends_of", "initialised", "map_tables", "shown"]


@dataclass(frozen=True)
class Ends:
    """Two applications with a data source each."""

    instance: str
    app_ids: tuple[str, str]
    source: str
    target: str

    def pair(self) -> dict[str, str]:
        return {"source_datasource_id": self.source, "target_datasource_id": self.target}


def ends_of(sdk: Sdk, instance: str) -> Ends:
    apps = [add_app(sdk, instance, name).id for name in ("Orders", "Billing")]
    found = [
        add_source(sdk, instance, app, name).datasource_id for app, name in zip(apps, ("erp", "lake"), strict=True)
    ]
    return Ends(instance, (apps[0], apps[1]), *found)


def body(**fields: Any) -> Any:
    known = {"task_name": "sync", "task_type": "REALTIME", "operation_types": ["INSERT"]}
    return MultiTaskRequestBody(**{**known, **fields})


def add(sdk: Sdk, instance: str, **fields: Any) -> str:
    made = sdk.send(CreateMultiTasksRequest(instance_id=instance, body=body(**fields)))
    assert made.status_code == 200
    task_id: str = made.task_id
    return task_id


def map_tables(ends: Ends, task_id: str, *tables: str | None, **fields: Any) -> Any:
    """Make the request that maps a table to another."""
    known = dict(zip(("source_table", "target_table"), tables, strict=True)) | ends.pair()
    mapped = MultiTaskMappingCreateBody(**{**known, **fields})
    return CreateMultiTaskMappingsRequest(instance_id=ends.instance, task_id=task_id, body=mapped)


def initialised(sdk: Sdk, instance: str, **fields: Any) -> list[Any]:
    found = sdk.send(InstallMultiTasksRequest(instance_id=instance, body=MultiTaskInitBody(**fields)))
    assert found.status_code == 200
    elements: list[Any] = found.body
    return elements


def shown(sdk: Sdk, instance: str, task_id: str) -> Any:
    return sdk.send(ShowTaskRequest(instance_id=instance, task_id=task_id))
