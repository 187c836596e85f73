"""APIs as documents: what came in goes out as it stood, and what was changed since goes out as it is."""

import json
from typing import Any

import openapi_spec_validator
import pytest
import yaml
from tests.unit.openapi_samples import (
    LIMITLESS,
    PAGES,
    Tree,
    api,
    bodies,
    body,
    carried,
    fields,
    form,
    openapi,
    operation,
    read,
    written,
)

from romaport.errors import ParameterInvalid
from romaport.wire.openapi import (
    SOURCE_FIELD,
    OpenapiOptions,
    Scope,
    Syntax,
    Version,
    definitions_of,
    read_document,
    source_problem,
    write_document,
)

HTTP = {"type": "HTTP", "httpEndpoints": {"address": "example.com", "scheme": "https", "method": "GET", "path": "/"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 99}}

BY_HAND: Tree = {
    "name": "Orders of a day",
    "type": 2,
    "req_protocol": "BOTH",
    "req_method": "POST",
    "req_uri": "/orders/{day}/{all+}",
    "auth_type": "APP",
    "auth_opt": {"app_code_auth_type": "HEADER"},
    "match_mode": "SWA",
    "cors": True,
    "backend_type": "FUNCTION",
    "func_info": {
        "function_urn": "urn:x",
        "invocation_type": "async",
        "timeout": 100,
        "version": "1",
        "alias_urn": "a",
    },
    "backend_params": [{"name": "k", "location": "HEADER", "origin": "CONSTANT", "value": "v", "remark": "r"}],
    "policy_https": [
        {
            "name": "p",
            "effect_mode": "ANY",
            "url_domain": "example.com",
            "vpc_channel_status": 2,
            "req_protocol": "HTTP",
            "req_method": "GET",
            "req_uri": "/x",
            "timeout": 5,
            "conditions": [
                {
                    "condition_origin": "system",
                    "sys_param_name": "req_path",
                    "condition_type": "exact",
                    "condition_value": "/",
                }
            ],
        }
    ],
    "req_params": [
        {
            "name": "day",
            "location": "PATH",
            "type": "STRING",
            "required": 1,
            "pass_through": 2,
            "valid_enable": 2,
            "min_size": 0,
            "sample_value": "s",
        },
        {
            "name": "n",
            "location": "QUERY",
            "type": "NUMBER",
            "required": 2,
            "pass_through": 1,
            "valid_enable": 1,
            "enumerations": "1,2",
            "default_value": "1",
            "remark": "How many",
        },
    ],
    "tags": ["a", "b"],
    "remark": "All of them.",
    "body_remark": "Nothing.",
    "content_type": "application/xml",
    "result_normal_sample": "yes",
    "result_failure_sample": "no",
}


def again(tree: Tree) -> Tree:
    """Answer the API of a written document."""
    return fields(body(tree))


@pytest.mark.parametrize("version", list(Version))
def test_an_api_made_by_hand_survives_the_way_out_and_in(version: Version) -> None:
    tree = written([BY_HAND], version)
    openapi_spec_validator.validate(tree)
    expected = {**BY_HAND, "name": "Orders_of_a_day"}
    all_below = {
        "name": "all",
        "location": "PATH",
        "type": "STRING",
        "required": 1,
        "pass_through": 1,
        "valid_enable": 2,
    }
    expected["req_params"] = [*BY_HAND["req_params"], all_below]
    found = again(tree)
    assert sorted(found["req_params"], key=str) == sorted(expected["req_params"], key=str)
    assert {**found, "req_params": 0} == {**expected, "req_params": 0}


@pytest.mark.verified(PAGES)
@pytest.mark.parametrize("version", list(Version))
def test_group_and_names_stand_where_the_vendor_has_them(version: Version) -> None:
    text = write_document({"name": "orders", "remark": "All."}, [BY_HAND], form(version), LIMITLESS)
    tree = json.loads(text)
    assert tree["info"] == {"title": "orders", "description": "All.", "version": "1"}
    found = tree["paths"]["/orders/{day}/{all+}"]["post"]
    assert (found["operationId"], found["description"]) == ("Orders of a day", "All of them.")
    assert found["x-apigateway-request-type"] == "private"
    ((scheme, _),) = found["security"][0].items()
    holder = tree["securityDefinitions"] if version is Version.V2_0 else tree["components"]["securitySchemes"]
    assert holder[scheme] == {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-apigateway-auth-opt": {"appcode-auth-type": "header"},
        "x-apigateway-auth-type": "AppSigv1",
    }


@pytest.mark.parametrize(
    "auth", [{"auth_type": "IAM"}, {"auth_type": "NONE"}, {"auth_type": "AUTHORIZER", "authorizer_id": "a b"}]
)
def test_every_way_to_authenticate_survives(auth: dict[str, str]) -> None:
    found = again(written([{**fields(api()), **auth}]))
    assert {name: value for name, value in found.items() if name.startswith("auth")} == auth


@pytest.mark.verified("the page of the operation that exports APIs, field `define`")
@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("spec", set()),
        ("proxy", {"x-apigateway-backend"}),
        ("all", {"x-apigateway-backend", "x-apigateway-ratelimit"}),
        ("dev", {"x-apigateway-backend"}),
    ],
)
def test_a_document_tells_as_much_as_its_scope_says(scope: str, told: set[str]) -> None:
    extensions = {"x-apigateway-backend": HTTP, "x-apigateway-ratelimit": "custom"}
    found = written([api(**extensions)], scope=Scope(scope))["paths"]["/a"]["get"]
    assert found.keys() & extensions.keys() == told


def test_the_documents_policies_go_with_all() -> None:
    tree = openapi({"/a": {"get": operation()}}, **{"x-apigateway-ratelimits": {"custom": {"api-limit": 200}}})
    assert carried(read(tree), Version.V3_0, scope=Scope.ALL)["x-apigateway-ratelimits"] == {
        "custom": {"api-limit": 200}
    }
    assert "x-apigateway-ratelimits" not in carried(read(tree), Version.V3_0)


def test_yaml_and_json_say_the_same() -> None:
    texts = [write_document({"name": "orders"}, [BY_HAND], form(Version.V3_0, syntax), LIMITLESS) for syntax in Syntax]
    assert json.loads(texts[0]) == yaml.safe_load(texts[1])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "renamed"}, {"operationId": "renamed"}),
        ({"remark": "New."}, {"description": "New.", "summary": "Old."}),
        ({"remark": None}, {}),
        ({"tags": ["new"]}, {"tags": ["new"]}),
        ({"tags": None}, {"tags": []}),
        ({"auth_type": "NONE"}, {"security": []}),
    ],
)
def test_a_changed_field_is_written_and_the_rest_stays(change: dict[str, Any], expected: dict[str, Any]) -> None:
    schemes = {"key": {"type": "http", "scheme": "bearer"}}
    described = operation(
        operationId="old", summary="Old.", tags=["an old one"], security=[{"key": []}], parameters=[LIMIT]
    )
    found = body(openapi({"/a": {"get": described}}, components={"securitySchemes": schemes}))
    after = written([{**found, **change}])["paths"]["/a"]["get"]
    touched = {"operationId", "summary", "description", "tags", "security"}
    before = {**{name: described[name] for name in touched if name in described}, **expected}
    if change == {"remark": None}:
        del before["summary"]
    assert {name: value for name, value in after.items() if name in touched} == before
    assert after["parameters"] == [LIMIT]
    assert again(written([{**found, **change}])) == {
        name: value for name, value in {**fields(found), **change}.items() if value is not None
    }


@pytest.mark.parametrize(
    ("change", "schema"),
    [
        ({"max_num": 50}, {"maximum": 50}),
        ({"min_num": None}, {"minimum": None}),
        ({"default_value": "7"}, {"default": 7}),
        ({"enumerations": "1,5"}, {"enum": [1, 5]}),
        ({"type": "STRING", "min_num": None, "max_num": None}, {"type": "string", "minimum": None, "maximum": None}),
    ],
)
def test_a_changed_parameter_keeps_what_fields_do_not_say(change: dict[str, Any], schema: dict[str, Any]) -> None:
    found = api(parameters=[{**LIMIT, "deprecated": True}])
    parameters = [{**found["req_params"][0], **change}]
    (after,) = written([{**found, "req_params": parameters}])["paths"]["/a"]["get"]["parameters"]
    expected = {**LIMIT["schema"], **schema}  # type: ignore[dict-item] # one of the sample's values is an object
    assert after["schema"] == {word: value for word, value in expected.items() if value is not None}
    assert after["deprecated"] is True


def test_parameters_come_and_go_with_the_fields_and_the_path() -> None:
    cookie = {"name": "c", "in": "cookie", "schema": {}}
    given = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}, LIMIT, cookie]
    found = body(openapi({"/a/{id}": {"get": operation(parameters=given)}}))
    new = {"name": "x", "location": "HEADER", "type": "STRING", "required": 1}
    changed = {**found, "req_uri": "/a/{other}", "req_params": [new]}
    after = written([changed])["paths"]["/a/{other}"]["get"]["parameters"]
    assert [(parameter["in"], parameter["name"], parameter.get("required")) for parameter in after] == [
        ("cookie", "c", None),
        ("header", "x", True),
        ("path", "other", True),
    ]


def test_a_backend_can_be_changed_and_is_always_the_fields_own() -> None:
    found = api(**{"x-apigateway-backend": HTTP})
    found["backend_api"]["url_domain"] = "other.example"
    assert written([found])["paths"]["/a"]["get"]["x-apigateway-backend"]["httpEndpoints"]["address"] == "other.example"


def test_two_apis_at_one_place_do_not_fit_into_a_document() -> None:
    with pytest.raises(ParameterInvalid) as refusal:
        written([api(), {**api(), "match_mode": "SWA"}])
    assert refusal.value.rule == "must have one API for get /a; a document cannot hold two"


def test_a_document_beyond_the_size_is_refused() -> None:
    with pytest.raises(ParameterInvalid) as refusal:
        write_document({"name": "x" * 2000}, [], form(Version.V3_0), OpenapiOptions(export_bytes_max=1024))
    assert refusal.value.rule == "must give a document of at most 1024 bytes"


def test_sources_beyond_the_size_are_not_even_looked_at() -> None:
    options = OpenapiOptions(sources_bytes_max=1024)
    with pytest.raises(ParameterInvalid) as refusal:
        write_document({"name": "x"}, [api(summary="x" * 2000)], form(Version.V3_0), options)
    assert refusal.value.rule == "must be fewer, since their sources exceed 1024 bytes"


def source(**members: Any) -> Tree:
    return {"version": "3.0", "name": "n", "operation": operation(), **members}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "{}",
        "[" * 10_000,
        json.dumps(source(version="1.2")),
        json.dumps(source(operation={"responses": 3})),
        json.dumps(source(operation=operation(tags=3))),
        json.dumps(source(operation=operation(parameters=[{"$ref": "#/components/parameters/Missing"}]))),
        json.dumps(source(operation=operation(parameters=[{"$ref": "https://example.com/"}]))),
        json.dumps(source(root={"servers": 3})),
        json.dumps(source(item={"get": 3})),
        json.dumps(source(unknown=1)),
    ],
)
def test_a_source_that_is_none_costs_its_api_nothing(text: str) -> None:
    assert source_problem(text) is not None
    found = {**fields(api(parameters=[LIMIT])), SOURCE_FIELD: text}
    assert again(written([found])) == fields(found)


def test_a_source_that_is_one_has_no_problem() -> None:
    assert source_problem(api()[SOURCE_FIELD]) is None


def test_extensions_for_fields_in_a_source_are_not_believed() -> None:
    forged = json.dumps(source(operation=operation(**{"x-apigateway-backend": {"type": 3}})))
    found = {**fields(api()), SOURCE_FIELD: forged}
    assert again(written([found]))["backend_type"] == "MOCK"


def test_any_method_has_a_member_of_its_own() -> None:
    tree = written([{**api(), "req_method": "ANY"}, api()])
    assert set(tree["paths"]["/a"]) == {"get", "x-apigateway-any-method"}
    assert [found.method for found in definitions_of(read(tree))] == ["GET", "ANY"]


def test_a_document_of_no_apis_is_one() -> None:
    for version in Version:
        openapi_spec_validator.validate(written([], version))
        assert bodies(read_document(json.dumps(written([], version)).encode())) == []


def test_the_responses_of_a_newer_document_may_be_missing() -> None:
    document = read(openapi({"/a": {"get": {"summary": "x"}}}, version="3.1.0"))
    newer, older = (carried(document, version)["paths"]["/a"]["get"] for version in (Version.V3_1, Version.V3_0))
    assert "responses" not in newer
    assert older["responses"] == {"default": {"description": "default response"}}
