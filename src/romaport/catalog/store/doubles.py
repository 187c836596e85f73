"""Assets that arrive or come back and would be equal to others in more than names, or too many for what they need."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Select, and_, exists, func, literal, select, union_all

from romaport.catalog.store.brought import Into, Step, brought
from romaport.catalog.store.keeping import kept_ids
from romaport.catalog.store.spaces import lies_in
from romaport.kinds import Kind
from romaport.storage import Transaction, json_field
from romaport.storage.tables import (
    asset_references,
    assets,
    kept_asset_references,
    kept_assets,
)

__all__ = ["crowds", "doubles", "returning"]

_MOVES = (Step.CREATE.value, Step.UPDATE.value)


def doubles(tx: Transaction, into: Into, kind: Kind, *, limit: int) -> list[tuple[str, str]]:
    """Answer (key, another's key) of arriving assets of a kind that would be alike to another in the same scope.

    Alike is what holds the same in the fields that the kind says, in the package or in the instance.
    """
    (scope,) = kind.scopes
    fields = kind.also_unique
    after = _after(into, kind.name, scope.field, fields)
    columns = [after.c.scope_id, *(after.c[field] for field in fields)]
    several = select(*columns).group_by(*columns).having(func.count() > 1).subquery()
    same = and_(*(after.c[column.name] == several.c[column.name] for column in columns))
    other = after.alias()
    first = (
        select(func.min(other.c.key))
        .where(other.c.key != after.c.key, *(other.c[column.name] == after.c[column.name] for column in columns))
        .scalar_subquery()
    )
    found = select(after.c.key, first).join(several, same).where(after.c.arrives == 1).order_by(after.c.key)
    return [(row[0], row[1]) for row in tx.execute(found.limit(limit))]


def _after(into: Into, kind: str, scope: str, fields: Sequence[str]) -> CTE:
    """Write what the instance would hold of a kind: what arrives and moves, and what it does not replace."""
    here = brought(into)
    came, edges = here.assets.c, here.references.c
    moves = (
        select(
            came.key,
            literal(1).label("arrives"),
            edges.target_id.label("scope_id"),
            *(json_field(came.body, field).label(field) for field in fields),
        )
        .join(here.references, and_(here.same, edges.field == scope))
        .where(came.job_id == into.job_id, came.kind == kind, came.step.in_(_MOVES))
    )
    replaced = exists().where(came.job_id == into.job_id, came.met_id == assets.c.id, came.step == Step.UPDATE.value)
    stays = (
        select(
            assets.c.key,
            literal(0),
            asset_references.c.target_id,
            *(json_field(assets.c.body, field) for field in fields),
        )
        .join(asset_references, and_(asset_references.c.asset_id == assets.c.id, asset_references.c.field == scope))
        .where(lies_in(into.instance_id), assets.c.kind == kind, ~replaced)
    )
    return union_all(moves, stays).cte("after")


def returning(tx: Transaction, job_id: str, going: Select[Any], kind: Kind, limit: int) -> list[tuple[str, str]]:
    """Answer (key, another's key) of what is kept for a job and alike to an asset that is there by now.

    `going` are the assets that are removed before.
    """
    (scope,) = kind.scopes
    kept, own, held = kept_assets.c, kept_asset_references.c, asset_references.c
    same = (json_field(assets.c.body, field) == json_field(kept.body, field) for field in kind.also_unique)
    statement = (
        select(kept.key, func.min(assets.c.key))
        .join(kept_asset_references, and_(own.job_id == kept.job_id, own.asset_id == kept.id, own.field == scope.field))
        .join(asset_references, and_(held.target_id == own.target_id, held.field == scope.field))
        .join(assets, and_(assets.c.id == held.asset_id, assets.c.kind == kind.name, *same))
        .where(kept.job_id == job_id, kept.kind == kind.name)
        .where(assets.c.id.not_in(kept_ids(job_id)), assets.c.id.not_in(going))
        .group_by(kept.key)
        .order_by(kept.key)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in tx.execute(statement)]


def crowds(tx: Transaction, into: Into, kind: Kind, field: str) -> list[str]:
    """Answer the keys of the assets that more of a kind would refer to by a field than may (contract 6.4)."""
    here = brought(into)
    edges = here.references.c
    held = (
        select(func.count())
        .select_from(asset_references)
        .join(assets, assets.c.id == asset_references.c.asset_id)
        .where(asset_references.c.target_id == edges.target_id, asset_references.c.field == field)
        # What is brought may be there as well, out of sight.
        .where(assets.c.kind == kind.name, assets.c.change_id != into.job_id)
        .scalar_subquery()
    )
    statement = (
        select(func.min(edges.target_key))
        .join(here.assets, here.same)
        .where(edges.job_id == into.job_id, edges.kind == kind.name, edges.field == field)
        .where(here.assets.c.step == Step.CREATE.value)
        .group_by(edges.target_id)
        .having(func.count() + held > kind.quota_within[field])
    )
    return list(tx.execute(statement).scalars())
