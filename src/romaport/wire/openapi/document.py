"""A document that was read and found right."""

from dataclasses import dataclass
from typing import Any

from romaport.errors import BodyInvalid
from romaport.wire.openapi.checks import problems_of
from romaport.wire.openapi.operations import Operation, component_of, operations
from romaport.wire.openapi.options import OpenapiOptions
from romaport.wire.openapi.references import Tree, rebuild, resolve
from romaport.wire.openapi.standard import Version, version_of
from romaport.wire.openapi.text import check_size, parse

__all__ = ["Document", "read_document"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document as plain values; every reference in it leads to a component of it."""

    version: Version
    tree: Tree

    @property
    def operations(self) -> list[Operation]:
        """Its operations that an API can carry, in their order."""
        return [found for found in operations(self.tree) if found.is_carried]

    @property
    def ignored(self) -> list[Operation]:
        """Its operations that no API can carry: a gateway knows no TRACE."""
        return [found for found in operations(self.tree) if not found.is_carried]


def read_document(text: bytes, options: OpenapiOptions | None = None) -> Document:
    """Read a document of Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1, in JSON or YAML (contract 6.4, 7.7).

    Raises `BodyTooLarge`, or `BodyInvalid` with every problem found, each as `place: rule`; a place is the JSON
    pointer of what is wrong, or line and column where the text cannot be read at all.
    """
    options = options or OpenapiOptions()
    tree = parse(text, options)
    version = version_of(tree)
    if version is None:
        raise BodyInvalid(problems='#: must have "swagger" with the text 2.0, or "openapi" with a text 3.0.x or 3.1.x')
    problems = problems_of(tree, version, options)
    if problems:
        raise BodyInvalid(problems="; ".join(problems))
    return Document(version=version, tree=_inlined(tree, version, options))


def _inlined(tree: Tree, version: Version, options: OpenapiOptions) -> Tree:
    """Put what a reference leads to in its place, unless that is a component and so has a name."""
    # Every round doubles how far references were followed, and so how deep the values are, until there are none left.
    while True:
        tree, was_changed = _inlined_once(tree, version)
        if not was_changed:
            return tree
        check_size(tree, options)


def _inlined_once(tree: Tree, version: Version) -> tuple[Tree, bool]:
    found: list[str] = []

    def change(value: Tree) -> Any:
        reference = value.get("$ref")
        if not isinstance(reference, str) or component_of(reference, version):
            return value
        found.append(reference)
        siblings = {name: inner for name, inner in value.items() if name != "$ref"}
        target = resolve(tree, reference)
        return {**target, **siblings} if isinstance(target, dict) else target

    changed = rebuild(tree, change)
    return changed, bool(found)
