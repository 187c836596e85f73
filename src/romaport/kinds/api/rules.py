"""What must fit together in an API definition, beyond what each field may be by itself (contract 7.7).

A field that is wrong by itself is `UNSET` here: nothing can be said about what depends on it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

__all__ = ["demands", "placeholders", "rules"]

# A plus says that the parameter takes the rest of the path.
_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9._\-]{0,31})\+?\}")
_HEALTH_CHECK = "/apic/health_check"
_SYSTEM_PREFIX = "$context."
_POLICIES = ("policy_https", "policy_mocks", "policy_functions")
_BACKENDS = {"HTTP": "backend_api", "FUNCTION": "func_info", "MOCK": "mock_info"}
_USES_CHANNEL = 1

Fields = Mapping[str, Any]


def rules(fields: Fields) -> list[str]:
    """Answer what does not fit together, each as `field: rule`."""
    return [
        *_path_rules(fields),
        *_backend_rules(fields),
        *_request_rules(fields),
        *_parameter_rules(fields, fields, ""),
        *_policy_rules(fields),
        *_header_rules(fields),
    ]


def demands(fields: Fields) -> list[str]:
    """Answer what a request lacks that belongs to the instance, and so may be absent in a package."""
    found: list[str] = []
    if fields.get("auth_type") == "AUTHORIZER" and not fields.get("authorizer_id"):
        found.append("authorizer_id: is required when auth_type is AUTHORIZER")
    for where, web in _web_backends(fields):
        if web.get("vpc_channel_status") == _USES_CHANNEL and "vpc_channel_info" not in web:
            found.append(f"{where}.vpc_channel_info: is required when vpc_channel_status is 1")
    return found


def placeholders(path: str) -> list[str]:
    """Answer the names of a path's parameters, in their order."""
    return _PLACEHOLDER.findall(path)


def _path_rules(fields: Fields) -> Iterator[str]:
    path = fields.get("req_uri")
    if not isinstance(path, str):
        return
    yield from _template_rules(path, "req_uri")
    if path == _HEALTH_CHECK and fields.get("req_method") == "GET":
        yield f"req_uri: GET {_HEALTH_CHECK} is the service's own"


def _template_rules(path: str, where: str) -> Iterator[str]:
    if set("{}") & set(_PLACEHOLDER.sub("", path)):
        yield f"{where}: parameters are written {{name}}"
    for name in _repeated(placeholders(path)):
        yield f"{where}: {{{name}}} must stand in it once"


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _backend_rules(fields: Fields) -> Iterator[str]:
    needed = _BACKENDS.get(fields.get("backend_type", ""))
    if needed is not None and needed not in fields:
        yield f"{needed}: is required when backend_type is {fields['backend_type']}"
    for where, web in _web_backends(fields):
        yield from _template_rules(web["req_uri"], f"{where}.req_uri")
        if web.get("vpc_channel_status") != _USES_CHANNEL and not web.get("url_domain"):
            yield f"{where}.url_domain: is required unless vpc_channel_status is 1"


def _web_backends(fields: Fields) -> Iterator[tuple[str, Fields]]:
    if fields.get("backend_api", UNSET) is not UNSET:
        yield "backend_api", fields["backend_api"]
    yield from _listed(fields, "policy_https")


def _listed(fields: Fields, name: str) -> Iterator[tuple[str, Fields]]:
    """Yield the elements of a list that is right by itself, each with its place."""
    items = fields.get(name, UNSET)
    if items is not UNSET:
        yield from ((f"{name}[{position}]", item) for position, item in enumerate(items))


def _request_rules(fields: Fields) -> Iterator[str]:
    path = fields.get("req_uri")
    in_path = placeholders(path) if isinstance(path, str) else None
    seen: set[tuple[str, str]] = set()
    for where, parameter in _listed(fields, "req_params"):
        place = _place(parameter)
        if place in seen:
            yield f"{where}.name: {parameter['name']} is there twice in {parameter['location']}"
        seen.add(place)
        if parameter["location"] == "PATH" and in_path is not None and parameter["name"] not in in_path:
            yield f"{where}.name: must stand in req_uri as {{{parameter['name']}}}"
        for least, most in (("min_num", "max_num"), ("min_size", "max_size")):
            if least in parameter and most in parameter and parameter[least] > parameter[most]:
                yield f"{where}.{least}: must not be more than {most}"


def _place(parameter: Fields) -> tuple[str, str]:
    # The names of headers are the same in any case.
    name = parameter["name"].lower() if parameter["location"] == "HEADER" else parameter["name"]
    return parameter["location"], name


def _parameter_rules(fields: Fields, owner: Fields, prefix: str) -> Iterator[str]:
    """Check the backend parameters of the API itself, or of one policy, whose place `prefix` is."""
    known = _parameter_names(fields)
    in_path = _backend_placeholders(owner, prefix)
    seen: set[tuple[str, str]] = set()
    for place, parameter in _listed(owner, "backend_params"):
        where = f"{prefix}{place}"
        if _place(parameter) in seen:
            yield f"{where}.name: {parameter['name']} is there twice in {parameter['location']}"
        seen.add(_place(parameter))
        if parameter["location"] == "PATH" and in_path is not None and parameter["name"] not in in_path:
            yield f"{where}.name: must stand in the backend's req_uri as {{{parameter['name']}}}"
        if parameter["origin"] == "REQUEST" and known is not None and parameter["value"] not in known:
            yield f"{where}.value: must be the name of one of req_params"
        if parameter["origin"] == "SYSTEM" and not parameter["value"].startswith(_SYSTEM_PREFIX):
            yield f"{where}.value: must begin with {_SYSTEM_PREFIX}"


def _parameter_names(fields: Fields) -> set[str] | None:
    asked = fields.get("req_params", [])
    return None if asked is UNSET else {parameter["name"] for parameter in asked}


def _backend_placeholders(owner: Fields, prefix: str) -> list[str] | None:
    """Answer the parameters in the path of the backend that is spoken to; None if it has no path."""
    web = owner if prefix else owner.get("backend_api", UNSET)
    if web is UNSET or "req_uri" not in web or owner.get("backend_type", "HTTP") != "HTTP":
        return None
    return placeholders(web["req_uri"])


def _policy_rules(fields: Fields) -> Iterator[str]:
    named = [found for name in _POLICIES for found in _listed(fields, name)]
    repeated = _repeated(policy["name"] for _, policy in named)
    for where, policy in named:
        if policy["name"] in repeated:
            yield f"{where}.name: {policy['name']} is there twice"
        yield from _parameter_rules(fields, policy, f"{where}.")
        for position, condition in enumerate(policy["conditions"]):
            yield from _condition_rules(fields, condition, f"{where}.conditions[{position}]")


_NAMED_BY = {"param": "req_param_name", "system": "sys_param_name", "cookie": "cookie_param_name"}


def _condition_rules(fields: Fields, condition: Fields, where: str) -> Iterator[str]:
    origin = condition["condition_origin"]
    needed = _NAMED_BY.get(origin)
    if needed is not None and not condition.get(needed):
        yield f"{where}.{needed}: is required when condition_origin is {origin}"
    if origin in ("param", "cookie") and "condition_type" not in condition:
        yield f"{where}.condition_type: is required when condition_origin is {origin}"
    if origin != "system" and not condition.get("condition_value"):
        yield f"{where}.condition_value: is required when condition_origin is {origin}"
    known = _parameter_names(fields)
    if origin == "param" and known is not None and condition.get("req_param_name", "") not in {"", *known}:
        yield f"{where}.req_param_name: must be the name of one of req_params"


def _header_rules(fields: Fields) -> Iterator[str]:
    mocks = [("mock_info", fields["mock_info"])] if fields.get("mock_info", UNSET) is not UNSET else []
    for where, mock in (*mocks, *_listed(fields, "policy_mocks")):
        if mock.get("header") and not _is_header_text(mock["header"]):
            yield f"{where}.header: must be JSON, written as a text: a list of {{key, value, remark}}"


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    value: str
    remark: str = ""


def _is_header_text(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=list[_Header])
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
