"""Documents on their whole way through the vendor's SDK: in, published, elsewhere, and out again."""

import json
import zipfile
from pathlib import Path

import pytest
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkroma.v2 import (
    ApiBatchPublish,
    BatchPublishOrOfflineApiV2Request,
    ExportApiDefinitionsV2Request,
    ExportOpenApiReq,
    ImportApiDefinitionsV2Request,
    ImportApiDefinitionsV2RequestBody,
    ListApiGroupsV2Request,
    ListApisV2Request,
)
from tests.sdk.apic import RELEASE, action, add_api, add_group
from tests.sdk.sample import add_app, exported, import_package, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk
from tests.unit.openapi_equivalence import differences
from tests.unit.openapi_samples import LARGE, published
from tests.unit.package_samples import members_of, zipped

from romaport.wire.openapi import read_document

_OPERATIONS = 271


def test_a_real_document_comes_in_is_published_travels_and_comes_out_the_same(site: Site, tmp_path: Path) -> None:
    source, target = site.instance(), site.instance()
    text = published(LARGE)
    path = tmp_path / "document.yml"
    path.write_bytes(text)
    with site.sdk("sync") as sdk:
        app = add_app(sdk, source, "Assistants")
        body = ImportApiDefinitionsV2RequestBody(file_name=FormFile(str(path)), app_id=app.id)
        done = sdk.send(ImportApiDefinitionsV2Request(instance_id=source, body=body))
        assert (len(done.success), done.failure, done.ignore) == (_OPERATIONS, [], [])

        every = ApiBatchPublish(apis=[found.id for found in done.success], env_id=RELEASE)
        turned = sdk.send(BatchPublishOrOfflineApiV2Request(instance_id=source, action="online", body=every))
        assert (len(turned.success), turned.failure) == (_OPERATIONS, [])

        package = tmp_path / "assistants.zip"
        exported(sdk, source, package, apps=[app.id])
        _import(sdk, target, package)
        assert sdk.send(ListApisV2Request(instance_id=target)).total == _OPERATIONS

        (group,) = sdk.send(ListApiGroupsV2Request(instance_id=target)).groups
        assert differences(read_document(text).tree, read_document(_out(sdk, target, group.id, tmp_path)).tree) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 10_000, '{"version":"9"}', '{"version":"2.0","name":"stock","operation":{"responses":[]}}'],
    ids=["empty", "no JSON", "deep", "of no version", "against the standard"],
)
def test_a_kept_text_that_is_none_is_written_nowhere(site: Site, tmp_path: Path, text: str) -> None:
    source, target = site.instance(), site.instance()
    package = tmp_path / "package.zip"
    with site.sdk("sync") as sdk:
        app = add_app(sdk, source, "Orders")
        api = add_api(sdk, source, add_group(sdk, source, "Stock", roma_app_id=app.id).id, "stock")
        sdk.send(action(source, api.id))
        exported(sdk, source, package, apps=[app.id])
        package.write_bytes(_with_kept_text(package, text))
        _import(sdk, target, package)
        (group,) = sdk.send(ListApiGroupsV2Request(instance_id=target)).groups
        out = read_document(_out(sdk, target, group.id, tmp_path))
    assert out.tree["swagger"] == "2.0"
    assert [found.method for found in out.operations] == ["GET"]


def _with_kept_text(package: Path, text: str) -> bytes:
    """Answer the package with this text for what is kept of every API."""
    with zipfile.ZipFile(package) as opened:
        names = [name for name in opened.namelist() if name.startswith("assets/")]
        files = {Path(name).stem: opened.read(name) for name in names}
    lines = [json.loads(line) for line in files["api"].splitlines()]
    for line in lines:
        line["body"]["openapi"] = text
    return zipped(members_of(files | {"api": b"".join(json.dumps(line).encode() + b"\n" for line in lines)}))


def _import(sdk: Sdk, instance: str, package: Path) -> None:
    job = settled(sdk, instance, sdk.send(import_package(package, instance)).job_id)
    assert job.status == "Success", job


def _out(sdk: Sdk, instance: str, group_id: str, folder: Path) -> bytes:
    body = ExportOpenApiReq(group_id=group_id, env_id=RELEASE, define="all", type="yaml", version="1")
    path = folder / "out.yml"
    sdk.save(ExportApiDefinitionsV2Request(instance_id=instance, body=body), path)
    return path.read_bytes()
