"""Instances and projects as the vendor's SDK finds them (contract 4.3, 7.2)."""

from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkroma.v2 import (
    CheckRomaInstanceListV2Request,
    ListMqsInstanceRequest,
    ShowDetailsOfInstanceV2Request,
    ShowMqsInstanceRequest,
)
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, credentials, decoded, opened


def test_the_instances_of_a_project_are_listed(site: Site, sdk: Sdk) -> None:
    found = sdk.send(CheckRomaInstanceListV2Request(limit=100))
    assert found.total == len(site.directory.instances(site.place.project))
    assert found.size == len(found.instances) == min(found.total, 100)
    first, second = found.instances[:2]
    assert (first.name, first.id) == ("development", site.place.source)
    assert (second.name, second.id) == ("production", site.place.target)
    assert first.project_id == site.place.project_id
    assert first.status == "RUNNING"
    assert first.create_time.endswith("Z")
    assert first.publicip_enable is False


def test_instances_are_listed_page_by_page_and_by_status(site: Site, sdk: Sdk) -> None:
    page = sdk.send(CheckRomaInstanceListV2Request(status="RUNNING", offset=1, limit=1))
    assert [found.id for found in page.instances] == [site.place.target]
    assert page.size == 1
    assert page.total >= 2
    assert sdk.send(CheckRomaInstanceListV2Request(status="FREEZING")).total == 0
    details = sdk.refused(CheckRomaInstanceListV2Request(limit=101), 400, "ROMA.13000", "Invalid parameters: limit.*")
    assert "0 to 100" in details
    sdk.refused(CheckRomaInstanceListV2Request(offset="first"), 400, "ROMA.13000", "Invalid parameters: offset.*")


def test_an_instance_is_shown(site: Site, sdk: Sdk) -> None:
    shown = sdk.send(ShowDetailsOfInstanceV2Request(instance_id=site.place.source))
    assert (shown.id, shown.instance_name) == (site.place.source, "development")
    assert (shown.status, shown.instance_status) == ("Running", 6)
    assert shown.project_id == site.place.project_id
    assert shown.create_time > 1_700_000_000_000
    assert shown.supported_features == []


def test_instances_are_shown_as_message_queues(site: Site, sdk: Sdk) -> None:
    found = sdk.send(ListMqsInstanceRequest(include_internal="true"))
    assert found.instance_num == len(found.instances) == len(site.directory.instances(site.place.project))
    shown = sdk.send(ShowMqsInstanceRequest(instance_id=site.place.source))
    assert decoded(found.instances[0]) == decoded(shown)
    assert (shown.instance_id, shown.name, shown.status) == (site.place.source, "development", "RUNNING")
    assert (shown.partition_num, shown.type) == ("1800", "cluster")
    assert int(shown.created_at) > 1_700_000_000_000
    assert (shown.connect_address, shown.engine, shown.access_user) == (None, None, None)
    message = f"Instance {'0' * 32} does not exist in this project\\."
    sdk.refused(ShowMqsInstanceRequest(instance_id="0" * 32), 404, "ROMAPORT.1201", message)


def test_a_client_without_a_project_finds_it_by_the_name_of_its_region(site: Site, client: str) -> None:
    # The SDK remembers projects by access key and region for as long as the process lives: hence a new key.
    user = site.user("ROMA ReadOnlyAccess")
    signer = credentials(user.access_key, user.secret_key).with_iam_endpoint(site.place.endpoint)
    with opened(client, site.place.endpoint, signer, region=site.place.project) as sdk:
        assert signer.project_id == site.place.project_id
        shown = sdk.send(ShowDetailsOfInstanceV2Request(instance_id=site.place.source))
    assert shown.instance_name == "development"


def test_a_client_without_a_project_finds_iam_by_the_environment(
    site: Site, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", site.place.endpoint)
    user = site.user("ROMA ReadOnlyAccess")
    signer = credentials(user.access_key, user.secret_key)
    with opened(client, site.place.endpoint, signer, region=site.place.project) as sdk:
        assert sdk.send(CheckRomaInstanceListV2Request()).instances[0].id == site.place.source


@pytest.mark.parametrize(
    ("region", "secret", "message"),
    [
        ("nowhere", None, "Failed to get project id of region 'nowhere'"),
        (None, "wrong", "verify aksk signature fail"),
    ],
    ids=["no project of that name", "a wrong secret key"],
)
def test_a_client_is_told_why_its_project_is_not_found(
    site: Site, client: str, region: str | None, secret: str | None, message: str
) -> None:
    user = site.user("ROMA ReadOnlyAccess")
    signer = credentials(user.access_key, secret or user.secret_key).with_iam_endpoint(site.place.endpoint)
    with (
        pytest.raises(SdkException) as refusal,
        opened(client, site.place.endpoint, signer, region=region or site.place.project),
    ):
        pytest.fail("the client was built")
    assert message in refusal.value.error_msg


def test_a_project_that_is_not_the_users_is_not_found(site: Site, client: str) -> None:
    site.directory.add_project(f"others-{client}", site.place.domain)
    user = site.user("ROMA FullAccess")
    signer = credentials(user.access_key, user.secret_key).with_iam_endpoint(site.place.endpoint)
    with (
        pytest.raises(SdkException, match="Failed to get project id") as refusal,
        opened(client, site.place.endpoint, signer, region=f"others-{client}"),
    ):
        pytest.fail("the client was built")
    assert "Failed to get project id" in refusal.value.error_msg


def test_a_request_with_a_derived_key_is_accepted(site: Site, client: str) -> None:
    # V11 (contract 4.2): the roma client names no service by itself, so the builder is told one.
    def derived(builder: Any) -> Any:
        return builder._with_derived_auth_service_name("roma")  # noqa: SLF001 - the SDK's only way

    user = site.user("ROMA ReadOnlyAccess")
    signer = credentials(user.access_key, user.secret_key, site.place.project_id).with_derived_predicate(lambda _: True)
    with opened(client, site.place.endpoint, signer, region=site.place.project, build=derived) as sdk:
        shown = sdk.send(ShowDetailsOfInstanceV2Request(instance_id=site.place.source))
        signature = sdk.answers[-1].request.headers["Authorization"]
    assert shown.id == site.place.source
    assert signature.startswith("V11-HMAC-SHA256 Credential=")
