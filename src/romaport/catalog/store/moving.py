"""Staged assets on their last step: into the catalog, each as was decided."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, and_, case, delete, exists, insert, literal, select, update

from romaport.catalog.store.brought import STAGED, Into, Step
from romaport.catalog.store.spaces import space_of
from romaport.storage import Transaction
from romaport.storage.tables import (
    asset_references,
    asset_uniques,
    assets,
    staged_assets,
    staged_references,
    staged_uniques,
)

__all__ = ["create", "refer", "replace", "replaced"]

staged, edges, values = staged_assets.c, staged_references.c, staged_uniques.c


def create(tx: Transaction, into: Into, kind: str) -> None:
    """Move staged assets of a kind that meet nobody into the catalog, without references."""
    new = _of(staged_assets, into, kind)
    columns = {
        "id": staged.new_id,
        "instance_id": space_of(into.instance_id),
        "kind": staged.kind,
        "key": staged.key,
        "name": staged.name,
        "body": staged.body,
        "reference_keys": staged.reference_keys,
        "published": staged.published,
        "local": staged.local,
        "secrets": staged.secrets,
        "secret_paths": staged.secret_paths,
        "holes": staged.holes,
        "created_by": literal(into.user_id),
        "created_by_name": literal(into.user_name),
        "updated_by": literal(into.user_id),
        "updated_by_name": literal(into.user_name),
        "created_at": literal(into.at),
        "updated_at": literal(into.at),
        "change_id": literal(into.job_id),
        "origin_id": literal(into.job_id),
    }
    moved = select(*columns.values()).where(*new).order_by(staged.position)
    tx.execute(insert(assets).from_select(list(columns), moved))
    _insert_unique(tx, into, _of(staged_uniques, into, kind))


def refer(tx: Transaction, into: Into, kind: str) -> None:
    """Have what was created of a kind refer to what is in its place by now."""
    related = (
        select(staged.new_id, edges.field, edges.target_id, edges.owns)
        .join(staged_references, STAGED.same)
        .where(*_of(staged_references, into, kind))
        .order_by(edges.position, edges.field)
    )
    tx.execute(insert(asset_references).from_select(["asset_id", "field", "target_id", "owns"], related))


def _of(table: Table, into: Into, kind: str) -> list[ColumnElement[bool]]:
    """Match what is staged of a kind and created, by the table that is to be walked through."""
    return [table.c.job_id == into.job_id, table.c.kind == kind, staged.step == Step.CREATE.value]


def _insert_unique(tx: Transaction, into: Into, new: Sequence[ColumnElement[bool]]) -> None:
    is_held = exists().where(
        asset_uniques.c.instance_id == space_of(into.instance_id),
        asset_uniques.c.kind == values.kind,
        asset_uniques.c.field == values.field,
        asset_uniques.c.value == values.value,
    )
    other = staged_uniques.alias()
    is_repeated = exists().where(
        other.c.job_id == values.job_id,
        other.c.kind == values.kind,
        other.c.field == values.field,
        other.c.value == values.value,
        other.c.position < values.position,
    )
    kept = (
        select(
            staged.new_id,
            values.field,
            space_of(into.instance_id),
            staged.kind,
            case((is_held | is_repeated, values.spare), else_=values.value),
        )
        .join(
            staged_assets,
            and_(staged.job_id == values.job_id, staged.kind == values.kind, staged.position == values.position),
        )
        .where(*new)
    )
    tx.execute(insert(asset_uniques).from_select(["asset_id", "field", "instance_id", "kind", "value"], kept))


def replace(tx: Transaction, into: Into, kind: str) -> None:
    """Replace bodies and references of the assets that are updated.

    Secrets, local fields and unique values stay the target's own.
    """
    mine = (staged.job_id == into.job_id, staged.kind == kind, staged.step == Step.UPDATE.value)
    met = select(staged.met_id).where(*mine)
    here = (*mine, staged.met_id == assets.c.id)
    tx.execute(
        update(assets)
        .where(assets.c.id.in_(met))
        .values(
            body=select(staged.body).where(*here).scalar_subquery(),
            reference_keys=select(staged.reference_keys).where(*here).scalar_subquery(),
            published=select(staged.published).where(*here).scalar_subquery(),
            updated_at=into.at,
            updated_by=into.user_id,
            updated_by_name=into.user_name,
            revision=assets.c.revision + 1,
            change_id=into.job_id,
        )
    )
    tx.execute(delete(asset_references).where(asset_references.c.asset_id.in_(met)))
    related = (
        select(staged.met_id, edges.field, edges.target_id, edges.owns)
        .join(staged_references, STAGED.same)
        .where(*mine)
        .order_by(staged.position)
    )
    tx.execute(insert(asset_references).from_select(["asset_id", "field", "target_id", "owns"], related))


def replaced(
    tx: Transaction, job_id: str, kind: str
) -> list[tuple[str, dict[str, Any], bytes | None, bytes | None, str]]:
    """Answer (id, local fields, secrets, filled secrets, new id) of the assets of a kind that are updated by hand.

    Those are the ones that secrets were given for, or that are published by arriving.
    """
    statement = (
        select(assets.c.id, assets.c.local, assets.c.secrets, staged.filled, staged.new_id)
        .join(staged_assets, staged.met_id == assets.c.id)
        .where(staged.job_id == job_id, staged.kind == kind, staged.step == Step.UPDATE.value)
        .where(staged.filled.is_not(None) | staged.published.is_not(None))
        .order_by(staged.position)
    )
    return [(row[0], msgspec.json.decode(row[1]), row[2], row[3], row[4]) for row in tx.execute(statement)]
