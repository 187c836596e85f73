"""One request of every operation that the SDK has and the server serves, for refusals that hold for all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkroma.v2 import (
    AddUserToApp,
    AddUserToAppRequest,
    ApiBatchPublish,
    ApiCheckInfoV2,
    ApiGroupBase,
    ApiGroupCheck,
    ApiGroupCreate,
    AssetExportRequestApps,
    AssetExportRequestTasks,
    AssetOperateRequest,
    BatchDeleteMqsInstanceTopicReq,
    BatchDeleteMqsInstanceTopicRequest,
    BatchPublishOrOfflineApiV2Request,
    BatchStartOrStopTasksRequest,
    CheckApiGroupsV2Request,
    CheckApisV2Request,
    CheckAssetJobStatusRequest,
    CheckAuthUsersOfAppRequest,
    CheckCanAuthUsersOfAppRequest,
    CheckDictionaryRequest,
    CheckRomaAppDetailsRequest,
    CheckRomaAppSecretRequest,
    CountTasksRequest,
    CreateApiGroupV2Request,
    CreateApiV2Request,
    CreateAppReq,
    CreateCommonTaskRequest,
    CreateCommonTaskRequestBody,
    CreateDatasourceInfoRequest,
    CreateDictionary,
    CreateDictionaryRequest,
    CreateDispatchesRequest,
    CreateEnvironmentV2Request,
    CreateMqsInstanceTopicReq,
    CreateMqsInstanceTopicRequest,
    CreateMultiTaskMappingsRequest,
    CreateMultiTasksRequest,
    CreateRomaAppRequest,
    DatasourceInfo,
    DeleteApiGroupV2Request,
    DeleteApiV2Request,
    DeleteAssetRequest,
    DeleteDatasourceInfoByIdRequest,
    DeleteDictionaryRequest,
    DeleteEnvironmentV2Request,
    DeleteMqsInstanceTopicRequest,
    DeleteMultiTaskMappingRequest,
    DeleteRomaAppRequest,
    DeleteTaskRequest,
    DownloadAssetArchiveRequest,
    EnvCreate,
    ExportApiDefinitionsV2Request,
    ExportOpenApiReq,
    ImportApiDefinitionsV2Request,
    ImportApiDefinitionsV2RequestBody,
    InstallMultiTasksRequest,
    ListApiGroupsV2Request,
    ListApiRuntimeDefinitionV2Request,
    ListApisV2Request,
    ListDatasourceColumnsRequest,
    ListDatasourcesRequest,
    ListDatasourceTablesRequest,
    ListDictionaryRequest,
    ListEnvironmentsV2Request,
    ListMonitorInfosRequest,
    ListMonitorLogRequest,
    ListMqsInstanceTopicsRequest,
    ListRomaAppRequest,
    ListTasksRequest,
    MultiTaskInitBody,
    MultiTaskMappingCreateBody,
    MultiTaskRequestBody,
    MultiTaskResetBody,
    MultiTaskUpdateBody,
    OperateTasksBean,
    ResetMultiTaskOffsetRequest,
    ResetRomaAppSecretRequest,
    RunTaskRequest,
    ShowDetailsOfApiGroupV2Request,
    ShowDetailsOfApiV2Request,
    ShowDetailsOfInstanceV2Request,
    ShowDispatchesRequest,
    ShowMqsInstanceRequest,
    ShowMqsInstanceTopicAccessPolicyRequest,
    ShowTaskRequest,
    StartTestDatasourceRequest,
    StopTaskRequest,
    TaskBasicRequestBody,
    TaskBean,
    TaskDispatch,
    UpdateApiGroupV2Request,
    UpdateApiV2Request,
    UpdateAppReq,
    UpdateAppSecretReq,
    UpdateDatasourceInfoRequest,
    UpdateDictionary,
    UpdateDictionaryRequest,
    UpdateDispatchesRequest,
    UpdateEnvironmentV2Request,
    UpdateMqsInstanceTopicReq,
    UpdateMqsInstanceTopicRequest,
    UpdateMultiTasksRequest,
    UpdateRomaAppRequest,
    UpdateTaskRequest,
    UpdateTopicAccessPolicyReq,
    UpdateTopicAccessPolicyRequest,
    UpdateTopicObject,
    ValidateDictionaryRequest,
    ValidateRomaAppRequest,
)
from tests.sdk.apic import action, api_body
from tests.sdk.requests_of_products import READING_PRODUCTS, WRITING_PRODUCTS
from tests.sdk.sample import export_request, import_package

__all__ = ["deletion_request", "reading", "writing"]

_NOWHERE = "0" * 32
Make = Callable[[str], Any]


def deletion_request(instance_id: str, *, apps: list[str] | None = None, tasks: list[str] | None = None) -> Any:
    """Make the request that deletes these applications and tasks."""
    body = AssetOperateRequest(
        apps=None if apps is None else [AssetExportRequestApps(id=found) for found in apps],
        tasks=None if tasks is None else [AssetExportRequestTasks(id=found) for found in tasks],
    )
    return DeleteAssetRequest(instance_id=instance_id, body=body)


def _one(model: Any, **fields: Any) -> Make:
    return lambda instance_id: model(instance_id=instance_id, **fields)


_APP = {"app_id": _NOWHERE}
_SOURCE = {"datasource_id": _NOWHERE}
_TASK = {"task_id": _NOWHERE}
_GROUP = {"group_id": _NOWHERE}
_API = {"api_id": _NOWHERE}
_ENVIRONMENT = {"env_id": _NOWHERE}
_SOURCE_BODY = DatasourceInfo(datasource_name="erp", datasource_type="MYSQL", app_id=_NOWHERE, content={"host": "h"})
_PAIR = {"source_datasource_id": _NOWHERE, "target_datasource_id": _NOWHERE}
_COMPOSITE_BODY = MultiTaskRequestBody(task_name="sync", task_type="REALTIME", operation_types=["INSERT"])
_TOPIC_BODY = CreateMqsInstanceTopicReq(name="orders", app_id=_NOWHERE, access_policy="all")
_TASK_BODY = CreateCommonTaskRequestBody(
    task=TaskBasicRequestBody(task_name="nightly", task_type="TIMING", **_PAIR),
    task_detail="{}",
)

_READING: tuple[tuple[Make, str], ...] = (
    (_one(ShowDetailsOfInstanceV2Request), "roma:instances:get"),
    (_one(ShowMqsInstanceRequest), "roma:instances:get"),
    (_one(ListRomaAppRequest), "roma:applications:list"),
    (_one(CheckRomaAppDetailsRequest, **_APP), "roma:applications:get"),
    (_one(CheckRomaAppSecretRequest, **_APP), "roma:applications:get"),
    (_one(CheckAuthUsersOfAppRequest, **_APP), "roma:applications:get"),
    (_one(CheckCanAuthUsersOfAppRequest, **_APP), "roma:applications:get"),
    (_one(ValidateRomaAppRequest, name="Orders"), "roma:applications:get"),
    (_one(ListDictionaryRequest), "roma:dictionaries:list"),
    (_one(CheckDictionaryRequest, dict_id=_NOWHERE), "roma:dictionaries:get"),
    (_one(ValidateDictionaryRequest, name="Types"), "roma:dictionaries:get"),
    (_one(ListDatasourcesRequest), "roma:datasources:list"),
    (_one(ListTasksRequest), "roma:tasks:list"),
    (_one(ShowTaskRequest, **_TASK), "roma:tasks:get"),
    (_one(ShowDispatchesRequest, **_TASK), "roma:tasks:get"),
    (_one(ListApiGroupsV2Request), "roma:apigroups:list"),
    (_one(ShowDetailsOfApiGroupV2Request, **_GROUP), "roma:apigroups:get"),
    (_one(CheckApiGroupsV2Request, body=ApiGroupCheck(group_name="Stock")), "roma:apigroups:get"),
    (_one(ListApisV2Request), "roma:apis:list"),
    (_one(ShowDetailsOfApiV2Request, **_API), "roma:apis:get"),
    (_one(ListApiRuntimeDefinitionV2Request, **_API), "roma:apis:get"),
    (_one(CheckApisV2Request, body=ApiCheckInfoV2(type="name", name="list-stock")), "roma:apis:get"),
    (_one(ListEnvironmentsV2Request), "roma:environments:list"),
    (_one(CountTasksRequest), "roma:tasks:list"),
    (_one(ListMonitorInfosRequest), "roma:tasks:list"),
    (_one(ListMonitorLogRequest, **_TASK), "roma:tasks:get"),
    (_one(StartTestDatasourceRequest, **_SOURCE, body=_SOURCE_BODY), "roma:datasources:get"),
    (_one(ListDatasourceTablesRequest, **_SOURCE), "roma:datasources:get"),
    (_one(ListDatasourceColumnsRequest, **_SOURCE, table_name="orders"), "roma:datasources:get"),
    (_one(ListMqsInstanceTopicsRequest), "roma:topics:list"),
    (_one(ShowMqsInstanceTopicAccessPolicyRequest, topic_name="orders"), "roma:topics:get"),
    (_one(CheckAssetJobStatusRequest, job_id=_NOWHERE), "roma:assets:get"),
    *READING_PRODUCTS,
)
_WRITING: tuple[tuple[Make, str], ...] = (
    (_one(CreateRomaAppRequest, body=CreateAppReq(name="Orders")), "roma:applications:create"),
    (_one(UpdateRomaAppRequest, **_APP, body=UpdateAppReq(remark="r")), "roma:applications:update"),
    (_one(DeleteRomaAppRequest, **_APP), "roma:applications:delete"),
    (_one(ResetRomaAppSecretRequest, **_APP, body=UpdateAppSecretReq()), "roma:applications:update"),
    (_one(AddUserToAppRequest, **_APP, body=AddUserToApp(users=[])), "roma:applications:user"),
    (
        _one(CreateDictionaryRequest, body=CreateDictionary(name="Types", code="types")),
        "roma:dictionaries:create",
    ),
    (
        _one(UpdateDictionaryRequest, dict_id=_NOWHERE, body=UpdateDictionary(remark="r")),
        "roma:dictionaries:update",
    ),
    (_one(DeleteDictionaryRequest, dict_id=_NOWHERE), "roma:dictionaries:delete"),
    (_one(CreateDatasourceInfoRequest, body=_SOURCE_BODY), "roma:datasources:create"),
    (
        _one(UpdateDatasourceInfoRequest, **_SOURCE, body=_SOURCE_BODY),
        "roma:datasources:update",
    ),
    (_one(DeleteDatasourceInfoByIdRequest, **_SOURCE), "roma:datasources:delete"),
    (_one(CreateCommonTaskRequest, body=_TASK_BODY), "roma:tasks:create"),
    (_one(UpdateTaskRequest, **_TASK, body=_TASK_BODY), "roma:tasks:update"),
    (_one(DeleteTaskRequest, **_TASK), "roma:tasks:delete"),
    (_one(CreateDispatchesRequest, **_TASK, body=TaskDispatch()), "roma:tasks:update"),
    (
        _one(UpdateDispatchesRequest, **_TASK, dispatch_id=_NOWHERE, body=TaskDispatch()),
        "roma:tasks:update",
    ),
    (_one(CreateApiGroupV2Request, body=ApiGroupCreate(name="Stock")), "roma:apigroups:create"),
    (_one(UpdateApiGroupV2Request, **_GROUP, body=ApiGroupBase(name="Stock")), "roma:apigroups:update"),
    (_one(DeleteApiGroupV2Request, **_GROUP), "roma:apigroups:delete"),
    (_one(CreateApiV2Request, body=api_body(_NOWHERE, "list-stock")), "roma:apis:create"),
    (_one(UpdateApiV2Request, **_API, body=api_body(_NOWHERE, "list-stock")), "roma:apis:update"),
    (_one(DeleteApiV2Request, **_API), "roma:apis:delete"),
    (lambda instance_id: action(instance_id, _NOWHERE), "roma:apis:publish"),
    (
        _one(
            BatchPublishOrOfflineApiV2Request,
            action="online",
            body=ApiBatchPublish(apis=[_NOWHERE], **_ENVIRONMENT),
        ),
        "roma:apis:publish",
    ),
    (_one(ExportApiDefinitionsV2Request, body=ExportOpenApiReq(**_GROUP, define="dev")), "roma:apis:export"),
    (_one(CreateEnvironmentV2Request, body=EnvCreate(name="DEV")), "roma:environments:create"),
    (_one(UpdateEnvironmentV2Request, **_ENVIRONMENT, body=EnvCreate(name="DEV")), "roma:environments:update"),
    (_one(DeleteEnvironmentV2Request, **_ENVIRONMENT), "roma:environments:delete"),
    (
        _one(BatchStartOrStopTasksRequest, body=OperateTasksBean("start", [TaskBean(_NOWHERE)])),
        "roma:tasks:operate",
    ),
    (_one(RunTaskRequest, **_TASK), "roma:tasks:operate"),
    (_one(StopTaskRequest, **_TASK), "roma:tasks:operate"),
    (_one(CreateMultiTasksRequest, body=_COMPOSITE_BODY), "roma:tasks:create"),
    (_one(UpdateMultiTasksRequest, **_TASK, body=MultiTaskUpdateBody(description="d")), "roma:tasks:update"),
    (_one(InstallMultiTasksRequest, body=MultiTaskInitBody()), "roma:tasks:create"),
    (
        _one(CreateMultiTaskMappingsRequest, **_TASK, body=MultiTaskMappingCreateBody(**_PAIR)),
        "roma:tasks:update",
    ),
    (_one(DeleteMultiTaskMappingRequest, **_TASK, mapping_id=_NOWHERE), "roma:tasks:update"),
    (_one(ResetMultiTaskOffsetRequest, **_TASK, body=MultiTaskResetBody()), "roma:tasks:operate"),
    (_one(CreateMqsInstanceTopicRequest, body=_TOPIC_BODY), "roma:topics:create"),
    (
        _one(UpdateMqsInstanceTopicRequest, body=UpdateMqsInstanceTopicReq([UpdateTopicObject(name="orders")])),
        "roma:topics:update",
    ),
    (_one(DeleteMqsInstanceTopicRequest, name="orders"), "roma:topics:delete"),
    (
        _one(BatchDeleteMqsInstanceTopicRequest, body=BatchDeleteMqsInstanceTopicReq(["orders"])),
        "roma:topics:delete",
    ),
    (
        _one(UpdateTopicAccessPolicyRequest, body=UpdateTopicAccessPolicyReq([])),
        "roma:topics:update",
    ),
    (lambda instance_id: export_request(instance_id, apps=[_NOWHERE]), "roma:assets:export"),
    (lambda instance_id: deletion_request(instance_id, apps=[_NOWHERE]), "roma:assets:delete"),
    (_one(DownloadAssetArchiveRequest, archive_id=_NOWHERE), "roma:assets:download"),
    *WRITING_PRODUCTS,
)


def reading(instance_id: str) -> list[tuple[Any, str]]:
    """Make every request that only reads, each with the permission it needs; ROMA ReadOnlyAccess has them all."""
    return [(make(instance_id), action) for make, action in _READING]


def writing(instance_id: str, package: Path) -> list[tuple[Any, str]]:
    """Make every request that changes something, a download being one, each with the permission it needs."""
    made = [(make(instance_id), action) for make, action in _WRITING]
    document = ImportApiDefinitionsV2RequestBody(file_name=FormFile(str(package)))
    return [
        *made,
        (import_package(package, instance_id), "roma:assets:import"),
        (ImportApiDefinitionsV2Request(instance_id=instance_id, body=document), "roma:apis:import"),
    ]
