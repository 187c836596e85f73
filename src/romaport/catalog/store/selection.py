"""Sets of assets, worked out by the database: what a job takes along, and reading it in the order of a package.

A selection is a temporary table of the reading connection, so it holds any number of assets without
memory here, and the snapshot it was made in stays the one that is read.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, MetaData, Select, String, Table, and_, delete, func, insert, or_, select

from romaport.kinds import Kind, Travel
from romaport.storage import Transaction
from romaport.storage.tables import asset_references, asset_uniques, assets, instances

__all__ = [
    "counts",
    "drag_in",
    "entries",
    "gather",
    "instance_name",
    "newest",
    "remove_selected",
    "selection",
    "users_outside",
]

_SELECTED = Table("selected", MetaData(), Column("asset_id", String(32), primary_key=True), prefixes=["TEMPORARY"])
_ROWS_AT_ONCE = 1_000


@contextmanager
def selection(tx: Transaction) -> Iterator[None]:
    """Have an empty selection for the length of the block."""
    _SELECTED.create(tx)
    try:
        yield
    finally:
        _SELECTED.drop(tx)


def gather(tx: Transaction, ids: Collection[str], *, whole: bool) -> None:
    """Select assets, and all that belongs to them.

    With `whole`, what belongs to several assets is selected only when all of those are: a deletion
    must not take what someone else still has a part in.
    """
    if ids:
        tx.execute(insert(_SELECTED), [{"asset_id": asset_id} for asset_id in sorted(set(ids))])
    while _grown(tx, _owned(whole=whole)):
        pass


def _owned(*, whole: bool) -> Select[Any]:
    chosen = select(_SELECTED.c.asset_id)
    owned = select(asset_references.c.asset_id).where(
        asset_references.c.target_id.in_(chosen),
        asset_references.c.owns == 1,
        asset_references.c.asset_id.not_in(chosen),
    )
    if whole:
        other = asset_references.alias()
        owned = owned.where(
            ~select(other.c.asset_id)
            .where(
                other.c.asset_id == asset_references.c.asset_id,
                other.c.owns == 1,
                other.c.target_id.not_in(chosen),
            )
            .exists()
        )
    return owned.distinct()


def drag_in(tx: Transaction) -> None:
    """Select everything that the selected assets refer to, directly or through others."""
    chosen = select(_SELECTED.c.asset_id)
    needed = (
        select(asset_references.c.target_id)
        .where(asset_references.c.asset_id.in_(chosen), asset_references.c.target_id.not_in(chosen))
        .distinct()
    )
    while _grown(tx, needed):
        pass


def _grown(tx: Transaction, more: Select[Any]) -> bool:
    return tx.execute(insert(_SELECTED).from_select(["asset_id"], more)).rowcount > 0


def counts(tx: Transaction) -> dict[str, int]:
    """Count the selected assets by kind."""
    statement = (
        select(assets.c.kind, func.count())
        .join(_SELECTED, _SELECTED.c.asset_id == assets.c.id)
        .group_by(assets.c.kind)
        .order_by(assets.c.kind)
    )
    return {row[0]: row[1] for row in tx.execute(statement)}


def instance_name(tx: Transaction, instance_id: str) -> str:
    """Answer the name of an instance."""
    return str(tx.execute(select(instances.c.name).where(instances.c.id == instance_id)).scalar_one())


def newest(tx: Transaction) -> int:
    """Answer when the selected assets last changed, in milliseconds; 0 without any."""
    statement = select(func.max(assets.c.updated_at)).join(_SELECTED, _SELECTED.c.asset_id == assets.c.id)
    return tx.execute(statement).scalar_one() or 0


def entries(tx: Transaction, kind: Kind) -> Iterator[tuple[str, str, dict[str, str], dict[str, str], str, str]]:
    """Yield the selected assets of a kind in the order of their keys, without holding them.

    Each is (key, body, references by field as key texts, unique values, holes, secret paths), the
    first two and the last two JSON texts as they are stored.
    """
    targets = [assets.alias(f"target_{position}") for position, _ in enumerate(kind.references)]
    unique = kind.of(Travel.UNIQUE)
    values = [asset_uniques.alias(f"unique_{position}") for position, _ in enumerate(unique)]
    columns = [assets.c.key, assets.c.body, assets.c.holes, assets.c.secret_paths]
    source: Any = assets.join(_SELECTED, _SELECTED.c.asset_id == assets.c.id)
    for reference, target in zip(kind.references, targets, strict=True):
        edge = asset_references.alias()
        source = source.outerjoin(edge, and_(edge.c.asset_id == assets.c.id, edge.c.field == reference.field))
        source = source.outerjoin(target, target.c.id == edge.c.target_id)
        columns.append(target.c.key)
    for field, value in zip(unique, values, strict=True):
        source = source.outerjoin(value, and_(value.c.asset_id == assets.c.id, value.c.field == field))
        columns.append(value.c.value)
    statement = select(*columns).select_from(source).where(assets.c.kind == kind.name).order_by(assets.c.key)
    fields = [reference.field for reference in kind.references]
    with tx.execution_options(yield_per=_ROWS_AT_ONCE).execute(statement) as found:
        for row in found:
            key, body, holes, secret_paths, *rest = row
            keys = {field: text for field, text in zip(fields, rest, strict=False) if text is not None}
            held = {field: text for field, text in zip(unique, rest[len(fields) :], strict=True) if text is not None}
            yield key, body, keys, held, holes, secret_paths


def users_outside(tx: Transaction, *, limit: int) -> list[tuple[str, str, str, str]]:
    """Answer (kind, name, target's kind, target's name) of what refers into the selection from outside it."""
    target = assets.alias()
    chosen = select(_SELECTED.c.asset_id)
    statement = (
        select(assets.c.kind, assets.c.name, target.c.kind, target.c.name)
        .join(asset_references, asset_references.c.asset_id == assets.c.id)
        .join(target, target.c.id == asset_references.c.target_id)
        .where(asset_references.c.target_id.in_(chosen), asset_references.c.asset_id.not_in(chosen))
        .order_by(assets.c.kind, assets.c.key)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(statement)]


def remove_selected(tx: Transaction) -> None:
    """Delete the selected assets."""
    chosen = select(_SELECTED.c.asset_id)
    tx.execute(
        delete(asset_references).where(
            or_(asset_references.c.asset_id.in_(chosen), asset_references.c.target_id.in_(chosen))
        )
    )
    tx.execute(delete(assets).where(assets.c.id.in_(chosen)))
