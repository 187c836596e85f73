"""Products with all that they are made of: deleted with it, renamed above it, shared with it (contract 5.2, 7.9)."""

from dataclasses import dataclass
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    AddUserToApp,
    AddUserToAppRequest,
    CreateProductRequest,
    CreateServiceRequest,
    CreateServiceRequestBody,
    DeleteProductRequest,
    DeleteRomaAppRequest,
    DeleteServiceRequest,
    ListCommandsRequest,
    ListProductsRequest,
    ListProductTopicsRequest,
    ListPropertiesRequest,
    ListRequestPropertiesRequest,
    ListServicesRequest,
    ResetProductAuthenticationRequest,
    ResetProductAuthenticationRequestBody,
    ShowCommandRequest,
    ShowProductAuthenticationRequest,
    ShowProductRequest,
    ShowPropertyRequest,
    ShowRequestPropertyRequest,
    ShowServiceRequest,
    UpdateCommandRequest,
    UpdateCommandRequestBody,
    UpdateProductRequest,
    UpdateServiceRequest,
    UpdateServiceRequestBody,
    User,
)
from tests.sdk.products import (
    MISSING,
    PLACES,
    add_command,
    add_product,
    add_service,
    add_topic,
    missing,
    product_body,
    product_update,
    property_body,
)
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

QUOTA = 500
PARTS = ("product", "product_topic", "service", "property", "command", "request_property", "response_property")


@dataclass(frozen=True)
class Tree:
    """A product with one of everything below it."""

    instance: str
    app: str
    product: int
    service: int
    command: int
    property: int
    request_property: int


def add_tree(sdk: Sdk, instance: str, app_id: str, name: str = "meter") -> Tree:
    product = add_product(sdk, instance, app_id, name).id
    add_topic(sdk, instance, product, "alarms")
    service = add_service(sdk, instance, product).service_id
    command = add_command(sdk, instance, service).command_id
    of_service = {"instance_id": instance, "service_id": str(service)}
    of_command = {**of_service, "command_id": command}
    plain = PLACES["property"].add(sdk, of_service, "rate").property_id
    asked = PLACES["request property"].add(sdk, of_command, "angle").property_id
    PLACES["response property"].add(sdk, of_command, "reached")
    return Tree(instance, app_id, product, service, command, plain, asked)


@pytest.fixture
def tree(sdk: Sdk, instance: str) -> Tree:
    return add_tree(sdk, instance, add_app(sdk, instance, "Water").id)


def keys(site: Site, instance: str) -> set[tuple[str, ...]]:
    """Answer kind and natural key of everything in an instance that is no application."""
    return {key for key in site.keys(instance) if key[0] != "app"}


def test_everything_has_the_names_above_it_in_its_key(site: Site, tree: Tree) -> None:
    assert keys(site, tree.instance) == {
        ("product", "meter"),
        ("product_topic", "meter", "/v1/${deviceId}/alarms"),
        ("service", "meter", "flow"),
        ("property", "meter", "flow", "rate"),
        ("command", "meter", "flow", "open"),
        ("request_property", "meter", "flow", "open", "angle"),
        ("response_property", "meter", "flow", "open", "reached"),
    }


def test_a_product_is_deleted_with_everything_below_it(sdk: Sdk, site: Site, tree: Tree) -> None:
    other = add_tree(sdk, tree.instance, tree.app, "gauge")
    assert sdk.send(DeleteProductRequest(instance_id=tree.instance, product_id=tree.product)).status_code == 204
    gone = {"instance_id": tree.instance, "service_id": str(tree.service)}
    for request, named in (
        (ShowProductRequest(instance_id=tree.instance, product_id=tree.product), tree.product),
        (ListProductTopicsRequest(instance_id=tree.instance, product_id=tree.product), tree.product),
        (ShowServiceRequest(**gone), tree.service),
        (ListPropertiesRequest(**gone), tree.service),
        (ShowPropertyRequest(**gone, property_id=tree.property), tree.property),
        (ShowCommandRequest(**gone, command_id=tree.command), tree.command),
        (ListRequestPropertiesRequest(**gone, command_id=tree.command), tree.command),
    ):
        sdk.refused(request, 404, MISSING, missing(named))
    assert {key[1] for key in keys(site, tree.instance)} == {"gauge"}
    assert len(keys(site, tree.instance)) == len(PARTS)
    assert sdk.send(ListServicesRequest(instance_id=tree.instance)).items[0].service_id == other.service


def test_a_service_is_deleted_with_what_is_below_it_and_leaves_the_rest(sdk: Sdk, site: Site, tree: Tree) -> None:
    add_service(sdk, tree.instance, tree.product, "battery")
    request = DeleteServiceRequest(instance_id=tree.instance, service_id=str(tree.service))
    assert sdk.send(request).status_code == 204
    assert keys(site, tree.instance) == {
        ("product", "meter"),
        ("product_topic", "meter", "/v1/${deviceId}/alarms"),
        ("service", "meter", "battery"),
    }


def test_an_application_with_products_is_in_use(sdk: Sdk, site: Site, tree: Tree) -> None:
    before = site.written()
    request = DeleteRomaAppRequest(instance_id=tree.instance, app_id=tree.app)
    message = "The application Water is still used by product meter\\."
    sdk.refused(request, 409, "ROMAPORT.3005", message)
    assert site.written() == before


def test_keys_follow_when_something_above_is_renamed(sdk: Sdk, site: Site, tree: Tree) -> None:
    one = {"instance_id": tree.instance, "service_id": str(tree.service)}
    product = UpdateProductRequest(instance_id=tree.instance, product_id=tree.product, body=product_update(name="tap"))
    sdk.send(product)
    sdk.send(UpdateServiceRequest(**one, body=UpdateServiceRequestBody(service_name="stream", status=0)))
    sdk.send(UpdateCommandRequest(**one, command_id=tree.command, body=UpdateCommandRequestBody(name="turn")))
    assert keys(site, tree.instance) == {
        ("product", "tap"),
        ("product_topic", "tap", "/v1/${deviceId}/alarms"),
        ("service", "tap", "stream"),
        ("property", "tap", "stream", "rate"),
        ("command", "tap", "stream", "turn"),
        ("request_property", "tap", "stream", "turn", "angle"),
        ("response_property", "tap", "stream", "turn", "reached"),
    }
    shown = sdk.send(ShowRequestPropertyRequest(**one, command_id=tree.command, property_id=tree.request_property))
    assert shown.property_name == "angle"
    # The old names are free again, at every level.
    add_tree(sdk, tree.instance, tree.app, "meter")
    assert len(keys(site, tree.instance)) == 2 * len(PARTS)


def test_a_product_with_many_parts_is_paged_renamed_and_deleted(site: Site, instance: str) -> None:
    services, properties = 4, 60
    with site.sdk("sync") as sdk:
        product = add_product(sdk, instance, add_app(sdk, instance, "Water").id).id
        for number in range(services):
            service = add_service(sdk, instance, product, f"service-{number}").service_id
            place = {"instance_id": instance, "service_id": str(service)}
            made = [PLACES["property"].add(sdk, place, f"p{at:02}").property_id for at in range(properties)]
            pages = [sdk.send(ListPropertiesRequest(**place, offset=at, limit=25)) for at in range(0, properties, 25)]
            assert [page.size for page in pages] == [25, 25, 10]
            assert [found.property_id for page in pages for found in page.items] == made
        body = product_update(name="gauge")
        sdk.send(UpdateProductRequest(instance_id=instance, product_id=product, body=body))
        assert {key[1] for key in keys(site, instance)} == {"gauge"}
        assert len(keys(site, instance)) == 1 + services * (1 + properties)
        assert sdk.send(DeleteProductRequest(instance_id=instance, product_id=product)).status_code == 204
        assert keys(site, instance) == set()


def test_a_product_more_than_the_quota_is_refused(site: Site, instance: str) -> None:
    with site.sdk("sync") as sdk:
        app = add_app(sdk, instance, "Water")
        for number in range(QUOTA):
            add_product(sdk, instance, app.id, f"meter-{number}")
        before = site.written()
        request = CreateProductRequest(instance_id=instance, body=product_body(app.id, "one-more"))
        details = sdk.refused(request, 400, "ROMA.4031001", "Insufficient quota\\.")
        assert details == f"product: an instance holds {QUOTA} at most"
        assert site.written() == before
        listed = sdk.send(ListProductsRequest(instance_id=instance, limit=999))
        assert (listed.total, listed.size) == (QUOTA, QUOTA)


def share(sdk: Sdk, tree: Tree, user_id: str, *roles: str) -> None:
    body = AddUserToApp(users=[User(id=user_id, roles=list(roles))])
    sdk.send(AddUserToAppRequest(instance_id=tree.instance, app_id=tree.app, body=body))


def changes(tree: Tree) -> dict[str, list[Any]]:
    """Answer requests on a tree by the role that each of them needs."""
    of_product = {"instance_id": tree.instance, "product_id": tree.product}
    of_service = {"instance_id": tree.instance, "service_id": str(tree.service)}
    of_command = {**of_service, "command_id": tree.command}
    service = CreateServiceRequestBody(product_id=tree.product, service_name="battery", status=0)
    reset = ResetProductAuthenticationRequestBody()
    return {
        "access": [ShowProductAuthenticationRequest(**of_product)],
        "modify": [
            UpdateProductRequest(**of_product, body=product_update(name="mine")),
            ResetProductAuthenticationRequest(**of_product, body=reset),
            CreateServiceRequest(instance_id=tree.instance, body=service),
            PLACES["property"].create(**of_service, body=property_body("level")),
            PLACES["request property"].create(**of_command, body=property_body("level")),
            UpdateCommandRequest(**of_command, body=UpdateCommandRequestBody(name="turn")),
        ],
        "delete": [DeleteServiceRequest(**of_service), DeleteProductRequest(**of_product)],
    }


def test_roles_on_the_application_hold_for_everything_below_it(sdk: Sdk, client: str, site: Site, tree: Tree) -> None:
    guest = site.user("ROMA FullAccess")
    with site.sdk(client, guest) as other:
        # Not shared, not there.
        assert other.send(ListProductsRequest(instance_id=tree.instance)).total == 0
        assert other.send(ListServicesRequest(instance_id=tree.instance)).total == 0
        show = ShowPropertyRequest(instance_id=tree.instance, service_id=str(tree.service), property_id=tree.property)
        other.refused(show, 404, MISSING, missing(tree.property))

        share(sdk, tree, guest.id, "read")
        (seen,) = other.send(ListProductsRequest(instance_id=tree.instance)).items
        assert (seen.id, seen.permissions) == (tree.product, ["read"])
        assert other.send(show).property_name == "rate"
        place = {"instance_id": tree.instance, "service_id": str(tree.service)}
        assert other.send(ListCommandsRequest(**place)).total == 1
        before = site.written()
        for role, requests in changes(tree).items():
            for request in requests:
                message = "You do not have the permissions required to operate the application\\."
                assert role in other.refused(request, 403, "ROMA.12001", message), request
        assert site.written() == before

        share(sdk, tree, guest.id, "access", "modify", "delete")
        for requests in changes(tree).values():
            for request in requests:
                assert other.send(request).status_code in (200, 201, 204)
    assert keys(site, tree.instance) == set()
