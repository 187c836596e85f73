"""Taking a request apart into what travels, refers, is secret or stays; and putting it together again."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from romaport.kinds.kind import Kind, Parts, Travel

__all__ = ["MASK", "masked", "split", "split_body", "with_local"]

MASK = "********"
"""Shown for a secret that has a value; sent back in an update it means: as it was."""


def split(kind: Kind, flat: Mapping[str, Any]) -> Parts:
    """Take the flat fields of a request apart by how each travels."""
    given: dict[Travel, dict[str, Any]] = {travel: {} for travel in Travel}
    for field, value in flat.items():
        if value is not None:
            given[kind.travels[field]][field] = value
    parts = Parts(
        name=str(given[Travel.NAME].get(kind.name_field, "")),
        body=given[Travel.PLAIN],
        local=given[Travel.LOCAL],
        secrets=given[Travel.SECRET],
        # An id that is a number on the wire is a text like any other here.
        references={field: str(target) for field, target in given[Travel.REFERENCE].items()},
        unique=given[Travel.UNIQUE],
    )
    return _sifted(kind, parts)


def split_body(kind: Kind, body: Mapping[str, Any]) -> Parts:
    """Take a travelling body apart: it has plain fields alone, which may hide what does not travel even so."""
    # There are very many of them in a package, so none is asked field by field how it travels.
    return _sifted(kind, Parts(name="", body={field: value for field, value in body.items() if value is not None}))


def _sifted(kind: Kind, parts: Parts) -> Parts:
    """Take out of the plain fields what they hide."""
    body = parts.body
    for paths, lifted in ((kind.secret_paths, parts.secrets), (kind.local_paths, parts.local)):
        for path in paths:
            body = _lifted(body, path.split("."), path, lifted)
    return kind.refine(parts if body is parts.body else replace(parts, body=body))


def _lifted(body: dict[str, Any], steps: list[str], path: str, lifted: dict[str, Any]) -> dict[str, Any]:
    first, *rest = steps
    if first not in body:
        return body
    if not rest:
        value = body[first]
        if value not in (None, ""):
            lifted[path] = value
        return {name: kept for name, kept in body.items() if name != first}
    inner = body[first]
    if not isinstance(inner, dict):
        return body
    left = _lifted(inner, rest, path, lifted)
    return body if left is inner else {**body, first: left}


def masked(body: Mapping[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """Answer a body with stars where its secrets would stand."""
    return _with(body, dict.fromkeys(paths, MASK))


def with_local(body: Mapping[str, Any], local: Mapping[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """Answer a body with what was lifted out of it as belonging to the instance."""
    return _with(body, {path: local[path] for path in paths if path in local})


def _with(body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(body)
    for path, value in values.items():
        *outer, last = path.split(".")
        level = shown
        for step in outer:
            inner = level.get(step)
            level[step] = dict(inner) if isinstance(inner, dict) else {}
            level = level[step]
        level[last] = value
    return shown
