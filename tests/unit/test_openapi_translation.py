"""Documents in the words of another version: what both can say, they say; the rest is named."""

from typing import Any

import openapi_spec_validator
import pytest
from tests.unit.openapi_equivalence import differences
from tests.unit.openapi_samples import OK, Tree, carried, openapi, operation, read, swagger

from romaport.wire.openapi import Version
from romaport.wire.openapi.schemas import translated_schema

V2, V3, V3_1 = Version.V2_0, Version.V3_0, Version.V3_1


def translated(tree: Tree, version: Version) -> Tree:
    """Answer the one operation of a document in another version, having checked the whole."""
    after = carried(read(tree), version)
    openapi_spec_validator.validate(after)
    (item,) = after["paths"].values()
    (found,) = item.values()
    return {**found, "document": after}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"$ref": "#/definitions/A"}, {"$ref": "#/components/schemas/A"}),
        ({"$ref": "#/definitions/A/properties/b"}, {"$ref": "#/components/schemas/A/properties/b"}),
        ({"$ref": "#/definitions/A/x-oneOf/0"}, {"$ref": "#/components/schemas/A/x-oneOf/0"}),
        ({"type": "string", "x-nullable": True}, {"type": "string", "nullable": True}),
        ({"x-oneOf": [{"type": "string"}]}, {"oneOf": [{"type": "string"}]}),
        ({"x-not": {"$ref": "#/definitions/A"}}, {"not": {"$ref": "#/components/schemas/A"}}),
        ({"discriminator": "kind"}, {"discriminator": {"propertyName": "kind"}}),
        ({"properties": {"oneOf": {"type": "string"}}}, {"properties": {"oneOf": {"type": "string"}}}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"allOf": [{"x-nullable": True}]}, {"allOf": [{"nullable": True}]}),
        ({"items": {"type": "string", "x-deprecated": True}}, {"items": {"type": "string", "deprecated": True}}),
    ],
)
def test_schemas_of_swagger_and_openapi_translate_both_ways(older: Tree, newer: Tree) -> None:
    assert translated_schema(older, V2, V3) == newer
    if "x-oneOf/0" not in str(older):
        assert translated_schema(newer, V3, V2) == older


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}]}),
        ({"type": "null"}, {"nullable": True, "enum": [None]}),
        ({"type": []}, {}),
        ({"const": 3}, {"enum": [3]}),
        ({"examples": [1, 2]}, {"example": 1}),
        ({"exclusiveMinimum": 3}, {"minimum": 3, "exclusiveMinimum": True}),
        ({"exclusiveMaximum": True, "maximum": 3}, {"exclusiveMaximum": True, "maximum": 3}),
        ({"required": []}, {}),
        ({"required": ["a", "b", "a"]}, {"required": ["a", "b"]}),
        ({"enum": [1, True, 1.0, 1]}, {"enum": [1, True, 1.0]}),
        (
            {"$ref": "#/components/schemas/A", "title": "x"},
            {"title": "x", "allOf": [{"$ref": "#/components/schemas/A"}]},
        ),
        ({"$ref": "#/components/schemas/A/$defs/B"}, {"$ref": "#/components/schemas/A/x-defs/B"}),
        ({"$defs": {"B": {}}}, {"x-defs": {"B": {}}}),
        ({"if": {}, "then": True, "prefixItems": [False]}, {"x-if": {}, "x-then": {}, "x-prefixItems": [{"not": {}}]}),
        ({"items": True, "additionalProperties": True}, {"items": {}, "additionalProperties": True}),
        (True, {}),
        (False, {"not": {}}),
    ],
)
def test_newer_schemas_are_said_with_older_words(newer: Any, older: Tree) -> None:
    assert translated_schema(newer, V3_1, V3) == older


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"minimum": 3, "exclusiveMinimum": True}, {"exclusiveMinimum": 3}),
        ({"minimum": 3, "exclusiveMinimum": False}, {"minimum": 3}),
        ({"example": 3}, {"example": 3}),
    ],
)
def test_older_schemas_are_said_with_newer_words(older: Tree, newer: Tree) -> None:
    assert translated_schema(older, V3, V3_1) == newer


SWAGGER_FORM: Tree = {
    "consumes": ["multipart/form-data"],
    "parameters": [
        {"name": "file", "in": "formData", "type": "file", "required": True, "description": "The file."},
        {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"},
    ],
    "responses": OK,
}


def test_a_form_of_swagger_becomes_a_body_and_again_a_form() -> None:
    tree = swagger({"/a": {"post": SWAGGER_FORM}})
    after = translated(tree, V3)
    schema = after["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert schema["properties"]["file"] == {"type": "string", "format": "binary", "description": "The file."}
    assert schema["required"] == ["file"]
    assert after["requestBody"]["required"] is True
    back = translated(after["document"], V2)
    assert back["consumes"] == SWAGGER_FORM["consumes"]
    assert [(given["name"], given["type"], given["required"]) for given in back["parameters"]] == [
        ("file", "file", True),
        ("tags", "array", False),
    ]


@pytest.mark.parametrize(
    ("style", "collection"),
    [
        ({"explode": False}, "csv"),
        ({"style": "spaceDelimited", "explode": False}, "ssv"),
        ({"style": "pipeDelimited", "explode": False}, "pipes"),
        ({"explode": True}, "multi"),
    ],
)
def test_lists_in_a_query_keep_their_separator(style: Tree, collection: str) -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    newer = openapi({"/a": {"get": operation(parameters=[{"name": "q", "in": "query", "schema": schema, **style}])}})
    (parameter,) = translated(newer, V2)["parameters"]
    assert (parameter["collectionFormat"], parameter["items"]) == (collection, {"type": "integer"})
    (back,) = translated(translated(newer, V2)["document"], V3)["parameters"]
    assert {name: value for name, value in back.items() if name in {"style", "explode"}} == style


def test_a_list_is_separated_by_commas_where_nobody_says_otherwise() -> None:
    described = {"name": "q", "in": "query", "type": "array", "items": {"type": "string"}}
    (after,) = translated(swagger({"/a": {"get": operation(parameters=[described])}}), V3)["parameters"]
    assert after["explode"] is False


def test_bodies_and_answers_keep_schemas_headers_and_examples() -> None:
    answer = {
        "description": "x",
        "schema": {"$ref": "#/definitions/Pet"},
        "headers": {"X-Rate": {"type": "array", "items": {"type": "integer"}, "description": "r"}},
        "examples": {"application/json": {"id": 1}, "text/plain": "one"},
    }
    given = {"name": "pet", "in": "body", "required": True, "description": "A pet.", "schema": {"type": "object"}}
    paths = {
        "/a": {"put": {"parameters": [{"$ref": "#/parameters/Pet"}], "responses": {"200": {"$ref": "#/responses/Pet"}}}}
    }
    tree = swagger(
        paths,
        produces=["application/json"],
        consumes=["application/json", "application/xml"],
        definitions={"Pet": {"type": "object", "properties": {"id": {"type": "integer"}}}},
        parameters={"Pet": given},
        responses={"Pet": answer},
    )
    after = translated(tree, V3)
    assert differences(tree, after["document"]) == []
    assert set(after["requestBody"]["content"]) == {"application/json", "application/xml"}
    assert after["responses"]["200"]["content"]["text/plain"] == {"example": "one"}
    assert after["responses"]["200"]["headers"]["X-Rate"]["schema"] == {"type": "array", "items": {"type": "integer"}}
    back = translated(after["document"], V2)
    assert differences(after["document"], back["document"]) == []
    assert back["responses"]["200"]["examples"] == answer["examples"]


def test_an_answer_that_is_a_file_stays_one() -> None:
    tree = swagger({"/a": {"get": {"responses": {"200": {"description": "x", "schema": {"type": "file"}}}}}})
    after = translated(tree, V3)
    assert after["responses"]["200"]["content"] == {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
    }
    assert carried(read(after["document"]), V2)["paths"]["/a"]["get"]["responses"]["200"]["schema"] == {"type": "file"}


def test_what_swagger_cannot_say_is_left_out() -> None:
    content = {"text/plain": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}}
    described = {
        "parameters": [
            {"name": "c", "in": "cookie", "schema": {"type": "string"}},
            {"name": "o", "in": "query", "schema": {"type": "object"}},
            {"name": "m", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
        ],
        "requestBody": {"content": content},
        "responses": {
            "2XX": {"description": "well", "links": {"l": {"operationId": "x"}}},
            "404": {"description": "no", "content": content},
        },
        "callbacks": {"c": {"{$request.query.o}": {"post": {"responses": OK}}}},
        "servers": [{"url": "https://b.example"}],
    }
    after = translated(openapi({"/a": {"post": described}}, servers=[{"url": "https://a.example"}]), V2)
    assert [(given["in"], given["name"], given.get("type")) for given in after["parameters"]] == [
        ("query", "o", "string"),
        ("query", "m", "string"),
        ("body", "body", None),
    ]
    assert after["parameters"][2]["schema"] == {"type": "object"}
    assert (after["consumes"], after["produces"]) == (
        ["text/plain", "application/json"],
        ["text/plain", "application/json"],
    )
    assert after["responses"]["default"] == {"description": "well"}
    assert not after.keys() & {"callbacks", "servers", "requestBody"}


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"type": "apiKey", "name": "k", "in": "query"}, {"type": "apiKey", "name": "k", "in": "query"}),
        ({"type": "apiKey", "name": "k", "in": "cookie"}, {"type": "apiKey", "name": "Cookie", "in": "header"}),
        ({"type": "http", "scheme": "basic"}, {"type": "basic"}),
        ({"type": "http", "scheme": "bearer"}, {"type": "apiKey", "name": "Authorization", "in": "header"}),
        (
            {"type": "openIdConnect", "openIdConnectUrl": "https://a.example"},
            {"type": "apiKey", "name": "Authorization", "in": "header"},
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a.example", "scopes": {"s": "x"}}}},
            {"type": "oauth2", "flow": "application", "tokenUrl": "https://a.example", "scopes": {"s": "x"}},
        ),
    ],
)
def test_ways_to_authenticate_are_said_as_far_as_they_can_be(newer: Tree, older: Tree) -> None:
    paths = {"/a": {"get": operation(security=[{"key": []}])}}
    after = translated(openapi(paths, components={"securitySchemes": {"key": newer}}), V2)
    assert after["document"]["securityDefinitions"] == {"key": older}
    back = translated(swagger(paths, securityDefinitions={"key": older}), V3)
    if older["type"] != "apiKey" or newer == older:
        assert back["document"]["components"]["securitySchemes"] == {"key": newer}


def test_a_license_loses_what_older_versions_do_not_take() -> None:
    tree = openapi({"/a": {"get": operation()}}, version="3.1.0")
    tree["info"] |= {"summary": "s", "license": {"name": "MIT", "identifier": "MIT"}, "contact": {"name": "n"}}
    assert translated(tree, V3)["document"]["info"]["license"] == {"name": "MIT"}
    assert "summary" not in translated(tree, V3)["document"]["info"]
    assert translated(tree, V3_1)["document"]["info"]["license"]["identifier"] == "MIT"


def test_the_members_of_a_path_stay_where_a_version_has_them() -> None:
    item = {"summary": "Pets.", "x-team": "a", "get": operation()}
    tree = openapi({"/a": item})
    assert carried(read(tree), V3)["paths"]["/a"].keys() == {"summary", "x-team", "get"}
    assert carried(read(tree), V2)["paths"]["/a"].keys() == {"x-team", "get"}


def test_an_operation_that_older_words_cannot_say_goes_with_its_fields_alone() -> None:
    # The standard leaves the schemas of 3.1 to another one, so this is taken; in 3.0 it would be wrong.
    content = {"application/json": {"schema": {"properties": 3}}}
    described = operation(summary="Odd.", requestBody={"content": content})
    tree = openapi(
        {"/odd": {"post": described}, "/plain": {"get": operation(externalDocs={"url": "u"})}}, version="3.1.0"
    )
    assert carried(read(tree), V3_1)["paths"]["/odd"]["post"]["requestBody"] == {"content": content}
    after = carried(read(tree), V3)
    assert after["paths"]["/odd"]["post"]["description"] == "Odd."
    assert "requestBody" not in after["paths"]["/odd"]["post"]
    assert after["paths"]["/plain"]["get"]["externalDocs"] == {"url": "u"}


def test_a_certificate_of_the_caller_is_said_as_nearly_as_possible() -> None:
    schemes = {"key": {"type": "mutualTLS"}}
    tree = openapi(
        {"/a": {"get": operation(security=[{"key": []}])}}, version="3.1.0", components={"securitySchemes": schemes}
    )
    assert translated(tree, V3)["document"]["components"]["securitySchemes"]["key"] == {
        "type": "http",
        "scheme": "mutual",
    }
