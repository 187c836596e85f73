"""Sets of assets, worked out by the database: what a job takes along, and reading it in the order of a package.

A selection is a temporary table of the reading connection, so it holds any number of assets without
memory here, and the snapshot it was made in stays the one that is read.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache, reduce
from operator import add
from typing import Any

from sqlalchemy import (
    VARCHAR,
    Column,
    ColumnElement,
    FromClause,
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
    or_,
    select,
)

from romaport.catalog.store.spaces import lies_in
from romaport.catalog.store.visibility import visible_ids
from romaport.kinds import Kind, Travel
from romaport.storage import Transaction, streamed_in_parts
from romaport.storage.tables import asset_references, asset_uniques, assets, instances

__all__ = [
    "chosen",
    "counts",
    "drag_in",
    "dragged_in",
    "drop",
    "entries",
    "gather",
    "gather_all",
    "gather_origin",
    "instance_name",
    "lines",
    "remove_selected",
    "selection",
    "summary",
    "users_outside",
]

_SELECTED = Table(
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


_BODY = func.coalesce(assets.c.published, assets.c.body)


@contextmanager
def selection(tx: Transaction) -> Iterator[None]:
    """Have an empty selection for the length of the block."""
    _SELECTED.create(tx)
    # Whatever is raised also undoes the transaction, and the table with it.
    yield
    _SELECTED.drop(tx)


def gather(tx: Transaction, ids: Collection[str], *, whole: bool) -> None:
    """Select assets, and all that belongs to them.

    With `whole`, what belongs to several assets is selected only when all of those are: a deletion
    must not take what someone else still has a part in.
    """
    if ids:
        tx.execute(insert(_SELECTED), [{"asset_id": asset_id} for asset_id in sorted(set(ids))])
    _gather_owned(tx, _owned(whole=whole))


def gather_all(tx: Transaction, instance_id: str, member_id: str | None) -> None:
    """Select everything in an instance that a user may see; with None, everything."""
    found = select(assets.c.id).where(lies_in(instance_id))
    if member_id is not None:
        found = found.where(assets.c.id.in_(visible_ids(member_id)))
    tx.execute(insert(_SELECTED).from_select(["asset_id"], found))


def gather_origin(tx: Transaction, job_id: str, *, with_owned: bool, spared: Select[Any]) -> None:
    """Select what a job has created, and what belongs to it by now if that is wanted, but for some."""
    tx.execute(insert(_SELECTED).from_select(["asset_id"], select(assets.c.id).where(assets.c.origin_id == job_id)))
    if with_owned:
        _gather_owned(tx, _owned(whole=False).where(asset_references.c.asset_id.not_in(spared)))


def chosen() -> Select[Any]:
    """Select the ids of the selected assets."""
    return select(_SELECTED.c.asset_id)


def _gather_owned(tx: Transaction, owned: Select[Any]) -> None:
    while _added(tx, ["asset_id"], owned):
        pass


def _added(tx: Transaction, columns: list[str], found: Select[Any]) -> int:
    """Select more assets; answer how many."""
    # A driver may forget the count of an insertion unless it is told to keep it.
    counted = {"preserve_rowcount": True}
    return tx.execute(insert(_SELECTED).from_select(columns, found), execution_options=counted).rowcount


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
        .join(_SELECTED, and_(_SELECTED.c.asset_id == assets.c.id, _SELECTED.c.is_dragged == 1))
        .join(user, user.c.id == first_user)
        .order_by(assets.c.kind, assets.c.key)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(statement)]


def drop(
    tx: Transaction, *, unpacked: Collection[str], published_only: Collection[str], limit: int
) -> list[tuple[str, str]]:
    """Take out of the selection what does not travel; answer kind and key of what is merely not published."""
    unpublished = (assets.c.kind.in_(list(published_only)), assets.c.published.is_(None), assets.c.id.in_(chosen()))
    named = select(assets.c.kind, assets.c.key).where(*unpublished).order_by(assets.c.kind, assets.c.key).limit(limit)
    found = [(row[0], row[1]) for row in tx.execute(named)]
    is_unpacked = and_(assets.c.kind.in_(list(unpacked)), assets.c.id.in_(chosen()))
    stay = select(assets.c.id).where(or_(is_unpacked, and_(*unpublished)))
    tx.execute(delete(_SELECTED).where(_SELECTED.c.asset_id.in_(stay)))
    return found


def counts(tx: Transaction, instance_id: str | None = None) -> dict[str, int]:
    """Count the selected assets by kind, those of one instance or all."""
    return {kind: number for kind, (number, _) in summary(tx, instance_id).items()}


def summary(tx: Transaction, instance_id: str | None = None) -> dict[str, tuple[int, int]]:
    """Answer how many assets of each kind are selected, and when they last changed, in milliseconds."""
    statement = (
        select(assets.c.kind, func.count(), func.max(assets.c.updated_at))
        .join(_SELECTED, _SELECTED.c.asset_id == assets.c.id)
        .group_by(assets.c.kind)
        .order_by(assets.c.kind)
    )
    if instance_id is not None:
        statement = statement.where(lies_in(instance_id))
    return {row[0]: (row[1], row[2]) for row in tx.execute(statement)}


def instance_name(tx: Transaction, instance_id: str) -> str:
    """Answer the name of an instance."""
    return str(tx.execute(select(instances.c.name).where(instances.c.id == instance_id)).scalar_one())


def entries(tx: Transaction, kind: Kind, instance_id: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the selected assets of a kind in an instance in the order of their keys, many at a time.

    Each is (key, body, references, holes, secret paths, and the unique values in the order of their fields). The
    first five are JSON texts as they are stored; the references those of the members of an object, in order of the
    fields, each with a comma before it.
    """
    return streamed_in_parts(tx, _Leaving(kind, instance_id).entries())


def lines(tx: Transaction, kind: Kind, instance_id: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield what `entries` does as the beginnings of lines: (key, body and references; lacking; unique values).

    A line is the JSON text of an object that is not closed. What is lacking are holes and secret paths, two JSON lists
    with a line feed between.
    """
    return streamed_in_parts(tx, _Leaving(kind, instance_id).lines())


# To give a table another name takes longer than all else that makes a statement of it.
@cache
def _ends(field: str) -> tuple[FromClause, FromClause]:
    """Name the references of a field, and the assets that they lead to, for a statement that joins several of each."""
    return asset_references.alias(f"reference_{field}"), assets.alias(f"target_{field}")


@cache
def _unique(field: str) -> FromClause:
    """Name the unique values of a field, as `_ends` does references."""
    return asset_uniques.alias(f"unique_{field}")


class _Leaving:
    """The selected assets of a kind in an instance, joined with what they refer to and their unique values."""

    def __init__(self, kind: Kind, instance_id: str) -> None:
        self._where = (lies_in(instance_id), assets.c.kind == kind.name)
        self._source: Any = assets.join(_SELECTED, _SELECTED.c.asset_id == assets.c.id)
        self._values = [self._value(field) for field in kind.of(Travel.UNIQUE)]
        named = [self._reference(found.field) for found in sorted(kind.references, key=lambda found: found.field)]
        self._is_referring = bool(named)
        self._references = reduce(add, named) if named else literal("")

    def _reference(self, field: str) -> ColumnElement[str]:
        edge, target = _ends(field)
        self._source = self._source.outerjoin(edge, and_(edge.c.asset_id == assets.c.id, edge.c.field == field))
        self._source = self._source.outerjoin(target, target.c.id == edge.c.target_id)
        return func.coalesce(literal(f',"{field}":') + target.c.key, "")

    def _value(self, field: str) -> ColumnElement[str]:
        value = _unique(field)
        self._source = self._source.outerjoin(value, and_(value.c.asset_id == assets.c.id, value.c.field == field))
        return value.c.value

    def entries(self) -> Select[*tuple[Any, ...]]:
        """Select what `entries` answers."""
        return self._selected(assets.c.key, _BODY, self._references, assets.c.holes, assets.c.secret_paths)

    def lines(self) -> Select[*tuple[Any, ...]]:
        """Select what `lines` answers."""
        line = literal('{"key":') + assets.c.key + ',"body":' + _BODY
        if self._is_referring:
            # Named once: a database would join the texts anew for every mention.
            named = func.nullif(func.substr(self._references, 2), "")
            line += func.coalesce(literal(',"references":{') + named + "}", "")
        return self._selected(line, assets.c.holes + "\n" + assets.c.secret_paths)

    def _selected(self, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        chosen = select(*columns, *self._values).select_from(self._source)
        return chosen.where(*self._where).order_by(assets.c.key)


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
