"""Products of device integration through the vendor's SDK (contract 7.9)."""

import re
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateProductRequest,
    DeleteProductRequest,
    ListProductsRequest,
    ResetProductAuthenticationRequest,
    ResetProductAuthenticationRequestBody,
    ShowProductAuthenticationRequest,
    ShowProductRequest,
    UpdateProductRequest,
)
from tests.sdk.products import INVALID, MISSING, add_product, missing, product_body, product_update
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

STARS = "********"
MADE_PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[^A-Za-z0-9]).{24}")


def test_a_product_takes_every_field_and_shows_it(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Water")
    made = add_product(
        sdk,
        instance,
        app.id,
        "水表_meter-1",
        model=" Flow Meter 2 ",
        product_type=1,
        protocol_type=4,
        description="In the cellar",
        device_type="Meter",
        version="v2",
        data_format=1,
    )
    assert made.status_code == 201
    assert type(made.id) is int
    assert (made.name, made.app_id, made.app_name) == ("水表_meter-1", app.id, "Water")
    assert (made.manufacturer_id, made.manufacturer_name, made.model) == ("lakeside", "Lakeside Ltd.", "Flow Meter 2")
    assert (made.product_type, made.protocol_type, made.data_format) == (1, 4, 1)
    assert (made.description, made.device_type, made.version) == ("In the cellar", "Meter", "v2")
    assert made.permissions == ["read", "access", "modify", "delete"]
    for user in (made.created_user, made.last_updated_user):
        assert (user.user_id, user.user_name) == (site.administrator.id, site.administrator.name)
    assert made.created_datetime > 1_700_000_000_000
    assert (made.authentication.user_name, made.authentication.password) == (made.product_serial, STARS)

    shown = sdk.send(ShowProductRequest(instance_id=instance, product_id=made.id))
    assert shown.status_code == 200
    assert decoded(shown) == decoded(made)


def test_what_is_not_given_has_the_published_default(sdk: Sdk, instance: str) -> None:
    made = add_product(sdk, instance, add_app(sdk, instance, "Water").id)
    assert (made.device_type, made.data_format) == ("Default", 0)
    assert (made.description, made.version) == (None, None)


def test_an_update_gives_the_product_but_for_its_types(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Water")
    made = add_product(sdk, instance, app.id, product_type=1, protocol_type=2, data_format=1, description="Old")
    body = product_update(name="gauge", manufacturer_id="hill", manufacturer_name="Hill Ltd.", model="G 7", version="2")
    changed = sdk.send(UpdateProductRequest(instance_id=instance, product_id=made.id, body=body))
    assert changed.status_code == 200
    assert (changed.id, changed.name, changed.model, changed.version) == (made.id, "gauge", "G 7", "2")
    assert (changed.manufacturer_id, changed.manufacturer_name) == ("hill", "Hill Ltd.")
    assert (changed.device_type, changed.description) == ("Meter", None)
    assert (changed.product_type, changed.protocol_type, changed.data_format) == (1, 2, 1)
    assert (changed.app_id, changed.product_serial) == (app.id, made.product_serial)
    shown = sdk.send(ShowProductRequest(instance_id=instance, product_id=made.id))
    assert decoded(changed).items() <= decoded(shown).items()


def test_products_are_listed_page_by_page(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Water")
    made = [add_product(sdk, instance, app.id, f"meter-{number:02}") for number in range(12)]
    first = sdk.send(ListProductsRequest(instance_id=instance))
    assert (first.total, first.size, len(first.items)) == (12, 10, 10)
    rest = sdk.send(ListProductsRequest(instance_id=instance, offset=10, limit=5))
    assert (rest.total, rest.size) == (12, 2)
    assert decoded(first.items + rest.items) == [decoded(product) for product in made]
    beyond = sdk.send(ListProductsRequest(instance_id=instance, offset=12))
    assert (beyond.total, beyond.size, beyond.items) == (12, 0, [])
    # More than 999 answers 999; there is nothing before the first.
    whole = sdk.send(ListProductsRequest(instance_id=instance, limit=5000, offset=-3))
    assert (whole.total, whole.size) == (12, 12)


def test_products_are_found_by_every_filter_of_the_sdk(sdk: Sdk, site: Site, instance: str) -> None:
    water, heat = (add_app(sdk, instance, name) for name in ("Water", "Heat"))
    meter = add_product(sdk, instance, water.id, "meter-1", device_type="Meter", product_type=1, protocol_type=2)
    gauge = add_product(
        sdk, instance, heat.id, "gauge-1", manufacturer_id="hill", manufacturer_name="Hill Ltd.", model="G 7"
    )
    now = gauge.created_datetime
    found: list[tuple[dict[str, Any], list[Any]]] = [
        ({"app_id": water.id}, [meter]),
        ({"app_name": "Heat"}, [gauge]),
        ({"app_name": "Hea"}, []),
        ({"id": str(gauge.id)}, [gauge]),
        ({"name": "gauge-1"}, [gauge]),
        ({"name": "-1"}, [meter, gauge]),
        ({"manufacturer_id": "hill"}, [gauge]),
        ({"manufacturer_name": "Lakeside Ltd."}, [meter]),
        ({"model": "G 7"}, [gauge]),
        ({"device_type": "Meter"}, [meter]),
        ({"device_type": "Default"}, [gauge]),
        ({"product_type": 1}, [meter]),
        ({"protocol_type": 0}, [gauge]),
        ({"protocol_type": 0, "product_type": 1}, []),
        ({"product_serial": meter.product_serial}, [meter]),
        ({"product_serial": str(meter.id)}, []),
        ({"created_user_name": site.administrator.name}, [meter, gauge]),
        ({"created_user_name": "nobody"}, []),
        ({"created_date_start": meter.created_datetime, "created_date_end": now}, [meter, gauge]),
        ({"created_date_start": now + 1}, []),
        ({"created_date_end": meter.created_datetime - 1}, []),
    ]
    for query, expected in found:
        listed = sdk.send(ListProductsRequest(instance_id=instance, **query))
        assert [product.id for product in listed.items] == [product.id for product in expected], query
        assert listed.total == len(expected)


@pytest.mark.parametrize("query", [{"product_type": "gateway"}, {"created_date_start": -1}, {"limit": "ten"}], ids=str)
def test_a_wrong_parameter_of_the_list_is_named(sdk: Sdk, instance: str, query: dict[str, object]) -> None:
    ((name, _),) = query.items()
    message = f"The parameter does not meet verification rules: \\[{name}: .*\\]"
    sdk.refused(ListProductsRequest(instance_id=instance, **query), 400, INVALID, message)


def test_a_deleted_product_is_gone(sdk: Sdk, instance: str) -> None:
    product = add_product(sdk, instance, add_app(sdk, instance, "Water").id)
    request = DeleteProductRequest(instance_id=instance, product_id=product.id)
    assert sdk.send(request).status_code == 204
    sdk.refused(request, 404, MISSING, missing(product.id))
    sdk.refused(ShowProductRequest(instance_id=instance, product_id=product.id), 404, MISSING, missing(product.id))
    assert sdk.send(ListProductsRequest(instance_id=instance)).total == 0
    assert add_product(sdk, instance, product.app_id).id > product.id


def test_serials_are_unique_in_the_system_and_names_in_an_instance(sdk: Sdk, site: Site, instance: str) -> None:
    app, other = add_app(sdk, instance, "Water"), add_app(sdk, instance, "Heat")
    meter = add_product(sdk, instance, app.id, "meter")
    gauge = add_product(sdk, instance, app.id, "gauge")
    before = site.written()
    message = "The product meter already exists\\."
    for app_id in (app.id, other.id):
        request = CreateProductRequest(instance_id=instance, body=product_body(app_id, "meter"))
        assert "name" in sdk.refused(request, 400, "ROMAPORT.3003", message)
    renamed = UpdateProductRequest(instance_id=instance, product_id=gauge.id, body=product_update(name="meter"))
    sdk.refused(renamed, 400, "ROMAPORT.3003", message)
    assert site.written() == before
    elsewhere = site.instance()
    twin = add_product(sdk, elsewhere, add_app(sdk, elsewhere, "Water").id, "meter")
    assert len({product.product_serial for product in (meter, gauge, twin)}) == 3
    assert all(len(product.product_serial) == 12 for product in (meter, gauge, twin))
    # Not another instance's to show.
    sdk.refused(ShowProductRequest(instance_id=instance, product_id=twin.id), 404, MISSING, missing(twin.id))


def test_the_password_is_made_up_and_shown_by_its_own_operation_only(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Water")
    products = [add_product(sdk, instance, app.id, name) for name in ("meter", "gauge")]
    shown = [
        sdk.send(ShowProductAuthenticationRequest(instance_id=instance, product_id=product.id)) for product in products
    ]
    assert all(found.status_code == 200 for found in shown)
    assert [found.user_name for found in shown] == [product.product_serial for product in products]
    passwords = [found.password for found in shown]
    assert all(MADE_PASSWORD.fullmatch(password) for password in passwords)
    assert passwords[0] != passwords[1]
    sdk.send(ListProductsRequest(instance_id=instance))
    sdk.send(UpdateProductRequest(instance_id=instance, product_id=products[0].id, body=product_update()))
    others = [answer.text for answer in sdk.answers if not answer.url.endswith("/authentication")]
    assert not [password for password in passwords if any(password in text for text in others)]
    assert not [password for password in passwords if password in repr(site.written())]
    again = sdk.send(ShowProductAuthenticationRequest(instance_id=instance, product_id=products[0].id))
    assert again.password == passwords[0]


def test_user_name_and_password_are_reset_apart(sdk: Sdk, instance: str) -> None:
    product = add_product(sdk, instance, add_app(sdk, instance, "Water").id)
    show = ShowProductAuthenticationRequest(instance_id=instance, product_id=product.id)

    def reset(**fields: str) -> Any:
        body = ResetProductAuthenticationRequestBody(**fields)
        return sdk.send(ResetProductAuthenticationRequest(instance_id=instance, product_id=product.id, body=body))

    first = sdk.send(show).password
    named = reset(user_name="cellar-meter")
    assert (named.user_name, named.password) == ("cellar-meter", first)
    given = reset(password="Quiet-harbour-41")
    assert (given.user_name, given.password) == ("cellar-meter", "Quiet-harbour-41")
    made = reset()
    assert made.user_name == "cellar-meter"
    assert MADE_PASSWORD.fullmatch(made.password)
    assert made.password not in (first, given.password)
    empty = reset(user_name="", password="")
    assert (empty.user_name, empty.password == made.password) == ("cellar-meter", False)
    assert decoded(sdk.send(show)) == decoded(empty)

    sdk.send(UpdateProductRequest(instance_id=instance, product_id=product.id, body=product_update()))
    shown = sdk.send(ShowProductRequest(instance_id=instance, product_id=product.id))
    assert (shown.authentication.user_name, shown.authentication.password) == ("cellar-meter", STARS)
    assert decoded(sdk.send(show)) == decoded(empty)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"user_name": "too-short"}, "user_name: "),
        ({"user_name": "u" * 51}, "user_name: "),
        ({"user_name": "cellar meter"}, "user_name: "),
        ({"password": "Short-1"}, "password: "),
        ({"password": "Aa1-" * 21}, "password: "),
        ({"password": "no-capitals-41"}, "password: "),
        ({"password": "NoSignsInHere41"}, "password: "),
        ({"password": "Quiet harbour-41"}, "password: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_the_reset_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, str], named: str
) -> None:
    product = add_product(sdk, instance, add_app(sdk, instance, "Water").id)
    before = site.written()
    body = ResetProductAuthenticationRequestBody(**fields)
    request = ResetProductAuthenticationRequest(instance_id=instance, product_id=product.id, body=body)
    details = sdk.refused(request, 400, INVALID, "The parameter does not meet verification rules: .*")
    assert named in details
    assert not [value for value in fields.values() if value in details]
    assert site.written() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, ["name: "]),
        ({"name": "n" * 65}, ["name: ", "64"]),
        ({"name": "a meter"}, ["name: "]),
        ({"app_id": None}, ["app_id: is required"]),
        ({"manufacturer_id": "m"}, ["manufacturer_id: ", "2"]),
        ({"manufacturer_id": "m" * 51}, ["manufacturer_id: ", "50"]),
        ({"manufacturer_id": "湖"}, ["manufacturer_id: "]),
        ({"manufacturer_name": "m"}, ["manufacturer_name: ", "2"]),
        ({"manufacturer_name": "m" * 65}, ["manufacturer_name: ", "64"]),
        ({"model": "m"}, ["model: ", "2"]),
        ({"model": " m "}, ["model: "]),
        ({"model": "m" * 51}, ["model: ", "50"]),
        ({"product_type": 2}, ["product_type: ", "2"]),
        ({"product_type": "0"}, ["product_type: "]),
        ({"protocol_type": 3}, ["protocol_type: ", "3"]),
        ({"data_format": 2}, ["data_format: "]),
        ({"device_type": "d" * 33}, ["device_type: ", "32"]),
        ({"description": "d" * 201}, ["description: ", "200"]),
        ({"version": "v" * 65}, ["version: ", "64"]),
        ({"template_id": 7}, ["template_id: product templates are not held here"]),
        (
            dict.fromkeys(("name", "manufacturer_id", "manufacturer_name", "model", "product_type", "protocol_type")),
            ["name: is required; manufacturer_id: is required; manufacturer_name: is required; model: is required"],
        ),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_a_wrong_field_of_a_product_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, Any], named: list[str]
) -> None:
    app = add_app(sdk, instance, "Water")
    before = site.written()
    body = product_body(app.id, "meter")
    for field, value in fields.items():
        setattr(body, field, value)
    request = CreateProductRequest(instance_id=instance, body=body)
    details = sdk.refused(request, 400, INVALID, "The parameter does not meet verification rules: .*")
    assert not [part for part in named if part not in details], details
    assert site.written() == before


def test_an_update_needs_what_the_page_says(sdk: Sdk, site: Site, instance: str) -> None:
    product = add_product(sdk, instance, add_app(sdk, instance, "Water").id)
    before = site.written()
    for field in ("name", "manufacturer_id", "manufacturer_name", "model", "device_type"):
        body = product_update(**{field: None})
        request = UpdateProductRequest(instance_id=instance, product_id=product.id, body=body)
        message = f"The parameter does not meet verification rules: \\[{field}: is required\\]"
        sdk.refused(request, 400, INVALID, message)
    assert site.written() == before


def test_a_product_needs_a_body_and_an_application_that_is_there(sdk: Sdk, site: Site, instance: str) -> None:
    elsewhere = site.instance()
    foreign = add_app(sdk, elsewhere, "Water")
    before = site.written()
    sdk.refused(CreateProductRequest(instance_id=instance), 400, "RML.0001", "The input parameter is null\\.")
    for app_id in (foreign.id, "nowhere"):
        request = CreateProductRequest(instance_id=instance, body=product_body(app_id, "meter"))
        sdk.refused(request, 400, "ROMAPORT.3004", f"The application {app_id} named by app_id does not exist\\.")
    assert site.written() == before


@pytest.mark.parametrize("unknown", [999_999_999, "abc", "1" * 40])
def test_an_unknown_id_is_repeated(sdk: Sdk, site: Site, instance: str, unknown: object) -> None:
    before = site.written()
    requests = [
        ShowProductRequest(instance_id=instance, product_id=unknown),
        DeleteProductRequest(instance_id=instance, product_id=unknown),
        UpdateProductRequest(instance_id=instance, product_id=unknown, body=product_update()),
        ShowProductAuthenticationRequest(instance_id=instance, product_id=unknown),
        ResetProductAuthenticationRequest(
            instance_id=instance, product_id=unknown, body=ResetProductAuthenticationRequestBody()
        ),
    ]
    for request in requests:
        assert "product" in sdk.refused(request, 404, MISSING, missing(unknown))
    assert site.written() == before


def test_an_instance_that_is_not_there_is_named_with_its_project(sdk: Sdk, site: Site) -> None:
    message = f"The instance does not exist\\. project_id: {site.place.project_id}, instance_id: nowhere"
    sdk.refused(ListProductsRequest(instance_id="nowhere"), 404, "ROMA.00110002", message)
