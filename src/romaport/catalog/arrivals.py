"""A staged package on its way into an instance: what stands between, what would become of it, and the move itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from romaport.catalog import quotas
from romaport.catalog.conflict import CONFLICTS_MAX, Conflict, key_name, taken
from romaport.catalog.intake import Batch
from romaport.catalog.store import arriving, conflicts, doubles, keeping, moving, rows, staging
from romaport.catalog.store.brought import STAGED, Into, Step, brought
from romaport.catalog.store.conflicts import Dangling
from romaport.catalog.store.rows import json_text
from romaport.catalog.store.staging import Decided, Holes
from romaport.errors import QuotaReached, ReferenceMissing, RoleMissing
from romaport.kinds import KINDS, MASK, Change, Kind, changes, creation_order, namesakes
from romaport.storage import Transaction, Vault

__all__ = [
    "Decision",
    "Policy",
    "apply",
    "check",
    "decisions",
    "discard",
    "obstacles",
    "open_holes",
    "stage",
    "staged_count",
    "staged_jobs",
    "surveyed",
]

_TO_BE_FILLED = "to be filled in"
"""What a plan shows for a secret that is lacking."""


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
class Decision:
    """What becomes of one arriving asset."""

    kind: str
    key: tuple[str, ...]
    step: str
    """`create`, `update` or `keep`."""
    changes: list[Change]
    """Of an update, field by field; secrets as stars."""
    change_id: str | None
    """What had written the asset that it meets last; None where it meets none."""


def stage(tx: Transaction, batch: Batch) -> None:
    """Put a batch of arriving assets aside."""
    arriving.stage(tx, batch.assets, batch.references, batch.unique)


def staged_count(tx: Transaction, job_id: str, kind: str) -> int:
    """Count what is staged of a kind."""
    return staging.staged_count(tx, job_id, kind)


def surveyed(tx: Transaction) -> None:
    """Have the database know how much is staged, before it is asked about all of it."""
    staging.surveyed(tx)


def discard(tx: Transaction, job_id: str) -> None:
    """Remove all that is staged for a job."""
    staging.discard(tx, job_id)


def staged_jobs(tx: Transaction) -> list[str]:
    """Answer the jobs for which anything is staged."""
    return staging.staged_jobs(tx)


def check(tx: Transaction, into: Into, policy: Policy, vault: Vault, *, sees_all: bool) -> list[Conflict]:
    """Decide what becomes of every staged asset, and find everything that stands between them and the instance."""
    if staging.meet(tx, into):
        _settle_filled(tx, into.job_id, vault)
        staging.decide(tx, into, [kind.name for kind in KINDS.values() if policy.overwrites(kind)])
    dangling = conflicts.dangling(tx, into.job_id, CONFLICTS_MAX)
    return obstacles(tx, into, policy, sees_all=sees_all, dangling=dangling)


def obstacles(
    tx: Transaction, into: Into, policy: Policy, *, sees_all: bool, dangling: Sequence[Dangling]
) -> list[Conflict]:
    """Find everything that stands between a package, decided on or placed, and its instance."""
    found = [*_taken(tx, into, policy), *_missed(dangling), *_doubled(tx, into)]
    if not sees_all:
        forbidden = conflicts.forbidden(tx, into, CONFLICTS_MAX)
        found.extend(Conflict.of(kind, key, RoleMissing(role="modify")) for kind, key in forbidden)
    if policy.has_quotas:
        found.extend(_beyond_quotas(tx, into))
    return found


def _settle_filled(tx: Transaction, job_id: str, vault: Vault) -> None:
    """Of the secrets that came as values, leave those that the asset they meet has not already."""
    for found in staging.filled(tx, job_id):
        held = _opened(vault, found.held, found.met_id)
        given = _opened(vault, found.filled, found.new_id)
        new = {path: value for path, value in given.items() if path not in held or held[path] != value}
        if new != given:
            sealed = vault.seal(msgspec.json.encode(new), owner=found.new_id) if new else None
            staging.refill(tx, job_id, found, sealed)


def _opened(vault: Vault, sealed: bytes | None, owner: str) -> dict[str, Any]:
    opened: dict[str, Any] = msgspec.json.decode(vault.open(sealed, owner=owner)) if sealed else {}
    return opened


def _taken(tx: Transaction, into: Into, policy: Policy) -> Iterator[Conflict]:
    if not policy.merges:
        for kind, key in conflicts.taken(tx, into.job_id, CONFLICTS_MAX):
            # A part without a name of its own exists because what it is part of does.
            if KINDS[kind].name_field:
                yield Conflict.of(kind, key, taken(KINDS[kind], KINDS[kind].name_field, key_name(key)))
    for kinds in {namesakes(kind) for kind in KINDS.values() if kind.joins}:
        for kind, key in conflicts.namesakes_taken(tx, into, kinds, CONFLICTS_MAX):
            yield Conflict.of(kind, key, taken(KINDS[kind], KINDS[kind].name_field, key_name(key)))


def _missed(dangling: Sequence[Dangling]) -> Iterator[Conflict]:
    for kind, key, field, target_kind, target_key in dangling:
        error = ReferenceMissing(field=field, kind=KINDS[target_kind].title, asset_id=key_name(target_key))
        yield Conflict.of(kind, key, error)


def _doubled(tx: Transaction, into: Into) -> Iterator[Conflict]:
    """Find what would be equal to another in what must be unique, such as two APIs on one path (contract 6.3)."""
    for kind in KINDS.values():
        if kind.also_unique and kind.refusals.also_taken is not None:
            for key, other in doubles.doubles(tx, into, kind, limit=CONFLICTS_MAX):
                yield Conflict.of(kind.name, key, kind.refusals.also_taken(name=key_name(other)))


def _beyond_quotas(tx: Transaction, into: Into) -> Iterator[Conflict]:
    steps = staging.outcome(tx, into)
    moves = {name for step in (Step.CREATE, Step.UPDATE) for name in steps.get(step, {})}
    for kind in (found for found in creation_order() if moves.intersection(namesakes(found))):
        for field, limit in kind.quota_within.items():
            target = next(found.to for found in kind.references if found.field == field)
            for key in doubles.crowds(tx, into, kind, field):
                place = f"the {KINDS[target].title} {key_name(key)}"
                yield Conflict.of(target, key, QuotaReached(kind=kind.title, limit=limit, place=place))
        error = quotas.beyond(tx, kind, into)
        if error is not None:
            yield Conflict(kind=kind.name, key=(kind.title,), error=error)


def decisions(tx: Transaction, job_id: str, vault: Vault) -> Iterator[Decision]:
    """Yield what becomes of every staged asset, in the order of creation, without holding them."""
    lacking = {
        (found.kind, found.position): found for found in staging.holes(tx, job_id, STAGED) if found.step is Step.UPDATE
    }
    for kind in creation_order():
        for found in staging.decided(tx, job_id, kind.name):
            changed: list[Change] = []
            if found.step is Step.UPDATE:
                changed = [
                    *changes(_body(found.before), _body(found.after)),
                    *_reference_changes(tx, job_id, found),
                    *_secret_changes(found, vault, lacking.get((found.kind, found.position))),
                ]
            yield Decision(
                kind=found.kind,
                key=tuple(msgspec.json.decode(found.key)),
                step=found.step.value,
                changes=changed,
                change_id=found.change_id,
            )


def _body(text: str | None) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(text or "{}")
    return body


def _reference_changes(tx: Transaction, job_id: str, found: Decided) -> Iterator[Change]:
    for field, before, after in staging.reference_changes(tx, job_id, found.kind, found.position):
        sides = {"before": before, "after": after}
        yield {"field": field} | {side: key_name(key) for side, key in sides.items() if key is not None}


def _secret_changes(found: Decided, vault: Vault, holes: Holes | None) -> Iterator[Change]:
    lacking, known = (set(holes.lacking), set(holes.known)) if holes is not None else (set(), set())
    filled = _opened(vault, found.filled, found.new_id)
    for path in sorted(filled.keys() | (lacking ^ known)):
        held = MASK if path in found.held else None
        before = _TO_BE_FILLED if path in known else held
        after = _TO_BE_FILLED if path in lacking else MASK if path in filled else held
        sides = {"before": before, "after": after}
        yield {"field": path} | {side: value for side, value in sides.items() if value is not None}


def apply(tx: Transaction, into: Into, vault: Vault, *, keeps: bool) -> dict[str, dict[str, int]]:
    """Move a staged, checked and decided package into its instance, in the caller's one transaction.

    With `keeps`, what is replaced is kept as it was, so that the job can be taken back. Answer how many assets
    took which step, by step and kind.
    """
    if keeps:
        keeping.keep(tx, into.job_id, keeping.updated_of(into.job_id))
    steps = staging.outcome(tx, into)
    for kind in creation_order():
        if kind.name in steps.get(Step.CREATE, {}):
            moving.create(tx, into, kind.name)
            moving.refer(tx, into, kind.name)
        if kind.name in steps.get(Step.UPDATE, {}):
            _replace(tx, into, kind, vault)
    return {step.value: counts for step, counts in steps.items()}


def _replace(tx: Transaction, into: Into, kind: Kind, vault: Vault) -> None:
    moving.replace(tx, into, kind.name)
    for asset_id, local, secrets, filled, new_id in moving.replaced(tx, into.job_id, kind.name):
        if kind.arrive is not None:
            rows.set_columns(tx, asset_id, local=json_text(kind.arrive(local, into.at)))
        if filled is not None:
            _fill(tx, vault, asset_id, secrets, vault.open(filled, owner=new_id))


def _fill(tx: Transaction, vault: Vault, asset_id: str, sealed: bytes | None, filled: bytes) -> None:
    """Give an asset that exists the secrets that the import was handed for it."""
    secrets = {**_opened(vault, sealed, asset_id), **msgspec.json.decode(filled)}
    rows.set_columns(
        tx,
        asset_id,
        secrets=vault.seal(msgspec.json.encode(secrets), owner=asset_id),
        secret_paths=json_text(sorted(secrets)),
    )


def open_holes(tx: Transaction, into: Into, policy: Policy, *, writes: bool) -> Iterator[tuple[str, str, str]]:
    """Answer (kind, name, path) of every secret that the imported assets lack; note them on those that are updated."""
    lacking = [
        found
        for found in staging.holes(tx, into.job_id, brought(into))
        if found.met_id is None or policy.overwrites(KINDS[found.kind])
    ]
    for found in lacking:
        if writes and found.met_id is not None and found.step is Step.UPDATE:
            rows.set_columns(tx, found.met_id, holes=json_text(found.lacking))
        for path in found.lacking:
            yield found.kind, key_name(found.key), path
