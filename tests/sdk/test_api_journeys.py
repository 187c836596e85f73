"""APIs on their way to another instance, through the vendor's SDK (contract 6.1, 7.10)."""

import json
import zipfile
from pathlib import Path
from typing import Any

from huaweicloudsdkroma.v2 import (
    CreateApiV2Request,
    ImportAssetRequest,
    ListApiGroupsV2Request,
    ListApisV2Request,
    ListEnvironmentsV2Request,
    ListRomaAppRequest,
    ShowDetailsOfApiV2Request,
    UpdateApiV2Request,
)
from tests.sdk.apic import FUNCTION, RELEASE, action, add_api, add_environment, add_group, api_body, whole_api
from tests.sdk.sample import add_app, exported, import_package, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

_OWN = {
    "id",
    "group_id",
    "roma_app_id",
    "register_time",
    "update_time",
    "publish_id",
    "publish_time",
    "api_group_info",
    "authorizer_id",
    "response_id",
    "domain_name",
    "run_env_id",
    "run_env_name",
}
"""What an API has of its instance, besides what its backends have."""
_OWN_INSIDE = {"authorizer_id", "vpc_channel_info"}


def show(sdk: Sdk, instance: str, api_id: str) -> Any:
    return sdk.send(ShowDetailsOfApiV2Request(instance_id=instance, api_id=api_id))


def travelling(value: Any) -> Any:
    """Answer a decoded API without what belongs to its instance."""
    if isinstance(value, list):
        return [travelling(item) for item in value]
    if isinstance(value, dict):
        return {name: travelling(inner) for name, inner in value.items() if name not in _OWN_INSIDE}
    return value


def front(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = travelling({name: value for name, value in decoded(api).items() if name not in _OWN})
    return found


def imported(sdk: Sdk, instance: str, package: Path) -> Any:
    request: ImportAssetRequest = import_package(package, instance)
    return settled(sdk, instance, sdk.send(request).job_id)


def lines(package: Path, kind: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(package) as opened:
        names = [name for name in opened.namelist() if name == f"assets/{kind}.jsonl"]
        return [json.loads(line) for name in names for line in opened.read(name).splitlines()]


def test_what_is_published_in_release_travels(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Stock", remark="All stock", roma_app_id=app.id)
    whole = sdk.send(CreateApiV2Request(instance_id=instance, body=whole_api(group.id)))
    environment = add_environment(sdk, instance, "DEV")
    elsewhere = add_api(sdk, instance, group.id, "only-in-dev")
    add_api(sdk, instance, group.id, "nowhere")
    sdk.send(action(instance, whole.id))
    sdk.send(action(instance, elsewhere.id, env_id=environment.id))

    package = tmp_path / "orders.zip"
    exported(sdk, instance, package, apps=[app.id])
    (line,) = lines(package, "api")
    assert line["holes"] == [
        "backend_params.HEADER.x-api-key",
        "func_info.alias_urn",
        "func_info.function_urn",
        "policy_functions.counted.function_urn",
        "policy_https.north.backend_params.HEADER.x-api-key",
    ]
    text = json.dumps(line)
    assert not [word for word in ("hush", FUNCTION, "auth-1", "channel-1", group.id) if word in text]
    assert lines(package, "environment") == []

    target = site.instance()
    assert imported(sdk, target, package).status == "Success"
    (arrived,) = sdk.send(ListApisV2Request(instance_id=target)).apis
    shown = show(sdk, target, arrived.id)
    assert front(shown) == front(whole)
    assert (shown.run_env_name, shown.run_env_id, len(shown.publish_id)) == ("RELEASE", RELEASE, 32)
    assert (shown.authorizer_id, shown.domain_name, shown.backend_api.vpc_channel_info) == (None, None, None)
    (found,) = sdk.send(ListApiGroupsV2Request(instance_id=target)).groups
    assert (found.name, found.remark, found.roma_app_name) == ("Stock", "All stock", "Orders")
    assert sdk.send(ListEnvironmentsV2Request(instance_id=target)).total == 1


def test_a_published_api_travels_as_it_was_published(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Everyone")
    api = add_api(sdk, instance, group.id, "list-stock", roma_app_id=app.id)
    sdk.send(action(instance, api.id))
    body = api_body(group.id, "list-stock", roma_app_id=app.id, req_uri="/goods")
    sdk.send(UpdateApiV2Request(instance_id=instance, api_id=api.id, body=body))
    package = tmp_path / "orders.zip"
    exported(sdk, instance, package, apps=[app.id])
    target = site.instance()
    assert imported(sdk, target, package).status == "Success"
    (arrived,) = sdk.send(ListApisV2Request(instance_id=target)).apis
    assert (arrived.req_uri, arrived.group_name, arrived.group_version) == ("/list-stock", "Everyone", "V1")
    (theirs,) = sdk.send(ListRomaAppRequest(instance_id=target)).apps
    assert arrived.roma_app_id == theirs.id


def test_a_second_import_says_what_is_there(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Stock", roma_app_id=app.id)
    sdk.send(action(instance, add_api(sdk, instance, group.id, "list-stock").id))
    package = tmp_path / "orders.zip"
    exported(sdk, instance, package, apps=[app.id])
    before = site.written()["assets"]
    job = imported(sdk, instance, package)
    assert job.status == "Failed"
    assert {(found.resource_type, found.resource_name, found.error_code) for found in job.reasons} == {
        ("application", "Orders", "ROMA.14011"),
        ("apigroup", "Orders / Stock", "APIG.3201"),
        ("api", "Orders / Stock / list-stock", "APIG.3202"),
    }
    assert site.written()["assets"] == before
    assert site.kept.rows("select count(*) from staged_assets") == [(0,)]
