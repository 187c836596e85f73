"""The named parts of a document, and which of them a part of it needs."""

from collections.abc import Iterable, Iterator
from typing import Any

from romaport.wire.openapi.operations import Component, component_of, list_of, object_of
from romaport.wire.openapi.references import Tree, chain, references
from romaport.wire.openapi.standard import Version

__all__ = ["Components", "component_tree", "component_tree_kinds", "schema_kind", "scheme_kind"]


def schema_kind(version: Version) -> str:
    """Answer what the standard calls the place of named schemas."""
    return "definitions" if version is Version.V2_0 else "schemas"


def scheme_kind(version: Version) -> str:
    """Answer what the standard calls the place of named ways to authenticate."""
    return "securityDefinitions" if version is Version.V2_0 else "securitySchemes"


def component_tree(parts: Iterable[tuple[Component, Any]], version: Version) -> Tree:
    """Put named parts where references look for them."""
    kinds: dict[str, Tree] = {}
    for component, value in parts:
        kinds.setdefault(component.kind, {})[component.name] = value
    if version is Version.V2_0 or not kinds:
        return dict(kinds)
    return {"components": kinds}


def component_tree_kinds(tree: Tree, version: Version) -> set[str]:
    """Answer the kinds of the named parts of a tree that has nothing else; what else it has is among them."""
    if version is Version.V2_0:
        return set(tree)
    return set(object_of(tree.get("components"))) | (tree.keys() - {"components"})


class Components:
    """What is named in a document; remembers what each part refers to."""

    def __init__(self, tree: Tree, version: Version) -> None:
        self._tree = tree
        self._version = version
        self._kinds = tree if version is Version.V2_0 else object_of(tree.get("components"))
        self._needed: dict[Component, tuple[Component, ...]] = {}
        self._subtypes = self._find_subtypes()

    def get(self, component: Component) -> Any:
        """Answer a part; None if there is none of this name."""
        return object_of(self._kinds.get(component.kind)).get(component.name)

    def closure(self, *parts: Any, schemes: Iterable[str] = ()) -> Tree:
        """Answer the components that parts of the document need, and those that these need, in their places.

        `schemes` are names of ways to authenticate, which are referred to by name only.
        """
        wanted = [Component(scheme_kind(self._version), name) for name in schemes]
        wanted.extend(found for part in parts for found in self._referred(part))
        found: dict[Component, Any] = {}
        while wanted:
            component = wanted.pop()
            value = self.get(component)
            if component not in found and value is not None:
                found[component] = value
                wanted.extend(self._needs(component))
        return component_tree(sorted(found.items(), key=lambda item: (item[0].kind, item[0].name)), self._version)

    def _needs(self, component: Component) -> tuple[Component, ...]:
        if component not in self._needed:
            found = dict.fromkeys(self._referred(self.get(component)))
            self._needed[component] = (*found, *self._subtypes.get(component, ()))
        return self._needed[component]

    def _referred(self, part: Any) -> Iterator[Component]:
        for reference, _ in references(part):
            component = component_of(reference, self._version)
            if component:
                yield component

    def _find_subtypes(self) -> dict[Component, list[Component]]:
        """Answer the schemas that extend one with a discriminator, which names them but refers to none."""
        kind = schema_kind(self._version)
        schemas = object_of(self._kinds.get(kind))
        found: dict[Component, list[Component]] = {}
        for name, schema in schemas.items():
            for part in list_of(object_of(schema).get("allOf")):
                extended = component_of(str(object_of(part).get("$ref")), self._version)
                if extended and "discriminator" in object_of(chain(self._tree, part)):
                    found.setdefault(extended, []).append(Component(kind, name))
        return found
