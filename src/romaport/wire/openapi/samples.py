"""Bodies of requests and answers, as far as an API has fields for them: a description, a type and two samples."""

from typing import Any

import msgspec

from romaport.wire.openapi.operations import list_of, object_of
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.source import Source
from romaport.wire.openapi.standard import Version

__all__ = ["sample_fields", "with_samples"]

_TEXT_LENGTH_MAX = 20480
"""Longest description of a body or sample, in characters."""

_CONTENT_TYPES = ("application/json", "application/xml", "multipart/form-data", "text/plain")
_BODY_REMARK = "x-romaport-body-remark"
_CONTENT_TYPE = "x-apigateway-content-type"
_SAMPLES = {
    "result_normal_sample": "x-apigateway-result-normal-sample",
    "result_failure_sample": "x-apigateway-result-failure-sample",
}
"""Field to the vendor's extension of a response."""


def sample_fields(source: Source) -> dict[str, str]:
    """Answer `body_remark`, `content_type` and the two samples of results, those of them that there are."""
    responses = {code: source.resolved(found) for code, found in object_of(source.operation.get("responses")).items()}
    succeeded = [found for code, found in responses.items() if code.startswith("2")]
    failed = [found for code, found in responses.items() if code[:1] in {"4", "5", "d"}]
    found = {
        "body_remark": _said(source.operation, _BODY_REMARK, _body_remark(source)),
        "content_type": _said(source.operation, _CONTENT_TYPE, _content_type(source)),
        "result_normal_sample": _sample(source, "result_normal_sample", list(responses.values()), succeeded),
        "result_failure_sample": _sample(source, "result_failure_sample", list(responses.values()), failed),
    }
    return {field: text for field, text in found.items() if text and len(text) <= _TEXT_LENGTH_MAX}


def _said(holder: Tree, extension: str, otherwise: Any) -> str:
    value = holder.get(extension, otherwise)
    return value if isinstance(value, str) else ""


def _bodies(source: Source) -> list[Tree]:
    if source.version is Version.V2_0:
        parameters = [source.resolved(found) for found in list_of(source.operation.get("parameters"))]
        return [found for found in parameters if found.get("in") == "body"]
    return [source.resolved(source.operation.get("requestBody"))]


def _body_remark(source: Source) -> Any:
    return next((body["description"] for body in _bodies(source) if "description" in body), None)


def _content_type(source: Source) -> str | None:
    if source.version is Version.V2_0:
        types = list_of(source.operation.get("consumes")) if _bodies(source) else []
    else:
        types = [name for body in _bodies(source) for name in object_of(body.get("content"))]
    return next((found for found in types if found in _CONTENT_TYPES), None)


def _sample(source: Source, field: str, responses: list[Tree], chosen: list[Tree]) -> str:
    for response in responses:
        if _SAMPLES[field] in response:
            return _said(response, _SAMPLES[field], "")
    return next((_text(value) for response in chosen for value in _examples(source, response)), "")


def _examples(source: Source, response: Tree) -> list[Any]:
    if source.version is Version.V2_0:
        schemas = [source.resolved(response.get("schema"))]
        return [*object_of(response.get("examples")).values(), *_of_schemas(schemas)]
    media = [object_of(found) for found in object_of(response.get("content")).values()]
    named = [
        source.resolved(example).get("value")
        for found in media
        for example in object_of(found.get("examples")).values()
    ]
    own = [found["example"] for found in media if "example" in found]
    schemas = [source.resolved(found.get("schema")) for found in media]
    return [value for value in (*own, *named, *_of_schemas(schemas)) if value is not None]


def _of_schemas(schemas: list[Tree]) -> list[Any]:
    return [schema["example"] for schema in schemas if "example" in schema]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def with_samples(operation: Tree, api: Tree, source: Source) -> Tree:
    """Write into an operation what the fields say otherwise than its source does."""
    before = sample_fields(source)
    changed = {
        field: str(api.get(field) or "")
        for field in ("body_remark", "content_type", *_SAMPLES)
        if (api.get(field) or "") != before.get(field, "")
    }
    written = {**operation}
    if "body_remark" in changed:
        written[_BODY_REMARK] = changed["body_remark"]
    if "content_type" in changed:
        written[_CONTENT_TYPE] = changed["content_type"]
    samples = {_SAMPLES[field]: text for field, text in changed.items() if field in _SAMPLES}
    responses = object_of(operation.get("responses"))
    if samples:
        codes = [code for code in responses if not code.startswith("x-")]
        code = codes[0] if codes and "default" not in codes else "default"
        response = source.resolved(responses.get(code)) or {"description": "default response"}
        written["responses"] = {**responses, code: {**response, **samples}}
    return written
