"""Packages that are none (contract 2.2): refused before a row is written."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import ImportAssetRequest, ImportAssetRequestBody
from tests.sdk.sample import add_sample, assets_of, exported, import_package, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

UNREADABLE = ("ROMA.10011", "Failed to decompress the file\\.")
BADLY_NAMED = ("ROMA.10013", "Only \\.zip files are supported\\. The file name must start with a letter or digit\\. .*")


@pytest.fixture(scope="module")
def package(site: Site, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A package that was exported, and is in order."""
    path = tmp_path_factory.mktemp("package") / "package.zip"
    instance = site.instance()
    with site.sdk("sync") as sdk:
        exported(sdk, instance, path, apps=[add_sample(sdk, instance)[0]])
    return path.read_bytes()


def repacked(package: bytes, tmp_path: Path, **changes: Any) -> bytes:
    """Answer a package with other values in its manifest."""
    (tmp_path / "in.zip").write_bytes(package)
    with zipfile.ZipFile(tmp_path / "in.zip") as old, zipfile.ZipFile(tmp_path / "out.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | changes).encode()
            new.writestr(name, content)
    return (tmp_path / "out.zip").read_bytes()


def refused(sdk: Sdk, site: Site, instance: str, path: Path, refusal: tuple[str, str]) -> str:
    before = site.written()
    details = sdk.refused(import_package(path, instance), 400, *refusal)
    assert site.written() == before
    return details


def test_a_whole_package_under_a_good_name_is_taken(sdk: Sdk, site: Site, package: bytes, tmp_path: Path) -> None:
    for name in ("2+lake-side_A.zip", "A.ZIP"):
        target = site.instance()
        (tmp_path / name).write_bytes(package)
        job = settled(sdk, target, sdk.send(import_package(tmp_path / name, target)).job_id)
        assert job.status == "Success"
        assert len(assets_of(sdk, target)["data sources"]) == 2


@pytest.mark.parametrize(
    "name",
    ["package.tar", "package", "_package.zip", "-package.zip", "my package.zip", "a.b.zip", "päckage.zip", ".zip"],
)
def test_a_badly_named_file_is_refused(
    sdk: Sdk, site: Site, instance: str, package: bytes, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(package)
    details = refused(sdk, site, instance, tmp_path / name, BADLY_NAMED)
    assert details.startswith("ImportAssetRequestBody: the file name must ")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"{}", b"\x1f\x8b" * 5_000],
    ids=["empty", "only a beginning", "an empty zip", "a text", "something else"],
)
def test_a_file_that_is_no_package_is_refused(
    sdk: Sdk, site: Site, instance: str, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "package.zip").write_bytes(content)
    details = refused(sdk, site, instance, tmp_path / "package.zip", UNREADABLE)
    assert details.startswith("package: ")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_package_is_refused(
    sdk: Sdk, site: Site, instance: str, package: bytes, tmp_path: Path, share: float
) -> None:
    (tmp_path / "package.zip").write_bytes(package[: int(len(package) * share)])
    refused(sdk, site, instance, tmp_path / "package.zip", UNREADABLE)


@pytest.mark.parametrize("name", ["manifest.json", "assets/app.jsonl", "assets/task.jsonl"])
def test_a_package_with_a_wrong_byte_is_refused(
    sdk: Sdk, site: Site, instance: str, package: bytes, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(package)
    with zipfile.ZipFile(path) as opened:
        member = opened.getinfo(name)
    middle = member.header_offset + 30 + len(name) + member.compress_size // 2
    corrupt = bytearray(package)
    corrupt[middle] ^= 0x55
    path.write_bytes(corrupt)
    refused(sdk, site, instance, path, UNREADABLE)


def test_a_package_that_is_not_what_its_manifest_says_is_refused(
    sdk: Sdk, site: Site, instance: str, package: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "package.zip"
    every: tuple[dict[str, Any], ...] = (
        {"counts": {}},
        {"files": []},
        {"extra": 1},
        {"format": "zip"},
        {"version": "1"},
        {"version": 0},
    )
    for changes in every:
        path.write_bytes(repacked(package, tmp_path, **changes))
        assert "manifest.json" in refused(sdk, site, instance, path, UNREADABLE)


def test_a_package_of_an_unknown_format_version_is_refused(
    sdk: Sdk, site: Site, instance: str, package: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(repacked(package, tmp_path, version=2, unknown_field=True))
    message = "Package format version 2 is not known; versions up to 1 are\\."
    refused(sdk, site, instance, path, ("ROMAPORT.4002", message))


def test_an_import_without_a_file_is_refused(sdk: Sdk, site: Site, instance: str) -> None:
    before = site.written()
    for body in (None, ImportAssetRequestBody(import_asset_request_body="no file")):
        request = ImportAssetRequest(instance_id=instance, body=body)
        with_code = ("ROMA.10013", BADLY_NAMED[1]) if body is not None else ("ROMA.13000", "Invalid parameters: .*")
        details = sdk.refused(request, 400, *with_code)
        assert "ImportAssetRequestBody" in details
    assert site.written() == before
