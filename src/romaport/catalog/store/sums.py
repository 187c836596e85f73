"""What the assets of an instance add up to."""

from collections.abc import Collection

from sqlalchemy import Integer, cast, func, select

from romaport.storage import Transaction
from romaport.storage.tables import assets

__all__ = ["sum_of"]


def sum_of(tx: Transaction, instance_id: str, kinds: Collection[str], field: str) -> int:
    """Add up a number in the bodies of all assets of these kinds in an instance."""
    value = cast(func.json_extract(assets.c.body, f"$.{field}"), Integer)
    statement = select(func.coalesce(func.sum(value), 0)).where(
        assets.c.instance_id == instance_id, assets.c.kind.in_(list(kinds))
    )
    return int(tx.execute(statement).scalar_one())
