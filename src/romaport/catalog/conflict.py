"""What stands in the way of one asset."""

from dataclasses import dataclass

import msgspec

from romaport.errors import AppKeyTaken, AppNameTaken, AssetInUse, AssetNameTaken, RomaportError
from romaport.kinds import KINDS, Kind

__all__ = ["CONFLICTS_MAX", "Conflict", "key_name", "taken"]

CONFLICTS_MAX = 10_000
"""The most conflicts that one check collects; a report beyond that serves nobody."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What stands in the way of one asset."""

    kind: str
    key: tuple[str, ...]
    error: RomaportError

    @property
    def name(self) -> str:
        """What people call it: the names of what scopes it, then its own."""
        return key_name(self.key)

    @classmethod
    def in_use(cls, user: tuple[str, str, str, str]) -> "Conflict":
        """Make one of (kind, key, target's kind, target's key): the target cannot go while the other refers to it."""
        kind, key, target_kind, target_key = user
        users = f"{KINDS[kind].title} {key_name(key)}"
        error = AssetInUse(kind=KINDS[target_kind].title, name=key_name(target_key), users=users)
        return cls.of(target_kind, target_key, error)

    @classmethod
    def of(cls, kind: str, key: str, error: RomaportError) -> "Conflict":
        """Make one from a key as the tables hold it."""
        return cls(kind=kind, key=tuple(msgspec.json.decode(key)), error=error)


def key_name(key: tuple[str, ...] | str) -> str:
    """Write a natural key, or the text the tables hold of it, for people."""
    parts: list[str] = msgspec.json.decode(key) if isinstance(key, str) else list(key)
    return " / ".join(parts)


def taken(kind: Kind, field: str, value: str) -> RomaportError:
    """Answer the refusal that says that a name, or another unique value, is taken."""
    if kind.name == "app":
        return AppKeyTaken(value=value) if field == "key" else AppNameTaken(name=value)
    if field == kind.name_field and kind.refusals.taken is not None:
        return kind.refusals.taken(name=value)
    return AssetNameTaken(kind=kind.title, name=value, field=field or kind.name)
