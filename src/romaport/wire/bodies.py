"""Request bodies: JSON to typed values, with everything that is wrong said at once."""

from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from romaport.errors import BodyInvalid, BodyMissing

__all__ = ["decode"]

Shape = TypeVar("Shape", bound=Struct)

_PROBLEMS_MAX = 50
_NAME_MAX = 64
_DEPTH_MAX = 100
_UNKNOWN = "is not a field of this request"


def decode(shape: type[Shape], body: bytes) -> Shape:
    """Read a JSON body as a shape.

    A null is an absent field, as the SDKs leave such fields out. What a shape names in a class variable `REFUSED`
    is refused with the reason given there. Raises `BodyMissing` for no body and `BodyInvalid` with every problem
    found, each as `field: rule`.
    """
    if not body.strip():
        raise BodyMissing
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise BodyInvalid(problems=f"body: must be JSON ({cause})") from cause
    except UnicodeDecodeError as cause:
        raise BodyInvalid(problems="body: must be UTF-8") from cause
    if not isinstance(value, dict):
        raise BodyInvalid(problems="body: must be a JSON object")
    value = _without_nulls(value, _DEPTH_MAX)
    problems = _problems(shape, value, "")
    if problems:
        raise BodyInvalid(problems="; ".join(problems[:_PROBLEMS_MAX]))
    return msgspec.convert(value, shape)


def _without_nulls(value: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        raise BodyInvalid(problems=f"body: must be nested at most {_DEPTH_MAX} deep")
    if isinstance(value, list):
        return [_without_nulls(inner, depth - 1) for inner in value]
    return {name: _without_nulls(inner, depth - 1) for name, inner in value.items() if inner is not None}


def _problems(shape: type[Struct], value: dict[str, Any], path: str) -> list[str]:
    found: list[str] = []
    known = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    if shape.__struct_config__.forbid_unknown_fields:
        # A shape may say of fields that the contract has why it does not take them.
        reasons: dict[str, str] = getattr(shape, "REFUSED", {})
        found.extend(f"{path}{_short(name)}: {reasons.get(name, _UNKNOWN)}" for name in value if name not in known)
    for name, field in known.items():
        if name not in value:
            if field.default is NODEFAULT and field.default_factory is NODEFAULT:
                found.append(f"{path}{name}: is required")
            continue
        if isinstance(field.type, type) and issubclass(field.type, Struct) and isinstance(value[name], dict):
            found.extend(_problems(field.type, value[name], f"{path}{name}."))
        else:
            found.extend(_element_problems(field.type, value[name], f"{path}{name}"))
    return found


def _element_problems(type_: Any, value: Any, path: str) -> list[str]:
    item = _item_type(type_)
    if item is not None and isinstance(value, list):
        within = [
            problem
            for position, inner in enumerate(value)
            for problem in _item_problems(item, inner, f"{path}[{position}]")
        ]
        # What is left is a rule of the list itself.
        return within or _checked(type_, value, path)
    return _checked(type_, value, path)


def _item_type(type_: Any) -> Any:
    """Answer the type of the items of a list that may be absent or have rules; None for what is no list."""
    if get_origin(type_) is list:
        return get_args(type_)[0]
    if get_origin(type_) in (Annotated, Union, UnionType):
        return next((item for item in map(_item_type, get_args(type_)) if item is not None), None)
    return None


def _item_problems(type_: Any, value: Any, path: str) -> list[str]:
    if isinstance(type_, type) and issubclass(type_, Struct) and isinstance(value, dict):
        return _problems(type_, value, f"{path}.")
    return _checked(type_, value, path)


def _checked(type_: Any, value: Any, path: str) -> list[str]:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as refusal:
        return [f"{path}: {_rule(str(refusal))}"]
    return []


def _rule(message: str) -> str:
    # The path is ours already; what is left is the rule in the validator's words.
    return message.split(" - at `", maxsplit=1)[0].replace("Expected", "must be", 1)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_MAX else name[: _NAME_MAX - 3] + "..."
