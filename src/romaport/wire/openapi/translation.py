"""Sources and what is written over them, from one version of the standard to another."""

from typing import Any

import msgspec

from romaport.wire.openapi.components import component_tree, schema_kind, scheme_kind
from romaport.wire.openapi.downgrades import downgraded_operation, downgraded_scheme
from romaport.wire.openapi.operations import Component, object_of
from romaport.wire.openapi.references import Tree, rebuild
from romaport.wire.openapi.schemas import translated_schema
from romaport.wire.openapi.source import Source
from romaport.wire.openapi.standard import Version
from romaport.wire.openapi.upgrades import upgraded_operation, upgraded_scheme

__all__ = ["Parts", "parts_of", "translated_source"]

Parts = dict[Component, Any]
"""Components by kind and name."""

_MUTUAL_TLS = {"type": "http", "scheme": "mutual"}
"""What comes nearest in OpenAPI 3.0 to a certificate of the caller."""
_RESPONSES = {"default": {"description": "default response"}}


def parts_of(source: Source) -> Parts:
    """Answer the components of a source."""
    kinds = source.components if source.version is Version.V2_0 else object_of(source.components.get("components"))
    return {Component(kind, name): value for kind, named in kinds.items() for name, value in named.items()}


def translated_source(source: Source, target: Version) -> Source:
    """Say an operation and its components in another version; the same source if it is in that version."""
    if source.version is target:
        return source
    if source.version is Version.V2_0:
        return translated_source(_upgraded(source), target)
    if target is Version.V2_0:
        return _downgraded(translated_source(source, Version.V3_0))
    return _within_3(source, target)


def _upgraded(source: Source) -> Source:
    return _moved(source, Version.V3_0, upgraded_operation(source.operation, source), upgraded_scheme)


def _downgraded(source: Source) -> Source:
    return _moved(source, Version.V2_0, downgraded_operation(source.operation, source), downgraded_scheme)


def _moved(source: Source, target: Version, operation: Tree, scheme: Any) -> Source:
    """Carry schemas and schemes over; everything else was made a part of the operation."""
    moved: Parts = {}
    for component, value in parts_of(source).items():
        if component.kind == schema_kind(source.version):
            schema = translated_schema(value, source.version, target)
            moved[Component(schema_kind(target), component.name)] = schema
        elif component.kind == scheme_kind(source.version):
            moved[Component(scheme_kind(target), component.name)] = scheme(source.resolved(value))
    return msgspec.structs.replace(
        source, version=target, operation=operation, components=component_tree(moved.items(), target)
    )


def _within_3(source: Source, target: Version) -> Source:
    def change(found: Tree) -> Tree:
        if "schema" not in found:
            return found
        return {**found, "schema": translated_schema(found["schema"], source.version, target)}

    moved: Parts = {}
    for component, value in parts_of(source).items():
        if component.kind == schema_kind(source.version):
            moved[component] = translated_schema(value, source.version, target)
        elif target is Version.V3_0 and object_of(value).get("type") == "mutualTLS":
            moved[component] = _MUTUAL_TLS
        else:
            moved[component] = rebuild(value, change)
    operation = rebuild(source.operation, change)
    if target is Version.V3_0:
        # Newer documents may leave the answers out.
        operation.setdefault("responses", _RESPONSES)
    return msgspec.structs.replace(
        source, version=target, operation=operation, components=component_tree(moved.items(), target)
    )
