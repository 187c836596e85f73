"""The main job with nothing but the vendor's SDK, an endpoint and an access key (contract 1 and 2)."""

import json
import zipfile
from pathlib import Path
from typing import Any

from huaweicloudsdkroma.v2 import (
    AssetExportRequestApps,
    AssetExportRequestTasks,
    AssetOperateRequest,
    CheckRomaAppSecretRequest,
    DeleteAssetRequest,
    DownloadAssetArchiveRequest,
    ListDatasourcesRequest,
    ListRomaAppRequest,
    ListTasksRequest,
)
from tests.sdk.sample import add_app, add_sample, assets_of, export_request, exported, import_package, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

EMPTY: dict[str, list[dict[str, Any]]] = {"apps": [], "data sources": [], "tasks": []}


def deletion(instance: str, *, apps: list[str], tasks: list[str] | None = None) -> Any:
    body = AssetOperateRequest(
        apps=[AssetExportRequestApps(id=found) for found in apps],
        tasks=[AssetExportRequestTasks(id=found) for found in tasks or []],
    )
    return DeleteAssetRequest(instance_id=instance, body=body)


def app_ids(sdk: Sdk, instance: str) -> list[str]:
    return [app.id for app in sdk.send(ListRomaAppRequest(instance_id=instance)).apps]


def test_assets_leave_one_instance_and_arrive_in_another(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    target = site.instance()
    add_sample(sdk, instance)
    before = assets_of(sdk, instance)
    assert [len(found) for found in before.values()] == [2, 4, 2]

    path = tmp_path / "lakeside.zip"
    job = exported(sdk, instance, path, apps=app_ids(sdk, instance))
    assert (job.type, job.status, job.progress_percent, job.reasons) == ("exportAsset", "Success", 1.0, None)
    assert job.begin_time.endswith("Z")
    assert job.begin_time <= job.end_time

    over = settled(sdk, instance, job.id)
    assert (over.status, over.progress_percent, over.archive_id) == ("Finished", 1.0, None)
    assert zipfile.is_zipfile(path)

    started = sdk.send(import_package(path, target))
    arrived = settled(sdk, target, started.job_id)
    assert (arrived.type, arrived.status, arrived.progress_percent) == ("importAsset", "Success", 1.0)
    assert arrived.archive_id is None
    assert assets_of(sdk, target) == before
    assert assets_of(sdk, instance) == before

    started = sdk.send(deletion(target, apps=app_ids(sdk, target)))
    deleted = settled(sdk, target, started.job_id)
    assert (deleted.type, deleted.status, deleted.progress_percent) == ("deleteAsset", "Success", 1.0)
    assert assets_of(sdk, target) == EMPTY
    assert assets_of(sdk, instance) == before


def test_an_export_of_a_task_takes_its_data_sources_and_application_along(
    sdk: Sdk, site: Site, instance: str, tmp_path: Path
) -> None:
    target = site.instance()
    _, task_id = add_sample(sdk, instance)
    exported(sdk, instance, tmp_path / "task.zip", tasks=[task_id])
    started = sdk.send(import_package(tmp_path / "task.zip", target))
    assert settled(sdk, target, started.job_id).status == "Success"
    found = assets_of(sdk, target)
    assert [app["name"] for app in found["apps"]] == ["Orders Lakeside"]
    assert [source["name"] for source in found["data sources"]] == ["Orders-erp", "Orders-lake"]
    assert [task["task_name"] for task in found["tasks"]] == ["Orders-nightly"]
    assert found["tasks"] == [task for task in assets_of(sdk, instance)["tasks"] if "Orders" in task["task_name"]]


def test_secrets_stay_where_they_are(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    target = site.instance()
    app_id, _ = add_sample(sdk, instance)
    secret = sdk.send(CheckRomaAppSecretRequest(instance_id=instance, app_id=app_id)).secret
    path = tmp_path / "lakeside.zip"
    exported(sdk, instance, path, apps=[app_id])
    with zipfile.ZipFile(path) as package:
        content = b"".join(package.read(name) for name in package.namelist()).decode()
        assert package.namelist()[0] == "manifest.json"
        assert json.loads(package.read("manifest.json"))["counts"]["app"] == 1
    assert not [word for word in (secret, "hush-hush", "more-hush") if word in content]

    started = sdk.send(import_package(path, target))
    assert settled(sdk, target, started.job_id).status == "Success"
    (arrived,) = app_ids(sdk, target)
    assert sdk.send(CheckRomaAppSecretRequest(instance_id=target, app_id=arrived)).secret != secret
    shown = sdk.send(ListDatasourcesRequest(instance_id=instance)).entities
    assert {source.content.password for source in shown if source.app_id == app_id} == {"********"}
    assert {source.content.password for source in sdk.send(ListDatasourcesRequest(instance_id=target)).entities} == {
        None
    }


def test_the_same_assets_give_the_same_bytes(sdk: Sdk, instance: str, tmp_path: Path) -> None:
    app_id, _ = add_sample(sdk, instance)
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    for path in (first, second):
        exported(sdk, instance, path, apps=[app_id])
    assert first.read_bytes() == second.read_bytes()


def test_a_second_import_of_a_package_fails_with_every_collision_and_changes_nothing(
    sdk: Sdk, site: Site, instance: str, tmp_path: Path
) -> None:
    target = site.instance()
    app_id, _ = add_sample(sdk, instance)
    exported(sdk, instance, tmp_path / "lakeside.zip", apps=[app_id])
    request = import_package(tmp_path / "lakeside.zip", target)
    assert settled(sdk, target, sdk.send(request).job_id).status == "Success"
    before = assets_of(sdk, target)

    again = import_package(tmp_path / "lakeside.zip", target)
    failed = settled(sdk, target, sdk.send(again).job_id)
    assert failed.status == "Failed"
    assert failed.progress_percent < 1
    assert failed.end_time.endswith("Z")
    assert {(found.resource_type, found.resource_name) for found in failed.reasons} >= {
        ("application", "Orders Lakeside"),
        ("datasource", "Orders-erp"),
        ("datasource", "Orders-lake"),
        ("task", "Orders-nightly"),
    }
    assert all(found.error_code and found.error_msg for found in failed.reasons)
    assert assets_of(sdk, target) == before


def test_a_deletion_of_a_task_leaves_its_data_sources(sdk: Sdk, instance: str) -> None:
    _, task_id = add_sample(sdk, instance)
    started = sdk.send(deletion(instance, apps=[], tasks=[task_id]))
    assert settled(sdk, instance, started.job_id).status == "Success"
    assert [found.task_name for found in sdk.send(ListTasksRequest(instance_id=instance)).entities] == [
        "Billing-nightly"
    ]
    assert sdk.send(ListDatasourcesRequest(instance_id=instance)).total == 4


def test_a_package_may_be_fetched_in_the_response_objects_own_way(sdk: Sdk, instance: str) -> None:
    app_id, _ = add_sample(sdk, instance)
    job = settled(sdk, instance, sdk.send(export_request(instance, apps=[app_id])).job_id)
    received: list[bytes] = []

    def read(stream: Any) -> None:
        assert stream.headers["Content-Type"] == "application/zip"
        with stream:
            received.append(stream.content)

    sdk.send(DownloadAssetArchiveRequest(instance_id=instance, archive_id=job.archive_id)).consume_download_stream(read)
    assert received[0].startswith(b"PK\x03\x04")


def test_a_hundred_applications_fit_into_one_job(site: Site, instance: str, tmp_path: Path) -> None:
    target = site.instance()
    with site.sdk("sync") as sdk:
        for number in range(100):
            add_app(sdk, instance, f"App {number:03}")
        ids = [app.id for app in sdk.send(ListRomaAppRequest(instance_id=instance, limit=500)).apps]
        assert len(ids) == 100
        exported(sdk, instance, tmp_path / "all.zip", apps=ids)
        started = sdk.send(import_package(tmp_path / "all.zip", target))
        assert settled(sdk, target, started.job_id).status == "Success"
        assert assets_of(sdk, target) == assets_of(sdk, instance)
