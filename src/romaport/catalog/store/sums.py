"""What the assets of an instance add up to."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, cast, func, select

from romaport.catalog.store.brought import Into, Step, brought
from romaport.catalog.store.spaces import lies_in
from romaport.storage import Transaction, json_field
from romaport.storage.tables import assets

__all__ = ["sum_after", "sum_of"]


def sum_of(tx: Transaction, instance_id: str, kinds: Collection[str], field: str) -> int:
    """Add up a number in the bodies of all assets of these kinds in an instance."""
    return _added(tx, _held(instance_id, kinds, field))


def sum_after(tx: Transaction, into: Into, kinds: Collection[str], field: str) -> int:
    """Add up a number as it will be once a package, decided on, is in its instance."""
    came = brought(into).assets.c
    arriving = (came.job_id == into.job_id, came.kind.in_(list(kinds)))
    replaced = select(came.met_id).where(*arriving, came.step == Step.UPDATE)
    stays = _held(into.instance_id, kinds, field).where(assets.c.id.not_in(replaced))
    comes = select(_number(came.body, field)).where(*arriving, came.step != Step.KEEP)
    return _added(tx, stays) + _added(tx, comes)


def _held(instance_id: str, kinds: Collection[str], field: str) -> Select[Any]:
    return select(_number(assets.c.body, field)).where(lies_in(instance_id), assets.c.kind.in_(list(kinds)))


def _number(body: ColumnElement[str], field: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(json_field(body, field), Integer)), 0)


def _added(tx: Transaction, statement: Select[Any]) -> int:
    return int(tx.execute(statement).scalar_one())
