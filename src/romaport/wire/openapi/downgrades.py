"""Operations of OpenAPI 3.0 in the words of Swagger 2.0, which has fewer.

It has one schema for all media types of a body and of a response, no cookies, no links and no callbacks, and no
ranges of status codes. What it cannot say is left out, or said with an extension where that is the custom.
"""

from collections.abc import Iterable
from typing import Any

from romaport.wire.openapi.operations import list_of, object_of
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.schemas import translated_schema
from romaport.wire.openapi.source import Source
from romaport.wire.openapi.standard import Version

__all__ = ["downgraded_operation", "downgraded_scheme"]

_COMMON = frozenset({"tags", "summary", "description", "externalDocs", "operationId", "deprecated", "security"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_TYPES = frozenset({"array", "boolean", "integer", "number", "string"})
_OF_VALUE = frozenset(
    {
        "default", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxItems", "maxLength", "maximum",
        "minItems", "minLength", "minimum", "multipleOf", "pattern", "uniqueItems",
    }
)  # fmt: skip
_FORMATS = {"spaceDelimited": "ssv", "pipeDelimited": "pipes"}
_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "clientCredentials": "application",
    "authorizationCode": "accessCode",
}
_NEEDED = {
    "implicit": ("authorizationUrl",),
    "password": ("tokenUrl",),
    "application": ("tokenUrl",),
    "accessCode": ("authorizationUrl", "tokenUrl"),
}
_CODE_LENGTH = 3


def downgraded_operation(operation: Tree, source: Source) -> Tree:
    """Say an operation of OpenAPI 3.0 as Swagger 2.0; what it refers to becomes its own, but for schemas."""
    written = {name: value for name, value in operation.items() if name in _COMMON or name.startswith("x-")}
    if "tags" in written:
        written["tags"] = list(dict.fromkeys(written["tags"]))
    found = [source.resolved(value) for value in list_of(operation.get("parameters"))]
    parameters = [_parameter(value, source) for value in found if value.get("in") in {"path", "query", "header"}]
    body = source.resolved(operation.get("requestBody"))
    content = object_of(body.get("content"))
    if content:
        written["consumes"] = list(content)
        parameters.extend(_body_parameters(body, source))
    if parameters:
        written["parameters"] = parameters
    responses = {code: source.resolved(value) for code, value in object_of(operation.get("responses")).items()}
    types = _media_types(responses.values())
    if types:
        written["produces"] = types
    written["responses"] = _responses(responses, source) or {"default": {"description": "default response"}}
    return written


def _schema(schema: Any) -> Any:
    return translated_schema(schema, Version.V3_0, Version.V2_0)


def _parameter(parameter: Tree, source: Source) -> Tree:
    outside = {
        name: value
        for name, value in parameter.items()
        if name in {"name", "in", "description", "required"} or name.startswith("x-")
    }
    schema = parameter.get("schema", _main(object_of(parameter.get("content"))))
    value = _value(schema, source)
    if value["type"] == "array":
        value["collectionFormat"] = _collection_format(parameter)
    return {**outside, **value}


def _collection_format(parameter: Tree) -> str:
    if parameter.get("in") != "query":
        return "csv"
    style = str(parameter.get("style", "form"))
    is_repeated = parameter.get("explode", style == "form")
    return "multi" if is_repeated else _FORMATS.get(style, "csv")


def _value(schema: Any, source: Source) -> Tree:
    """Answer the words for a value that is written as text; what has parts of its own is just a text."""
    resolved = source.resolved(schema)
    kind = str(resolved.get("type"))
    if kind not in _TYPES:
        return {"type": "string"}
    value = {"type": kind, **{name: resolved[name] for name in resolved if name in _OF_VALUE}}
    if kind == "array":
        value["items"] = _value(resolved.get("items"), source)
    return value


def _body_parameters(body: Tree, source: Source) -> list[Tree]:
    content = object_of(body.get("content"))
    form = next((object_of(media) for name, media in content.items() if name in _FORMS), None)
    schema = source.resolved(form.get("schema")) if form is not None else {}
    if set(content) <= _FORMS and object_of(schema.get("properties")):
        required = list_of(schema.get("required"))
        return [
            _form_parameter(name, value, source, is_required=name in required)
            for name, value in schema["properties"].items()
        ]
    extensions = {name: value for name, value in body.items() if name.startswith("x-")}
    outside = {name: value for name, value in body.items() if name in {"description", "required"}}
    return [{"name": "body", "in": "body", **outside, "schema": _schema(_main(content)), **extensions}]


def _form_parameter(name: str, schema: Any, source: Source, *, is_required: bool) -> Tree:
    resolved = source.resolved(schema)
    is_file = resolved.get("type") == "string" and resolved.get("format") in ("binary", "byte")
    value = {"type": "file"} if is_file else _value(schema, source)
    if value["type"] == "array":
        value["collectionFormat"] = "multi"
    described = {"description": resolved["description"]} if isinstance(resolved.get("description"), str) else {}
    return {"name": name, "in": "formData", **described, "required": is_required, **value}


def _main(content: Tree) -> Any:
    """Answer the schema of the media type that matters most: JSON, else the first."""
    names = sorted(content, key=lambda name: "json" not in name)
    return next((content[name]["schema"] for name in names if "schema" in object_of(content[name])), {})


def _media_types(responses: Iterable[Tree]) -> list[str]:
    return list(dict.fromkeys(name for found in responses for name in object_of(found.get("content"))))


def _responses(responses: dict[str, Tree], source: Source) -> Tree:
    written: Tree = {}
    for code, response in responses.items():
        if code.startswith("x-"):
            written[code] = response
        elif code == "default" or (code.isdecimal() and len(code) == _CODE_LENGTH):
            written[code] = _response(response, source)
    ranges = [response for code, response in responses.items() if code.upper().endswith("XX")]
    if ranges and "default" not in written:
        written["default"] = _response(ranges[-1], source)
    return written


def _response(response: Tree, source: Source) -> Tree:
    written = {name: value for name, value in response.items() if name == "description" or name.startswith("x-")}
    content = object_of(response.get("content"))
    schema = _main(content)
    if schema != {}:
        written["schema"] = _file_or(schema, content)
    headers = {name: source.resolved(value) for name, value in object_of(response.get("headers")).items()}
    if headers:
        written["headers"] = {name: _header(value, source) for name, value in headers.items()}
    examples = {name: found for name, media in content.items() if (found := _example(media, source)) is not None}
    if examples:
        written["examples"] = examples
    return written


def _example(media: Any, source: Source) -> Any:
    found = object_of(media)
    named = next(iter(object_of(found.get("examples")).values()), None)
    return found.get("example", source.resolved(named).get("value"))


def _file_or(schema: Any, content: Tree) -> Any:
    is_binary = isinstance(schema, dict) and schema.get("type") == "string" and schema.get("format") == "binary"
    has_json = any("json" in name for name in content)
    return {"type": "file"} if is_binary and not has_json else _schema(schema)


def _header(header: Tree, source: Source) -> Tree:
    outside = {name: value for name, value in header.items() if name == "description" or name.startswith("x-")}
    return {**outside, **_value(header.get("schema"), source)}


def downgraded_scheme(scheme: Tree) -> Tree:
    """Say how callers prove who they are as Swagger 2.0 says it: what it does not know is a key in a header."""
    outside = {name: value for name, value in scheme.items() if name == "description" or name.startswith("x-")}
    flows = object_of(scheme.get("flows"))
    if scheme.get("type") == "apiKey" and scheme.get("in") in {"header", "query"}:
        return scheme
    if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "basic":
        return {**outside, "type": "basic"}
    for name, flow in flows.items():
        word = _FLOWS.get(name)
        if word and scheme.get("type") == "oauth2":
            needed = {member: object_of(flow).get(member, "") for member in (*_NEEDED[word], "scopes")}
            return {**outside, "type": "oauth2", "flow": word, **needed}
    return {
        **outside,
        "type": "apiKey",
        "in": "header",
        "name": "Cookie" if scheme.get("in") == "cookie" else "Authorization",
    }
