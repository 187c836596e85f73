"""The three kinds of property, of a service and of a command's request and response, through the SDK (contract 7.9)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import UpdatePropertyRequestBody
from tests.sdk.products import (
    INVALID,
    MISSING,
    PLACES,
    PropertyOperations,
    add_command,
    add_product,
    add_service,
    missing,
    property_body,
)
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

RULES = "The parameter does not meet verification rules: .*"


@pytest.fixture(params=sorted(PLACES))
def operations(request: pytest.FixtureRequest) -> PropertyOperations:
    return PLACES[request.param]


@pytest.fixture
def places(sdk: Sdk, instance: str, operations: PropertyOperations) -> list[dict[str, Any]]:
    """Two services, or two commands, that may have properties."""
    product = add_product(sdk, instance, add_app(sdk, instance, "Water").id)
    services = [add_service(sdk, instance, product.id, name).service_id for name in ("flow", "battery")]
    found = [{"instance_id": instance, "service_id": str(service)} for service in services]
    if operations.is_of_command:
        commands = [add_command(sdk, instance, service).command_id for service in services]
        found = [{**place, "command_id": command} for place, command in zip(found, commands, strict=True)]
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {"data_type": "number", "min": "-1.5", "max": "7.9228E+28", "step": "0.1", "unit": "m³/h"},
        {"data_type": "integer", "min": "0", "max": "100", "step": "1", "unit": "W", "description": "Power"},
        {"data_type": "string", "max_length": 20, "enum_list": "open,closed", "min": "", "max": "", "step": ""},
        {"data_type": "datetime", "max_length": 15, "required": 0},
        {"data_type": "json", "max_length": 999_999},
        {"data_type": "boolean", "enum_dict": {"0": "closed", "1": "open"}},
        {"data_type": "array"},
    ],
    ids=lambda fields: fields["data_type"],
)
def test_a_property_takes_what_belongs_to_its_type(
    sdk: Sdk, operations: PropertyOperations, places: list[dict[str, Any]], fields: dict[str, Any]
) -> None:
    made = operations.add(sdk, places[0], "Flow_rate-1", method="RW", **fields)
    assert made.status_code == 201
    assert type(made.property_id) is int
    assert made.property_name == "Flow_rate-1"
    shown = sdk.send(operations.show(**places[0], property_id=made.property_id))
    assert decoded(shown) == decoded(made)
    expected = {"required": 1, **fields}
    assert {name: value for name, value in decoded(shown).items() if name in expected} == expected
    # The SDK's models of the properties of commands leave the method out.
    assert sdk.answers[-1].json()["method"] == "RW"


def test_an_update_gives_the_whole_property_but_for_its_method(
    sdk: Sdk, operations: PropertyOperations, places: list[dict[str, Any]]
) -> None:
    made = operations.add(sdk, places[0], "rate", unit="m³/h", description="Flow", method="RE")
    one = {**places[0], "property_id": made.property_id}
    body = property_body("state", UpdatePropertyRequestBody, data_type="string", max_length=9, required=0)
    changed = sdk.send(operations.update(**one, body=body))
    assert changed.status_code == 200
    assert (changed.property_id, changed.property_name, changed.data_type) == (made.property_id, "state", "string")
    assert (changed.required, changed.max_length) == (0, 9)
    assert [changed.min, changed.max, changed.step, changed.unit, changed.description] == [None] * 5
    # The SDK's body of an update cannot name the method.
    assert sdk.answers[-1].json()["method"] == "RE"
    shown = sdk.send(operations.show(**one))
    assert decoded(changed).items() <= decoded(shown).items()


def test_properties_are_listed_below_what_they_belong_to(
    sdk: Sdk, operations: PropertyOperations, places: list[dict[str, Any]]
) -> None:
    made = [operations.add(sdk, places[0], name) for name in ("rate", "rate-max", "level")]
    operations.add(sdk, places[1], "rate")
    found: list[tuple[dict[str, Any], list[Any]]] = [
        ({}, made),
        ({"limit": 2}, made[:2]),
        ({"limit": 2, "offset": 2}, made[2:]),
        ({f"{operations.word}_id": made[1].property_id}, [made[1]]),
        ({f"{operations.word}_name": "rate"}, made[:2]),
        ({f"{operations.word}_name": "lev"}, [made[2]]),
        ({f"{operations.word}_name": "depth"}, []),
    ]
    for query, expected in found:
        listed = sdk.send(operations.list(**places[0], **query))
        assert [found.property_id for found in listed.items] == [found.property_id for found in expected], query
        assert listed.total == (3 if "limit" in query else len(expected))
    listed = sdk.send(operations.list(**places[0], limit=1))
    shown = sdk.send(operations.show(**places[0], property_id=made[0].property_id))
    assert decoded(listed.items[0]).items() <= decoded(shown).items()


def test_a_property_is_unique_in_its_place_and_deleted_from_there_only(
    sdk: Sdk, site: Site, operations: PropertyOperations, places: list[dict[str, Any]]
) -> None:
    made = operations.add(sdk, places[0], "rate")
    operations.add(sdk, places[1], "rate")
    before = site.written()
    taken = operations.create(**places[0], body=property_body("rate"))
    sdk.refused(taken, 400, "ROMAPORT.3003", "The .*property rate already exists\\.")
    body = property_body("level", UpdatePropertyRequestBody)
    for request in (
        operations.show(**places[1], property_id=made.property_id),
        operations.update(**places[1], property_id=made.property_id, body=body),
        operations.delete(**places[1], property_id=made.property_id),
    ):
        sdk.refused(request, 404, MISSING, missing(made.property_id))
    assert site.written() == before
    delete = operations.delete(**places[0], property_id=made.property_id)
    assert sdk.send(delete).status_code == 204
    sdk.refused(delete, 404, MISSING, missing(made.property_id))
    assert sdk.send(operations.list(**places[0])).total == 0
    assert sdk.send(operations.list(**places[1])).total == 1


def test_every_step_of_the_path_is_checked(
    sdk: Sdk, site: Site, operations: PropertyOperations, places: list[dict[str, Any]]
) -> None:
    made = operations.add(sdk, places[0], "rate")
    if operations.is_of_command:
        # The command is there, but not below the other service.
        crossed, named = {**places[0], "service_id": places[1]["service_id"]}, places[0]["command_id"]
    else:
        crossed, named = {**places[0], "service_id": "999999999"}, 999_999_999
    before = site.written()
    for request in (
        operations.create(**crossed, body=property_body("level")),
        operations.list(**crossed),
    ):
        sdk.refused(request, 404, MISSING, missing(named))
    for request in (
        operations.show(**crossed, property_id=made.property_id),
        operations.delete(**crossed, property_id=made.property_id),
    ):
        sdk.refused(request, 404, MISSING, missing(f"({named}|{made.property_id})"))
    assert site.written() == before


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"property_name": "r"}, ["property_name: ", "2"]),
    ({"property_name": "r" * 51}, ["property_name: ", "50"]),
    ({"property_name": "1st"}, ["property_name: "]),
    ({"property_name": None}, ["property_name: is required"]),
    ({"required": 2}, ["required: "]),
    ({"required": None}, ["required: is required"]),
    ({"description": "d" * 201}, ["description: ", "200"]),
    ({"data_type": "float"}, ["data_type: ", "float"]),
    ({"data_type": "Number", "min": "0"}, ["data_type: "]),
    ({"data_type": "number", "step": "1"}, ["min: is required with data_type number; max: is required with"]),
    ({"data_type": "integer", "min": "", "max": "9", "step": "1"}, ["min: is required with data_type integer"]),
    ({"data_type": "integer", "min": "0", "max": "9.5", "step": "1"}, ["max: must be a whole number"]),
    ({"data_type": "number", "min": "7", "max": "6.9", "step": "1"}, ["min: must not be greater than max"]),
    ({"data_type": "number", "min": "0", "max": "8e28", "step": "1"}, ["max: must be within 7.9228E+28 of 0"]),
    ({"data_type": "number", "min": "NaN", "max": "6", "step": "1"}, ["min: "]),
    ({"data_type": "number", "min": 0, "max": "6", "step": "1"}, ["min: ", "str", "int"]),
    ({"data_type": "number", "min": "0", "max": "1" * 51, "step": "1"}, ["max: ", "50"]),
    ({"data_type": "string"}, ["max_length: is required with data_type string"]),
    ({"data_type": "datetime"}, ["max_length: is required with data_type datetime"]),
    ({"data_type": "json", "max_length": 0}, ["max_length: "]),
    ({"data_type": "string", "max_length": 1_000_000}, ["max_length: "]),
    ({"unit": "u" * 51}, ["unit: ", "50"]),
    ({"data_type": "array", "enum_list": "e" * 2001}, ["enum_list: ", "2000"]),
    ({"data_type": "boolean", "enum_dict": "0,1"}, ["enum_dict: "]),
    ({"method": "RWX"}, ["method: "]),
    ({"method": ""}, ["method: "]),
]


def test_a_wrong_field_of_a_property_is_named(
    sdk: Sdk, site: Site, operations: PropertyOperations, places: list[dict[str, Any]]
) -> None:
    before = site.written()
    for fields, named in WRONG:
        request = operations.create(**places[0], body=property_body("rate", **fields))
        details = sdk.refused(request, 400, INVALID, RULES)
        assert not [part for part in named if part not in details], details
    assert site.written() == before
