"""Documents that are wrong, or made to harm: each is refused with its place and the rule, in no time."""

import json
import time
from typing import Any

import pytest
from tests.unit.openapi_samples import (
    BROKEN_REFERENCE,
    NO_VERSION,
    OK,
    openapi,
    problems,
    published,
    read,
    swagger,
)

from romaport.errors import BodyTooLarge
from romaport.wire.openapi import OpenapiOptions, definitions_of, read_document

SECONDS_MAX = 10
"""Most of a processor's time that a refusal may take; unlimited, each of these takes minutes, or ends the process."""

OPERATION = {"responses": OK}


def refused(text: bytes | dict[str, Any], options: OpenapiOptions | None = None) -> list[str]:
    began = time.process_time()
    found = problems(text, options)
    assert time.process_time() - began < SECONDS_MAX
    assert all(len(problem) < 500 for problem in found)
    return found


def test_a_document_beyond_the_size_is_refused_unread() -> None:
    with pytest.raises(BodyTooLarge) as refusal:
        read_document(b"[" * (3 * 1024 * 1024 + 1))
    assert refusal.value.limit_bytes == 3 * 1024 * 1024


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 3_000_000,
        b"a: " + b"{b: " * 700_000,
        b"- " * 1_000_000,
        b'{"a":' * 500_000,
        b'{"a":' + b"[" * 500 + b"]" * 500 + b"}",
        b"a: &a " + b"[" * 60 + b"]" * 60 + b"\nb: " + b"[" * 60 + b"*a" + b"]" * 60,
    ],
    ids=["list", "map", "block list", "JSON", "closed JSON", "alias"],
)
def test_deep_nesting_is_refused(text: bytes) -> None:
    assert refused(text) == ["document: must be nested at most 100 deep"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n"
        + "".join(
            f"b{i}: &b{i} [*{'a' if i == 0 else f'b{i - 1}'}]\n".replace(
                "[*", "[*" + ("a" if i == 0 else f"b{i - 1}") + ", *"
            )
            for i in range(40)
        ),
        "a: &a {x: [1, 2, 3]}\nb: [" + "*a, " * 200_000 + "*a]",
        "[" + "1," * 600_000 + "1]",
    ],
    ids=["bomb", "repetition", "plain"],
)
def test_a_document_of_too_many_values_is_refused_however_they_are_spelt(text: str) -> None:
    assert refused(text.encode()) == ["document: must have at most 500000 values, with everything that is repeated"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"a: &a [*a]", "line 1, column 8: an alias must name an anchor that is complete"),
        (b"a: *b", "line 1, column 4: an alias must name an anchor that is complete"),
        (b"a: 1\n---\nb: 2", "line 2, column 1: must be one document"),
        (b"a: 1\na: 2", 'line 2, column 1: "a": stands twice in one object'),
        (b'{"a": 1, "a": 2}', '"a": stands twice in one object'),
        (b"? [a]\n: 1", "line 1, column 3: a key must be a text"),
        (b"a: &x b\n? *x\n: 1", "line 2, column 3: a key must be a text"),
        (b"a: {<<: 3}", "line 1, column 9: << must name an object or a list of objects"),
        (
            b"a: !!python/object/apply:os.system [ls]",
            "line 1, column 4: tags other than those of JSON's types are not read",
        ),
        (b"a: !!binary aGk=", "line 1, column 4: tags other than those of JSON's types are not read"),
        (b"a: !!int x", "line 1, column 4: tags other than those of JSON's types are not read"),
        (b"a: 1e999", "line 1, column 4: a number is beyond what a double can hold"),
        (b"a: " + b"9" * 301, "line 1, column 4: a whole number has more than 300 digits"),
        (b'{"a": NaN}', "document: must be JSON (NaN is not a JSON value)"),
        (b'{"a": 1e999}', "document: must be JSON (a number is beyond what a double can hold)"),
        (b'{"a": "\\ud800"}', "document: a text has half of a surrogate pair"),
        (b'{"a": ', "document: must be JSON (Expecting value: line 1 column 7 (char 6))"),
        (b'a: "', "line 1, column 5: must be JSON or YAML (found unexpected end of stream)"),
        (b"a: \x00", "document: must be JSON or YAML (control characters are not allowed)"),
        (b"\xff\xfe", "document: must be UTF-8"),
        (b"%TAG !e! tag:x,2000:\n" * 20 + b"---\na: 1", "document: must have at most 16 directives"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_where_it_goes_wrong(text: bytes, problem: str) -> None:
    assert refused(text) == [problem]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"3",
        b"null",
        b"openapi: 3.0",
        b'swagger: "1.2"',
        b'{"openapi": "3.2.0"}',
        b'{"openapi": "4.0.0"}',
        b'{"openapi": 3}',
    ],
)
def test_only_known_versions_are_read(text: bytes) -> None:
    assert refused(text) == ['#: must have "swagger" with the text 2.0, or "openapi" with a text 3.0.x or 3.1.x']


def test_everything_that_is_wrong_is_said_at_once() -> None:
    parameters = [{"name": "q", "in": "query", "type": "strin"}, {"in": "query"}, {"name": "r", "in": "qery"}, 7]
    tree = swagger({"/a": {"get": {"parameters": parameters, "responses": {"200": {"description": 1}}}}, "b": {}})
    del tree["info"]["version"]
    place = "#/paths/~1a/get"
    assert set(refused(tree)) == {
        '#/info: must have "version"',
        "#/paths: must not have b",
        f"{place}/parameters/0/type: must be one of string, number, boolean, integer, array",
        f'{place}/parameters/1: must have "name"',
        f'{place}/parameters/1: must have "type"',
        f"{place}/parameters/2/in: must be one of body, header, formData, query, path",
        f"{place}/parameters/3: must be of type object",
        f"{place}/responses/200/description: must be of type string",
    }


def test_a_refusal_names_no_more_problems_than_the_limit() -> None:
    tree = openapi({f"wrong{number}": {"get": {"responses": {}}} for number in range(300)})
    tree["paths"] |= {f"/{number}": {"get": {"summary": number}} for number in range(300)}
    assert len(refused(tree)) == 100
    assert len(refused(tree, OpenapiOptions(problems_max=3))) == 3


def test_an_operation_for_any_method_is_looked_at_like_the_others() -> None:
    tree = openapi({"/a": {"x-apigateway-any-method": {"summary": 3, "responses": OK}}})
    assert refused(tree) == ["#/paths/~1a/x-apigateway-any-method/summary: must be of type string"]


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/a.yaml#/B",
        "file:///etc/passwd",
        "other.yaml",
        "//example.com/a",
        "#B",
        "",
        "#/components/schemas/Missing",
        "#/components/schemas/A/required/7",
        "#/info/title/0",
    ],
)
def test_a_reference_that_does_not_lead_inside_the_document_is_refused(reference: str) -> None:
    tree = openapi({}, components={"schemas": {"A": {"required": ["b"]}, "B": {"items": {"$ref": reference}}}})
    place = "#/components/schemas/B/items/$ref"
    assert refused(tree) == [f"{place}: must lead to a part of this document, and begin with #/"]


def test_a_reference_to_what_is_no_object_is_refused() -> None:
    tree = openapi({"/a": {"get": {"responses": {"200": {"$ref": "#/info/title"}}}}})
    assert refused(tree) == ["#/paths/~1a/get/responses/200/$ref: must lead to an object"]


def test_references_that_lead_to_each_other_only_are_refused() -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    found = refused(openapi({}, components={"schemas": schemas}))
    assert found == [
        f"#/components/schemas/{name}/$ref: must not lead back to itself, or on and on" for name in ("A", "B")
    ]


def test_a_long_chain_of_references_is_not_followed() -> None:
    schemas = {f"S{number}": {"$ref": f"#/components/schemas/S{number + 1}"} for number in range(40_000)}
    found = refused(openapi({}, components={"schemas": {**schemas, "S40000": {}}}))
    assert found[0] == "#/components/schemas/S0/$ref: must not lead back to itself, or on and on"


def test_a_schema_may_contain_itself() -> None:
    schemas = {"Tree": {"type": "object", "properties": {"children": {"items": {"$ref": "#/components/schemas/Tree"}}}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}
    tree = openapi({"/a": {"get": {"responses": {"200": {"description": "a tree", "content": content}}}}})
    (found,) = definitions_of(read({**tree, "components": {"schemas": schemas}}))
    assert "children" in found.body["openapi"]


def schema_at(path: str) -> str:
    return f"#/paths/~1{path}/get/responses/200/content/application~1json/schema"


def with_schema(schema: dict[str, Any]) -> dict[str, Any]:
    response = {"description": "x", "content": {"application/json": {"schema": schema}}}
    return {"get": {"responses": {"200": response}}}


def test_a_reference_must_not_lead_to_what_it_stands_in() -> None:
    tree = openapi({"/a": with_schema({"type": "object", "properties": {"again": {"$ref": schema_at("a")}}})})
    rule = "must not lead to what it stands in, unless that is a component"
    assert refused(tree) == [f"{schema_at('a')}/properties/again/$ref: {rule}"]


def test_places_must_not_refer_to_each_other() -> None:
    paths = {name: with_schema({"items": {"$ref": schema_at(other)}}) for name, other in (("/a", "b"), ("/b", "a"))}
    assert refused(openapi(paths)) == ["document: must be nested at most 100 deep"]


def test_places_must_not_refer_to_others_on_and_on() -> None:
    paths = {f"/{number}": with_schema({"items": {"$ref": schema_at(str(number + 1))}}) for number in range(500)}
    assert refused(openapi({**paths, "/500": with_schema({})})) == ["document: must be nested at most 100 deep"]


def test_inlined_references_are_counted_with_all_that_they_repeat() -> None:
    paths = {}
    for number in range(9):
        before = {"$ref": schema_at(str(number - 1))} if number else {}
        paths[f"/{number}"] = with_schema({"type": "object", "properties": {f"p{copy}": before for copy in range(50)}})
    assert refused(openapi(paths)) == ["document: must have at most 500000 values, with everything that is repeated"]


def test_an_operation_id_that_stands_twice_is_refused() -> None:
    tree = openapi({"/a": {"get": {**OPERATION, "operationId": "x"}}, "/b": {"get": {**OPERATION, "operationId": "x"}}})
    place = "#/paths/~1b/get/operationId"
    assert refused(tree) == [f"{place}: must be unique, but stands at #/paths/~1a/get/operationId too"]


def test_parameters_fit_the_path_and_stand_once() -> None:
    def parameter(name: str, location: str) -> dict[str, Any]:
        return {"name": name, "in": location, "required": True, "schema": {"type": "string"}}

    twice = {**parameter("q", "query"), "description": "again"}
    parameters = [parameter("b", "path"), parameter("q", "query"), twice, parameter("q", "header")]
    found = refused(
        openapi({"/{a}/{c}": {"parameters": [parameter("c", "path")], "get": {**OPERATION, "parameters": parameters}}})
    )
    place = "#/paths/~1{a}~1{c}/get"
    assert found == [
        f"{place}/parameters: must have q in query once",
        f"{place}: must describe the parameter a of its path",
        f"{place}: must not describe b, which its path does not have",
    ]


@pytest.mark.parametrize(
    ("backend", "problem"),
    [
        (3, ": must be `object`, got `int`"),
        ({}, ": Object missing required field `type`"),
        ({"type": "GRPC"}, "/type: Invalid enum value 'GRPC'"),
        ({"type": "HTTP"}, ": must be `object` with endpoints of type HTTP"),
        ({"type": "HTTP", "httpEndpoints": {"scheme": "ftp"}}, "/httpEndpoints/scheme: Invalid enum value 'ftp'"),
        ({"type": "MOCK", "parameters": [{"name": 3}]}, "/parameters/0/name: must be `str`, got `int`"),
    ],
)
def test_a_backend_is_refused_unless_it_has_the_published_shape(backend: object, problem: str) -> None:
    tree = openapi({"/a": {"get": {**OPERATION, "x-apigateway-backend": backend}}})
    assert refused(tree) == [f"#/paths/~1a/get/x-apigateway-backend{problem}"]


def test_policies_are_a_list_of_backends() -> None:
    tree = openapi({"/a": {"get": {**OPERATION, "x-apigateway-backend-policies": 3}}})
    assert refused(tree) == ["#/paths/~1a/get/x-apigateway-backend-policies: must be of type array"]


def test_a_document_has_as_many_operations_as_a_group_may_have() -> None:
    tree = openapi({f"/{number}": {"get": OPERATION} for number in range(1001)})
    assert refused(tree) == ["#/paths: must have at most 1000 operations"]


def test_what_is_kept_of_one_operation_has_a_limit() -> None:
    schemas = {"Large": {"type": "string", "description": "x" * 2000}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Large"}}}
    tree = openapi(
        {"/a": {"get": {"responses": {"200": {"description": "x", "content": content}}}}, "/b": {"get": OPERATION}},
        components={"schemas": schemas},
    )
    large, small = definitions_of(read(tree), options=OpenapiOptions(source_bytes_max=1024))
    assert large.problems == ("#/paths/~1a/get: must be at most 1024 bytes with all that it refers to",)
    assert "openapi" not in large.body
    assert small.problems == ()


def test_what_is_kept_of_all_operations_has_a_limit() -> None:
    schemas = {"Large": {"type": "string", "description": "x" * 2000}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Large"}}}
    operation = {"responses": {"200": {"description": "x", "content": content}}}
    tree = openapi({f"/{number}": {"get": operation} for number in range(10)}, components={"schemas": schemas})
    found = list(definitions_of(read(tree), options=OpenapiOptions(sources_bytes_max=5000)))
    assert [bool(definition.problems) for definition in found] == [False] * 2 + [True] * 8


def test_real_documents_that_break_the_standard_are_refused_by_place() -> None:
    assert refused(published(NO_VERSION)) == ['#/info: must have "version"']
    assert refused(published(BROKEN_REFERENCE)) == [
        "#/components/schemas/createResponse/allOf/2/properties/include/description/$ref: must lead to an object"
    ]


@pytest.mark.parametrize("value", [None, True, 3, "x", [], [3], {"a": 3}])
@pytest.mark.parametrize(
    "member", ["info", "paths", "components", "servers", "security", "tags", "/a", "get", "parameters", "responses"]
)
def test_no_wrong_type_is_an_accident(member: str, value: object) -> None:
    operation: dict[str, Any] = {"parameters": [], "responses": OK}
    tree = openapi({"/a": {"get": operation}})
    holders = {"/a": tree["paths"], "get": tree["paths"]["/a"], "parameters": operation, "responses": operation}
    holders.get(member, tree)[member] = value
    try:
        document = read(tree)
    except Exception as refusal:  # noqa: BLE001 - whatever it is, it must be a refusal
        assert type(refusal).__name__ == "BodyInvalid"  # noqa: PT017 - the other outcome is right as well
    else:
        assert json.dumps([found.body for found in definitions_of(document)])
