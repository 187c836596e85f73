"""What an update leaves as it was: secrets shown as stars, and what a request does not name."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from romaport.kinds import MASK, Asset, Kind, Parts

__all__ = ["holes_after", "updated"]


def updated(kind: Kind, asset: Asset, parts: Parts, old: Mapping[str, Any]) -> Parts:
    """Fill an update with what it leaves as it was; `old` are the asset's secrets by path."""
    parts = replace(
        parts,
        secrets=_secrets(kind, asset, parts, old),
        references=_references(kind, asset) | parts.references,
        unique={**asset.unique, **parts.unique},
    )
    if kind.replaces:
        # What a request could have named, at whatever depth, it has left out.
        kept = {field: value for field, value in asset.local.items() if field.split(".")[0] not in kind.travels}
        body = {field: asset.body[field] for field in (*kind.keeps, *kind.unseen) if field in asset.body}
        return replace(parts, local={**kept, **parts.local}, body={**body, **parts.body})
    parts = replace(parts, local={**asset.local, **parts.local})
    return replace(parts, name=parts.name or asset.name, body={**asset.body, **parts.body})


def _secrets(kind: Kind, asset: Asset, parts: Parts, old: Mapping[str, Any]) -> dict[str, Any]:
    secrets = {path: old.get(path, "") if value == MASK else value for path, value in parts.secrets.items()}
    stars = set(kind.stars(parts.body))
    for path, value in old.items():
        shown = _at(parts.body, path)
        has_stars = path in stars or (shown is not None and shown == _at(asset.body, path))
        if path in kind.generate or (has_stars and path not in secrets):
            secrets[path] = value
    return secrets


def _references(kind: Kind, asset: Asset) -> dict[str, str]:
    # An update that gives the whole asset leaves out what it no longer refers to.
    left_out = {found.field for found in kind.references if found.optional and kind.replaces}
    return {field: target.id for field, target in asset.references.items() if field not in left_out}


def holes_after(kind: Kind, asset: Asset, parts: Parts) -> set[str]:
    """Answer what an update leaves open: old holes, unless their place is gone, and stars without a secret."""
    held = set(asset.holes) - set(kind.stars(asset.body))
    return (held | set(kind.stars(parts.body))) - set(parts.secrets)


def _at(body: Mapping[str, Any], path: str) -> object:
    level: object = body
    for step in path.split("."):
        level = level.get(step) if isinstance(level, dict) else None
    return level
