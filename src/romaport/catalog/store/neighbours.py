"""Assets beside one another: those that refer to the same asset, and those that hold the same values."""

from collections.abc import Mapping

from sqlalchemy import Select, func, select

from romaport.catalog.store.spaces import lies_in
from romaport.storage import Transaction, json_field
from romaport.storage.tables import asset_references, assets

__all__ = ["count_referring", "ids_alike"]


def _referring(of: Select[tuple[str]], kind: str, field: str, target_id: str) -> Select[tuple[str]]:
    edge = asset_references.alias()
    joined = of.join(edge, edge.c.asset_id == assets.c.id)
    return joined.where(edge.c.target_id == target_id, edge.c.field == field, assets.c.kind == kind)


def count_referring(tx: Transaction, kind: str, field: str, target_id: str) -> int:
    """Count the assets of a kind that refer to one asset by a field."""
    found = _referring(select(assets.c.id), kind, field, target_id)
    return tx.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def ids_alike(tx: Transaction, place: tuple[str, str], held: Mapping[str, str], within: Mapping[str, str]) -> list[str]:
    """Answer the assets of an (instance, kind) that hold these values, `name` or plain fields, letter by letter.

    They refer to each of the ids in `within` by the field given there.
    """
    instance_id, kind = place
    statement = select(assets.c.id).where(lies_in(instance_id), assets.c.kind == kind)
    for field, target_id in within.items():
        statement = _referring(statement, kind, field, target_id)
    for field, value in held.items():
        column = assets.c.name if field == "name" else json_field(assets.c.body, field)
        statement = statement.where(column == value)
    return list(tx.execute(statement.order_by(assets.c.created_at, assets.c.id)).scalars())
