"""API definitions in and out of documents through the vendor's SDK (contract 6.4, 7.7)."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkroma.v2 import (
    ExportApiDefinitionsV2Request,
    ExportOpenApiReq,
    ImportApiDefinitionsV2Request,
    ImportApiDefinitionsV2RequestBody,
    ListApiGroupsV2Request,
    ListApisV2Request,
    ShowDetailsOfApiGroupV2Request,
    ShowDetailsOfApiV2Request,
    UpdateApiV2Request,
)
from tests.sdk.apic import RELEASE, action, add_api, add_group, api_body
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

_WHOLE = "x-apigateway-backend"


def operation(name: str, **fields: Any) -> dict[str, Any]:
    return {"operationId": name, "responses": {"200": {"description": "found"}}, **fields}


def document(**paths: Any) -> dict[str, Any]:
    """Make a Swagger document with these paths, the names of which have underscores for slashes."""
    return {
        "swagger": "2.0",
        "info": {"title": "Lakeside stock", "version": "1", "description": "All stock"},
        "basePath": "/v1",
        "schemes": ["https"],
        "paths": {name.replace("_", "/"): deepcopy(item) for name, item in paths.items()},
        "definitions": {"Thing": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    }


STOCK = {
    "_things": {
        "get": operation(
            "listThings",
            summary="List things",
            tags=["stock"],
            parameters=[{"name": "depot", "in": "query", "type": "string", "enum": ["north", "south"]}],
            responses={"200": {"description": "found", "schema": {"$ref": "#/definitions/Thing"}}},
        ),
        "post": operation(
            "addThing", parameters=[{"name": "thing", "in": "body", "schema": {"$ref": "#/definitions/Thing"}}]
        ),
    },
    "_things_{sku}": {
        "get": operation(
            "getThing",
            parameters=[{"name": "sku", "in": "path", "type": "string", "required": True, "maxLength": 32}],
            **{
                "x-apigateway-backend": {
                    "type": "HTTP",
                    "parameters": [
                        {"name": "id", "in": "path", "origin": "REQUEST", "value": "sku"},
                        {"name": "x-api-key", "in": "header", "origin": "CONSTANT", "value": "hush-hush"},
                    ],
                    "httpEndpoints": {
                        "address": "stock.lakeside.example",
                        "scheme": "https",
                        "method": "GET",
                        "path": "/stock/{id}",
                        "timeout": 30000,
                    },
                }
            },
        )
    },
}

Import = Callable[..., Any]


@pytest.fixture
def request_of(instance: str, tmp_path: Path) -> Import:
    """Make the request that imports a document into the instance."""

    def make(text: Any, **fields: Any) -> Any:
        path = tmp_path / f"apis-{len(list(tmp_path.iterdir()))}.json"
        path.write_bytes(text if isinstance(text, bytes) else json.dumps(text).encode())
        body = ImportApiDefinitionsV2RequestBody(file_name=FormFile(str(path)), **fields)
        return ImportApiDefinitionsV2Request(instance_id=instance, body=body)

    return make


@pytest.fixture
def app_id(sdk: Sdk, instance: str) -> str:
    found: str = add_app(sdk, instance, "Orders").id
    return found


@pytest.fixture
def exported(sdk: Sdk, instance: str, tmp_path: Path) -> Callable[..., bytes]:
    """Export a group; answer the document's text."""

    def export(group_id: str, **fields: Any) -> bytes:
        body = ExportOpenApiReq(group_id=group_id, **fields)
        path = tmp_path / "exported"
        sdk.save(ExportApiDefinitionsV2Request(instance_id=instance, body=body), path)
        return path.read_bytes()

    return export


def show(sdk: Sdk, instance: str, api_id: str) -> Any:
    return sdk.send(ShowDetailsOfApiV2Request(instance_id=instance, api_id=api_id))


def test_a_document_becomes_a_group_with_its_apis(
    sdk: Sdk, site: Site, instance: str, app_id: str, request_of: Import
) -> None:
    done = sdk.send(request_of(document(**STOCK), is_create_group=True, app_id=app_id))
    assert done.status_code == 200
    assert [(found.method, found.path, found.action) for found in done.success] == [
        ("GET", "/things", "create"),
        ("POST", "/things", "create"),
        ("GET", "/things/{sku}", "create"),
    ]
    assert (done.failure, done.ignore) == ([], [])
    group = sdk.send(ShowDetailsOfApiGroupV2Request(instance_id=instance, group_id=done.group_id))
    assert (group.name, group.remark, group.version, group.roma_app_id) == ("Lakeside_stock", "All stock", "V2", app_id)

    listing, _, getting = (show(sdk, instance, found.id) for found in done.success)
    assert (listing.name, listing.req_uri, listing.req_method) == ("listThings", "/v1/things", "GET")
    assert (listing.backend_type, listing.tags, listing.remark) == ("MOCK", ["stock"], "List things")
    ((depot,),) = (listing.req_params,)
    assert (depot.name, depot.location, depot.enumerations, depot.required) == ("depot", "QUERY", "north,south", 2)
    assert getting.backend_type == "HTTP"
    assert (getting.backend_api.url_domain, getting.backend_api.timeout) == ("stock.lakeside.example", 30000)
    assert [(found.name, found.value) for found in getting.backend_params] == [("id", "sku"), ("x-api-key", "********")]
    assert not [body for (body,) in site.kept.rows("select body from assets") if "hush-hush" in body]


def test_a_document_goes_into_a_group_that_is_there(sdk: Sdk, instance: str, app_id: str, request_of: Import) -> None:
    group = add_group(sdk, instance, "Everyone")
    add_api(sdk, instance, group.id, "listThings", roma_app_id=app_id)
    fields = {"is_create_group": False, "group_id": group.id, "app_id": app_id}
    done = sdk.send(request_of(document(**STOCK), **fields))
    assert (done.group_id, len(done.success)) == (group.id, 3)
    assert {show(sdk, instance, found.id).roma_app_id for found in done.success} == {app_id}
    # A name that another API has gets a number behind it.
    assert show(sdk, instance, done.success[0].id).name == "listThings_2"
    assert sdk.send(ListApisV2Request(instance_id=instance, group_id=group.id)).total == 4


def test_what_is_there_is_kept_or_replaced(sdk: Sdk, instance: str, app_id: str, request_of: Import) -> None:
    first = sdk.send(request_of(document(**STOCK), app_id=app_id))
    ids = [found.id for found in first.success]
    again = {"is_create_group": False, "group_id": first.group_id}
    changed = document(**STOCK)
    changed["paths"]["/things"]["get"]["description"] = "All things"
    changed["paths"]["/depots"] = {"get": operation("listDepots")}

    kept = sdk.send(request_of(changed, **again, api_mode="merge"))
    assert [(found.path, found.action) for found in kept.success] == [("/depots", "create")]
    assert [(found.method, found.path) for found in kept.ignore] == [
        ("GET", "/things"),
        ("POST", "/things"),
        ("GET", "/things/{sku}"),
    ]
    assert show(sdk, instance, ids[0]).remark == "List things"

    replaced = sdk.send(request_of(changed, **again, api_mode="override", extend_mode="override"))
    assert [(found.action, found.id) for found in replaced.success[:3]] == [("update", api_id) for api_id in ids]
    assert replaced.ignore == []
    assert show(sdk, instance, ids[0]).remark == "All things"
    assert sdk.send(ListApisV2Request(instance_id=instance, group_id=first.group_id)).total == 4


def test_what_no_api_can_carry_is_said(sdk: Sdk, app_id: str, request_of: Import) -> None:
    original = {
        "openapi": "3.0.3",
        "info": {"title": "Depots", "version": "1"},
        "paths": {"/depots": {"get": operation("listDepots"), "trace": operation("traceDepots")}},
    }
    done = sdk.send(request_of(original, app_id=app_id))
    assert [(found.method, found.path) for found in done.success] == [("GET", "/depots")]
    assert [(found.method, found.path) for found in done.ignore] == [("TRACE", "/depots")]


def test_mocks_stand_in_for_backends_on_demand(sdk: Sdk, instance: str, app_id: str, request_of: Import) -> None:
    done = sdk.send(request_of(document(**STOCK), app_id=app_id, mock_mode=True, simple_mode=True))
    shown = [show(sdk, instance, found.id) for found in done.success]
    assert {found.backend_type for found in shown} == {"MOCK"}
    assert all(found.backend_api is None for found in shown)


def test_everything_that_is_wrong_is_said_and_nothing_is_written(
    sdk: Sdk, site: Site, app_id: str, request_of: Import
) -> None:
    wrong = document(**STOCK)
    wrong["paths"]["/things/{sku}"]["get"][_WHOLE]["httpEndpoints"]["address"] = "not an address"
    wrong["paths"]["/a b"] = {"get": operation("spaced")}
    before = site.written()
    done = sdk.send(request_of(wrong, app_id=app_id))
    assert (done.status_code, done.group_id, done.success) == (200, None, [])
    assert [(found.method, found.path, found.error_code) for found in done.failure] == [
        ("GET", "/things/{sku}", "ROMA.13000"),
        ("GET", "/a b", "ROMA.13000"),
    ]
    assert "backend_api.url_domain: " in done.failure[0].error_msg
    assert "req_uri: " in done.failure[1].error_msg
    assert [(found.method, found.path) for found in done.ignore] == [("GET", "/things"), ("POST", "/things")]
    assert site.written() == before


def test_a_document_or_form_that_is_none_is_refused(
    sdk: Sdk, site: Site, instance: str, app_id: str, request_of: Import
) -> None:
    taken = add_group(sdk, instance, "Lakeside_stock", roma_app_id=app_id)
    before = site.written()
    sound = document(**STOCK)
    for request, named in (
        (request_of(b"{", app_id=app_id), ""),
        (request_of({"info": {}}, app_id=app_id), "swagger"),
        (request_of({**sound, "info": {"title": "x"}}, app_id=app_id), "#/info"),
        (request_of(sound, is_create_group=False), "group_id: is required when is_create_group is false"),
        (request_of(sound, api_mode="replace"), "api_mode: must be merge or override"),
        (request_of(sound, mock_mode="maybe"), "mock_mode: must be true or false"),
    ):
        assert named in sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    request = request_of(b" " * 3_145_729, app_id=app_id)
    sdk.refused(request, 413, "ROMAPORT.1001", r"The request body is larger than 3145728 bytes\.")
    sdk.refused(request_of(sound, app_id=app_id), 400, "APIG.3201", "The API group name already exists")
    sdk.refused(
        request_of(sound, is_create_group=False, group_id="nowhere"),
        404,
        "APIG.3001",
        "API group nowhere does not exist",
    )
    global_group = add_group(sdk, instance, "Everyone")
    details = sdk.refused(
        request_of(sound, is_create_group=False, group_id=global_group.id), 400, "ROMA.13000", "Invalid parameters: .*"
    )
    assert details.endswith("roma_app_id: is required in a global group")
    found = sdk.send(ListApiGroupsV2Request(instance_id=instance)).groups
    assert [group.id for group in found] == [taken.id, global_group.id]
    assert sdk.send(ListApisV2Request(instance_id=instance)).total == 0
    assert before != site.written()


def test_what_came_in_goes_out(sdk: Sdk, app_id: str, request_of: Import, exported: Callable[..., bytes]) -> None:
    original = document(**STOCK)
    done = sdk.send(request_of(original, app_id=app_id))
    text = exported(done.group_id, define="dev", version="7")
    found = json.loads(text)
    assert found["swagger"] == "2.0"
    assert (found["info"]["title"], found["info"]["version"]) == ("Lakeside_stock", "7")
    assert set(found["paths"]) == {"/v1/things", "/v1/things/{sku}"}
    listing = found["paths"]["/v1/things"]["get"]
    assert listing["operationId"] == "listThings"
    assert listing["parameters"] == original["paths"]["/things"]["get"]["parameters"]
    assert listing["responses"]["200"]["schema"] == {"$ref": "#/definitions/Thing"}
    assert found["definitions"] == original["definitions"]
    backend = found["paths"]["/v1/things/{sku}"]["get"][_WHOLE]
    assert backend["httpEndpoints"]["address"] == "stock.lakeside.example"
    assert [parameter["value"] for parameter in backend["parameters"]] == ["sku", "********"]
    assert text.startswith(b"{")
    assert exported(done.group_id, define="dev", type="yaml").startswith((b"swagger:", b"info:"))


def test_a_document_that_went_out_comes_in_again(
    sdk: Sdk, site: Site, app_id: str, request_of: Import, exported: Callable[..., bytes]
) -> None:
    done = sdk.send(request_of(document(**STOCK), app_id=app_id))
    text = exported(done.group_id, define="dev")
    again = sdk.send(request_of(text, is_create_group=False, group_id=done.group_id, api_mode="override"))
    assert [(found.action, found.id) for found in again.success] == [("update", found.id) for found in done.success]
    # Stars mean as it was: the secret is still there, and there is no hole.
    rows = site.kept.rows("select secret_paths, holes from assets where id = ?", done.success[2].id)
    assert rows == [('["backend_params.HEADER.x-api-key"]', "[]")]


def test_what_no_field_says_outlives_an_update(
    sdk: Sdk, instance: str, app_id: str, request_of: Import, exported: Callable[..., bytes]
) -> None:
    done = sdk.send(request_of(document(**STOCK), app_id=app_id))
    api_id = done.success[0].id
    body = api_body(done.group_id, "listThings", req_uri="/v1/things", remark="Some things")
    changed = sdk.send(UpdateApiV2Request(instance_id=instance, api_id=api_id, body=body))
    assert b"openapi" not in changed.raw_content
    listing = json.loads(exported(done.group_id, define="dev"))["paths"]["/v1/things"]["get"]
    assert listing["description"] == "Some things"
    assert "depot" not in json.dumps(listing.get("parameters", []))
    assert listing["responses"]["200"]["schema"] == {"$ref": "#/definitions/Thing"}


def test_what_is_published_goes_out_as_it_was(
    sdk: Sdk, instance: str, app_id: str, request_of: Import, exported: Callable[..., bytes]
) -> None:
    done = sdk.send(request_of(document(**STOCK), app_id=app_id))
    listing, adding, _ = (found.id for found in done.success)
    assert json.loads(exported(done.group_id, env_id=RELEASE))["paths"] == {}
    sdk.send(action(instance, listing))
    body = api_body(done.group_id, "listThings", req_uri="/v2/things")
    sdk.send(UpdateApiV2Request(instance_id=instance, api_id=listing, body=body))
    for define, has_backend in (("spec", False), ("proxy", True), ("all", True)):
        paths = json.loads(exported(done.group_id, env_id=RELEASE, define=define))["paths"]
        assert set(paths) == {"/v1/things"}
        assert (_WHOLE in paths["/v1/things"]["get"]) == has_backend
    assert set(json.loads(exported(done.group_id, define="dev", apis=[adding]))["paths"]) == {"/v1/things"}

    def refused(status: int, code: str, message: str, **fields: Any) -> str:
        request = ExportApiDefinitionsV2Request(
            instance_id=instance, body=ExportOpenApiReq(group_id=done.group_id, **fields)
        )
        return sdk.refused(request, status, code, message)

    message = "The API publication record does not exist"
    assert "addThing" in refused(404, "APIG.3015", message, env_id=RELEASE, apis=[listing, adding])
    refused(404, "ROMAPORT.3002", "1 of the selected assets do not exist: nowhere", define="dev", apis=["nowhere"])
    refused(404, "APIG.3003", "The environment does not exist", env_id="nowhere")
    assert "env_id: is required unless define is dev" in refused(400, "ROMA.13000", ".*")
    assert "type: " in refused(400, "ROMA.13000", ".*", define="dev", type="xml")


def test_openapi_goes_out_as_it_came(sdk: Sdk, app_id: str, request_of: Import, exported: Callable[..., bytes]) -> None:
    original: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "Depots", "version": "1"},
        "paths": {
            "/depots": {
                "post": operation(
                    "addDepot",
                    requestBody={
                        "content": {
                            "application/json": {"schema": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}
                        }
                    },
                )
            }
        },
    }
    done = sdk.send(request_of(original, app_id=app_id))
    found = json.loads(exported(done.group_id, define="dev"))
    assert found["openapi"] == "3.0.3"
    assert found["paths"]["/depots"]["post"]["requestBody"] == original["paths"]["/depots"]["post"]["requestBody"]
    assert done.success[0].path == "/depots"
