"""Servers that are set otherwise: narrow limits, a short life of archives, the newer dialect (contract 1.3)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import CreateAppReq, CreateRomaAppRequest, DownloadAssetArchiveRequest, ListRomaAppRequest
from tests.sdk.requests_of import deletion_request
from tests.sdk.sample import add_app, add_sample, assets_of, export_request, finished, import_package, settled
from tests.sdk.site import Site, running
from tests.sdk.vendor import Sdk
from tests.support.stores import Store

EXPORTS_MAX = 50


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Site]:
    settings = {
        "ROMAPORT_PACKAGES_PACKAGE_BYTES_MAX": "2048",
        "ROMAPORT_API_BODY_BYTES_MAX": "4096",
        "ROMAPORT_ARCHIVES_TTL_SECONDS": "1",
        "ROMAPORT_ARCHIVES_SWEEP_SECONDS": "1",
        "ROMAPORT_JOBS_ASSETS_MAX": "2",
    }
    with running(tmp_path_factory.mktemp("narrow") / "data", settings=settings, store=store) as found:
        yield found


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Site]:
    settings = {"ROMAPORT_API_DIALECT": "2025"}
    with running(tmp_path_factory.mktemp("newer") / "data", settings=settings, store=store) as found:
        yield found


@pytest.mark.parametrize("size", [2_049, 100_000, 5_000_000])
def test_a_package_that_is_too_large_is_refused(narrow: Site, client: str, tmp_path: Path, size: int) -> None:
    (tmp_path / "package.zip").write_bytes(b"PK\x03\x04".ljust(size, b"\0"))
    with narrow.sdk(client) as sdk:
        before = narrow.written()
        request = import_package(tmp_path / "package.zip", narrow.place.target)
        sdk.refused(request, 413, "ROMAPORT.4001", "The package is too large: .* is more than 2048\\.")
        assert narrow.written() == before


@pytest.mark.parametrize("size", [4_097, 5_000_000])
def test_a_body_that_is_too_large_is_refused(narrow: Site, client: str, size: int) -> None:
    with narrow.sdk(client) as sdk:
        before = narrow.written()
        body = CreateAppReq(name="n" * size)
        request = CreateRomaAppRequest(instance_id=narrow.place.source, body=body)
        sdk.refused(request, 413, "ROMAPORT.1001", "The request body is larger than 4096 bytes\\.")
        assert narrow.written() == before


def test_the_limit_of_a_selection_is_a_setting(narrow: Site, client: str) -> None:
    with narrow.sdk(client) as sdk:
        request = export_request(narrow.place.source, apps=["a", "b", "c"])
        sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: apps: at most 2 per job, 3 given")


def test_an_archive_expires(narrow: Site, client: str) -> None:
    instance = narrow.instance()
    with narrow.sdk(client) as sdk:
        app = add_app(sdk, instance, "Orders")
        job = seen_in_time(sdk, instance, app.id)
        over = finished(sdk, instance, job.id)
        assert (over.status, over.progress_percent, over.archive_id) == ("Finished", 1.0, None)
        assert over.end_time == job.end_time
        request = DownloadAssetArchiveRequest(instance_id=instance, archive_id=job.archive_id)
        message = r"The archive expired at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\."
        sdk.refused(request, 410, "ROMAPORT.2103", message)
        before = narrow.written()
        sdk.refused(request, 410, "ROMAPORT.2103", message)
        assert narrow.written() == before


def seen_in_time(sdk: Sdk, instance: str, app_id: str) -> Any:
    """Export until the archive is seen before its second is over, which a busy machine may miss."""
    for _ in range(EXPORTS_MAX):
        job = settled(sdk, instance, sdk.send(export_request(instance, apps=[app_id])).job_id)
        if job.archive_id is not None:
            return job
    pytest.fail("no archive was ever seen")


def test_the_newer_dialect_has_other_words_for_the_same_job(newer: Site, client: str, tmp_path: Path) -> None:
    source, target = newer.instance(), newer.instance()
    with newer.sdk(client) as sdk:
        add_sample(sdk, source)
        apps = [app.id for app in sdk.send(ListRomaAppRequest(instance_id=source)).apps]
        started = sdk.send(export_request(source, apps=apps))
        job = settled(sdk, source, started.job_id)
        assert (job.status, job.progress_percent, job.reasons) == ("SUCCEEDED", 1.0, None)
        assert job.archive_id
        path = tmp_path / "package.zip"
        sdk.save(DownloadAssetArchiveRequest(instance_id=source, archive_id=job.archive_id), path)
        over = settled(sdk, source, job.id)
        assert (over.status, over.progress_percent, over.archive_id) == ("SUCCEEDED", 1.0, None)

        arrived = settled(sdk, target, sdk.send(import_package(path, target)).job_id)
        assert (arrived.type, arrived.status, arrived.progress_percent) == ("importAsset", "SUCCEEDED", 1.0)
        assert assets_of(sdk, target) == assets_of(sdk, source)
        failed = settled(sdk, target, sdk.send(import_package(path, target)).job_id)
        assert failed.status == "FAILED"
        assert {found.resource_type for found in failed.reasons} >= {"application", "task"}

        apps = [app.id for app in sdk.send(ListRomaAppRequest(instance_id=target)).apps]
        deleted = settled(sdk, target, sdk.send(deletion_request(target, apps=apps)).job_id)
        assert (deleted.type, deleted.status) == ("deleteAsset", "SUCCEEDED")
