"""Publishing APIs and taking them offline through the vendor's SDK (contract 6.1, 7.7)."""

import json
import re
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    AddUserToApp,
    AddUserToAppRequest,
    ApiBatchPublish,
    BackendParamBase,
    BatchPublishOrOfflineApiV2Request,
    DeleteApiV2Request,
    ListApiRuntimeDefinitionV2Request,
    ReqParamBase,
    ShowDetailsOfApiV2Request,
    UpdateApiV2Request,
    User,
)
from tests.sdk.apic import RELEASE, action, add_api, add_environment, add_group, api_body
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


@pytest.fixture
def group_id(sdk: Sdk, instance: str) -> str:
    app = add_app(sdk, instance, "Orders")
    found: str = add_group(sdk, instance, "Stock", roma_app_id=app.id).id
    return found


def show(sdk: Sdk, instance: str, api_id: str) -> Any:
    return sdk.send(ShowDetailsOfApiV2Request(instance_id=instance, api_id=api_id))


def travelling(site: Site, api_id: str) -> dict[str, Any] | None:
    """Answer what of an API travels, as it is written down."""
    ((text,),) = site.kept.rows("select published from assets where id = ?", api_id)
    return None if text is None else json.loads(text)


def batch(instance: str, verb: str, api_ids: list[str], env_id: str = RELEASE, **fields: Any) -> Any:
    body = ApiBatchPublish(apis=api_ids, env_id=env_id, **fields)
    return BatchPublishOrOfflineApiV2Request(instance_id=instance, action=verb, body=body)


def test_an_api_is_published_and_shows_where(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    api = add_api(sdk, instance, group_id, "list-stock")
    assert travelling(site, api.id) is None
    made = sdk.send(action(instance, api.id, remark="First"))
    assert made.status_code == 201
    assert (made.api_id, made.api_name, made.env_id, made.remark) == (api.id, "list-stock", RELEASE, "First")
    assert len(made.publish_id) == len(made.version_id) == 32
    shown = show(sdk, instance, api.id)
    assert (shown.run_env_name, shown.run_env_id, shown.publish_id) == ("RELEASE", RELEASE, made.publish_id)
    assert shown.publish_time.endswith("Z")
    held = travelling(site, api.id)
    assert held is not None
    assert (held["req_uri"], held["mock_info"]) == ("/list-stock", {"result_content": "ok"})
    assert not {"name", "group_id", "roma_app_id"} & held.keys()


def test_what_is_published_stays_as_it_was_until_it_is_published_again(
    sdk: Sdk, site: Site, instance: str, group_id: str
) -> None:
    key = BackendParamBase(name="x-key", location="HEADER", origin="CONSTANT", value="hush-hush")
    api = add_api(sdk, instance, group_id, "list-stock", backend_params=[key])
    first = sdk.send(action(instance, api.id))
    held = travelling(site, api.id)
    assert "hush" not in json.dumps(held)
    body = api_body(group_id, "list-stock", req_uri="/goods")
    sdk.send(UpdateApiV2Request(instance_id=instance, api_id=api.id, body=body))
    shown = show(sdk, instance, api.id)
    assert (shown.req_uri, shown.publish_id) == ("/goods", first.publish_id)
    assert travelling(site, api.id) == held
    second = sdk.send(action(instance, api.id))
    assert second.publish_id != first.publish_id
    assert second.version_id != first.version_id
    again = travelling(site, api.id)
    assert again is not None
    assert again["req_uri"] == "/goods"


def test_only_release_makes_an_api_travel(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    environment = add_environment(sdk, instance, "DEV")
    api = add_api(sdk, instance, group_id, "list-stock")
    in_dev = sdk.send(action(instance, api.id, env_id=environment.id))
    assert travelling(site, api.id) is None
    in_release = sdk.send(action(instance, api.id))
    shown = show(sdk, instance, api.id)
    assert shown.run_env_name == "RELEASE|DEV"
    assert shown.run_env_id == f"{RELEASE}|{environment.id}"
    assert shown.publish_id == f"{in_release.publish_id}|{in_dev.publish_id}"
    assert len(shown.publish_time.split("|")) == 2
    sdk.send(action(instance, api.id, env_id=environment.id, offline=True))
    assert travelling(site, api.id) is not None
    assert show(sdk, instance, api.id).run_env_name == "RELEASE"
    off = sdk.send(action(instance, api.id, offline=True))
    assert off.status_code == 201
    assert (off.api_id, off.env_id, off.publish_id, off.publish_time) == (api.id, RELEASE, None, None)
    assert travelling(site, api.id) is None
    shown = show(sdk, instance, api.id)
    assert (shown.run_env_name, shown.run_env_id, shown.publish_id, shown.publish_time) == ("", "", "", "")


def test_a_published_api_is_not_deleted(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    api = add_api(sdk, instance, group_id, "list-stock")
    sdk.send(action(instance, api.id))
    before = site.written()
    request = DeleteApiV2Request(instance_id=instance, api_id=api.id)
    details = sdk.refused(request, 409, "APIG.3416", "The API cannot be deleted because it has been published")
    assert "list-stock is published in RELEASE" in details
    assert site.written() == before
    sdk.send(action(instance, api.id, offline=True))
    assert sdk.send(request).status_code == 204


def test_apis_are_published_and_taken_offline_together(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    apis = [add_api(sdk, instance, group_id, f"api-{number}") for number in range(3)]
    ids = [api.id for api in apis]
    done = sdk.send(batch(instance, "online", [*ids[:2], "nowhere", ids[0]], remark="All at once"))
    assert done.status_code == 200
    assert [(found.api_id, found.api_name, found.remark) for found in done.success] == [
        (ids[0], "api-0", "All at once"),
        (ids[1], "api-1", "All at once"),
    ]
    assert all(found.publish_id and found.version_id and found.publish_time for found in done.success)
    assert decoded(done.failure) == [
        {"api_id": "nowhere", "api_name": None, "error_code": "APIG.3002", "error_msg": "API nowhere does not exist"}
    ]
    assert [travelling(site, api_id) is not None for api_id in ids] == [True, True, False]
    off = sdk.send(batch(instance, "offline", ids))
    assert [found.api_id for found in off.success] == ids[:2]
    ((failed,), message) = (off.failure, "The API publication record does not exist")
    assert (failed.api_id, failed.api_name, failed.error_code, failed.error_msg) == (
        ids[2],
        "api-2",
        "APIG.3015",
        message,
    )
    assert [travelling(site, api_id) for api_id in ids] == [None] * 3


def test_callers_see_what_is_published_in_an_environment(sdk: Sdk, instance: str, group_id: str) -> None:
    environment = add_environment(sdk, instance, "DEV")
    parameter = ReqParamBase(name="depot", type="STRING", location="QUERY")
    api = add_api(sdk, instance, group_id, "list-stock", req_params=[parameter], tags=["stock"], authorizer_id="auth-1")
    runtime = ListApiRuntimeDefinitionV2Request(instance_id=instance, api_id=api.id)
    absent = (404, "APIG.3015", "The API publication record does not exist")
    assert "list-stock is not published in RELEASE" in sdk.refused(runtime, *absent)
    sdk.send(action(instance, api.id, env_id=environment.id))
    body = api_body(group_id, "list-stock", req_uri="/goods")
    sdk.send(UpdateApiV2Request(instance_id=instance, api_id=api.id, body=body))
    made = sdk.send(action(instance, api.id))
    released = sdk.send(runtime)
    assert (released.id, released.name, released.req_uri, released.req_params) == (api.id, "list-stock", "/goods", None)
    assert (released.run_env_name, released.run_env_id, released.publish_id) == ("RELEASE", RELEASE, made.publish_id)
    assert (released.group_name, released.sl_domain) == ("Stock", f"{group_id}.apic.invalid")
    assert released.sl_domains == [released.sl_domain]
    runtime = ListApiRuntimeDefinitionV2Request(instance_id=instance, api_id=api.id, env_id=environment.id)
    tried = sdk.send(runtime)
    assert (tried.run_env_name, tried.req_uri, tried.tags) == ("DEV", "/list-stock", ["stock"])
    assert [found.name for found in tried.req_params] == ["depot"]
    sdk.refused(
        ListApiRuntimeDefinitionV2Request(instance_id=instance, api_id=api.id, env_id="nowhere"),
        404,
        "APIG.3003",
        "The environment does not exist",
    )


def test_publishing_refuses_what_does_not_exist(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    api = add_api(sdk, instance, group_id, "list-stock")
    before = site.written()
    sdk.refused(action(instance, "nowhere"), 404, "APIG.3002", "API nowhere does not exist")
    for request in (action(instance, api.id, env_id="nowhere"), batch(instance, "online", [api.id], "nowhere")):
        sdk.refused(request, 404, "APIG.3003", "The environment does not exist")
    details = sdk.refused(
        action(instance, api.id, offline=True), 404, "APIG.3015", "The API publication record does not exist"
    )
    assert "list-stock is not published in RELEASE" in details
    sdk.refused(
        batch(instance, "up", [api.id]), 400, "ROMA.13000", "Invalid parameters: action: must be online or offline"
    )
    for request, named in (
        (action(instance, api.id, remark="r" * 256), "remark: "),
        (batch(instance, "online", []), "apis: "),
        (batch(instance, "online", ["a"] * 1001), "apis: "),
    ):
        assert named in sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert site.written() == before


def test_publishing_needs_the_role_that_changes_an_application(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Stock", roma_app_id=app.id)
    api = add_api(sdk, instance, group.id, "list-stock")
    guest = site.user("ROMA FullAccess")
    share = AddUserToApp(users=[User(id=guest.id, roles=["read"])])
    sdk.send(AddUserToAppRequest(instance_id=instance, app_id=app.id, body=share))
    with site.sdk("sync", guest) as guest_sdk:
        before = site.written()
        message = "You do not have the permissions required to operate the application."
        guest_sdk.refused(action(instance, api.id), 403, "ROMA.12001", re.escape(message))
        (failed,) = guest_sdk.send(batch(instance, "online", [api.id])).failure
        assert (failed.api_id, failed.error_code, failed.error_msg) == (api.id, "ROMA.12001", message)
        assert site.written() == before
