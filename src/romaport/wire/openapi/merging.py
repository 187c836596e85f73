"""Operations from several documents in one, where a name may mean something else in each of them."""

import re
from collections.abc import Iterator
from typing import Any

from romaport.wire.openapi.components import component_tree, scheme_kind
from romaport.wire.openapi.operations import Component, component_of, list_of, object_of
from romaport.wire.openapi.references import Tree, pointer, rebuild, references
from romaport.wire.openapi.standard import Version
from romaport.wire.openapi.translation import Parts

__all__ = ["Shelf", "shelved"]

_TRIED_MAX = 16
"""Shelves that an operation is tried on before it gets one of its own: documents that one group was made of."""
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]")


class Shelf:
    """Components that fit together: those of one document, or of several that have no name in common."""

    def __init__(self) -> None:
        self.parts: Parts = {}
        self.operations: list[Tree] = []

    def take(self, parts: Parts, operation: Tree) -> bool:
        """Take an operation with its components; answer False, having taken nothing, if a name means two things."""
        if any(name in self.parts and self.parts[name] != value for name, value in parts.items()):
            return False
        self.parts |= parts
        self.operations.append(operation)
        return True


def shelved(found: list[tuple[Parts, Tree]], version: Version) -> tuple[list[Tree], Tree]:
    """Answer the operations in their order, and the components of them all in their places.

    A component that has its name already for something else gets a number behind it, and all that refers to it
    is changed.
    """
    shelves: list[Shelf] = []
    places: list[tuple[int, int]] = []
    for parts, operation in found:
        tried = range(max(0, len(shelves) - _TRIED_MAX), len(shelves))
        position = next((at for at in tried if shelves[at].take(parts, operation)), len(shelves))
        if position == len(shelves):
            shelves.append(Shelf())
            shelves[position].take(parts, operation)
        places.append((position, len(shelves[position].operations) - 1))
    together: Parts = {}
    written = [_placed(shelf, together, version) for shelf in shelves]
    ordered = sorted(together.items(), key=lambda item: (item[0].kind, item[0].name))
    return [written[shelf][at] for shelf, at in places], component_tree(ordered, version)


def _placed(shelf: Shelf, together: Parts, version: Version) -> list[Tree]:
    names = _names(shelf, together, version)
    moved = {
        Component(part.kind, names.get(part, part.name)): _renamed(value, names, version)
        for part, value in shelf.parts.items()
    }
    together.update(moved)
    return [_renamed(operation, names, version) for operation in shelf.operations]


def _names(shelf: Shelf, together: Parts, version: Version) -> dict[Component, str]:
    """Answer the new names of the components that cannot keep theirs."""
    taken = {*together, *shelf.parts}
    names: dict[Component, str] = {}
    for part in _moving(shelf.parts, together, version):
        wanted = _NOT_IN_NAME.sub("_", part.name) if version is not Version.V2_0 else part.name
        name, number = wanted, 1
        while Component(part.kind, name) in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(Component(part.kind, name))
        names[part] = name
    return names


def _moving(parts: Parts, together: Parts, version: Version) -> list[Component]:
    """Answer what must be renamed: names that are taken or not allowed, and what refers to those and is there too."""
    moving = {
        part
        for part, value in parts.items()
        if (part in together and together[part] != value)
        or (version is not Version.V2_0 and _NOT_IN_NAME.search(part.name))
    }
    shared = {part: set(_referred(value, version)) for part, value in parts.items() if part in together}
    while True:
        more = {part for part, referred in shared.items() if part not in moving and referred & moving}
        if not more:
            return sorted(moving, key=lambda part: (part.kind, part.name))
        moving |= more


def _referred(value: Any, version: Version) -> Iterator[Component]:
    for reference, _ in references(value):
        component = component_of(reference, version)
        if component:
            yield component


def _renamed(value: Any, names: dict[Component, str], version: Version) -> Any:
    if not names:
        return value
    schemes = {part.name: name for part, name in names.items() if part.kind == scheme_kind(version)}

    def change(found: Tree) -> Tree:
        written = found
        if isinstance(found.get("$ref"), str):
            written = {**found, "$ref": _reference(found["$ref"], names, version)}
        if isinstance(found.get("propertyName"), str) and isinstance(found.get("mapping"), dict):
            mapping = {key: _reference(str(target), names, version) for key, target in found["mapping"].items()}
            written = {**written, "mapping": mapping}
        if schemes and isinstance(found.get("security"), list):
            written = {**written, "security": [_requirement(inner, schemes) for inner in list_of(found["security"])]}
        return written

    return rebuild(value, change)


def _requirement(requirement: Any, schemes: dict[str, str]) -> Tree:
    return {schemes.get(name, name): scopes for name, scopes in object_of(requirement).items()}


def _reference(reference: str, names: dict[Component, str], version: Version) -> str:
    component = component_of(reference, version)
    if component not in names:
        return reference
    before = ("components",) if version is not Version.V2_0 else ()
    inside = reference.split("/")[len(before) + 3 :]
    whole = pointer(*before, component.kind, names[component])
    return "/".join([whole, *inside])
