"""Where the assets of an instance lie: under its own id or, once an import has filled it, in the space of that import.

A space is a row of `instances` that is nobody's instance. What is put there is out of sight until one change of one
row shows it, however much it is.
"""

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, insert, select, update

from romaport.kinds import KINDS
from romaport.storage import Transaction
from romaport.storage.tables import asset_uniques, assets, instances

__all__ = ["add", "counts", "hidden", "is_free", "lies_in", "remove", "show", "some", "space_of"]

# To give a table another name takes longer than to make a statement of it, and every statement asks for this one.
_PLACE = instances.alias()
_PACKED = [kind.name for kind in KINDS.values() if kind.is_packed]


def space_of(instance_id: str) -> ScalarSelect[str]:
    """Select the id under which the assets of an instance lie; of a space, its own."""
    place = _PLACE.c
    return select(func.coalesce(place.space_id, place.id)).where(place.id == instance_id).scalar_subquery()


def lies_in(instance_id: str) -> ColumnElement[bool]:
    """Match the assets of an instance, or of a space."""
    return assets.c.instance_id == space_of(instance_id)


def is_free(tx: Transaction, instance_id: str) -> bool:
    """Say whether an instance holds nothing that a package could meet, or that could refer to what does."""
    held = select(assets.c.id).where(lies_in(instance_id), assets.c.kind.in_(_PACKED)).limit(1)
    return tx.execute(held).first() is None


def add(tx: Transaction, space_id: str, instance_id: str) -> None:
    """Make a space for an instance, out of sight; if it is there, leave it as it is."""
    if tx.execute(select(instances.c.id).where(instances.c.id == space_id)).first() is not None:
        return
    row = tx.execute(select(instances.c.project_id, instances.c.created_at).where(instances.c.id == instance_id)).one()
    tx.execute(
        insert(instances).values(
            id=space_id, project_id=row.project_id, name=space_id, created_at=row.created_at, space_of=instance_id
        )
    )


def counts(tx: Transaction, space_id: str) -> dict[str, int]:
    """Count by kind what lies in a space."""
    statement = select(assets.c.kind, func.count()).where(assets.c.instance_id == space_id).group_by(assets.c.kind)
    return {row[0]: row[1] for row in tx.execute(statement)}


def some(tx: Transaction, space_id: str, kind: str, *, limit: int) -> list[str]:
    """Answer the ids of some assets of a kind that lie in a space."""
    held = select(assets.c.id).where(assets.c.instance_id == space_id, assets.c.kind == kind).limit(limit)
    return list(tx.execute(held).scalars())


def show(tx: Transaction, space_id: str, instance_id: str) -> None:
    """Have a space be where the assets of an instance lie that is free; what it holds all the same comes along."""
    was = str(tx.execute(select(space_of(instance_id))).scalar_one())
    for table in (assets, asset_uniques):
        tx.execute(update(table).where(table.c.instance_id == was).values(instance_id=space_id))
    tx.execute(update(instances).where(instances.c.id == instance_id).values(space_id=space_id))
    if was != instance_id:
        remove(tx, was)


def hidden(tx: Transaction) -> list[str]:
    """Answer the spaces that are not shown."""
    home = instances.alias()
    statement = (
        select(instances.c.id)
        .join(home, home.c.id == instances.c.space_of)
        .where(func.coalesce(home.c.space_id, "") != instances.c.id)
    )
    return list(tx.execute(statement).scalars())


def remove(tx: Transaction, space_id: str) -> None:
    """Remove a space in which nothing lies any more."""
    tx.execute(delete(instances).where(instances.c.id == space_id, instances.c.space_of.is_not(None)))
