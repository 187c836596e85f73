"""Sets of assets, worked out by the database: what a job takes along.

A selection is a temporary table of the reading connection, so it holds any number of assets without
memory here, and the snapshot it was made in stays the one that is read.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    VARCHAR,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from romaport.catalog.store.spaces import lies_in
from romaport.catalog.store.visibility import visible_ids
from romaport.kinds import KINDS
from romaport.storage import Transaction
from romaport.storage.tables import asset_references, assets, instances

__all__ = [
    "SELECTED",
    "TRAVELS_WHOLE",
    "chosen",
    "counts",
    "drag_in",
    "dragged_in",
    "drop",
    "gather",
    "gather_all",
    "gather_origin",
    "instance_name",
    "left_behind",
    "remove_selected",
    "selection",
    "users_outside",
    "whole_counts",
]

SELECTED = Table(
    "selected",
    MetaData(),
    # In the collation of the ids that it is compared with.
    Column("asset_id", String(32).with_variant(VARCHAR(32, collation="C"), "postgresql"), primary_key=True),
    # Not asked for, but needed by what was.
    Column("is_dragged", Integer, nullable=False, server_default="0"),
    prefixes=["TEMPORARY"],
    # Its key is all it holds, so SQLite need not keep it twice.
    sqlite_with_rowid=False,
)


_UNPACKED = [kind.name for kind in KINDS.values() if not kind.is_packed]
_PUBLISHED_ONLY = [kind.name for kind in KINDS.values() if kind.arrive is not None]
TRAVELS_WHOLE = [kind.name for kind in KINDS.values() if kind.is_packed and kind.arrive is None]
"""Kinds of which every asset travels."""


@contextmanager
def selection(tx: Transaction) -> Iterator[None]:
    """Have an empty selection for the length of the block."""
    SELECTED.create(tx)
    # Whatever is raised also undoes the transaction, and the table with it.
    yield
    SELECTED.drop(tx)


def gather(tx: Transaction, ids: Collection[str], *, whole: bool) -> None:
    """Select assets, and all that belongs to them.

    With `whole`, what belongs to several assets is selected only when all of those are: a deletion
    must not take what someone else still has a part in.
    """
    if ids:
        tx.execute(insert(SELECTED), [{"asset_id": asset_id} for asset_id in sorted(set(ids))])
    _gather_owned(tx, _owned(whole=whole))


def gather_all(tx: Transaction, instance_id: str, member_id: str | None) -> None:
    """Select everything in an instance that a user may see; with None, everything."""
    found = select(assets.c.id).where(lies_in(instance_id))
    if member_id is not None:
        found = found.where(assets.c.id.in_(visible_ids(member_id)))
    tx.execute(insert(SELECTED).from_select(["asset_id"], found))


def gather_origin(tx: Transaction, job_id: str, *, with_owned: bool, spared: Select[Any]) -> None:
    """Select what a job has created, and what belongs to it by now if that is wanted, but for some."""
    tx.execute(insert(SELECTED).from_select(["asset_id"], select(assets.c.id).where(assets.c.origin_id == job_id)))
    if with_owned:
        _gather_owned(tx, _owned(whole=False).where(asset_references.c.asset_id.not_in(spared)))


def chosen() -> Select[Any]:
    """Select the ids of the selected assets."""
    return select(SELECTED.c.asset_id)


def _gather_owned(tx: Transaction, owned: Select[Any]) -> None:
    while _added(tx, ["asset_id"], owned):
        pass


def _added(tx: Transaction, columns: list[str], found: Select[Any]) -> int:
    """Select more assets; answer how many."""
    # A driver may forget the count of an insertion unless it is told to keep it.
    counted = {"preserve_rowcount": True}
    return tx.execute(insert(SELECTED).from_select(columns, found), execution_options=counted).rowcount


def _owned(*, whole: bool) -> Select[Any]:
    owned = select(asset_references.c.asset_id).where(
        asset_references.c.target_id.in_(chosen()),
        asset_references.c.owns == 1,
        asset_references.c.asset_id.not_in(chosen()),
    )
    if whole:
        other = asset_references.alias()
        owned = owned.where(
            ~select(other.c.asset_id)
            .where(
                other.c.asset_id == asset_references.c.asset_id,
                other.c.owns == 1,
                other.c.target_id.not_in(chosen()),
            )
            .exists()
        )
    return owned.distinct()


def drag_in(tx: Transaction) -> None:
    """Select everything that the selected assets refer to, directly or through others."""
    needed = (
        select(asset_references.c.target_id, literal(1))
        .where(asset_references.c.asset_id.in_(chosen()), asset_references.c.target_id.not_in(chosen()))
        .distinct()
    )
    while _added(tx, ["asset_id", "is_dragged"], needed):
        pass


def dragged_in(tx: Transaction, *, limit: int) -> list[tuple[str, str, str, str]]:
    """Answer (kind, key, user's kind, user's key) of what is selected only because another selected asset needs it."""
    user, edge = assets.alias(), asset_references.alias()
    first_user = (
        select(func.min(edge.c.asset_id))
        .where(edge.c.target_id == assets.c.id, edge.c.asset_id.in_(chosen()))
        .scalar_subquery()
    )
    statement = (
        select(assets.c.kind, assets.c.key, user.c.kind, user.c.key)
        .join(SELECTED, and_(SELECTED.c.asset_id == assets.c.id, SELECTED.c.is_dragged == 1))
        .join(user, user.c.id == first_user)
        .order_by(assets.c.kind, assets.c.key)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(statement)]


def _travels() -> ColumnElement[bool]:
    """Match the assets that are packed, and published if they travel only so."""
    is_published = or_(assets.c.kind.not_in(_PUBLISHED_ONLY), assets.c.published.is_not(None))
    return and_(assets.c.kind.not_in(_UNPACKED), is_published)


def left_behind(tx: Transaction, instance_id: str | None, *, limit: int) -> list[tuple[str, str]]:
    """Answer kind and key of what does not travel merely because it is not published: in an instance, or selected."""
    among = lies_in(instance_id) if instance_id is not None else assets.c.id.in_(chosen())
    unpublished = (assets.c.kind.in_(_PUBLISHED_ONLY), assets.c.published.is_(None), among)
    named = select(assets.c.kind, assets.c.key).where(*unpublished).order_by(assets.c.kind, assets.c.key).limit(limit)
    return [(row[0], row[1]) for row in tx.execute(named)]


def drop(tx: Transaction, *, limit: int) -> list[tuple[str, str]]:
    """Take out of the selection what does not travel; answer what `left_behind` does."""
    found = left_behind(tx, None, limit=limit)
    stay = select(assets.c.id).where(assets.c.id.in_(chosen()), not_(_travels()))
    tx.execute(delete(SELECTED).where(SELECTED.c.asset_id.in_(stay)))
    return found


def counts(tx: Transaction, instance_id: str | None = None) -> dict[str, int]:
    """Count the selected assets by kind, those of one instance or all."""
    statement = select(assets.c.kind, func.count()).join(SELECTED, SELECTED.c.asset_id == assets.c.id)
    if instance_id is not None:
        statement = statement.where(lies_in(instance_id))
    return {row[0]: row[1] for row in tx.execute(statement.group_by(assets.c.kind))}


def whole_counts(tx: Transaction, instance_id: str) -> dict[str, int]:
    """Count by kind what travels of everything in an instance."""
    # Each kind by itself, or every row would be compared with the one before it, and looked up for its being published.
    counted = union_all(
        *(
            select(literal(name), func.count()).where(lies_in(instance_id), assets.c.kind == name, *only)
            for names, only in ((TRAVELS_WHOLE, ()), (_PUBLISHED_ONLY, (assets.c.published.is_not(None),)))
            for name in names
        )
    )
    return {row[0]: row[1] for row in tx.execute(counted) if row[1]}


def instance_name(tx: Transaction, instance_id: str) -> str:
    """Answer the name of an instance."""
    return str(tx.execute(select(instances.c.name).where(instances.c.id == instance_id)).scalar_one())


def users_outside(tx: Transaction, *, limit: int, spared: Select[Any] | None = None) -> list[tuple[str, str, str, str]]:
    """Answer (kind, key, target's kind, target's key) of what refers into the selection from outside it, but some."""
    target = assets.alias()
    statement = (
        select(assets.c.kind, assets.c.key, target.c.kind, target.c.key)
        .join(asset_references, asset_references.c.asset_id == assets.c.id)
        .join(target, target.c.id == asset_references.c.target_id)
        .where(asset_references.c.target_id.in_(chosen()), asset_references.c.asset_id.not_in(chosen()))
        .order_by(assets.c.kind, assets.c.key)
        .limit(limit)
    )
    if spared is not None:
        statement = statement.where(assets.c.id.not_in(spared))
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(statement)]


def remove_selected(tx: Transaction) -> None:
    """Delete the selected assets."""
    tx.execute(
        delete(asset_references).where(
            or_(asset_references.c.asset_id.in_(chosen()), asset_references.c.target_id.in_(chosen()))
        )
    )
    tx.execute(delete(assets).where(assets.c.id.in_(chosen())))
