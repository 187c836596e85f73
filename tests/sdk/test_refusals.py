"""What the server refuses arrives as the SDK's own exception, with our code; nothing is written."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkroma.v2 import (
    AssetExportRequest,
    AssetExportRequestApps,
    AssetExportRequestTasks,
    AssetOperateRequest,
    CheckAssetJobStatusRequest,
    CreateAppReq,
    CreateRomaAppRequest,
    DeleteAssetRequest,
    DownloadAssetArchiveRequest,
    ExportAssetRequest,
    ListRomaAppRequest,
)
from tests.sdk.sample import add_app, export_request, exported, finished, import_package, settled
from tests.sdk.site import Site, running
from tests.sdk.vendor import Sdk, credentials, opened

UNKNOWN = "0" * 32


def refused(sdk: Sdk, request: Any, headers: dict[str, str] | None = None) -> tuple[int, str]:
    with pytest.raises(ClientRequestException) as refusal:
        sdk.send(request, headers)
    error = refusal.value
    assert error.request_id
    assert error.error_msg
    return error.status_code, error.error_code


@pytest.mark.parametrize("wrong", ["secret", "key", "disabled"])
def test_wrong_credentials_are_401(site: Site, client: str, instance: str, wrong: str) -> None:
    user = site.user("ROMA FullAccess")
    if wrong == "disabled":
        site.directory.disable_user(user.name)
    access_key = "NOSUCHKEYNOSUCHKEY00" if wrong == "key" else user.access_key
    secret = "not-the-secret" if wrong == "secret" else user.secret_key
    before = site.written()
    with opened(client, site.place.endpoint, credentials(access_key, secret, site.place.project_id)) as sdk:
        assert refused(sdk, ListRomaAppRequest(instance_id=instance)) == (401, "APIGW.0301")
    assert site.written() == before


def test_an_old_signature_is_401(sdk: Sdk, instance: str) -> None:
    request = ListRomaAppRequest(instance_id=instance)
    assert refused(sdk, request, {"X-Sdk-Date": "20200101T000000Z"}) == (401, "APIGW.0301")


def test_beside_a_signature_a_token_does_not_count(sdk: Sdk, instance: str) -> None:
    assert sdk.send(ListRomaAppRequest(instance_id=instance), {"X-Auth-Token": "no token at all"}).total == 0


def test_a_missing_permission_is_403(site: Site, client: str, instance: str) -> None:
    reader = site.user("ROMA ReadOnlyAccess")
    before = site.written()
    with site.sdk(client, reader) as sdk:
        assert sdk.send(ListRomaAppRequest(instance_id=instance)).total == 0
        body = CreateAppReq(name="Refused")
        assert refused(sdk, CreateRomaAppRequest(instance_id=instance, body=body)) == (403, "ROMA.1006")
        assert refused(sdk, export_request(instance, apps=[UNKNOWN])) == (403, "ROMA.1006")
    assert site.written() == before


def test_a_foreign_project_is_403(site: Site, client: str, instance: str) -> None:
    admin = site.administrator
    with opened(client, site.place.endpoint, credentials(admin.access_key, admin.secret_key, UNKNOWN)) as sdk:
        assert refused(sdk, ListRomaAppRequest(instance_id=instance)) == (403, "ROMAPORT.1101")


@pytest.mark.parametrize(
    ("request_for", "code"),
    [
        (lambda _: ListRomaAppRequest(instance_id=UNKNOWN), "ROMAPORT.1201"),
        (lambda instance: CheckAssetJobStatusRequest(instance_id=instance, job_id=UNKNOWN), "ROMAPORT.2001"),
        (lambda instance: DownloadAssetArchiveRequest(instance_id=instance, archive_id=UNKNOWN), "ROMAPORT.2101"),
        (lambda instance: export_request(instance, apps=[UNKNOWN, "1" * 32]), "ROMAPORT.3002"),
    ],
    ids=["instance", "job", "archive", "selection"],
)
def test_unknown_things_are_404(sdk: Sdk, instance: str, request_for: Callable[[str], Any], code: str) -> None:
    assert refused(sdk, request_for(instance)) == (404, code)


def test_all_unknown_ids_are_said_at_once(sdk: Sdk, site: Site, instance: str) -> None:
    before = site.written()
    body = AssetOperateRequest(apps=[AssetExportRequestApps(id="1" * 32)], tasks=[AssetExportRequestTasks(id="2" * 32)])
    message = "2 of the selected assets do not exist: .*"
    details = sdk.refused(DeleteAssetRequest(instance_id=instance, body=body), 404, "ROMAPORT.3002", message)
    assert "1" * 32 in details
    assert "2" * 32 in details
    assert site.written() == before


@pytest.mark.parametrize(
    "apps", [None, [], [AssetExportRequestApps()], [AssetExportRequestApps(id=f"a{n}") for n in range(101)]]
)
def test_an_empty_or_too_large_selection_is_400(sdk: Sdk, site: Site, instance: str, apps: Any) -> None:
    before = site.written()
    request = ExportAssetRequest(instance_id=instance, body=AssetExportRequest(apps=apps))
    assert refused(sdk, request) == (400, "ROMA.13000")
    assert site.written() == before


@pytest.mark.parametrize(
    "body", [CreateAppReq(name="x" * 257), CreateAppReq(name=7), CreateAppReq(), CreateAppReq(name="a;b")]
)
def test_wrong_fields_are_400(sdk: Sdk, site: Site, instance: str, body: Any) -> None:
    before = site.written()
    assert refused(sdk, CreateRomaAppRequest(instance_id=instance, body=body)) == (400, "ROMA.13000")
    assert site.written() == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("package.zip", b"this is no zip", "ROMA.10011"),
        ("package.zip", b"PK\x03\x04" + b"\x00" * 200, "ROMA.10011"),
        ("package.tar", b"", "ROMA.10013"),
        ("pack age.zip", b"", "ROMA.10013"),
    ],
)
def test_files_that_are_no_package_are_400(
    sdk: Sdk, site: Site, instance: str, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    before = site.written()
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(sdk, import_package(path, instance)) == (400, code)
    assert site.written() == before


def test_an_unknown_format_version_is_400(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    add_app(sdk, instance, "Versions")
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    apps = [app.id for app in sdk.send(ListRomaAppRequest(instance_id=instance)).apps]
    job = exported(sdk, instance, good, apps=apps)
    # Asking waits until the download is booked and its bytes are gone.
    assert finished(sdk, instance, job.id).status == "Finished"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'"version":1', b'"version":7'))
    before = site.written()
    assert refused(sdk, import_package(bad, instance)) == (400, "ROMAPORT.4002")
    assert site.written() == before


def test_a_second_download_is_410(sdk: Sdk, instance: str, tmp_path: Path) -> None:
    app = add_app(sdk, instance, "Once")
    job = exported(sdk, instance, tmp_path / "once.zip", apps=[app.id])
    again = DownloadAssetArchiveRequest(instance_id=instance, archive_id=job.archive_id)
    assert refused(sdk, again) == (410, "ROMAPORT.2102")


def test_limits_of_a_server_that_is_set_tight(client: str, tmp_path: Path) -> None:
    settings = {
        "ROMAPORT_PACKAGES_PACKAGE_BYTES_MAX": "1024",
        "ROMAPORT_ARCHIVES_TTL_SECONDS": "1",
        "ROMAPORT_ARCHIVES_SWEEP_SECONDS": "1",
        "ROMAPORT_API_DIALECT": "2025",
    }
    with running(tmp_path / "data", settings=settings) as tight, tight.sdk(client) as sdk:
        large = tmp_path / "large.zip"
        large.write_bytes(b"P" * 200_000)
        assert refused(sdk, import_package(large, tight.place.target)) == (413, "ROMAPORT.4001")
        app = add_app(sdk, tight.place.source, "Fleeting")
        started = sdk.send(export_request(tight.place.source, apps=[app.id]))
        job = settled(sdk, tight.place.source, started.job_id)
        assert job.status == "SUCCEEDED"
        asked = CheckAssetJobStatusRequest(instance_id=tight.place.source, job_id=job.id)
        while sdk.send(asked).archive_id is not None:
            pass
        late = DownloadAssetArchiveRequest(instance_id=tight.place.source, archive_id=job.archive_id)
        assert refused(sdk, late) == (410, "ROMAPORT.2103")
