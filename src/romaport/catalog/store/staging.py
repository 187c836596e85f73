"""Packages on their way in: staged rows, whom each meets in the instance, and what becomes of it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, delete, exists, func, or_, select, tuple_, update

from romaport.catalog.store.brought import STAGED, Brought, Into, Step, brought
from romaport.catalog.store.rows import keys_by_field
from romaport.catalog.store.spaces import lies_in
from romaport.storage import Transaction, streamed, survey
from romaport.storage.tables import (
    asset_references,
    assets,
    staged_assets,
    staged_references,
    staged_uniques,
)

__all__ = [
    "Decided",
    "Filled",
    "Holes",
    "decide",
    "decided",
    "discard",
    "discard_some",
    "extents",
    "filled",
    "holes",
    "meet",
    "outcome",
    "reference_changes",
    "refill",
    "staged_count",
    "staged_jobs",
    "surveyed",
]

staged, edges = staged_assets.c, staged_references.c
# The assets that staged ones meet; to give a table another name takes longer than to make a statement of it.
_MET = assets.alias()


@dataclass(frozen=True, kw_only=True)
class Decided:
    """One staged asset beside the one it meets; bodies are JSON texts, references key texts by field."""

    kind: str
    position: int
    key: str
    step: Step
    change_id: str | None
    """Of the asset that is met."""
    before: str | None
    """What it shows now, as far as that would travel; None for an asset that is created."""
    after: str
    filled: bytes | None
    new_id: str
    held: frozenset[str]
    """Paths of the secrets that the asset which is met has."""


def staged_count(tx: Transaction, job_id: str, kind: str) -> int:
    """Count what is staged of a kind: where a restarted import goes on."""
    statement = select(func.count()).where(staged.job_id == job_id, staged.kind == kind)
    return tx.execute(statement).scalar_one()


def surveyed(tx: Transaction) -> None:
    """Have the database know how much is staged."""
    # How many rows there are is what counts, and a tenth of the usual sample tells that as well.
    survey(tx, (staged_assets, staged_references, staged_uniques), detail=10)


def extents(tx: Transaction, job_id: str) -> dict[str, int]:
    """Answer by kind how many positions are staged."""
    last = select(staged.kind, func.max(staged.position)).where(staged.job_id == job_id).group_by(staged.kind)
    return {row[0]: row[1] + 1 for row in tx.execute(last)}


def meet(tx: Transaction, into: Into) -> bool:
    """Note for every staged asset whom it meets in the target, and for every reference where it leads.

    Say whether any meets anybody.
    """
    here = (staged.job_id == into.job_id, lies_in(into.instance_id))
    met = (*here, assets.c.kind == staged.kind, assets.c.key == staged.key)
    found = tx.execute(update(staged_assets).where(*met).values(met_id=assets.c.id)).rowcount
    # Most are known since they were staged, by the ids that what is new would have.
    is_open = edges.target_id.is_(None) if not found else or_(edges.target_id.is_(None), staged.met_id.is_not(None))
    inside = and_(staged.job_id == into.job_id, staged.kind == edges.target_kind, staged.key == edges.target_key)
    tx.execute(
        update(staged_references)
        .where(edges.job_id == into.job_id, inside, is_open)
        .values(target_id=func.coalesce(staged.met_id, staged.new_id))
    )
    outside = and_(
        lies_in(into.instance_id),
        assets.c.kind == edges.target_kind,
        assets.c.key == edges.target_key_bare,
    )
    led_out = (
        update(staged_references)
        .where(edges.job_id == into.job_id, edges.target_id.is_(None), outside)
        .values(target_id=assets.c.id)
    )
    if tx.execute(led_out).rowcount:
        _retell(tx, into)
    return bool(found)


def _retell(tx: Transaction, into: Into) -> None:
    """Have what refers out of a package that is given a prefix tell the keys there, which take none."""
    key, is_bare = edges.target_key_bare, assets.c.key == edges.target_key_bare
    there = (edges.job_id == into.job_id, edges.target_key != key, assets.c.id == edges.target_id, is_bare)
    renamed = select(edges.kind, edges.position).where(*there)
    of = (staged.job_id == into.job_id, tuple_(staged.kind, staged.position).in_(renamed))
    led = staged_references.outerjoin(_MET, _MET.c.id == edges.target_id)
    held = func.coalesce(_MET.c.key, edges.target_key)
    keys = keys_by_field(edges.field, held, led, STAGED.same, of=staged_assets)
    tx.execute(update(staged_assets).where(*of).values(reference_keys=keys))
    tx.execute(update(staged_references).where(*there).values(target_key=key))


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A staged asset that secrets were handed over for, and that meets another; all sealed, each for its own id."""

    kind: str
    position: int
    new_id: str
    filled: bytes
    met_id: str
    held: bytes | None


def filled(tx: Transaction, job_id: str) -> list[Filled]:
    """Answer the staged assets that meet another and were given secrets."""
    statement = (
        select(staged.kind, staged.position, staged.new_id, staged.filled, staged.met_id, assets.c.secrets)
        .join(assets, assets.c.id == staged.met_id)
        .where(staged.job_id == job_id, staged.filled.is_not(None))
        .order_by(staged.kind, staged.position)
    )
    return [
        Filled(kind=row[0], position=row[1], new_id=row[2], filled=row[3], met_id=row[4], held=row[5])
        for row in tx.execute(statement)
    ]


def refill(tx: Transaction, job_id: str, found: Filled, sealed: bytes | None) -> None:
    """Replace the secrets that a staged asset was given."""
    here = and_(staged.job_id == job_id, staged.kind == found.kind, staged.position == found.position)
    tx.execute(update(staged_assets).where(here).values(filled=sealed))


def decide(tx: Transaction, into: Into, overwritten: Collection[str]) -> None:
    """Note what becomes of every staged asset that meets another; kinds that are not overwritten are kept as they are.

    What meets nobody is created, as it was staged.
    """
    differs = (
        select(assets.c.id)
        .where(
            assets.c.id == staged.met_id,
            or_(
                assets.c.body != staged.body,
                func.coalesce(assets.c.published, "") != func.coalesce(staged.published, ""),
                _refers_elsewhere(),
            ),
        )
        .exists()
    )
    step = case(
        (staged.kind.not_in(list(overwritten)), Step.KEEP.value),
        (or_(staged.filled.is_not(None), differs), Step.UPDATE.value),
        else_=Step.KEEP.value,
    )
    met = (staged.job_id == into.job_id, staged.met_id.is_not(None))
    tx.execute(update(staged_assets).where(*met).values(step=step))
    _decide_by_holes(tx, into, overwritten)


def _refers_elsewhere() -> ColumnElement[bool]:
    """Say that a staged asset has a reference that the asset it meets has not, or the other way round."""
    mine, own = staged_references.alias(), asset_references.alias()
    is_mine = (mine.c.job_id == staged.job_id, mine.c.kind == staged.kind, mine.c.position == staged.position)
    same = exists().where(
        own.c.asset_id == staged.met_id, own.c.field == mine.c.field, own.c.target_id == mine.c.target_id
    )
    new = exists().where(*is_mine, ~same.correlate(staged_assets, mine))
    still = exists().where(*is_mine, mine.c.field == own.c.field)
    lost = exists().where(own.c.asset_id == staged.met_id, ~still.correlate(staged_assets, own))
    return or_(new.correlate(staged_assets), lost.correlate(staged_assets))


def _decide_by_holes(tx: Transaction, into: Into, overwritten: Collection[str]) -> None:
    """Update what differs in nothing but the secrets that it lacks."""
    differing = [
        (found.kind, found.position)
        for found in holes(tx, into.job_id, STAGED)
        if found.step is Step.KEEP and found.kind in overwritten and found.lacking != found.known
    ]
    for kind, position in differing:
        here = and_(staged.job_id == into.job_id, staged.kind == kind, staged.position == position)
        tx.execute(update(staged_assets).where(here).values(step=Step.UPDATE.value))


@dataclass(frozen=True, kw_only=True)
class Holes:
    """The secrets that a staged asset lacks once it is in its place."""

    kind: str
    position: int | str
    """What orders assets of a kind."""
    key: str
    step: Step
    met_id: str | None
    lacking: tuple[str, ...]
    known: tuple[str, ...]
    """Those that the asset it meets is already known to lack."""


def holes(tx: Transaction, job_id: str, here: Brought) -> Iterator[Holes]:
    """Yield what assets lack that left secrets behind, or that meet one which lacks some."""
    met, came = _MET, here.assets.c
    columns = (came.kind, came.position, came.key, came.step, came.met_id, came.holes)
    statement = (
        select(*columns, met.c.holes.label("met_holes"), met.c.secret_paths.label("met_paths"))
        .select_from(here.assets)
        .outerjoin(met, met.c.id == came.met_id)
        .where(came.job_id == job_id, or_(came.holes != "[]", met.c.holes != "[]"))
        .order_by(came.kind, came.position)
    )
    for row in streamed(tx, statement):
        held = set(msgspec.json.decode(row.met_paths or "[]"))
        yield Holes(
            kind=row.kind,
            position=row.position,
            key=row.key,
            step=Step(row.step),
            met_id=row.met_id,
            lacking=tuple(sorted(set(msgspec.json.decode(row.holes)) - held)),
            known=tuple(msgspec.json.decode(row.met_holes or "[]")),
        )


def outcome(tx: Transaction, into: Into) -> dict[Step, dict[str, int]]:
    """Count what becomes of the assets of a package, by kind."""
    came = brought(into).assets.c
    statement = (
        select(came.step, came.kind, func.count())
        .where(came.job_id == into.job_id)
        .group_by(came.step, came.kind)
        .order_by(came.step, came.kind)
    )
    found: dict[Step, dict[str, int]] = {}
    for step, kind, number in tx.execute(statement):
        found.setdefault(Step(step), {})[kind] = number
    return found


def decided(tx: Transaction, job_id: str, kind: str) -> Iterator[Decided]:
    """Yield the staged assets of a kind in their order, each beside the one it meets, without holding them."""
    met = _MET
    columns = (met.c.body.label("met_body"), met.c.published.label("met_published"), met.c.secret_paths.label("held"))
    statement = (
        select(staged_assets, met.c.change_id, *columns)
        .outerjoin(met, met.c.id == staged.met_id)
        .where(staged.job_id == job_id, staged.kind == kind)
        .order_by(staged.position)
    )
    for row in streamed(tx, statement):
        yield Decided(
            kind=row.kind,
            position=row.position,
            key=row.key,
            step=Step(row.step),
            change_id=row.change_id,
            before=None if row.met_id is None else row.met_published or row.met_body,
            after=row.body,
            filled=row.filled,
            new_id=row.new_id,
            held=frozenset(msgspec.json.decode(row.held or "[]")),
        )


def reference_changes(
    tx: Transaction, job_id: str, kind: str, position: int
) -> list[tuple[str, str | None, str | None]]:
    """Answer (field, key before, key after) of the references that lead elsewhere than the met asset's."""
    old = asset_references.alias()
    target = assets.alias()
    here = (staged.job_id == job_id, staged.kind == kind, staged.position == position)
    before = {
        row[0]: (row[1], row[2])
        for row in tx.execute(
            select(old.c.field, old.c.target_id, target.c.key)
            .join(staged_assets, staged.met_id == old.c.asset_id)
            .join(target, target.c.id == old.c.target_id)
            .where(*here)
        )
    }
    after = {
        row[0]: (row[1], row[2])
        for row in tx.execute(
            select(edges.field, edges.target_id, edges.target_key).where(
                edges.job_id == job_id, edges.kind == kind, edges.position == position
            )
        )
    }
    nothing = (None, None)
    return [
        (field, before.get(field, nothing)[1], after.get(field, nothing)[1])
        for field in sorted(before.keys() | after.keys())
        if before.get(field, nothing)[0] != after.get(field, nothing)[0]
    ]


def discard(tx: Transaction, job_id: str) -> None:
    """Remove all that is staged for a job."""
    for table in (staged_uniques, staged_references, staged_assets):
        others = select(table.c.job_id).where(or_(table.c.job_id < job_id, table.c.job_id > job_id)).limit(1)
        if tx.dialect.name == "sqlite" and tx.execute(others).first() is None:
            # Without a condition SQLite lets go of whole pages.
            tx.execute(delete(table))
        else:
            tx.execute(delete(table).where(table.c.job_id == job_id))


def discard_some(tx: Transaction, job_id: str, kind: str, positions: range) -> None:
    """Remove what is staged for a job of some positions of a kind."""
    for table in (staged_uniques, staged_references, staged_assets):
        here = table.c.position.between(positions.start, positions.stop - 1)
        tx.execute(delete(table).where(table.c.job_id == job_id, table.c.kind == kind, here))


def staged_jobs(tx: Transaction) -> list[str]:
    """Answer the jobs for which anything is staged, each found by one look: there may be a million rows of one."""
    found: list[str] = []
    later = select(func.min(staged.job_id)).where(staged.job_id > bindparam("last"))
    while (job_id := tx.execute(later, {"last": found[-1] if found else ""}).scalar()) is not None:
        found.append(job_id)
    return found
