"""The operations of a document, and which of its parts are components."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from romaport.wire.openapi.references import Tree, chain, pointer
from romaport.wire.openapi.standard import Version

__all__ = [
    "ANY_METHOD",
    "Component",
    "Operation",
    "component_kinds",
    "component_of",
    "list_of",
    "object_of",
    "operations",
    "placeholders",
]

ANY_METHOD = "x-apigateway-any-method"
"""The vendor's member of a path for every method that has no operation of its own."""

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_KINDS_2 = frozenset({"definitions", "parameters", "responses", "securityDefinitions"})
_KINDS_3 = frozenset(
    {
        "callbacks", "examples", "headers", "links", "parameters", "requestBodies", "responses", "schemas",
        "securitySchemes",
    }
)  # fmt: skip
_DEEP = frozenset({"definitions", "schemas"})
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation as the document has it."""

    path: str
    method: str
    """In capitals; ANY for the vendor's member."""
    place: str
    """JSON pointer of the operation."""
    item: Tree
    """The path it belongs to."""
    described: Tree
    """The operation object itself."""

    @property
    def is_carried(self) -> bool:
        """Whether a gateway's API can have this method."""
        return self.method != "TRACE"


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a document that has a name of its own."""

    kind: str
    name: str


def operations(tree: Tree) -> Iterator[Operation]:
    """Yield every operation of a document in its order, whatever else may be wrong with it."""
    for path, value in object_of(tree.get("paths")).items():
        try:
            item = object_of(chain(tree, value))
        except LookupError:
            continue
        for member in (*_METHODS, ANY_METHOD):
            if path.startswith("/") and isinstance(item.get(member), dict):
                yield Operation(
                    path=path,
                    method="ANY" if member == ANY_METHOD else member.upper(),
                    place=pointer("paths", path, member),
                    item=item,
                    described=item[member],
                )


def placeholders(path: str) -> dict[str, str]:
    """Answer the names of the parameters in a path, each with the way it is spelt there.

    The vendor's mark for "and all below", a plus sign at the end, is not part of the name.
    """
    return {name.removesuffix("+"): name for name in _PLACEHOLDER.findall(path)}


def component_kinds(version: Version) -> frozenset[str]:
    """Answer what the standard calls the places of named parts."""
    return _KINDS_2 if version is Version.V2_0 else _KINDS_3


def component_of(reference: str, version: Version) -> Component | None:
    """Answer which component a reference is to, or to a part of; None if it leads anywhere else."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in unquote(reference).split("/")[1:]]
    if version is not Version.V2_0:
        if parts[:1] != ["components"]:
            return None
        parts = parts[1:]
    if len(parts) < len(("kind", "name")) or parts[0] not in component_kinds(version):
        return None
    is_whole = len(parts) == len(("kind", "name"))
    return Component(parts[0], parts[1]) if is_whole or parts[0] in _DEEP else None


def object_of(value: Any) -> Tree:
    """Answer an object, or an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Answer a list, or an empty one in the place of anything else."""
    return value if isinstance(value, list) else []
