"""Whole sets of assets: out of an instance for a package, into one from a package, and away."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import msgspec

from romaport.catalog.intake import Batch
from romaport.catalog.store import selection, staging
from romaport.catalog.store.staging import Into
from romaport.errors import (
    AppNameTaken,
    AssetInUse,
    AssetNameTaken,
    QuotaReached,
    ReferenceMissing,
    RoleMissing,
    RomaportError,
)
from romaport.kinds import KINDS, Kind, creation_order
from romaport.storage import Transaction

__all__ = ["Applied", "Conflict", "Departing", "Policy", "Selection", "apply", "check", "delete_selected"]

CONFLICTS_MAX = 10_000
"""The most conflicts that one check collects; a report beyond that serves nobody."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What stands in the way of one asset."""

    kind: str
    name: str
    error: RomaportError


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What an import does with assets that exist (contract 6.2)."""

    merges: bool
    has_quotas: bool = True
    options: frozenset[str] = frozenset()
    """The import options that are set, such as `datasource_overwrite`."""

    def overwrites(self, kind: Kind) -> bool:
        """Say whether existing assets of the kind are replaced."""
        return self.merges and (kind.overwrites_if is None or kind.overwrites_if in self.options)


@dataclass(frozen=True, kw_only=True)
class Departing:
    """One asset on its way out, as JSON texts that are copied, not parsed."""

    key: tuple[str, ...]
    body: str
    references: dict[str, tuple[str, ...]]
    unique: dict[str, str]
    holes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What an import did, by kind."""

    created: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)


class Selection:
    """The assets an export takes, in one snapshot: what was asked for, what belongs to it, what that needs."""

    def __init__(self, tx: Transaction, instance_id: str, ids: Collection[str]) -> None:
        self._tx = tx
        self.instance_name = selection.instance_name(tx, instance_id)
        selection.gather(tx, ids, whole=False)
        selection.drag_in(tx)
        found = selection.counts(tx)
        self.counts = {kind.name: found[kind.name] for kind in creation_order() if kind.name in found}
        self.newest_at = selection.newest(tx)

    def departing(self, kind: Kind) -> Iterator[Departing]:
        """Yield the selected assets of a kind in the order of their keys."""
        for key, body, references, unique, holes, secret_paths in selection.entries(self._tx, kind):
            yield Departing(
                key=tuple(msgspec.json.decode(key)),
                body=body,
                references={name: tuple(msgspec.json.decode(text)) for name, text in references.items()},
                unique=unique,
                holes=_union(holes, secret_paths),
            )


def _union(first: str, second: str) -> tuple[str, ...]:
    if first == "[]" and second == "[]":
        return ()
    return tuple(sorted({*msgspec.json.decode(first), *msgspec.json.decode(second)}))


def check(tx: Transaction, into: Into, policy: Policy, *, sees_all: bool) -> list[Conflict]:
    """Find everything that stands between a staged package and the instance."""
    staging.meet(tx, into)
    conflicts: list[Conflict] = []
    if not policy.merges:
        conflicts.extend(
            Conflict(kind=kind, name=name, error=_taken(kind, name))
            for kind, name in staging.taken(tx, into.job_id, CONFLICTS_MAX)
            # A part without a name of its own exists because what it is part of does.
            if KINDS[kind].name_field
        )
    for kind, name, reference, target_kind, key in staging.dangling(tx, into.job_id, CONFLICTS_MAX):
        target = " / ".join(msgspec.json.decode(key))
        error = ReferenceMissing(field=reference, kind=KINDS[target_kind].title, asset_id=target)
        conflicts.append(Conflict(kind=kind, name=name, error=error))
    if not sees_all:
        for kind, name in staging.hidden(tx, into, CONFLICTS_MAX):
            conflicts.append(Conflict(kind=kind, name=name, error=RoleMissing(role="modify")))
    for kind_of in creation_order():
        limit = kind_of.quota if policy.has_quotas else None
        if limit is not None and staging.quota_use(tx, into, kind_of.name) > limit:
            error_of = QuotaReached(kind=kind_of.title, limit=limit)
            conflicts.append(Conflict(kind=kind_of.name, name=kind_of.title, error=error_of))
    return conflicts


def _taken(kind: str, name: str) -> RomaportError:
    if kind == "app":
        return AppNameTaken(name=name)
    return AssetNameTaken(kind=KINDS[kind].title, name=name, field=KINDS[kind].name_field)


def apply(tx: Transaction, into: Into, policy: Policy) -> Applied:
    """Move a staged and checked package into its instance, in the caller's one transaction."""
    applied = Applied()
    for kind in creation_order():
        if policy.overwrites(kind):
            applied.updated[kind.name] = staging.merge(tx, into, kind.name)
        applied.created[kind.name] = staging.insert_new(tx, into, kind.name)
    return applied


def open_holes(tx: Transaction, into: Into, policy: Policy) -> list[tuple[str, str, str]]:
    """Answer (kind, name, path) of every secret that the imported assets lack, and note them on the assets."""
    lacking: list[tuple[str, str, str]] = []
    for kind, name, paths, met_id in list(staging.holes(tx, into.job_id)):
        needed: list[str] = msgspec.json.decode(paths)
        if met_id is not None:
            if not policy.overwrites(KINDS[kind]):
                continue
            held = set(msgspec.json.decode(staging.held_secret_paths(tx, met_id)))
            needed = [path for path in needed if path not in held]
            staging.set_holes(tx, met_id, msgspec.json.encode(needed).decode())
        lacking.extend((kind, name, path) for path in needed)
    return lacking


def delete_selected(tx: Transaction, ids: Collection[str]) -> tuple[dict[str, int], list[Conflict]]:
    """Delete assets and all that belongs to them alone; answer the counts, or what still refers to them."""
    with selection.selection(tx):
        selection.gather(tx, ids, whole=True)
        found = selection.counts(tx)
        users = selection.users_outside(tx, limit=CONFLICTS_MAX)
        if users:
            return found, [
                Conflict(
                    kind=target_kind,
                    name=target,
                    error=AssetInUse(kind=KINDS[target_kind].title, name=target, users=f"{KINDS[kind].title} {name}"),
                )
                for kind, name, target_kind, target in users
            ]
        selection.remove_selected(tx)
        return found, []


def stage(tx: Transaction, batch: Batch) -> None:
    """Put a batch of arriving assets aside."""
    staging.stage(tx, batch.assets, batch.references, batch.unique)


def staged_count(tx: Transaction, job_id: str, kind: str) -> int:
    """Count what is staged of a kind."""
    return staging.staged_count(tx, job_id, kind)


def discard(tx: Transaction, job_id: str) -> None:
    """Remove all that is staged for a job."""
    staging.discard(tx, job_id)


def discard_except(tx: Transaction, job_ids: Collection[str]) -> None:
    """Remove all that is staged for jobs other than these."""
    staging.discard_except(tx, job_ids)


selected = selection.selection
