"""Parameters of a request: the standard's objects and the entries of `req_params` (contract 7.7)."""

import math
from typing import Any

from romaport.wire.openapi.names import TEXT_LENGTH_MAX, is_parameter_name, plain_text
from romaport.wire.openapi.operations import list_of, object_of, placeholders
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.source import Source
from romaport.wire.openapi.standard import Version

__all__ = ["described_parameters", "request_parameters"]

_LOCATIONS = {"path": "PATH", "query": "QUERY", "header": "HEADER"}
_PLACES = {location: place for place, location in _LOCATIONS.items()}
_YES, _NO = 1, 2
_NUMBERS = frozenset({"integer", "number"})
_BOUNDS = {"minimum": "min_num", "maximum": "max_num", "minLength": "min_size", "maxLength": "max_size"}
_BOUND_MAX = 2**53
_ENUMERATIONS_LENGTH_MAX = 1024

_ABSENT = {"required": _NO, "valid_enable": _NO, "pass_through": _YES}
"""What the absence of a field means, where it means something."""
_CHECKED = "x-romaport-valid-enable"
_MEMBERS = {
    "type": "type",
    "default_value": "default",
    "enumerations": "enum",
    **{field: member for member, field in _BOUNDS.items()},
    "required": "required",
    "remark": "description",
    "sample_value": "x-apigateway-sample",
    "pass_through": "x-apigateway-pass-through",
    "orchestrations": "x-apigateway-orchestrations",
    "valid_enable": _CHECKED,
}
"""Field to the member that says it."""
_IN_SCHEMA = frozenset({"type", "default_value", "enumerations", *_BOUNDS.values()})


def request_parameters(source: Source) -> list[dict[str, Any]]:
    """Answer `req_params`: the parameters in path, query and headers whose names a gateway takes."""
    described = [source.resolved(value) for value in list_of(source.operation.get("parameters"))]
    return [_fields(source, found) for found in described if _key(found)]


def _key(parameter: Tree) -> tuple[str, str] | None:
    """Answer location and name of a parameter that fields can hold."""
    location = _LOCATIONS.get(str(parameter.get("in")))
    name = _bare_name(parameter)
    return (location, name) if location and is_parameter_name(name) else None


def _fields(source: Source, parameter: Tree) -> dict[str, Any]:
    location, name = _key(parameter) or ("", "")
    schema = parameter if source.version is Version.V2_0 else source.resolved(_schema(parameter))
    kind = _kind(schema)
    fields: dict[str, Any] = {
        "name": name,
        "type": kind,
        "location": location,
        "required": _YES if location == "PATH" or parameter.get("required") is True else _NO,
        "pass_through": _NO if parameter.get("x-apigateway-pass-through") == "never" else _YES,
        "default_value": _text(schema.get("default")),
        "sample_value": _text(_sample(parameter, schema)),
        "enumerations": _enumerations(schema),
        "remark": plain_text(parameter.get("description")),
        "orchestrations": [str(rule) for rule in list_of(parameter.get("x-apigateway-orchestrations"))] or None,
        **_bounds(schema, kind),
    }
    is_checked = any(fields.get(field) is not None for field in ("enumerations", *_BOUNDS.values()))
    said = parameter.get(_CHECKED)
    fields["valid_enable"] = int(said) if said in (_YES, _NO) else _YES if is_checked else _NO
    return {field: value for field, value in fields.items() if value is not None}


def _kind(schema: Tree) -> str:
    types = [found for found in list_of(schema.get("type")) if found != "null"] or [schema.get("type")]
    return "NUMBER" if set(map(str, types)) <= _NUMBERS else "STRING"


def _schema(parameter: Tree) -> Any:
    if "schema" in parameter:
        return parameter["schema"]
    return next((object_of(media).get("schema") for media in object_of(parameter.get("content")).values()), {})


def _sample(parameter: Tree, schema: Tree) -> Any:
    for holder, member in ((parameter, "x-apigateway-sample"), (parameter, "example"), (schema, "example")):
        if member in holder:
            return holder[member]
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, (str, int, float)) else ""
    return text if 0 < len(text) <= TEXT_LENGTH_MAX else None


def _enumerations(schema: Tree) -> str | None:
    values = [_text(value) for value in list_of(schema.get("enum"))]
    texts = [value for value in values if value is not None and "," not in value]
    joined = ",".join(texts)
    return joined if texts and len(texts) == len(values) and len(joined) <= _ENUMERATIONS_LENGTH_MAX else None


def _bounds(schema: Tree, kind: str) -> dict[str, int]:
    members = ("minimum", "maximum") if kind == "NUMBER" else ("minLength", "maxLength")
    found = {_BOUNDS[member]: schema[member] for member in members if _is_whole(schema.get(member))}
    return {field: int(value) for field, value in found.items()}


def _is_whole(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and value == int(value) and abs(value) <= _BOUND_MAX


def described_parameters(api: Tree, source: Source) -> list[Any]:
    """Answer the standard's objects for an API's parameters.

    A parameter that the fields still say as the source does stays as its author wrote it, and so does one that
    fields cannot hold. Parameters of the path are those that the path has.
    """
    wanted = {_identity(fields): fields for fields in list_of(api.get("req_params")) if isinstance(fields, dict)}
    written = []
    for value in list_of(source.operation.get("parameters")):
        parameter = source.resolved(value)
        key = _key(parameter)
        if key is None:
            written.append(value)
        elif key in wanted:
            fields = wanted.pop(key)
            is_same = not _changed(fields, _fields(source, parameter))
            written.append(value if is_same else _overlaid(fields, source, value))
    written.extend(_overlaid(fields, source, {}) for key, fields in wanted.items() if key[0] in _PLACES)
    return _of_path(written, placeholders(str(api.get("req_uri"))), source)


def _of_path(written: list[Any], spelt: dict[str, str], source: Source) -> list[Any]:
    """Leave out parameters that the path does not have, spell the others its way, add those nobody described."""
    found = []
    missing = dict(spelt)
    for value in written:
        parameter = source.resolved(value)
        name = _bare_name(parameter)
        if parameter.get("in") != "path":
            found.append(value)
        elif name in spelt:
            missing.pop(name, None)
            found.append(value if parameter["name"] == spelt[name] else {**parameter, "name": spelt[name]})
    new = [_overlaid({"name": name, "location": "PATH"}, source, {}) for name in missing]
    return [*found, *({**parameter, "name": spelt[parameter["name"]]} for parameter in new)]


def _bare_name(parameter: Tree) -> str:
    return str(parameter.get("name")).removesuffix("+")


def _identity(fields: Tree) -> tuple[str, str]:
    return str(fields.get("location")).upper(), str(fields.get("name"))


def _changed(fields: Tree, before: Tree) -> list[str]:
    return [field for field in _MEMBERS if _compared(fields, field) != _compared(before, field)]


def _compared(fields: Tree, field: str) -> Any:
    value = fields.get(field)
    return _ABSENT.get(field) if value in (None, "", []) else value


def _overlaid(fields: Tree, source: Source, value: Any) -> Tree:
    """Write into a parameter what its fields say otherwise than it does."""
    before = source.resolved(value)
    changed = _changed(fields, _fields(source, before) if before else {})
    location, name = _identity(fields)
    written = {**before, "name": before.get("name", name), "in": _PLACES[location]}
    schema = written if source.version is Version.V2_0 else {**source.resolved(_schema(before))}
    is_number = fields.get("type") == "NUMBER"
    if "type" in changed or not before:
        schema["type"] = "number" if is_number else "string"
    for field in changed:
        holder = schema if field in _IN_SCHEMA else written
        _put(holder, _MEMBERS[field], _member_value(fields, field, is_number=is_number))
    written["required"] = location == "PATH" or written.get("required") is True
    if source.version is not Version.V2_0 and (not before or any(field in _IN_SCHEMA for field in changed)):
        written.pop("content", None)
        written["schema"] = schema
    if _compared(fields, "valid_enable") != _fields(source, {**written, _CHECKED: None})["valid_enable"]:
        written[_CHECKED] = _compared(fields, "valid_enable")
    else:
        written.pop(_CHECKED, None)
    return written


def _put(holder: Tree, member: str, value: Any) -> None:
    if value is None:
        holder.pop(member, None)
    else:
        holder[member] = value


def _member_value(fields: Tree, field: str, *, is_number: bool) -> Any:
    value = fields.get(field)
    match field:
        case "type":
            return "number" if is_number else "string"
        case "required":
            return value == _YES
        case "pass_through":
            return "never" if value == _NO else None
        case "default_value" if value is not None:
            return _value(value, is_number=is_number)
        case "enumerations" if value is not None:
            return list(dict.fromkeys(_value(text, is_number=is_number) for text in str(value).split(",")))
        case _:
            return value or None if field not in _BOUNDS.values() else value


def _value(text: Any, *, is_number: bool) -> Any:
    try:
        number = float(text) if is_number else None
    except ValueError:
        number = None
    if number is None or not math.isfinite(number):
        return str(text)
    return int(number) if _is_whole(number) else number
