"""Operations of Swagger 2.0 in the words of OpenAPI 3."""

from typing import Any

from romaport.wire.openapi.operations import list_of, object_of
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.schemas import translated_schema
from romaport.wire.openapi.source import Source
from romaport.wire.openapi.standard import Version

__all__ = ["upgraded_operation", "upgraded_scheme"]

_COMMON = frozenset({"tags", "summary", "description", "externalDocs", "operationId", "deprecated", "security"})
_OF_PARAMETER = frozenset({"name", "in", "description", "required", "allowEmptyValue"})
_JSON, _FORM, _MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_BINARY = "application/octet-stream"
_STYLES: dict[str, Tree] = {
    "csv": {"explode": False},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "multi": {"explode": True},
}
_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}
_OF_FLOW = ("authorizationUrl", "tokenUrl", "scopes")


def upgraded_operation(operation: Tree, source: Source) -> Tree:
    """Say an operation of Swagger 2.0 as OpenAPI 3.0; its parameters and responses become its own."""
    written = {name: value for name, value in operation.items() if name in _COMMON or name.startswith("x-")}
    parameters = [source.resolved(value) for value in list_of(operation.get("parameters"))]
    plain = [_parameter(found) for found in parameters if found.get("in") not in {"body", "formData"}]
    if plain:
        written["parameters"] = plain
    body = _request_body(parameters, [str(found) for found in list_of(operation.get("consumes"))])
    if body:
        written["requestBody"] = body
    types = [str(found) for found in list_of(operation.get("produces"))]
    written["responses"] = {
        code: value if code.startswith("x-") else _response(source.resolved(value), types)
        for code, value in object_of(operation.get("responses")).items()
    }
    return written


def _schema(schema: Any) -> Any:
    return translated_schema(schema, Version.V2_0, Version.V3_0)


def _parameter(parameter: Tree) -> Tree:
    outside = {name: value for name, value in parameter.items() if name in _OF_PARAMETER or name.startswith("x-")}
    written = {**outside, "schema": _value_schema(parameter)}
    if parameter.get("type") == "array":
        style = _STYLES.get(str(parameter.get("collectionFormat", "csv")), {"explode": False})
        # Only in a query are there styles to choose from; elsewhere values have commas between them.
        written |= style if parameter.get("in") == "query" else {}
    return written


def _value_schema(parameter: Tree) -> Any:
    inside = {
        name: value
        for name, value in parameter.items()
        if name not in _OF_PARAMETER and name != "collectionFormat" and not name.startswith("x-")
    }
    if isinstance(inside.get("items"), dict):
        inside["items"] = _value_schema(inside["items"])
    return _schema(inside)


def _request_body(parameters: list[Tree], types: list[str]) -> Tree:
    body = next((found for found in parameters if found.get("in") == "body"), None)
    if body is not None:
        media = {"schema": _schema(body.get("schema", {}))}
        extensions = {name: value for name, value in body.items() if name.startswith("x-")}
        outside = {name: value for name, value in body.items() if name in {"description", "required"}}
        return {**outside, "content": dict.fromkeys(types or [_JSON], media), **extensions}
    fields = [found for found in parameters if found.get("in") == "formData"]
    if not fields:
        return {}
    usual = _MULTIPART if any(found.get("type") == "file" for found in fields) else _FORM
    chosen = [found for found in types if found in {_FORM, _MULTIPART}] or [usual]
    required = [found["name"] for found in fields if found.get("required") is True]
    schema = {
        "type": "object",
        "properties": {found["name"]: _field_schema(found) for found in fields},
        **({"required": required} if required else {}),
    }
    content = {name: {"schema": schema} for name in chosen}
    return {"content": content, **({"required": True} if required else {})}


def _field_schema(field: Tree) -> Any:
    described = {"description": field["description"]} if "description" in field else {}
    return {**_value_schema(field), **described}


def _response(response: Tree, types: list[str]) -> Tree:
    written = {name: value for name, value in response.items() if name == "description" or name.startswith("x-")}
    headers = {name: _header(object_of(value)) for name, value in object_of(response.get("headers")).items()}
    examples = object_of(response.get("examples"))
    content: dict[str, Tree] = {}
    if "schema" in response:
        is_file = object_of(response["schema"]).get("type") == "file"
        schema = _schema(response["schema"])
        content = {name: {"schema": schema} for name in types or [_BINARY if is_file else _JSON]}
    for name, example in examples.items():
        content[name] = {**content.get(name, {}), "example": example}
    return {**written, **({"headers": headers} if headers else {}), **({"content": content} if content else {})}


def _header(header: Tree) -> Tree:
    outside = {name: value for name, value in header.items() if name == "description" or name.startswith("x-")}
    return {**outside, "schema": _value_schema(header)}


def upgraded_scheme(scheme: Tree) -> Tree:
    """Say how callers prove who they are as OpenAPI 3 says it."""
    outside = {name: value for name, value in scheme.items() if name == "description" or name.startswith("x-")}
    match scheme.get("type"):
        case "basic":
            return {**outside, "type": "http", "scheme": "basic"}
        case "oauth2":
            flow = {name: scheme[name] for name in _OF_FLOW if name in scheme}
            return {**outside, "type": "oauth2", "flows": {_FLOWS[str(scheme.get("flow"))]: flow}}
        case _:
            return scheme
