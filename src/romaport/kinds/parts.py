"""Taking a request apart into what travels, refers, is secret or stays; and putting it together again."""

from collections.abc import Mapping
from typing import Any

from romaport.kinds.kind import Kind, Parts, Travel

__all__ = ["MASK", "masked", "split", "with_local"]

MASK = "********"
"""Shown for a secret that has a value; sent back in an update it means: as it was."""


def split(kind: Kind, flat: Mapping[str, Any]) -> Parts:
    """Take the flat fields of a request apart by how each travels."""
    body: dict[str, Any] = {}
    others: dict[Travel, dict[str, Any]] = {}
    for field, value in flat.items():
        if value is None:
            continue
        travel = kind.travels[field]
        if travel is Travel.PLAIN:
            body[field] = value
        else:
            others.setdefault(travel, {})[field] = value
    secrets, local = _of(others, Travel.SECRET), _of(others, Travel.LOCAL)
    for paths, lifted in ((kind.secret_paths, secrets), (kind.local_paths, local)):
        for path in paths:
            body = _lifted(body, path.split("."), path, lifted)
    parts = Parts(
        name=str(_of(others, Travel.NAME).get(kind.name_field, "")),
        body=body,
        local=local,
        secrets=secrets,
        # An id that is a number on the wire is a text like any other here.
        references={field: str(target) for field, target in _of(others, Travel.REFERENCE).items()},
        unique=_of(others, Travel.UNIQUE),
    )
    return kind.refine(parts)


def _of(chosen: Mapping[Travel, dict[str, Any]], travel: Travel) -> dict[str, Any]:
    # A body from a package has plain fields alone, and there are very many of them.
    return chosen.get(travel, {}) if chosen else {}


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
    return {**body, first: _lifted(inner, rest, path, lifted)}


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
