"""Request bodies: JSON to typed values, with everything that is wrong said at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Struct

from romaport.errors import BodyInvalid, BodyMissing

__all__ = ["Rules", "check", "decode", "nul_problems"]

Shape = TypeVar("Shape", bound=Struct)

_NUL = b"\\u0000"

_PROBLEMS_MAX = 50
_NAME_MAX = 64
_DEPTH_MAX = 100
_UNKNOWN = "is not a field of this request"


Rules = Callable[[Mapping[str, Any]], list[str]]


def decode(shape: type[Shape], body: bytes, rules: Rules = lambda _fields: []) -> Shape:
    """Read a JSON body as a shape.

    A null is an absent field, as the SDKs leave such fields out. What a shape names in a class variable `REFUSED`
    is refused with the reason given there; `rules` is asked what does not fit together in the fields, of which
    those that are wrong by themselves are `UNSET`. Raises `BodyMissing` for no body and `BodyInvalid` with every
    problem found, each as `field: rule`.
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
    problems = list(nul_problems(body, value, ""))
    if problems:
        raise BodyInvalid(problems="; ".join(problems[:_PROBLEMS_MAX]))
    check(shape, value, rules)
    return msgspec.convert(value, shape)


def check(shape: type[Struct], value: Mapping[str, Any], rules: Rules = lambda _fields: []) -> None:
    """Raise `BodyInvalid` unless a decoded object without nulls is of a shape and follows its rules."""
    wrong = _problems_by_field(shape, value, "")
    fields = {name: UNSET if wrong.get(name) else inner for name, inner in value.items()}
    problems = [problem for found in wrong.values() for problem in found] + rules(fields)
    if problems:
        raise BodyInvalid(problems="; ".join(problems[:_PROBLEMS_MAX]))


def nul_problems(text: bytes, value: Any, path: str) -> Iterable[str]:
    """Answer, as `field: rule`, every text in a JSON value that holds U+0000, which not every store can keep."""
    # JSON has one way to write it, and looking for that is cheap.
    return _nul_problems(value, path) if _NUL in text else ()


def _nul_problems(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if "\0" in value:
            yield f"{path}: must not contain U+0000"
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _nul_problems(inner, f"{path}[{position}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            where = f"{path}.{_short(name)}" if path else _short(name)
            yield from _nul_problems(name, where.replace("\0", "\\u0000"))
            yield from _nul_problems(inner, where)


def _without_nulls(value: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        raise BodyInvalid(problems=f"body: must be nested at most {_DEPTH_MAX} deep")
    if isinstance(value, list):
        return [_without_nulls(inner, depth - 1) for inner in value]
    return {name: _without_nulls(inner, depth - 1) for name, inner in value.items() if inner is not None}


def _problems_by_field(shape: type[Struct], value: Mapping[str, Any], path: str) -> dict[str, list[str]]:
    known = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    found: dict[str, list[str]] = {}
    if shape.__struct_config__.forbid_unknown_fields:
        # A shape may say of fields that the contract has why it does not take them.
        reasons: dict[str, str] = getattr(shape, "REFUSED", {})
        found.update(
            {name: [f"{path}{_short(name)}: {reasons.get(name, _UNKNOWN)}"] for name in value if name not in known}
        )
    for name, field in known.items():
        if name in value:
            found[name] = _problems(field.type, value[name], f"{path}{name}")
        elif field.default is NODEFAULT and field.default_factory is NODEFAULT:
            found[name] = [f"{path}{name}: is required"]
    return found


def _problems(type_: Any, value: Any, path: str) -> list[str]:
    """Answer what is wrong with a value, as deep inside it as can be said."""
    options = _options(type_)
    found: list[str] = []
    for shape in options:
        if isinstance(shape, type) and issubclass(shape, Struct) and isinstance(value, dict):
            inner = _problems_by_field(shape, value, f"{path}.")
            return [problem for problems in inner.values() for problem in problems]
        if get_origin(shape) is list and isinstance(value, list):
            (item,) = get_args(shape)
            for position, element in enumerate(value):
                found.extend(_problems(item, element, f"{path}[{position}]"))
    return found or _checked(type_, value, path)


def _options(type_: Any) -> list[Any]:
    """Answer what a type may be, without the `| None` and the limits that stand around it."""
    if get_origin(type_) is list or not get_args(type_):
        return [type_]
    return [option for part in get_args(type_) for option in _options(part)]


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
