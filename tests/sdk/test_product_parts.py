"""What products are made of, topics, services and commands, through the vendor's SDK (contract 7.9)."""

from dataclasses import dataclass
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateCommandRequest,
    CreateCommandRequestBody,
    CreateProductTopicRequest,
    CreateProductTopicRequestBody,
    CreateServiceRequest,
    CreateServiceRequestBody,
    DeleteCommandRequest,
    DeleteProductTopicRequest,
    DeleteServiceRequest,
    ListCommandsRequest,
    ListProductTopicsRequest,
    ListServicesRequest,
    ShowCommandRequest,
    ShowServiceRequest,
    UpdateCommandRequest,
    UpdateCommandRequestBody,
    UpdateProductTopicRequest,
    UpdateProductTopicRequestBody,
    UpdateServiceRequest,
    UpdateServiceRequestBody,
)
from tests.sdk.products import INVALID, MISSING, add_command, add_product, add_service, add_topic, missing
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

RULES = "The parameter does not meet verification rules: .*"


@dataclass(frozen=True)
class Ground:
    """Two products of an application, to build on."""

    instance: str
    meter: int
    gauge: int


@pytest.fixture
def ground(sdk: Sdk, instance: str) -> Ground:
    app = add_app(sdk, instance, "Water")
    return Ground(instance, *(add_product(sdk, instance, app.id, name).id for name in ("meter", "gauge")))


def test_a_topic_is_shown_under_its_whole_name(sdk: Sdk, ground: Ground) -> None:
    made = add_topic(sdk, ground.instance, ground.meter, "alarms", "3.0", permission=1, description="Leaks")
    assert made.status_code == 200
    assert made.topic_id.isdecimal()
    assert (made.product_id, made.topic_name, made.version) == (ground.meter, "/3.0/${deviceId}/alarms", "3.0")
    assert (made.permission, made.description) == (1, "Leaks")
    listed = sdk.send(ListProductTopicsRequest(instance_id=ground.instance, product_id=ground.meter))
    assert (listed.total, listed.size) == (1, 1)
    assert decoded(listed.items) == [decoded(made)]


def test_a_topic_is_updated_whole_by_its_last_part_or_its_whole_name(sdk: Sdk, ground: Ground) -> None:
    made = add_topic(sdk, ground.instance, ground.meter, "alarms", description="Leaks")
    place = {"instance_id": ground.instance, "product_id": ground.meter, "topic_id": int(made.topic_id)}
    body = UpdateProductTopicRequestBody(permission=1, name="leaks", version="v2")
    changed = sdk.send(UpdateProductTopicRequest(**place, body=body))
    assert changed.status_code == 200
    # The SDK has a number here, and a text everywhere else.
    assert changed.topic_id == int(made.topic_id)
    assert (changed.topic_name, changed.version) == ("/v2/${deviceId}/leaks", "v2")
    assert (changed.permission, changed.description) == (1, None)
    body = UpdateProductTopicRequestBody(permission=0, name=changed.topic_name, version="v2", description="Drops")
    again = sdk.send(UpdateProductTopicRequest(**place, body=body))
    assert (again.topic_name, again.permission, again.description) == ("/v2/${deviceId}/leaks", 0, "Drops")


def test_a_topic_is_unique_in_its_product_by_version_and_name(sdk: Sdk, site: Site, ground: Ground) -> None:
    add_topic(sdk, ground.instance, ground.meter, "alarms", "v1")
    add_topic(sdk, ground.instance, ground.meter, "alarms", "v2")
    add_topic(sdk, ground.instance, ground.gauge, "alarms", "v1")
    before = site.written()
    body = CreateProductTopicRequestBody(permission=1, name="alarms", version="v1")
    request = CreateProductTopicRequest(instance_id=ground.instance, product_id=ground.meter, body=body)
    message = r"The product topic /v1/\$\{deviceId\}/alarms already exists\."
    sdk.refused(request, 400, "ROMAPORT.3003", message)
    assert site.written() == before


def test_topics_are_listed_page_by_page_and_deleted_one_by_one(sdk: Sdk, ground: Ground) -> None:
    made = [add_topic(sdk, ground.instance, ground.meter, f"t{number}") for number in range(3)]
    add_topic(sdk, ground.instance, ground.gauge, "t9")
    place = {"instance_id": ground.instance, "product_id": ground.meter}
    first = sdk.send(ListProductTopicsRequest(**place, limit=2))
    rest = sdk.send(ListProductTopicsRequest(**place, limit=2, offset=2))
    assert (first.total, first.size, rest.total, rest.size) == (3, 2, 3, 1)
    assert decoded(first.items + rest.items) == [decoded(topic) for topic in made]
    delete = DeleteProductTopicRequest(**place, topic_id=int(made[1].topic_id))
    assert sdk.send(delete).status_code == 204
    sdk.refused(delete, 404, MISSING, missing(made[1].topic_id))
    left = sdk.send(ListProductTopicsRequest(**place)).items
    assert [topic.topic_name for topic in left] == ["/v1/${deviceId}/t0", "/v1/${deviceId}/t2"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name: "),
        ({"name": "n" * 65}, "name: must have 1 to 64 characters after /v1/${deviceId}/"),
        ({"name": "/v1/${deviceId}/"}, "name: must have 1 to 64"),
        ({"name": "a b"}, "name: "),
        ({"name": "a/#"}, "name: "),
        ({"version": ""}, "version: "),
        ({"version": "v" * 65}, "version: "),
        ({"version": "-v1"}, "version: "),
        ({"version": "v1."}, "version: "),
        ({"permission": 2}, "permission: "),
        ({"permission": None}, "permission: is required"),
        ({"description": "d" * 201}, "description: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_topic_is_named(
    sdk: Sdk, site: Site, ground: Ground, fields: dict[str, Any], named: str
) -> None:
    before = site.written()
    body = CreateProductTopicRequestBody(**{"permission": 0, "name": "alarms", "version": "v1", **fields})
    request = CreateProductTopicRequest(instance_id=ground.instance, product_id=ground.meter, body=body)
    assert named in sdk.refused(request, 400, INVALID, RULES)
    assert site.written() == before


def test_a_service_takes_every_field_and_shows_it(sdk: Sdk, site: Site, ground: Ground) -> None:
    made = add_service(sdk, ground.instance, ground.meter, "流量_flow-1", description="What flows", status=1)
    assert made.status_code == 201
    assert type(made.service_id) is int
    assert (made.product_id, made.product_template_id) == (ground.meter, None)
    assert (made.service_name, made.description, made.status) == ("流量_flow-1", "What flows", 1)
    for user in (made.created_user, made.last_updated_user):
        assert (user.user_id, user.user_name) == (site.administrator.id, site.administrator.name)
    assert made.created_datetime == made.last_updated_datetime > 1_700_000_000_000
    shown = sdk.send(ShowServiceRequest(instance_id=ground.instance, service_id=str(made.service_id)))
    assert shown.status_code == 200
    assert decoded(shown) == decoded(made)


def test_an_update_gives_the_whole_service(sdk: Sdk, ground: Ground) -> None:
    made = add_service(sdk, ground.instance, ground.meter, "flow", description="What flows")
    place = {"instance_id": ground.instance, "service_id": str(made.service_id)}
    body = UpdateServiceRequestBody(service_name="current", status=1)
    changed = sdk.send(UpdateServiceRequest(**place, body=body))
    assert changed.status_code == 200
    assert (changed.service_id, changed.product_id) == (made.service_id, ground.meter)
    assert (changed.service_name, changed.status, changed.description) == ("current", 1, None)
    assert changed.created_datetime == made.created_datetime
    assert decoded(sdk.send(ShowServiceRequest(**place))) == decoded(changed)
    for missed in ("service_name", "status"):
        body = UpdateServiceRequestBody(**{"service_name": "current", "status": 1, missed: None})
        request = UpdateServiceRequest(**place, body=body)
        assert f"{missed}: is required" in sdk.refused(request, 400, INVALID, RULES)


def test_services_are_found_by_every_filter_of_the_sdk(sdk: Sdk, site: Site, ground: Ground) -> None:
    names = ("flow", "flow-back", "battery")
    flow, back, battery = (
        add_service(sdk, ground.instance, product, name)
        for product, name in zip((ground.meter, ground.meter, ground.gauge), names, strict=True)
    )
    found: list[tuple[dict[str, Any], list[Any]]] = [
        ({}, [flow, back, battery]),
        ({"limit": 2}, [flow, back]),
        ({"limit": 2, "offset": 2}, [battery]),
        ({"service_id": back.service_id}, [back]),
        ({"service_name": "battery"}, [battery]),
        ({"service_name": "flow"}, [flow, back]),
        ({"product_id": ground.meter}, [flow, back]),
        ({"product_template_id": 1}, []),
        ({"created_user_name": site.administrator.name, "product_id": ground.gauge}, [battery]),
        ({"created_user_name": "nobody"}, []),
        (
            {"created_date_start": flow.created_datetime, "created_date_end": battery.created_datetime},
            [flow, back, battery],
        ),
        ({"created_date_start": battery.created_datetime + 1}, []),
        ({"created_date_end": flow.created_datetime - 1}, []),
    ]
    for query, expected in found:
        listed = sdk.send(ListServicesRequest(instance_id=ground.instance, **query))
        assert decoded(listed.items) == [decoded(one) for one in expected], query
        assert listed.total == (3 if "limit" in query else len(expected))


def test_a_service_is_unique_in_its_product(sdk: Sdk, site: Site, ground: Ground) -> None:
    add_service(sdk, ground.instance, ground.meter, "flow")
    add_service(sdk, ground.instance, ground.gauge, "flow")
    before = site.written()
    body = CreateServiceRequestBody(product_id=ground.meter, service_name="flow", status=0)
    request = CreateServiceRequest(instance_id=ground.instance, body=body)
    sdk.refused(request, 400, "ROMAPORT.3003", "The service flow already exists\\.")
    assert site.written() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"service_name": "f"}, ["service_name: ", "2"]),
        ({"service_name": "f" * 65}, ["service_name: ", "64"]),
        ({"service_name": "a flow"}, ["service_name: "]),
        ({"status": 2}, ["status: "]),
        ({"status": None}, ["status: is required"]),
        ({"description": "d" * 201}, ["description: ", "200"]),
        ({"product_id": None}, ["product_id: is required"]),
        ({"product_id": 0}, ["product_id: "]),
        ({"product_id": "abc"}, ["product_id: "]),
        (
            {"product_id": None, "product_template_id": 7},
            ["product_template_id: product templates are not held here", "product_id: is required"],
        ),
        ({"product_template_id": 7}, ["product_template_id: product templates are not held here"]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_a_wrong_field_of_a_service_is_named(
    sdk: Sdk, site: Site, ground: Ground, fields: dict[str, Any], named: list[str]
) -> None:
    before = site.written()
    body = CreateServiceRequestBody(**{"product_id": ground.meter, "service_name": "flow", "status": 0, **fields})
    details = sdk.refused(CreateServiceRequest(instance_id=ground.instance, body=body), 400, INVALID, RULES)
    assert not [part for part in named if part not in details], details
    assert site.written() == before


def test_a_service_needs_a_product_of_its_own_instance(sdk: Sdk, site: Site, ground: Ground) -> None:
    elsewhere = site.instance()
    foreign = add_product(sdk, elsewhere, add_app(sdk, elsewhere, "Water").id).id
    before = site.written()
    for product_id in (foreign, 999_999_999):
        body = CreateServiceRequestBody(product_id=product_id, service_name="flow", status=0)
        request = CreateServiceRequest(instance_id=ground.instance, body=body)
        sdk.refused(request, 400, "ROMAPORT.3004", f"The product {product_id} named by product_id does not exist\\.")
    assert site.written() == before


def test_a_command_is_given_a_name_and_answers_a_command_name(sdk: Sdk, ground: Ground) -> None:
    service = add_service(sdk, ground.instance, ground.meter).service_id
    made = add_command(sdk, ground.instance, service, "OPEN_valve-1", description="Lets it flow")
    assert made.status_code == 200
    assert (made.service_id, type(made.command_id)) == (service, int)
    assert (made.command_name, made.description) == ("OPEN_valve-1", "Lets it flow")
    place = {"instance_id": ground.instance, "service_id": str(service), "command_id": made.command_id}
    assert decoded(sdk.send(ShowCommandRequest(**place))) == decoded(made)
    changed = sdk.send(UpdateCommandRequest(**place, body=UpdateCommandRequestBody(name="CLOSE")))
    assert changed.status_code == 200
    assert (changed.command_id, changed.command_name, changed.description) == (made.command_id, "CLOSE", None)
    assert decoded(sdk.send(ShowCommandRequest(**place))) == decoded(changed)
    assert sdk.send(DeleteCommandRequest(**place)).status_code == 204
    sdk.refused(ShowCommandRequest(**place), 404, MISSING, missing(made.command_id))


def test_commands_are_listed_below_their_service(sdk: Sdk, ground: Ground) -> None:
    flow, battery = (add_service(sdk, ground.instance, ground.meter, name).service_id for name in ("flow", "battery"))
    made = [add_command(sdk, ground.instance, flow, name) for name in ("open", "open-half", "close")]
    add_command(sdk, ground.instance, battery, "open")
    place = {"instance_id": ground.instance, "service_id": str(flow)}
    found: list[tuple[dict[str, Any], list[Any]]] = [
        ({}, made),
        ({"limit": 2}, made[:2]),
        ({"limit": 2, "offset": 2}, made[2:]),
        ({"command_id": made[1].command_id}, [made[1]]),
        ({"command_name": "open"}, made[:2]),
        ({"command_name": "clos"}, [made[2]]),
        ({"command_name": "shut"}, []),
    ]
    for query, expected in found:
        listed = sdk.send(ListCommandsRequest(**place, **query))
        assert decoded(listed.items) == [decoded(command) for command in expected], query
        assert listed.total == (3 if "limit" in query else len(expected))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": "o"}, "name: "),
        ({"name": "o" * 51}, "name: "),
        ({"name": "open it"}, "name: "),
        ({"name": None}, "name: is required"),
        ({"description": "d" * 201}, "description: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_command_is_named(
    sdk: Sdk, site: Site, ground: Ground, fields: dict[str, Any], named: str
) -> None:
    service = add_service(sdk, ground.instance, ground.meter).service_id
    add_command(sdk, ground.instance, service, "open")
    before = site.written()
    body = CreateCommandRequestBody(**{"name": "close", **fields})
    request = CreateCommandRequest(instance_id=ground.instance, service_id=str(service), body=body)
    assert named in sdk.refused(request, 400, INVALID, RULES)
    taken = CreateCommandRequestBody(name="open")
    request = CreateCommandRequest(instance_id=ground.instance, service_id=str(service), body=taken)
    sdk.refused(request, 400, "ROMAPORT.3003", "The command open already exists\\.")
    assert site.written() == before


def test_a_part_is_found_only_below_what_it_is_a_part_of(sdk: Sdk, site: Site, ground: Ground) -> None:
    topic = add_topic(sdk, ground.instance, ground.meter, "alarms")
    flow, battery = (add_service(sdk, ground.instance, ground.meter, name).service_id for name in ("flow", "battery"))
    command = add_command(sdk, ground.instance, flow)
    before = site.written()
    elsewhere = {"instance_id": ground.instance, "service_id": str(battery), "command_id": command.command_id}
    below = {"instance_id": ground.instance, "product_id": ground.gauge, "topic_id": int(topic.topic_id)}
    rename = UpdateProductTopicRequestBody(permission=0, name="leaks", version="v1")
    for request in (
        ShowCommandRequest(**elsewhere),
        UpdateCommandRequest(**elsewhere, body=UpdateCommandRequestBody(name="close")),
        DeleteCommandRequest(**elsewhere),
    ):
        sdk.refused(request, 404, MISSING, missing(command.command_id))
    for request in (UpdateProductTopicRequest(**below, body=rename), DeleteProductTopicRequest(**below)):
        sdk.refused(request, 404, MISSING, missing(topic.topic_id))
    nowhere = {"instance_id": ground.instance, "service_id": "999999999"}
    for request in (
        ListCommandsRequest(**nowhere),
        CreateCommandRequest(**nowhere, body=CreateCommandRequestBody(name="open")),
        DeleteServiceRequest(**nowhere),
    ):
        sdk.refused(request, 404, MISSING, missing(999_999_999))
    assert site.written() == before
