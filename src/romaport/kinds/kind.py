"""What a kind of asset is, as data: its fields, what becomes of each on a journey, and its place on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from romaport.errors import RomaportError

__all__ = ["Asset", "Filter", "Kind", "Listing", "Parts", "Reference", "Refusals", "Travel", "Viewer"]


class Travel(Enum):
    """What becomes of a field when its asset travels. Every field of every kind decides."""

    NAME = "name"
    """The natural key: travels as such, matched at the target."""
    PLAIN = "plain"
    """Travels as it is."""
    REFERENCE = "reference"
    """Travels as the target's natural key; ids are new at the target."""
    UNIQUE = "unique"
    """Travels, and is kept where it is free."""
    SECRET = "secret"  # noqa: S105 - a word, not a secret
    """Never travels: a hole at the target, to be filled there."""
    LOCAL = "local"
    """Belongs to the instance; does not travel."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A field that names another asset by its id."""

    field: str
    to: str
    owns: bool = False
    """The asset belongs to the one it refers to, and is exported and deleted with it."""
    part: bool = False
    """The asset is a part of the one it belongs to, and goes with it even when that one is deleted alone."""
    in_key: bool = False
    """The target's natural key is part of this asset's; several make a key in their order."""
    optional: bool = False
    """The field may be absent; then nothing is referred to."""
    also_by: str | None = None
    """A unique value of the target that a request may give in place of its id."""

    @property
    def changes_target(self) -> bool:
        """Say whether the target counts as changed: it gets something of its own (contract 5.2)."""
        return self.part or (self.owns and self.to == "app")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One query parameter of a list operation."""

    query: str
    matches: str
    """What it is compared with: `name`, `id`, `body.<field>`, `local.<field>`, `reference.<field>...` for the id of
    what is referred to, or with `.name` at its end for the name; `creator` for the name of the user who made the
    asset, `created.from` and `created.until` for when that was, in milliseconds. Alternatives are divided by `|`."""
    fuzzy: bool = False
    """A part of the value suffices, unless the request asks for `precise_search`."""
    by: str | None = None
    """With `reference.<field>`: the query gives this unique value of the target in place of its id."""
    is_number: bool = False
    """Only a whole number can be asked for."""
    reads: Callable[[str], str] = str
    """Turns what was asked for into what it is compared with."""
    absent: str | None = None
    """What is compared instead when the request does not name the parameter, and only then."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How the list operation of a kind pages and answers (contract 7.1)."""

    array: str
    limit_default: int | None = 10
    """None answers all there are, up to `limit_max`."""
    limit_max: int = 999
    cuts: bool = False
    """A limit that is too large is cut, and a negative offset taken as 0, instead of being refused."""
    offset_max: int = 10_000
    filters: tuple[Filter, ...] = ()
    order: Callable[["Asset"], Any] | None = None
    """How a list is sorted, if not by creation; for kinds of which an instance holds few, since all are read."""


class Parts(Struct, frozen=True, kw_only=True):
    """An asset's fields, taken apart by what becomes of them."""

    name: str
    body: dict[str, Any]
    local: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    """Values of secret fields by their dotted path."""
    references: dict[str, str] = {}
    """Ids of other assets by field."""
    unique: dict[str, str] = {}
    asset_id: str | None = None
    """The id of a new asset, where the caller was given it beforehand."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An asset as it lies in an instance, with the assets it refers to."""

    id: str
    instance_id: str
    project_id: str
    kind: str
    key: tuple[str, ...]
    name: str
    body: dict[str, Any]
    local: dict[str, Any]
    unique: dict[str, str]
    holes: tuple[str, ...]
    secret_paths: tuple[str, ...]
    references: Mapping[str, "Asset"]
    created_by: tuple[str, str]
    """Id and name of the user."""
    updated_by: tuple[str, str]
    created_at: datetime
    updated_at: datetime
    revision: int
    published: str | None = None
    """The body as it was last published, a JSON text, for a kind of which only that travels."""


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who an answer is for: what shows differs with the caller's roles on an application."""

    user_id: str
    roles: Callable[[str], tuple[str, ...]]
    """Answers the caller's roles on the application with this id (contract 5.2)."""


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """The refusals of one kind that have a published code, in place of the general ones."""

    missing: Callable[..., RomaportError] | None = None
    """Made with the `asset_id` that nothing has."""
    taken: Callable[..., RomaportError] | None = None
    """Made with the `name` that is taken."""
    also_taken: Callable[..., RomaportError] | None = None
    """Made with the `name` of the asset that holds what `Kind.also_unique` says."""
    used: Callable[..., RomaportError] | None = None
    """Made with the `name` of what cannot be deleted, and its `users`."""
    kept: Callable[[Asset], RomaportError | None] = lambda _asset: None
    """Says why an asset may not be deleted by itself as it stands; with what it belongs to it may."""


Body = type[Struct]


def _as_it_is(parts: Parts) -> Parts:
    return parts


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of asset. Adding one is a file with this and a line in `romaport.kinds`."""

    name: str
    title: str
    """The word for people, in sentences."""
    word: str
    """The `resource_type` of a reason on the wire (contract 1.3)."""
    path: str
    """Where its operations lie, below `/v2/{project_id}/`."""
    id_field: str
    name_field: str
    """Empty for a kind that has no name of its own and at most one asset per parent."""
    create: Body
    update: Body
    travels: Mapping[str, Travel]
    present: Callable[[Asset, Viewer], dict[str, Any]]
    summarise: Callable[[Asset, Viewer], dict[str, Any]] | None = None
    """The shorter form that lists answer, where it differs."""
    acknowledge: Callable[[Asset], dict[str, Any]] | None = None
    """The little that create, update and delete answer, where it is not the whole asset."""
    references: tuple[Reference, ...] = ()
    secret_paths: tuple[str, ...] = ()
    """Secret fields inside plain ones, by dotted path."""
    local_paths: tuple[str, ...] = ()
    """Fields inside plain ones that belong to the instance, by dotted path."""
    listing: Listing | None = None
    rules: Callable[[Mapping[str, Any]], list[str]] = lambda _fields: []
    """What does not fit together in a request, each as `field: rule`; a field that is wrong by itself is `UNSET`.
    Holds for a travelling body too, which lacks references and what is local or secret."""
    demands: Callable[[Mapping[str, Any]], list[str]] = lambda _fields: []
    """What a request lacks that a travelling body may lack, said like `rules`."""
    flatten: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Turns a decoded request into one flat set of fields."""
    refine: Callable[["Parts"], "Parts"] = _as_it_is
    """Takes apart what the paths above cannot say, such as secrets hidden in texts."""
    stars: Callable[[Mapping[str, Any]], list[str]] = lambda _body: []
    """The paths at which `refine` left stars in a body for a secret that no dotted path leads to. Stars without
    a secret are a hole."""
    unseen: tuple[str, ...] = ()
    """Plain fields that are kept and travel, but are not on the wire: no request names one, and an update that
    says nothing of it leaves it as it is."""
    settle: Callable[[dict[str, Asset]], dict[str, Asset]] = lambda targets: targets
    """Completes the assets referred to, by field, from one another; raises `BodyInvalid` if they do not agree."""
    also_unique: tuple[str, ...] = ()
    """Plain fields whose values together no other asset in the same scopes may have."""
    generate: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """How a unique or secret field is made up when it is not given, or cannot be; such a secret is new at every
    target."""
    is_prefixed: bool = False
    """An import's prefix is put before its name (product decision 14)."""
    overwrites_if: str | None = None
    """The import option without which an existing asset is kept as it is (contract 6.2)."""
    quota: int | None = None
    """The most an instance holds (contract 6.4)."""
    quota_of: str | None = None
    """The plain field, a number, whose sum the quota bounds instead of the number of assets."""
    quota_within: Mapping[str, int] = field(default_factory=dict)
    """The most assets of the kind that may refer to the same one, by reference field."""
    refusals: Refusals = Refusals()
    actions: Mapping[str, str] = field(default_factory=dict)
    """Permission per operation: `create show update delete list`; the published ones (contract 5.1)."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """Success codes that are not 200."""
    parent: str | None = None
    """The reference field that the path itself fills; the kind is then a part of another asset."""
    replaces: bool = True
    """An update gives the whole asset; otherwise fields it does not name keep their values."""
    keeps: tuple[str, ...] = ()
    """Plain fields that keep their values in a whole update that does not name them."""
    is_packed: bool = True
    """Its assets travel in packages; otherwise all of them belong to the instance (contract 6.1)."""
    is_numbered: bool = False
    """Its ids are whole numbers on the wire (contract 7.1)."""
    arrive: Callable[[Mapping[str, Any], int], dict[str, Any]] | None = None
    """For a kind of which only what is published travels: the local fields of an asset that an import has just
    published, made from those it had and the time in milliseconds."""
    joins: str | None = None
    """A kind whose names these share, and whose list, show and delete operations serve these too."""
    tags: str | None = None
    """The plain field that holds its tags: a text, or a list of texts."""

    def __post_init__(self) -> None:
        given, made = set(self.fields()), set(self.generate)
        assert given <= set(self.travels) <= given | made, f"{self.name}: every field decides how it travels"
        assert set(self.keeps) <= set(self.of(Travel.PLAIN)), f"{self.name}: what an update keeps is plain"
        assert self.name_field in self.travels or self.scopes, f"{self.name}: something names it"
        for reference in self.references:
            declared = self.travels.get(reference.field)
            assert declared is Travel.REFERENCE or reference.field == self.parent, f"{self.name}: {reference.field}"
        for path in (*self.secret_paths, *self.local_paths, *self.also_unique, *self.unseen):
            assert path.split(".")[0] in self.travels, f"{self.name}: {path} is no field"

    def fields(self) -> tuple[str, ...]:
        """Answer the names of all fields of a request, flat."""
        return tuple(_leaves(self.create))

    def of(self, travel: Travel) -> tuple[str, ...]:
        """Answer the fields that travel in this way."""
        return tuple(name for name, how in self.travels.items() if how is travel)

    @property
    def scopes(self) -> tuple[Reference, ...]:
        """The references whose targets' keys begin this kind's own."""
        return tuple(found for found in self.references if found.in_key)

    @property
    def is_only_part(self) -> bool:
        """Say whether another asset has at most one of these, shown without an id of its own."""
        return self.parent is not None and not self.name_field and len(self.scopes) == 1

    def action(self, operation: str) -> str:
        """Answer the permission an operation needs."""
        return self.actions[operation]


def _leaves(shape: Body) -> list[str]:
    names: list[str] = []
    for item in msgspec.structs.fields(shape):
        if isinstance(item.type, type) and issubclass(item.type, Struct) and item.required:
            names.extend(_leaves(item.type))
        else:
            names.append(item.name)
    return names
