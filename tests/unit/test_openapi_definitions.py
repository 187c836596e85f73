"""Operations of documents as bodies of the operation that creates an API."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.openapi_samples import PAGES, api, bodies, body, fields, openapi, operation, read, swagger

from romaport.wire.openapi import definitions_of, group_of

TEXT = {"type": "string"}


def parameter(name: str, location: str = "query", schema: Mapping[str, Any] = TEXT, **members: Any) -> dict[str, Any]:
    return {"name": name, "in": location, "schema": schema, **members}


def test_an_operation_that_says_nothing_becomes_a_mock() -> None:
    assert fields(api()) == {
        "name": "get-/a",
        "type": 1,
        "req_protocol": "HTTPS",
        "req_method": "GET",
        "req_uri": "/a",
        "auth_type": "NONE",
        "match_mode": "NORMAL",
        "cors": False,
        "backend_type": "MOCK",
        "mock_info": {"result_content": "", "status_code": 200},
    }


@pytest.mark.verified(PAGES)
def test_title_and_description_name_the_group() -> None:
    tree = openapi({})
    tree["info"] |= {"title": "Pet shop, v2 (beta)", "description": "All <b>pets</b>."}
    assert group_of(read(tree)) == {"name": "Pet_shop_v2_(beta)", "remark": "All bpets/b."}


@pytest.mark.parametrize(
    ("title", "name"), [("A", "API-A"), ("", "API"), ("--x", "API-x"), ("订单服务", "订单服务"), ("a" * 300, "a" * 255)]
)
def test_a_group_always_gets_a_name(title: str, name: str) -> None:
    tree = openapi({})
    tree["info"]["title"] = title
    assert group_of(read(tree)) == {"name": name}


@pytest.mark.verified(PAGES)
@pytest.mark.parametrize(
    ("operation_id", "name"),
    [
        ("listPets", "listPets"),
        ("pets/list-all.v2(x):y", "pets/list-all.v2(x):y"),
        ("list all pets!", "list_all_pets_"),
        ("_list", "list"),
        ("ab", "ab-get-/pets/id/x"),
        ("", "get-/pets/id/x"),
        ("查询", "查询-get-/pets/id/x"),
        ("x" * 300, "x" * 255),
    ],
)
def test_the_operation_id_is_the_name_as_far_as_it_can_be(operation_id: str, name: str) -> None:
    described = operation(operationId=operation_id, parameters=[parameter("id", "path", required=True)])
    assert body(openapi({"/pets/{id}/x": {"get": described}}))["name"] == name


def test_names_are_made_different_where_the_rule_for_names_made_them_equal() -> None:
    paths = {f"/{at}": {"get": operation(operationId=name)} for at, name in enumerate(["a b c", "a?b?c", "a_b_c"])}
    assert [found["name"] for found in bodies(read(openapi(paths)))] == ["a_b_c", "a_b_c_2", "a_b_c_3"]


@pytest.mark.verified(PAGES)
def test_the_base_path_is_merged_with_the_path() -> None:
    tree = swagger({"/pets": {"get": operation()}}, basePath="/v1/")
    (found,) = definitions_of(read(tree))
    assert (found.path, found.body["req_uri"]) == ("/pets", "/v1/pets")


@pytest.mark.verified(PAGES)
def test_every_method_becomes_an_api_but_trace() -> None:
    methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "x-apigateway-any-method"]
    document = read(openapi({"/a": {method: operation() for method in methods}}))
    assert [found.method for found in definitions_of(document)] == [
        *("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "ANY")
    ]
    assert [(found.method, found.path) for found in document.ignored] == [("TRACE", "/a")]


@pytest.mark.verified(PAGES)
@pytest.mark.parametrize(
    ("extension", "value", "field", "expected"),
    [
        ("x-apigateway-request-type", "private", "type", 2),
        ("x-apigateway-request-type", "public", "type", 1),
        ("x-apigateway-match-mode", "SWA", "match_mode", "SWA"),
        ("x-apigateway-match-mode", "NORMAL", "match_mode", "NORMAL"),
        ("x-apigateway-cors", True, "cors", True),
        ("x-apigateway-content-type", "text/plain", "content_type", "text/plain"),
    ],
)
def test_an_extension_of_the_vendor_fills_its_field(
    extension: str, value: object, field: str, expected: object
) -> None:
    assert api(**{extension: value})[field] == expected


@pytest.mark.parametrize(
    ("schemes", "protocol"),
    [(["http"], "HTTP"), (["https"], "HTTPS"), (["http", "https"], "BOTH"), ([], "HTTPS"), (["wss"], "HTTPS")],
)
def test_schemes_of_either_version_say_the_protocol(schemes: list[str], protocol: str) -> None:
    servers = [{"url": f"{scheme}://example.com/v1"} for scheme in schemes]
    paths = {"/a": {"get": operation()}}
    assert body(swagger(paths, schemes=schemes))["req_protocol"] == protocol
    assert body(openapi(paths, servers=servers or [{"url": "/v1"}]))["req_protocol"] == protocol


def test_an_operations_own_servers_and_schemes_come_first() -> None:
    paths = {"/a": {"servers": [{"url": "https://b.example"}], "get": operation(servers=[{"url": "http://c.example"}])}}
    assert body(openapi(paths, servers=[{"url": "https://a.example"}]))["req_protocol"] == "HTTP"
    assert body(swagger({"/a": {"get": operation(schemes=["http"])}}, schemes=["https"]))["req_protocol"] == "HTTP"


@pytest.mark.verified(PAGES)
@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"x-apigateway-auth-type": "AppSigv1"}, {"auth_type": "APP"}),
        (
            {"x-apigateway-auth-type": "AppSigv1", "x-apigateway-auth-opt": {"appcode-auth-type": "header"}},
            {"auth_type": "APP", "auth_opt": {"app_code_auth_type": "HEADER"}},
        ),
        (
            {"x-apigateway-auth-type": "AppSigv1", "x-apigateway-auth-opt": {"appcode-auth-type": "disable"}},
            {"auth_type": "APP"},
        ),
        ({"x-apigateway-auth-type": "IAM"}, {"auth_type": "IAM"}),
        ({"x-apigateway-auth-type": "IAM_NONE"}, {"auth_type": "IAM"}),
        ({"x-apigateway-authorizer": {}}, {"auth_type": "AUTHORIZER"}),
        ({"x-apigateway-auth-type": "unheard of"}, {"auth_type": "APP"}),
        ({}, {"auth_type": "APP"}),
    ],
)
def test_security_says_how_callers_prove_who_they_are(scheme: dict[str, Any], expected: dict[str, Any]) -> None:
    described = {"type": "apiKey", "name": "Authorization", "in": "header", **scheme}
    paths = {"/a": {"get": operation(security=[{"key": []}])}}
    for found in (
        body(openapi(paths, components={"securitySchemes": {"key": described}})),
        body(swagger(paths, securityDefinitions={"key": described})),
    ):
        assert {name: value for name, value in found.items() if name.startswith("auth")} == expected


def test_what_a_document_protects_in_its_own_way_is_not_open() -> None:
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    tree = openapi({"/a": {"get": operation()}}, security=[{"token": []}], components={"securitySchemes": schemes})
    assert body(tree)["auth_type"] == "APP"
    tree["paths"]["/a"]["get"]["security"] = []
    assert body(tree)["auth_type"] == "NONE"
    tree["paths"]["/a"]["get"]["security"] = [{}, {"token": []}]
    assert body(tree)["auth_type"] == "NONE"


@pytest.mark.verified(PAGES)
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"type": "integer", "minimum": 1, "maximum": 9},
            {"type": "NUMBER", "min_num": 1, "max_num": 9, "valid_enable": 1},
        ),
        ({"type": "number", "default": 1.5}, {"type": "NUMBER", "default_value": "1.5"}),
        ({"type": "number", "minimum": 0.5}, {"type": "NUMBER"}),
        ({"type": "string", "minLength": 0, "maxLength": 5}, {"min_size": 0, "max_size": 5, "valid_enable": 1}),
        ({"type": "string", "minimum": 1}, {}),
        ({"type": "string", "enum": ["a", "b"]}, {"enumerations": "a,b", "valid_enable": 1}),
        ({"type": "string", "enum": ["a,b", "c"]}, {}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "NUMBER", "enumerations": "1,2", "valid_enable": 1}),
        ({"type": "boolean", "default": True}, {"default_value": "true"}),
        ({"type": "array", "items": {"type": "integer"}}, {}),
        ({"type": "object"}, {}),
        ({}, {}),
        ({"type": "string", "example": "x"}, {"sample_value": "x"}),
        ({"type": "string", "default": "d" * 300}, {}),
    ],
)
def test_a_parameter_has_the_types_and_bounds_of_its_schema(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    plain = {"name": "q", "location": "QUERY", "type": "STRING", "required": 2, "pass_through": 1, "valid_enable": 2}
    assert api(parameters=[{"name": "q", "in": "query", "schema": schema}])["req_params"] == [{**plain, **expected}]


def test_swagger_says_the_same_without_a_schema() -> None:
    described = {
        "name": "q",
        "in": "header",
        "type": "integer",
        "maximum": 9,
        "description": "How <many>",
        "required": True,
    }
    (found,) = body(swagger({"/a": {"get": operation(parameters=[described])}}))["req_params"]
    expected = {"name": "q", "location": "HEADER", "type": "NUMBER", "required": 1, "max_num": 9, "remark": "How many"}
    assert found == {**expected, "pass_through": 1, "valid_enable": 1}


def test_a_number_that_may_be_null_is_a_number() -> None:
    tree = openapi(
        {"/a": {"get": operation(parameters=[parameter("q", schema={"type": ["integer", "null"]})])}}, version="3.1.0"
    )
    assert body(tree)["req_params"][0]["type"] == "NUMBER"


@pytest.mark.verified(PAGES)
def test_a_parameter_has_extensions_of_its_own() -> None:
    extensions: dict[str, Any] = {
        "x-apigateway-pass-through": "never",
        "x-apigateway-sample": "s",
        "x-apigateway-orchestrations": ["r"],
    }
    (found,) = api(parameters=[parameter("q", **extensions)])["req_params"]
    assert found["pass_through"] == 2
    assert found["sample_value"] == "s"
    assert found["orchestrations"] == ["r"]


def test_parameters_come_from_the_path_the_operation_and_components() -> None:
    components = {
        "parameters": {"Page": parameter("page", schema={"$ref": "#/components/schemas/Page"})},
        "schemas": {"Page": {"type": "integer"}},
    }
    shared = [parameter("id", "path", required=True), parameter("q", description="of the path")]
    own = [parameter("q", description="own"), {"$ref": "#/components/parameters/Page"}]
    tree = openapi({"/{id}": {"parameters": shared, "get": operation(parameters=own)}}, components=components)
    found = [
        (given["location"], given["name"], given.get("remark"), given["type"]) for given in body(tree)["req_params"]
    ]
    assert found == [
        ("PATH", "id", None, "STRING"),
        ("QUERY", "q", "own", "STRING"),
        ("QUERY", "page", None, "NUMBER"),
    ]


def test_what_a_gateway_has_no_place_or_name_for_is_left_to_the_source() -> None:
    given = [parameter("c", "cookie"), parameter("filter[name]"), parameter("$top"), parameter("n" * 33)]
    found = api(parameters=given)
    assert "req_params" not in found
    assert json.loads(found["openapi"])["operation"]["parameters"] == given


def test_tags_are_the_first_ten_as_far_as_the_rule_for_tags_allows() -> None:
    found = api(tags=["Group users", "#1 pets", "订单", "!!", "Group users", *(f"t{number}" for number in range(20))])
    assert found["tags"] == ["Group_users", "pets", "订单", *(f"t{number}" for number in range(7))]


@pytest.mark.parametrize(
    ("members", "remark"),
    [
        ({"description": "Says more.", "summary": "Says it."}, "Says more."),
        ({"summary": "Says it."}, "Says it."),
        ({"description": "x" * 300}, "x" * 252 + "..."),
        ({"description": " <script>\x07 "}, "script"),
        ({"description": ""}, None),
    ],
)
def test_the_description_is_the_remark(members: dict[str, str], remark: str | None) -> None:
    assert api(**members).get("remark") == remark


def test_bodies_and_samples_fill_their_fields() -> None:
    content = {"application/json": {"schema": {"type": "object"}}}
    responses = {
        "200": {"description": "x", "content": {"application/json": {"examples": {"one": {"value": {"id": 1}}}}}},
        "404": {"description": "x", "content": {"text/plain": {"example": "no such pet"}}},
    }
    found = api(requestBody={"description": "A pet.", "content": content}, responses=responses)
    assert found["body_remark"] == "A pet."
    assert found["content_type"] == "application/json"
    assert found["result_normal_sample"] == '{"id":1}'
    assert found["result_failure_sample"] == "no such pet"
    assert found["mock_info"] == {"result_content": '{"id":1}', "status_code": 200}


def test_bodies_and_samples_of_swagger_fill_their_fields() -> None:
    responses = {
        "201": {"description": "x", "schema": {"$ref": "#/definitions/Pet"}},
        "default": {"description": "x", "examples": {"application/json": {"error": "e"}}},
    }
    described = {"name": "pet", "in": "body", "description": "A pet.", "schema": {"$ref": "#/definitions/Pet"}}
    paths = {"/a": {"post": {"parameters": [described], "responses": responses}}}
    found = body(swagger(paths, consumes=["text/csv", "application/xml"], definitions={"Pet": {"example": {"id": 1}}}))
    assert found["body_remark"] == "A pet."
    assert found["content_type"] == "application/xml"
    assert found["result_normal_sample"] == '{"id":1}'
    assert found["result_failure_sample"] == '{"error":"e"}'


@pytest.mark.verified(PAGES)
def test_the_vendors_samples_come_first() -> None:
    samples = {"x-apigateway-result-normal-sample": "good", "x-apigateway-result-failure-sample": "bad"}
    responses = {
        "200": {"description": "x", "content": {"text/plain": {"example": "y"}}},
        "default": {"description": "x", **samples},
    }
    found = api(responses=responses)
    assert (found["result_normal_sample"], found["result_failure_sample"]) == ("good", "bad")


def test_a_sample_that_is_too_long_for_a_mock_is_a_sample_all_the_same() -> None:
    content = {"text/plain": {"example": "x" * 3000}}
    found = api(responses={"200": {"description": "x", "content": content}})
    assert len(found["result_normal_sample"]) == 3000
    assert found["mock_info"]["result_content"] == ""


def test_the_source_has_what_the_operation_needs_and_no_more() -> None:
    schemas = {
        "Pet": {
            "properties": {"owner": {"$ref": "#/components/schemas/Owner"}},
            "discriminator": {"propertyName": "kind"},
        },
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}]},
        "Owner": {"type": "object", "example": {"$ref": "#/components/schemas/Data"}},
        "Data": {"type": "object"},
        "Other": {"type": "object"},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    tree = openapi(
        {"/a": {"get": {"tags": ["pets"], "responses": {"200": {"description": "x", "content": content}}}}},
        components={"schemas": schemas},
        tags=[{"name": "pets", "description": "All."}, {"name": "others"}],
    )
    source = json.loads(body(tree)["openapi"])
    assert set(source["components"]["components"]["schemas"]) == {"Pet", "Cat", "Owner"}
    assert source["root"]["tags"] == [{"name": "pets", "description": "All."}]
