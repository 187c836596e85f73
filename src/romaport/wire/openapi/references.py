"""References inside a document, and the walk that tells them from mere data that looks like one.

The words of the standard stand in objects; some members of these objects are maps whose names are the author's
own (`properties` may well have one called `default`), and some are values that describe nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

__all__ = ["Tree", "chain", "joined", "pointer", "rebuild", "references", "resolve", "targets", "walk"]

Tree = dict[str, Any]
"""An object of a document, as plain values."""

_LINKS_MAX = 20
"""References that lead to references, one after another; longer chains are loops, or made to take time."""

_NAMED = frozenset(
    {
        "$defs", "callbacks", "content", "definitions", "dependentSchemas", "encoding", "examples",
        "headers", "links", "mapping", "parameters", "pathItems", "paths", "patternProperties", "properties",
        "requestBodies", "responses", "schemas", "scopes", "securityDefinitions", "securitySchemes", "variables",
        "webhooks",
    }
)  # fmt: skip
_VALUES = frozenset({"const", "default", "enum", "example", "value"})
_EXTENSIONS_READ = frozenset({"x-anyOf", "x-apigateway-any-method", "x-not", "x-oneOf"})
"""Extensions that hold the standard's own objects: what Swagger 2.0 has no word for, and one of the vendor's."""


def pointer(*parts: str | int) -> str:
    """Answer the JSON pointer of a place, as the fragment of a URI."""
    return "#" + "".join(f"/{_escaped(str(part))}" for part in parts)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("%", "%25")


def joined(place: str, *parts: str | int) -> str:
    """Answer the pointer of a place inside another."""
    return place + pointer(*parts)[1:]


def resolve(tree: Any, reference: str) -> Any:
    """Answer what a local reference points to; raise LookupError if there is nothing, or it is not local."""
    if reference == "#":
        return tree
    if not reference.startswith("#/"):
        raise LookupError(reference)
    found = tree
    for part in unquote(reference[2:]).split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            raise LookupError(reference)
    return found


def chain(tree: Any, value: Any) -> Any:
    """Follow references until something stands there that is none; raise LookupError if that takes too many."""
    for _ in range(_LINKS_MAX):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            return value
        value = resolve(tree, value["$ref"])
    raise LookupError(value)


def walk(value: Any, place: str = "#") -> Iterator[tuple[Tree, str]]:
    """Yield every object that is the standard's own with its pointer, outer ones first."""
    if isinstance(value, dict):
        yield value, place
    for inner, where in _members(value, place):
        yield from walk(inner, where)


def _members(value: Any, place: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, list):
        yield from ((inner, joined(place, position)) for position, inner in enumerate(value))
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if is_named(name, inner):
            yield from ((described, joined(place, name, key)) for key, described in inner.items())
        elif not is_value(name):
            yield inner, joined(place, name)


def rebuild(value: Any, change: Callable[[Tree], Any]) -> Any:
    """Copy a part of a document, passing each object that is the standard's own through `change`, inner ones first."""
    if isinstance(value, list):
        return [rebuild(inner, change) for inner in value]
    if not isinstance(value, dict):
        return value
    return change({name: _rebuilt(name, inner, change) for name, inner in value.items()})


def _rebuilt(name: str, value: Any, change: Callable[[Tree], Any]) -> Any:
    if is_named(name, value):
        return {key: rebuild(inner, change) for key, inner in value.items()}
    return value if is_value(name) else rebuild(value, change)


def is_named(name: str, value: Any) -> bool:
    """Say whether a member is a map of the author's own names."""
    if name == "examples":
        return isinstance(value, dict) and any(isinstance(inner, dict) and "$ref" in inner for inner in value.values())
    return name in _NAMED and isinstance(value, dict)


def is_value(name: str) -> bool:
    """Say whether a member holds a value that describes nothing."""
    return name in _VALUES or name == "examples" or (name.startswith("x-") and name not in _EXTENSIONS_READ)


def references(value: Any, place: str = "#") -> Iterator[tuple[str, str]]:
    """Yield every reference in a part of a document with the pointer of the object it stands in."""
    for found, where in walk(value, place):
        for reference in targets(found):
            yield reference, where


def targets(found: Tree) -> Iterator[str]:
    """Yield what one object refers to, the schemas of a discriminator among it."""
    if isinstance(found.get("$ref"), str):
        yield found["$ref"]
    mapping = found.get("mapping")
    if isinstance(found.get("propertyName"), str) and isinstance(mapping, dict):
        yield from (target for target in mapping.values() if isinstance(target, str) and "/" in target)
