"""Entries of a package to staged rows, each checked against the rules of its kind first.

Nothing in a package is trusted: a body must be what the kind's own operations would take, a name
too once the prefix is before it, and a secret must not be there at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from romaport.catalog.store.rows import key_text
from romaport.errors import AssetInvalid, PackageSecretFound, RomaportError
from romaport.ids import new_id
from romaport.kinds import KINDS, Kind, Travel, split
from romaport.storage import Vault

__all__ = ["Arrival", "Batch", "Intake", "Problem"]


class Arrival(Protocol):
    """One asset as a package carries it."""

    @property
    def key(self) -> tuple[str, ...]:
        """The names of what scopes it, then its own."""
        ...

    @property
    def body(self) -> msgspec.Raw:
        """Its plain fields, a JSON text."""
        ...

    @property
    def references(self) -> Mapping[str, tuple[str, ...]]:
        """Keys of other assets, by field."""
        ...

    @property
    def unique(self) -> Mapping[str, str]:
        """Values that no other of the kind may have, by field."""
        ...

    @property
    def holes(self) -> tuple[str, ...]:
        """Paths of the secrets that were left out."""
        ...


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What keeps one arriving asset out."""

    name: str
    error: RomaportError


@dataclass
class Batch:
    """Rows that are staged together, and what was wrong with the entries they came from."""

    assets: list[dict[str, Any]] = field(default_factory=list)
    references: list[dict[str, Any]] = field(default_factory=list)
    unique: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Intake:
    """Turns the entries of one kind into rows."""

    def __init__(self, kind: Kind, *, job_id: str, prefix: str, vault: Vault) -> None:
        self._kind = kind
        self._job_id = job_id
        self._prefix = prefix
        self._vault = vault
        self._body = _plain_shape(kind)
        self._name = _field_type(kind.create, kind.name_field) if kind.name_field else str
        self._unique = {name: _field_type(kind.create, name) for name in kind.of(Travel.UNIQUE)}
        self._scope = next((found for found in kind.references if found.in_key), None)
        self._generated = {name: make for name, make in kind.generate.items() if name in kind.of(Travel.SECRET)}

    def batch(self, entries: Sequence[Arrival], *, first: int) -> Batch:
        """Turn entries into rows; `first` is the position of the first one in its file."""
        batch = Batch()
        for position, entry in enumerate(entries, first):
            problems = self._problems(entry)
            batch.problems.extend(Problem(name=entry.key[-1], error=error) for error in problems)
            # A row stands for every entry, right or wrong, so that a restart knows how far it was.
            self._add(batch, position, entry)
        return batch

    def _problems(self, entry: Arrival) -> list[RomaportError]:
        found: list[RomaportError] = []

        def check(text: bytes | str, shape: object, what: str, *, is_json: bool) -> None:
            try:
                msgspec.json.decode(text, type=shape) if is_json else msgspec.convert(text, shape)
            except (msgspec.ValidationError, msgspec.DecodeError) as refusal:
                found.append(AssetInvalid(problem=f"{what}: {refusal}"))

        check(bytes(entry.body), self._body, "body", is_json=True)
        if self._kind.name_field:
            check(self._placed(self._kind, entry.key)[-1], self._name, self._kind.name_field, is_json=False)
        for name, value in entry.unique.items():
            if name in self._unique:
                check(value, self._unique[name], name, is_json=False)
            else:
                found.append(AssetInvalid(problem=f"unique: {name} is no unique field of a {self._kind.title}"))
        expected = {reference.field for reference in self._kind.references}
        if set(entry.references) != expected:
            found.append(
                AssetInvalid(problem=f"references: must be {sorted(expected)}, are {sorted(entry.references)}")
            )
        found.extend(self._scope_problems(entry))
        if not found:
            found.extend(self._secret_problems(entry))
        return found

    def _scope_problems(self, entry: Arrival) -> list[RomaportError]:
        scope = entry.references.get(self._scope.field, ()) if self._scope else ()
        own = 1 if self._kind.name_field else 0
        if len(entry.key) == len(scope) + own and entry.key[: len(scope)] == tuple(scope):
            return []
        return [AssetInvalid(problem="key: must be the key of what scopes the asset, followed by its own name")]

    def _secret_problems(self, entry: Arrival) -> list[RomaportError]:
        lifted = split(self._kind, msgspec.json.decode(bytes(entry.body))).secrets
        return [PackageSecretFound(paths=", ".join(sorted(lifted)))] if lifted else []

    def _placed(self, kind: Kind, key: tuple[str, ...]) -> tuple[str, ...]:
        """Put the prefix before the first name of a key, if that is the name of a kind that takes one."""
        if not self._prefix or not _root(kind).is_prefixed:
            return key
        return (self._prefix + key[0], *key[1:])

    def _add(self, batch: Batch, position: int, entry: Arrival) -> None:
        place = {"job_id": self._job_id, "kind": self._kind.name, "position": position}
        key = self._placed(self._kind, entry.key)
        asset_id = new_id()
        made = {name: make() for name, make in self._generated.items()}
        batch.assets.append(
            {
                **place,
                "new_id": asset_id,
                "key": key_text(key),
                "name": key[-1],
                "body": bytes(entry.body).decode(),
                "secrets": self._vault.seal(msgspec.json.encode(made), owner=asset_id) if made else None,
                "secret_paths": msgspec.json.encode(sorted(made)).decode(),
                "holes": msgspec.json.encode(sorted(set(entry.holes) - set(made))).decode(),
            }
        )
        for reference in self._kind.references:
            target = entry.references.get(reference.field)
            if target:
                batch.references.append(
                    {
                        **place,
                        "field": reference.field,
                        "target_kind": reference.to,
                        "target_key": key_text(self._placed(KINDS[reference.to], tuple(target))),
                        "target_key_bare": key_text(target),
                        "owns": int(reference.owns),
                    }
                )
        for name in self._unique:
            spare = self._kind.generate[name]() if name in self._kind.generate else new_id()
            batch.unique.append({**place, "field": name, "value": entry.unique.get(name, spare), "spare": spare})


def _root(kind: Kind) -> Kind:
    scope = next((found for found in kind.references if found.in_key), None)
    return _root(KINDS[scope.to]) if scope else kind


def _field_type(shape: type[Struct], name: str) -> Any:  # noqa: ANN401 - a type, as annotations give it
    for found in msgspec.structs.fields(shape):
        if found.name == name:
            return found.type
        if isinstance(found.type, type) and issubclass(found.type, Struct):
            inner = _field_type(found.type, name)
            if inner is not None:
                return inner
    return None


def _is_required(shape: type[Struct], name: str) -> bool:
    for found in msgspec.structs.fields(shape):
        if found.name == name:
            return found.required
        if isinstance(found.type, type) and issubclass(found.type, Struct) and _field_type(found.type, name):
            return _is_required(found.type, name)
    return False


def _plain_shape(kind: Kind) -> type[Struct]:
    """Make the shape of a travelling body: the plain fields of a request, with their rules."""
    plain = kind.of(Travel.PLAIN)
    required = [(name, _field_type(kind.create, name)) for name in plain if _is_required(kind.create, name)]
    optional = [
        (name, _field_type(kind.create, name), msgspec.UNSET) for name in plain if not _is_required(kind.create, name)
    ]
    optional = [(name, of | msgspec.UnsetType, default) for name, of, default in optional]
    return msgspec.defstruct(f"{kind.name}_body", [*required, *optional], forbid_unknown_fields=True)
