"""From what people call assets to their ids: names with wildcards, and tags."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import msgspec

from romaport.catalog.catalog import Actor
from romaport.catalog.conflict import key_name
from romaport.catalog.store import listing
from romaport.errors import AssetsMissing
from romaport.kinds import KINDS, Kind
from romaport.storage import Transaction

__all__ = ["Wanted", "choose"]

# How several tags of a topic are written in one text (contract 7.8); no other tag has these characters.
_JOINTS = re.compile(r"\s*(?:\|\||&)\s*")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What people ask for: names by kind, each with `*`, `?` and `[...]` as in a shell, and tags likewise."""

    names: Mapping[str, Sequence[str]]
    tags: Sequence[str] = ()


def choose(tx: Transaction, instance_id: str, wanted: Wanted, actor: Actor) -> list[str]:
    """Answer the ids of what is wanted; raise `AssetsMissing` with every name and tag that fits nothing."""
    ids: list[str] = []
    unmet = {(kind, pattern) for kind, patterns in wanted.names.items() for pattern in patterns}
    unmet |= {("tag", tag) for tag in wanted.tags}
    kinds = [name for name, kind in KINDS.items() if name in wanted.names or (wanted.tags and kind.tags)]
    for asset_id, kind, key, name, body in listing.listed(tx, instance_id, kinds, actor.member_id):
        met = {(kind, pattern) for pattern in wanted.names.get(kind, ()) if _fits(pattern, name, key)}
        met |= {("tag", tag) for tag in wanted.tags if any(fnmatchcase(own, tag) for own in _tags(KINDS[kind], body))}
        if met:
            ids.append(asset_id)
            unmet -= met
    if unmet:
        listed = ", ".join(f"{KINDS[kind].title if kind in KINDS else kind} {what}" for kind, what in sorted(unmet))
        raise AssetsMissing(count=len(unmet), listed=listed)
    return ids


def _fits(pattern: str, name: str, key: str) -> bool:
    # A name stands for itself even if it has the signs of a wildcard in it.
    return any(own == pattern or fnmatchcase(own, pattern) for own in (name, key_name(key)))


def _tags(kind: Kind, body: str) -> list[str]:
    if kind.tags is None:
        return []
    found = msgspec.json.decode(body).get(kind.tags) or []
    return [tag for tag in _JOINTS.split(found) if tag] if isinstance(found, str) else [str(tag) for tag in found]
