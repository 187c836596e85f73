"""What is asked of the five asset operations and cannot be (contract 1 to 3): refused at once, nothing written."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    AssetExportRequest,
    AssetExportRequestApps,
    AssetExportRequestTasks,
    AssetOperateRequest,
    CheckAssetJobStatusRequest,
    CheckRomaAppDetailsRequest,
    CreateRomaAppRequest,
    DeleteAssetRequest,
    DeleteTaskRequest,
    DownloadAssetArchiveRequest,
    ExportAssetRequest,
    ShowTaskRequest,
)
from tests.sdk.requests_of import deletion_request
from tests.sdk.sample import add_sample, export_request, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

OPERATIONS = {"export": (ExportAssetRequest, AssetExportRequest), "delete": (DeleteAssetRequest, AssetOperateRequest)}


@pytest.fixture(params=sorted(OPERATIONS))
def operation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def selection(operation: str, instance: str, **chosen: Any) -> Any:
    request, body = OPERATIONS[operation]
    return request(instance_id=instance, body=body(**chosen))


def test_all_unknown_ids_are_told_at_once(sdk: Sdk, site: Site, instance: str, operation: str) -> None:
    app_id, task_id = add_sample(sdk, instance)
    before = site.written()
    request = selection(
        operation,
        instance,
        apps=[AssetExportRequestApps(id=found) for found in (app_id, "a-lost", "a-gone")],
        tasks=[AssetExportRequestTasks(id=found) for found in ("t-lost", task_id)],
    )
    details = sdk.refused(
        request,
        404,
        "ROMAPORT.3002",
        "3 of the selected assets do not exist: application a-lost, application a-gone, task t-lost",
    )
    assert app_id not in details
    assert task_id not in details
    assert site.written() == before


def test_many_unknown_ids_are_all_in_the_details(sdk: Sdk, instance: str, operation: str) -> None:
    ids = [f"{number:032x}" for number in range(100)]
    request = selection(operation, instance, apps=[AssetExportRequestApps(id=found) for found in ids])
    details = sdk.refused(request, 404, "ROMAPORT.3002", "100 of the selected assets do not exist: .*")
    assert not [found for found in ids if found not in details]


def test_an_id_of_another_instance_is_unknown(sdk: Sdk, site: Site, instance: str, operation: str) -> None:
    app_id, task_id = add_sample(sdk, site.instance())
    before = site.written()
    request = selection(
        operation, instance, apps=[AssetExportRequestApps(id=app_id)], tasks=[AssetExportRequestTasks(id=task_id)]
    )
    details = sdk.refused(request, 404, "ROMAPORT.3002", "2 of the selected assets do not exist: .*")
    assert app_id in details
    assert task_id in details
    assert site.written() == before


@pytest.mark.parametrize("chosen", [{}, {"apps": []}, {"apps": [], "tasks": []}], ids=str)
def test_an_empty_selection_is_refused(
    sdk: Sdk, site: Site, instance: str, operation: str, chosen: dict[str, Any]
) -> None:
    before = site.written()
    message = "Invalid parameters: apps, tasks: at least one id is needed"
    sdk.refused(selection(operation, instance, **chosen), 400, "ROMA.13000", message)
    assert site.written() == before


@pytest.mark.parametrize("field", ["apps", "tasks"])
def test_more_than_a_hundred_are_refused(sdk: Sdk, site: Site, instance: str, operation: str, field: str) -> None:
    model = {"apps": AssetExportRequestApps, "tasks": AssetExportRequestTasks}[field]
    before = site.written()
    request = selection(operation, instance, **{field: [model(id=f"{number:032x}") for number in range(101)]})
    sdk.refused(request, 400, "ROMA.13000", f"Invalid parameters: {field}: at most 100 per job, 101 given")
    assert site.written() == before


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"apps": [AssetExportRequestApps(id="a" * 65)]}, ["apps[0]", "64"]),
        ({"tasks": [AssetExportRequestTasks(id="t" * 65)]}, ["tasks[0]", "64"]),
        ({"apps": [AssetExportRequestApps(id="")]}, ["apps[0]"]),
        ({"apps": [AssetExportRequestApps()]}, ["apps[0]"]),
        ({"tasks": [AssetExportRequestTasks()]}, ["tasks[0]"]),
        ({"apps": [AssetExportRequestApps(id=5)]}, ["apps[0]", "str", "int"]),
        ({"apps": "all"}, ["apps: ", "array", "str"]),
        ({"tasks": {"id": "t"}}, ["tasks: ", "array", "object"]),
        ({"apps": [["a"]]}, ["apps[0]"]),
        ({"apps": 1, "tasks": True}, ["apps: ", "tasks: "]),
    ],
    ids=["long app", "long task", "empty", "no app id", "no task id", "number", "text", "object", "list", "several"],
)
def test_a_wrong_selection_is_named(
    sdk: Sdk, site: Site, instance: str, operation: str, chosen: dict[str, Any], named: list[str]
) -> None:
    before = site.written()
    details = sdk.refused(selection(operation, instance, **chosen), 400, "ROMA.13000", "Invalid parameters: .*")
    assert not [part for part in named if part not in details], details
    assert site.written() == before


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (None, "ROMA.13001", "No request body is available\\."),
        ("", "ROMA.13001", "No request body is available\\."),
        ('{"apps": [', "ROMA.13000", "Invalid parameters: body: must be JSON.*"),
        ("[" * 100_000, "ROMA.13000", "Invalid parameters: body: must be JSON.*"),
        ('["a"]', "ROMA.13000", "Invalid parameters: body: must be a JSON object"),
        ("null", "ROMA.13000", "Invalid parameters: body: must be a JSON object"),
    ],
    ids=["none", "empty", "cut off", "deep", "a list", "null"],
)
def test_a_body_that_is_no_json_object_is_refused(
    sdk: Sdk, site: Site, instance: str, body: str | None, code: str, message: str
) -> None:
    before = site.written()
    for model in (ExportAssetRequest, DeleteAssetRequest, CreateRomaAppRequest):
        sdk.refused(model(instance_id=instance, body=body), 400, code, message)
    assert site.written() == before


@pytest.mark.parametrize("unknown", ["0" * 32, "j" * 65, "j" * 1000, "%2e%2e", "ü b"])
def test_an_unknown_job_archive_app_or_task_is_refused(sdk: Sdk, site: Site, instance: str, unknown: str) -> None:
    before = site.written()
    requests = [
        (CheckAssetJobStatusRequest(instance_id=instance, job_id=unknown), "ROMAPORT.2001"),
        (DownloadAssetArchiveRequest(instance_id=instance, archive_id=unknown), "ROMAPORT.2101"),
        (CheckRomaAppDetailsRequest(instance_id=instance, app_id=unknown), "ROMAPORT.3001"),
        (ShowTaskRequest(instance_id=instance, task_id=unknown), "ROMAPORT.3001"),
        (DeleteTaskRequest(instance_id=instance, task_id=unknown), "ROMAPORT.3001"),
    ]
    for request, code in requests:
        assert unknown in sdk.refused(request, 404, code, ".*(does not exist\\.|\\.\\.\\.)")
    assert site.written() == before


@pytest.mark.parametrize("unknown", ["a/b", "../jobs"])
def test_a_slash_in_an_id_is_part_of_the_id(sdk: Sdk, instance: str, unknown: str) -> None:
    # Decoded before routing, it would lead to another operation (contract 2.5).
    for request, code in (
        (CheckAssetJobStatusRequest(instance_id=instance, job_id=unknown), "ROMAPORT.2001"),
        (DownloadAssetArchiveRequest(instance_id=instance, archive_id=unknown), "ROMAPORT.2101"),
    ):
        sdk.refused(request, 404, code, ".* does not exist\\.")


def test_a_job_is_found_in_its_own_instance_only(sdk: Sdk, site: Site, instance: str) -> None:
    app_id, _ = add_sample(sdk, instance)
    job = settled(sdk, instance, sdk.send(export_request(instance, apps=[app_id])).job_id)
    elsewhere = site.instance()
    before = site.written()
    progress = CheckAssetJobStatusRequest(instance_id=elsewhere, job_id=job.id)
    sdk.refused(progress, 404, "ROMAPORT.2001", f"Job {job.id} does not exist\\.")
    download = DownloadAssetArchiveRequest(instance_id=elsewhere, archive_id=job.archive_id)
    sdk.refused(download, 404, "ROMAPORT.2101", f"Archive {job.archive_id} does not exist\\.")
    assert site.written() == before


def test_a_second_download_is_refused_and_says_when_and_by_whom_the_first_was(
    sdk: Sdk, site: Site, instance: str, tmp_path: Any
) -> None:
    app_id, _ = add_sample(sdk, instance)
    job = settled(sdk, instance, sdk.send(export_request(instance, apps=[app_id])).job_id)
    request = DownloadAssetArchiveRequest(instance_id=instance, archive_id=job.archive_id)
    sdk.save(request, tmp_path / "first.zip")
    message = r"The archive was downloaded at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ by admin\."
    sdk.refused(request, 410, "ROMAPORT.2102", message)
    before = site.written()
    sdk.refused(request, 410, "ROMAPORT.2102", message)
    assert site.written() == before
    assert settled(sdk, instance, job.id).status == "Finished"


def test_a_deletion_takes_nothing_when_it_cannot_take_all(sdk: Sdk, site: Site, instance: str) -> None:
    app_id, task_id = add_sample(sdk, instance)
    request = deletion_request(instance, apps=[app_id, "lost"], tasks=[task_id])
    before = site.written()
    sdk.refused(request, 404, "ROMAPORT.3002", "1 of the selected assets do not exist: application lost")
    assert site.written() == before
