"""What a few joins find between a staged package and the instance it is to go into."""

from collections.abc import Collection
from itertools import permutations

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_

from romaport.catalog.store.brought import STAGED, Into, Step, brought
from romaport.catalog.store.spaces import lies_in
from romaport.catalog.store.visibility import visible_ids
from romaport.kinds import changing_references
from romaport.storage import Transaction
from romaport.storage.tables import assets, staged_assets, staged_references

__all__ = ["Dangling", "dangling", "forbidden", "namesakes_taken", "quota_use", "taken"]

staged, edges = staged_assets.c, staged_references.c

Dangling = tuple[str, str, str, str, str]
"""Of a reference that leads nowhere: kind, key, field, target's kind, target's key."""


def taken(tx: Transaction, job_id: str, limit: int) -> list[tuple[str, str]]:
    """Answer kind and key of staged assets that exist in the target."""
    statement = (
        select(staged.kind, staged.key)
        .where(staged.job_id == job_id, staged.met_id.is_not(None))
        .order_by(staged.kind, staged.position)
        .limit(limit)
    )
    return [(row.kind, row.key) for row in tx.execute(statement)]


def namesakes_taken(tx: Transaction, into: Into, kinds: Collection[str], limit: int) -> list[tuple[str, str]]:
    """Answer kind and key of arriving assets whose key another of these kinds has, here or in the package."""
    came = brought(into).assets.c
    meets = (
        and_(came.kind == kind, _has_namesake(into, kind, other)) for kind, other in permutations(sorted(kinds), 2)
    )
    statement = (
        select(came.kind, came.key)
        .where(came.job_id == into.job_id, or_(*meets))
        .order_by(came.kind, came.position)
        .limit(limit)
    )
    return [(row.kind, row.key) for row in tx.execute(statement)]


def _has_namesake(into: Into, kind: str, other: str) -> ColumnElement[bool]:
    """Match what arrives of a kind and has the key of an asset of the other kind; in the package, the first is right.

    Each kind is named for itself: of a range or a list of kinds, a database may read every asset.
    """
    came = brought(into).assets
    first = came.alias()
    in_target = exists().where(lies_in(into.instance_id), assets.c.kind == other, assets.c.key == came.c.key)
    if other > kind:
        return in_target
    in_package = exists().where(first.c.job_id == into.job_id, first.c.kind == other, first.c.key == came.c.key)
    return or_(in_target, in_package)


def dangling(tx: Transaction, job_id: str, limit: int) -> list[Dangling]:
    """Answer the staged references that lead nowhere."""
    statement = (
        select(edges.kind, staged.key, edges.field, edges.target_kind, edges.target_key_bare)
        .join(staged_assets, STAGED.same)
        .where(edges.job_id == job_id, edges.target_id.is_(None))
        .order_by(edges.kind, edges.position, edges.field)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.execute(statement)]


def forbidden(tx: Transaction, into: Into, limit: int) -> list[tuple[str, str]]:
    """Answer kind and key of staged assets that the user may not put there, change, or meet.

    That takes the role `modify` on what is changed and on what something new is put into, and `read` on everything
    else that is met or referred to, as it does one asset at a time (contract 5.2).
    """
    visible, changeable = visible_ids(into.user_id), visible_ids(into.user_id, "modify")
    fresh = select(staged.new_id).where(staged.job_id == into.job_id)
    changing = tuple_(edges.kind, edges.field).in_(changing_references())
    is_put_in = and_(changing, staged.step != Step.KEEP.value)
    leads_out = exists().where(
        edges.job_id == staged.job_id,
        edges.kind == staged.kind,
        edges.position == staged.position,
        edges.target_id.not_in(fresh),
        or_(edges.target_id.not_in(visible), and_(is_put_in, edges.target_id.not_in(changeable))),
    )
    is_met = or_(
        staged.met_id.not_in(visible), and_(staged.step == Step.UPDATE.value, staged.met_id.not_in(changeable))
    )
    statement = (
        select(staged.kind, staged.key)
        .where(staged.job_id == into.job_id, or_(and_(staged.met_id.is_not(None), is_met), leads_out))
        .order_by(staged.kind, staged.position)
        .limit(limit)
    )
    return [(row.kind, row.key) for row in tx.execute(statement)]


def quota_use(tx: Transaction, into: Into, kinds: Collection[str]) -> int:
    """Answer how many assets of some kinds the target would hold afterwards."""
    held = select(func.count()).where(lies_in(into.instance_id), assets.c.kind.in_(list(kinds)))
    came = brought(into).assets.c
    more = select(func.count()).where(came.job_id == into.job_id, came.kind.in_(list(kinds)), came.met_id.is_(None))
    return tx.execute(held).scalar_one() + tx.execute(more).scalar_one()
