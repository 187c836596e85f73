"""Entries of a package to staged rows, each checked against the rules of its kind first.

Nothing in a package is trusted: a body must be what the kind's own operations would take, a name
too once the prefix is before it, and a secret must not be there at all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from romaport.catalog.conflict import key_name
from romaport.catalog.store.arriving import StagedAsset, StagedReference, StagedUnique
from romaport.catalog.store.brought import Step
from romaport.catalog.store.rows import json_text, key_text
from romaport.errors import AssetInvalid, PackageSecretFound, RomaportError, ValueInvalid, ValueUnmatched
from romaport.ids import new_id
from romaport.kinds import KINDS, MASK, Kind, Travel, split_body
from romaport.storage import Vault
from romaport.wire.bodies import nul_problems

__all__ = ["Arrival", "Arrived", "Batch", "Intake", "Problem", "is_sound"]

_ARRIVED_MAX = 50_000
# To ask an enumeration for a value takes longer than to fill a column with it.
_CREATE = Step.CREATE.value


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

    assets: list[StagedAsset] = field(default_factory=list)
    references: list[StagedReference] = field(default_factory=list)
    unique: list[StagedUnique] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Arrived:
    """The ids of what a package has brought so far, of as many as there is room for, by kind and key text.

    Spares the database to look most references up; those to what is not here are left to it.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}

    def note(self, kind: str, key: str, asset_id: str) -> None:
        """Remember an asset."""
        if len(self._ids) < _ARRIVED_MAX:
            self._ids[kind, key] = asset_id

    def id_of(self, kind: str, key: str) -> str | None:
        """Answer the id of an asset, if it is remembered."""
        return self._ids.get((kind, key))


class Intake:
    """Turns the entries of one kind into rows."""

    def __init__(  # noqa: PLR0913 - what an import says about the entries of a kind
        self,
        kind: Kind,
        *,
        job_id: str,
        prefix: str,
        vault: Vault,
        at: int,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        arrived: Arrived | None = None,
    ) -> None:
        """Begin with the entries of a kind; `values` are secrets by the asset's name and the path of the field.

        `arrived` is shared by the kinds of one package.
        """
        self._arrived = arrived or Arrived()
        self._is_target = any(found.to == kind.name for other in KINDS.values() for found in other.references)
        self.kind = kind
        self._job_id = job_id
        self._prefix = prefix
        self._vault = vault
        self._at = at
        self._values = values or {}
        self._unmatched = dict.fromkeys(self._values)
        self._body = _body_decoder(kind.name)
        self._name = _check_of(kind, kind.name_field) if kind.name_field else str
        self._unique = {name: _check_of(kind, name) for name in kind.of(Travel.UNIQUE)}
        self._known = frozenset(found.field for found in kind.references)
        self._needed = frozenset(found.field for found in kind.references if not found.optional)
        # In the order in which their fields travel.
        self._references = sorted(kind.references, key=lambda found: found.field)
        self._scopes = kind.scopes
        self._own_count = 1 if kind.name_field else 0
        self._generated = {name: make for name, make in kind.generate.items() if name in kind.of(Travel.SECRET)}
        self._secret = {
            name: partial(msgspec.convert, type=_field_type(kind.create, name)) for name in kind.of(Travel.SECRET)
        }

    @property
    def unmatched(self) -> list[str]:
        """The names that values were given for and no entry so far has."""
        return list(self._unmatched)

    def problems(self, entries: Sequence[Arrival]) -> list[Problem]:
        """Say what is wrong with entries, each on its own."""
        return [problem for entry in entries for problem in self._named(entry)]

    def keys(self, entries: Sequence[Arrival]) -> list[str]:
        """Say which keys entries will have, as texts."""
        # Only a prefix asks whether an entry is sound.
        sound = (not self._prefix or not self._problems(entry) for entry in entries)
        return [key_text(self._placed(entry, is_sound=right)) for entry, right in zip(entries, sound, strict=True)]

    def batch(self, entries: Iterable[Arrival], *, first: int, ids: Sequence[str]) -> Batch:
        """Turn entries into rows with these ids; `first` is the position of the first one in its file."""
        batch = Batch()
        for position, (entry, asset_id) in enumerate(zip(entries, ids, strict=True), first):
            problems = self._named(entry)
            batch.problems += problems
            # A row stands for every entry, right or wrong, so that a restart knows how far it was.
            self._add(batch, (position, asset_id), entry, is_sound=not problems)
        return batch

    def _named(self, entry: Arrival) -> list[Problem]:
        found = self._problems(entry)
        if not found:
            return []
        name = key_name(self._placed(entry, is_sound=False))
        return [Problem(name=name, error=error) for error in found]

    def _problems(self, entry: Arrival) -> list[RomaportError]:
        """Find all that is wrong with an entry; one that is well formed is not asked for every rule by itself."""
        found: list[RomaportError] = []
        if not self._is_well_formed(entry):
            found += [*self._shape_problems(entry), *self._reference_problems(entry)]
        if not found:
            found = self._body_problems(entry)
        if self._values:
            found += self._value_problems(entry)
        return found

    def _shape_problems(self, entry: Arrival) -> Iterator[RomaportError]:
        yield from _checked("body", self._body.decode, bytes(entry.body))
        if self.kind.name_field:
            yield from _checked(self.kind.name_field, self._name, self._placed(entry, is_sound=True)[-1])
        for name, value in entry.unique.items():
            if name in self._unique:
                yield from _checked(name, self._unique[name], value)
            else:
                yield AssetInvalid(problem=f"unique: {name} is no unique field of a {self.kind.title}")

    def _reference_problems(self, entry: Arrival) -> Iterator[RomaportError]:
        if not self._has_its_references(entry):
            known, given = sorted(self._known), sorted(entry.references)
            yield AssetInvalid(problem=f"references: must be {known}, are {given}")
        if not self._is_keyed_by_its_scopes(entry):
            yield AssetInvalid(problem="key: must be the keys of what scopes the asset, followed by its own name")

    def _has_its_references(self, entry: Arrival) -> bool:
        given = entry.references.keys()
        # Nearly all have every one, and to be equal is asked in half the time.
        return given == self._known or self._needed <= given <= self._known

    def _is_keyed_by_its_scopes(self, entry: Arrival) -> bool:
        if not self._scopes:
            return len(entry.key) == self._own_count
        scope = [part for found in self._scopes for part in entry.references.get(found.field, ())]
        return len(entry.key) == len(scope) + self._own_count and list(entry.key[: len(scope)]) == scope

    def _is_well_formed(self, entry: Arrival) -> bool:
        if not self._has_its_references(entry) or not self._is_keyed_by_its_scopes(entry):
            return False
        if not entry.unique.keys() <= self._unique.keys():
            return False
        try:
            self._body.decode(entry.body)
            if self._own_count:
                self._name(self._placed(entry, is_sound=True)[-1])
            for name, value in entry.unique.items():
                self._unique[name](value)
        except (msgspec.ValidationError, msgspec.DecodeError):
            return False
        return True

    def _body_problems(self, entry: Arrival) -> list[RomaportError]:
        text = bytes(entry.body)
        body = msgspec.json.decode(text)
        parts = split_body(self.kind, body)
        problems = [*nul_problems(text, body, "body"), *(f"body: {problem}" for problem in self.kind.rules(parts.body))]
        found: list[RomaportError] = [AssetInvalid(problem=problem) for problem in problems]
        if lifted := parts.secrets and sorted(path for path, value in parts.secrets.items() if value != MASK):
            found.append(PackageSecretFound(paths=", ".join(lifted)))
        return found

    def _value_problems(self, entry: Arrival) -> Iterator[RomaportError]:
        name = key_name(entry.key)
        self._unmatched.pop(name, None)
        for path, value in self._values.get(name, {}).items():
            place = f"{path} of {self.kind.title} {name}"
            if path not in entry.holes and path not in self._generated:
                yield ValueUnmatched(place=place)
            elif value in (None, "", MASK):
                yield ValueInvalid(place=place, problem="It is empty, or made of stars.")
            elif path in self._secret:
                for refusal in _refusals(self._secret[path], value):
                    yield ValueInvalid(place=place, problem=refusal)

    def _placed(self, entry: Arrival, *, is_sound: bool) -> tuple[str, ...]:
        """Answer an entry's key as it will be: with the prefix before every name that takes one.

        What scopes an entry that is not sound says nothing; its own key is at least no other one's.
        """
        if not self._prefix:
            return entry.key
        scope = [
            part
            for found in self._scopes
            if found.field in entry.references
            for part in self._prefixed(found.to, entry.references[found.field])
        ]
        if scope and is_sound:
            return (*scope, *entry.key[len(scope) :])
        return self._prefixed(self.kind.name, entry.key)

    def _prefixed(self, kind: str, key: tuple[str, ...]) -> tuple[str, ...]:
        """Put the prefix before the first name of a key, if that is the name of a kind that takes one."""
        return (self._prefix + key[0], *key[1:]) if _is_prefixed(kind) else key

    def _add(self, batch: Batch, numbers: tuple[int, str], entry: Arrival, *, is_sound: bool) -> None:
        position, asset_id = numbers
        key = self._placed(entry, is_sound=is_sound)
        # What is refused may hold what must not be written down, such as a secret.
        body = bytes(entry.body).decode() if is_sound else "{}"
        filled = dict(self._values.get(key_name(entry.key), {})) if self._values else {}
        secrets = {name: make() for name, make in self._generated.items()} | filled
        text = key_text(key)
        if self._is_target:
            self._arrived.note(self.kind.name, text, asset_id)
        references = list(self._led(position, entry))
        batch.references += references
        told = ",".join(f'"{found.field}":{found.target_key}' for found in references)
        batch.assets.append(
            StagedAsset(
                job_id=self._job_id,
                kind=self.kind.name,
                position=position,
                step=_CREATE,
                new_id=asset_id,
                key=text,
                name=key[-1],
                body=body,
                reference_keys=f"{{{told}}}" if told else None,
                published=body if self.kind.arrive else None,
                local=json_text(self.kind.arrive({}, self._at)) if self.kind.arrive else "{}",
                secrets=self._sealed(secrets, asset_id),
                secret_paths=json_text(sorted(secrets)) if secrets else "[]",
                holes=json_text(sorted(set(entry.holes) - set(secrets))) if entry.holes else "[]",
                filled=self._sealed(filled, asset_id),
            )
        )
        for name in self._unique:
            spare = self.kind.generate[name]() if name in self.kind.generate else new_id()
            batch.unique.append(
                StagedUnique(
                    job_id=self._job_id,
                    kind=self.kind.name,
                    position=position,
                    field=name,
                    value=entry.unique.get(name, spare),
                    spare=spare,
                )
            )

    def _led(self, position: int, entry: Arrival) -> Iterator[StagedReference]:
        for reference in self._references:
            target = entry.references.get(reference.field)
            if target:
                bare = key_text(target)
                target_key = key_text(self._prefixed(reference.to, target)) if self._prefix else bare
                yield StagedReference(
                    job_id=self._job_id,
                    kind=self.kind.name,
                    position=position,
                    field=reference.field,
                    target_kind=reference.to,
                    target_key=target_key,
                    target_key_bare=bare,
                    target_id=self._arrived.id_of(reference.to, target_key),
                    owns=int(reference.owns),
                )

    def _sealed(self, secrets: Mapping[str, Any], asset_id: str) -> bytes | None:
        return self._vault.seal(msgspec.json.encode(secrets), owner=asset_id) if secrets else None


def _checked(what: str, check: Callable[[Any], object], value: object) -> Iterator[RomaportError]:
    for refusal in _refusals(check, value):
        yield AssetInvalid(problem=f"{what}: {refusal}")


def _refusals(check: Callable[[Any], object], value: object) -> Iterator[str]:
    """Say why a value is not what it should be, without the value."""
    try:
        check(value)
    except (msgspec.ValidationError, msgspec.DecodeError) as refusal:
        yield str(refusal)


@cache
def _is_prefixed(kind_name: str) -> bool:
    kind = KINDS[kind_name]
    return _is_prefixed(kind.scopes[0].to) if kind.scopes else kind.is_prefixed


def _check_of(kind: Kind, field: str) -> Callable[[str], object]:
    """Make what raises for a text that the field does not take."""
    # A decoder has looked at the type once and for all; to convert means to look at it for every text.
    decoder = msgspec.json.Decoder(_field_type(kind.create, field))
    return lambda text: decoder.decode(msgspec.json.encode(text))


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


def is_sound(kind: Kind, body: bytes) -> bool:
    """Say whether a travelling body, a JSON text, has the shape that the kind's own operations would take."""
    return not list(_refusals(_body_decoder(kind.name).decode, body))


@cache
def _body_decoder(kind_name: str) -> msgspec.json.Decoder[Struct]:
    return msgspec.json.Decoder(_plain_shape(KINDS[kind_name]))


def _plain_shape(kind: Kind) -> type[Struct]:
    """Make the shape of a travelling body: the plain fields of a request, with their rules."""
    plain = kind.of(Travel.PLAIN)
    required = [(name, _field_type(kind.create, name)) for name in plain if _is_required(kind.create, name)]
    optional = [
        (name, _field_type(kind.create, name), msgspec.UNSET) for name in plain if not _is_required(kind.create, name)
    ]
    optional = [(name, of | msgspec.UnsetType, default) for name, of, default in optional]
    return msgspec.defstruct(f"{kind.name}_body", [*required, *optional], forbid_unknown_fields=True)
