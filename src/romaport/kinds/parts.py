"""Taking a request apart into what travels, refers, is secret or stays; and putting secrets back as stars."""

from collections.abc import Mapping
from typing import Any

from romaport.kinds.kind import Kind, Parts, Travel

__all__ = ["MASK", "masked", "split"]

MASK = "********"
"""Shown for a secret that has a value; sent back in an update it means: as it was."""


def split(kind: Kind, flat: Mapping[str, Any]) -> Parts:
    """Take the flat fields of a request apart by how each travels."""
    chosen: dict[Travel, dict[str, Any]] = {travel: {} for travel in Travel}
    for field, value in flat.items():
        if value is not None:
            chosen[kind.travels[field]][field] = value
    body = chosen[Travel.PLAIN]
    secrets = dict(chosen[Travel.SECRET])
    for path in kind.secret_paths:
        body = _lifted(body, path.split("."), path, secrets)
    parts = Parts(
        name=str(chosen[Travel.NAME].get(kind.name_field, "")),
        body=body,
        local=chosen[Travel.LOCAL],
        secrets=secrets,
        references=chosen[Travel.REFERENCE],
        unique=chosen[Travel.UNIQUE],
    )
    return kind.refine(parts)


def _lifted(body: dict[str, Any], steps: list[str], path: str, secrets: dict[str, Any]) -> dict[str, Any]:
    first, *rest = steps
    if first not in body:
        return body
    if not rest:
        value = body[first]
        if value not in (None, ""):
            secrets[path] = value
        return {name: kept for name, kept in body.items() if name != first}
    inner = body[first]
    if not isinstance(inner, dict):
        return body
    return {**body, first: _lifted(inner, rest, path, secrets)}


def masked(body: Mapping[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """Answer a body with stars where its secrets would stand."""
    shown = dict(body)
    for path in paths:
        *outer, last = path.split(".")
        level = shown
        for step in outer:
            inner = level.get(step)
            level[step] = dict(inner) if isinstance(inner, dict) else {}
            level = level[step]
        level[last] = MASK
    return shown
