"""What stands behind an API: its fields, read from the vendor's extensions and written as them (contract 7.7)."""

from typing import Any

import msgspec
from msgspec import UNSET, Struct

from romaport.wire.openapi.extensions import (
    BACKEND,
    POLICIES,
    Backend,
    Condition,
    Endpoint,
    FunctionEndpoint,
    HttpEndpoint,
    MockEndpoint,
    Parameter,
    Policy,
    read_extension,
)
from romaport.wire.openapi.operations import list_of, object_of
from romaport.wire.openapi.references import Tree

__all__ = ["backend_extensions", "backend_fields", "mock_fields"]

_CHANNEL, _NO_CHANNEL = 1, 2
_OK = 200
_MOCK_LENGTH_MAX = 2048
"""Longest answer of a mock, in characters."""

_FIELDS = {"HTTP": "backend_api", "FUNCTION": "func_info", "MOCK": "mock_info"}
_LISTS = {"HTTP": "policy_https", "FUNCTION": "policy_functions", "MOCK": "policy_mocks"}
_SHAPES: dict[str, type[Endpoint]] = {"HTTP": HttpEndpoint, "FUNCTION": FunctionEndpoint, "MOCK": MockEndpoint}
_MEMBERS = {"HTTP": "http", "HTTP-VPC": "channel", "FUNCTION": "function", "MOCK": "mock"}

_ORIGINS_WRITTEN = {"source": "source", "param": "request", "system": "system", "cookie": "cookie"}
_ORIGINS = {word: field for field, word in _ORIGINS_WRITTEN.items()} | {"request_parameter": "param"}
_TYPES = {"equal": "exact", "enum": "enum", "pattern": "pattern"}
_TYPES_WRITTEN = {field: word for word, field in _TYPES.items()}
_NAMED_BY = {"param": "req_param_name", "system": "sys_param_name", "cookie": "cookie_param_name"}


def backend_fields(operation: Tree) -> dict[str, Any]:
    """Answer `backend_type` and everything that belongs to it; empty if the operation names no backend."""
    if BACKEND not in operation:
        return {}
    backend = read_extension(operation[BACKEND], Backend)
    kind = _kind(backend)
    fields = {"backend_type": kind, _FIELDS[kind]: _endpoint_fields(backend), **_parameters_fields(backend)}
    for value in list_of(operation.get(POLICIES)):
        policy = read_extension(value, Policy)
        fields.setdefault(_LISTS[_kind(policy)], []).append(_policy_fields(policy))
    return fields


def mock_fields(sample: str | None) -> dict[str, Any]:
    """Answer the fields of an API that always gives the same answer."""
    content = sample if sample and len(sample) <= _MOCK_LENGTH_MAX else ""
    return {"backend_type": "MOCK", "mock_info": {"result_content": content, "status_code": _OK}}


def _kind(backend: Backend) -> str:
    return "HTTP" if backend.type == "HTTP-VPC" else backend.type


def _endpoint_fields(backend: Backend) -> dict[str, Any]:
    endpoint = backend.endpoint
    assert isinstance(endpoint, Endpoint)
    fields = _set_fields(endpoint)
    if isinstance(endpoint, HttpEndpoint):
        channel, address = fields.pop("channel", ""), fields.pop("url_domain", "")
        fields |= {"req_protocol": endpoint.req_protocol.upper(), "req_method": endpoint.req_method.upper()}
        if "retry_count" in fields:
            fields["retry_count"] = str(fields["retry_count"])
        if backend.type == "HTTP-VPC":
            # A document names a channel and fields have its id; the name stands for it until somebody knows better.
            return {**fields, "vpc_channel_status": _CHANNEL, "vpc_channel_info": {"vpc_channel_id": _first(channel)}}
        return {**fields, "vpc_channel_status": _NO_CHANNEL, "url_domain": _first(address)}
    if isinstance(endpoint, FunctionEndpoint):
        fields["invocation_type"] = "async" if endpoint.invocation_type.startswith("async") else "sync"
    return fields


def _first(value: Any) -> str:
    return str(next(iter(value), "")) if isinstance(value, list) else str(value)


def _policy_fields(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "effect_mode": policy.effect_mode,
        "conditions": [_condition_fields(found) for found in policy.conditions],
        **_endpoint_fields(policy),
        **_parameters_fields(policy),
    }


def _parameters_fields(backend: Backend) -> dict[str, Any]:
    if not backend.backend_params:
        return {}
    found = [_set_fields(parameter) for parameter in backend.backend_params]
    return {
        "backend_params": [
            {**fields, "location": fields["location"].upper(), "origin": fields["origin"].upper()} for fields in found
        ]
    }


def _condition_fields(condition: Condition) -> dict[str, Any]:
    fields = _set_fields(condition)
    origin = fields["condition_origin"] = _ORIGINS[condition.condition_origin]
    if "condition_type" in fields:
        fields["condition_type"] = _TYPES[fields["condition_type"]]
    name = fields.pop("parameter", None)
    name = fields.pop("parameter_name", name)
    return {**fields, _NAMED_BY[origin]: name} if origin in _NAMED_BY and name else fields


def _set_fields(struct: Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not UNSET}


def backend_extensions(api: Tree) -> Tree:
    """Answer the extensions that say what stands behind an API."""
    kind = str(api.get("backend_type"))
    if kind not in _FIELDS:
        return {}
    written = {BACKEND: _backend(kind, {**object_of(api.get(_FIELDS[kind])), **_own(api, "backend_params")}, Backend)}
    policies = [
        _backend(found, policy, Policy)
        for found, field in _LISTS.items()
        for policy in list_of(api.get(field))
        if isinstance(policy, dict)
    ]
    return {**written, POLICIES: policies} if policies else written


def _own(fields: Tree, *names: str) -> Tree:
    return {name: fields[name] for name in names if fields.get(name) is not None}


def _backend(kind: str, fields: Tree, shape: type[Backend]) -> Any:
    is_channel = kind == "HTTP" and fields.get("vpc_channel_status") == _CHANNEL
    word = "HTTP-VPC" if is_channel else kind
    found = {**fields, "req_protocol": str(fields.get("req_protocol")).lower()}
    if is_channel:
        found["channel"] = object_of(fields.get("vpc_channel_info")).get("vpc_channel_id")
        found["url_domain"] = None
    parts: Tree = {_MEMBERS[word]: _struct(_SHAPES[kind], found)}
    parameters = [_struct(Parameter, _lowered(value)) for value in list_of(fields.get("backend_params"))]
    if parameters:
        parts["backend_params"] = parameters
    if shape is Policy:
        parts |= {**_own(fields, "name", "effect_mode"), "conditions": _conditions(fields)}
    return msgspec.to_builtins(shape(type=word, **parts))  # type: ignore[arg-type] # read back by whoever imports it


def _lowered(parameter: Any) -> Tree:
    fields = object_of(parameter)
    return {**fields, "location": str(fields.get("location")).lower()}


def _conditions(fields: Tree) -> list[Condition]:
    found = [object_of(condition) for condition in list_of(fields.get("conditions"))]
    return [
        _struct(
            Condition,
            {
                **condition,
                "condition_origin": _ORIGINS_WRITTEN.get(str(condition.get("condition_origin")), "source"),
                "condition_type": _TYPES_WRITTEN.get(str(condition.get("condition_type"))),
                "parameter_name": condition.get(_NAMED_BY.get(str(condition.get("condition_origin")), "")),
            },
        )
        for condition in found
    ]


def _struct(shape: type[Any], fields: Tree) -> Any:
    """Make a struct of what the fields have of it."""
    given = {
        found.name: fields.get(found.name, "")
        for found in msgspec.structs.fields(shape)
        if found.required or fields.get(found.name) is not None
    }
    return shape(**given)
