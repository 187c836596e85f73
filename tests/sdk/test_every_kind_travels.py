"""One of every kind is made and carried through the vendor's SDK, and compared: nothing differs but what is local."""

from pathlib import Path
from typing import Any

from huaweicloudsdkroma.v2 import (
    CreateApiV2Request,
    CreateDispatchesRequest,
    CreateMqsInstanceTopicReq,
    CreateMqsInstanceTopicRequest,
    TaskDispatch,
    UpdateTopicAccessPolicyPoliciesObject,
    UpdateTopicAccessPolicyReq,
    UpdateTopicAccessPolicyRequest,
    UpdateTopicAccessPolicyTopicsObject,
)
from tests.sdk import composites
from tests.sdk.apic import action, add_api, add_group, whole_api
from tests.sdk.products import PLACES, add_command, add_product, add_service, add_topic
from tests.sdk.sample import add_task, exported, import_package, settled
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

from romaport.client import AccessKey, Client, Extras, Secret, is_success
from romaport.kinds import KINDS

TRAVELLING = {name for name, kind in KINDS.items() if kind.is_packed}


def test_one_of_every_kind_arrives_elsewhere_as_it_was(sdk: Sdk, site: Site, instance: str, tmp_path: Path) -> None:
    apps = fill(sdk, instance)
    target = site.instance()
    package = tmp_path / "whole.zip"
    exported(sdk, instance, package, apps=apps)
    job = sdk.send(import_package(package, target))
    assert settled(sdk, target, job.job_id).status == "Success"
    for left, right in ((instance, target), (package, target)):
        report, items = compared(site, left, right)
        assert items == []
        assert set(report.outcome) == {"same"}
        assert set(report.outcome["same"]) == TRAVELLING


def compared(site: Site, left: str | Path, right: str) -> tuple[Any, list[Any]]:
    place = site.place
    key = AccessKey(access_key=place.access_key, secret=Secret(place.secret_key))
    with Client(place.endpoint, key, project_id=place.project_id, instance_id=right) as client:
        extras = Extras(client)
        *_, job = client.wait(extras.compare(left, right))
        assert is_success(job)
        return extras.report(job.id), list(extras.items(job.id))


def fill(sdk: Sdk, instance: str) -> list[str]:
    """Make assets of every kind; answer the applications they belong to."""
    ends = composites.ends_of(sdk, instance)
    owner, other = ends.app_ids
    task = add_task(sdk, instance, "nightly", ends.source, ends.target)
    schedule = TaskDispatch(start_datetime=1_767_225_600_000, period="DAY", dispatch_interval=1)
    sdk.send(CreateDispatchesRequest(instance_id=instance, task_id=task.task_id, body=schedule))
    composite = composites.add(sdk, instance, source_app_id=owner, target_app_id=other)
    sdk.send(composites.map_tables(ends, composite, "orders", "orders_in"))
    _add_apis(sdk, instance, owner)
    _add_topic(sdk, instance, owner, other)
    _add_product(sdk, instance, owner)
    return [owner, other]


def _add_apis(sdk: Sdk, instance: str, app_id: str) -> None:
    group = add_group(sdk, instance, "Stock", roma_app_id=app_id, version="V2").id
    plain = add_api(sdk, instance, group, "ping")
    whole = sdk.send(CreateApiV2Request(instance_id=instance, body=whole_api(group)))
    for api in (plain, whole):
        sdk.send(action(instance, api.id))


def _add_topic(sdk: Sdk, instance: str, owner: str, other: str) -> None:
    body = CreateMqsInstanceTopicReq(name="orders", app_id=owner, access_policy="all", tag="a||b")
    sdk.send(CreateMqsInstanceTopicRequest(instance_id=instance, body=body))
    shared = [UpdateTopicAccessPolicyPoliciesObject(app_id=other, access_policy="sub")]
    topics = [UpdateTopicAccessPolicyTopicsObject(name="orders", policies=shared)]
    request = UpdateTopicAccessPolicyRequest(instance_id=instance, body=UpdateTopicAccessPolicyReq(topics=topics))
    sdk.send(request)


def _add_product(sdk: Sdk, instance: str, app_id: str) -> None:
    product = add_product(sdk, instance, app_id).id
    add_topic(sdk, instance, product, "alarms")
    service = add_service(sdk, instance, product).service_id
    command = add_command(sdk, instance, service).command_id
    of_service = {"instance_id": instance, "service_id": str(service)}
    PLACES["property"].add(sdk, of_service, "rate")
    for side in ("request property", "response property"):
        PLACES[side].add(sdk, {**of_service, "command_id": command}, "angle")
