"""Which assets a list shows: what filters keep of what a user may see, page by page."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, true

from romaport.catalog.store.spaces import lies_in
from romaport.catalog.store.visibility import is_open_to, visible_ids
from romaport.kinds import Filter
from romaport.storage import Transaction, json_field, streamed
from romaport.storage.tables import asset_references, assets

__all__ = ["Page", "listed", "page"]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a list operation asks for."""

    offset: int
    limit: int
    filters: tuple[tuple[Filter, str], ...] = ()
    member_id: str | None = None
    """Only what this user may see; None for everything."""
    created_by: str | None = None
    is_own: bool | None = None
    descending: bool = False
    precise: frozenset[str] = frozenset()
    """The query parameters that are to match whole."""


def page(tx: Transaction, instance_id: str, kinds: Collection[str], asked: Page) -> tuple[int, list[str]]:
    """Answer how many assets match, and the ids of the page, in the order of their creation."""
    matching = select(assets.c.id).where(lies_in(instance_id), assets.c.kind.in_(list(kinds)))
    for found, value in asked.filters:
        matching = matching.where(_kept(found, value, asked))
    if asked.member_id is not None:
        matching = matching.where(assets.c.id.in_(visible_ids(asked.member_id)))
    if asked.is_own is not None:
        own = assets.c.created_by == asked.created_by
        matching = matching.where(own if asked.is_own else ~own)
    total = tx.execute(select(func.count()).select_from(matching.subquery())).scalar_one()
    order = (assets.c.created_at.desc(), assets.c.id) if asked.descending else (assets.c.created_at, assets.c.id)
    rows = tx.execute(matching.order_by(*order).limit(asked.limit).offset(asked.offset))
    return total, list(rows.scalars())


def _kept(found: Filter, value: str, asked: Page) -> ColumnElement[bool]:
    """Match what a filter keeps; `member` and `role` look at users instead of fields, and only for applications."""
    if found.matches == "member":
        return is_open_to(value)
    if found.matches == "role":
        return true() if asked.member_id is None else is_open_to(asked.member_id, value)
    is_fuzzy = found.fuzzy and found.query not in asked.precise
    return or_(*(_condition(matches, value, is_fuzzy=is_fuzzy) for matches in found.matches.split("|")))


_COLUMNS = {"id": assets.c.id, "creator": assets.c.created_by_name}


def _condition(matches: str, value: str, *, is_fuzzy: bool) -> ColumnElement[bool]:
    where, *path = matches.split(".")
    if where == "name":
        return assets.c.name.icontains(value, autoescape=True) if is_fuzzy else assets.c.name == value
    if where in _COLUMNS:
        return _COLUMNS[where] == value
    if where == "created":
        return assets.c.created_at >= int(value) if path == ["from"] else assets.c.created_at <= int(value)
    if where in ("body", "local"):
        return _has_value(assets.c[where], ".".join(path), value, is_fuzzy=is_fuzzy)
    return _refers(assets.c.id, path, value)


def _has_value(column: ColumnElement[Any], path: str, value: str, *, is_fuzzy: bool) -> ColumnElement[bool]:
    text = func.coalesce(json_field(column, path), "")
    if is_fuzzy:
        return text.icontains(value, autoescape=True)
    if value.lower() in ("true", "false"):
        is_true = text.in_(["1", "true"])
        return is_true if value.lower() == "true" else ~is_true
    # Compared without regard to case: words such as task types come in both.
    return func.lower(text) == func.lower(value)


def _refers(asset_id: ColumnElement[Any], path: list[str], value: str) -> ColumnElement[bool]:
    if path == ["name"]:
        named = assets.alias()
        return exists().where(named.c.id == asset_id, named.c.name == value)
    edge = asset_references.alias()
    field, *rest = path
    condition = edge.c.asset_id == asset_id
    if field != "*":
        condition &= edge.c.field == field
    condition &= _refers(edge.c.target_id, rest, value) if rest else edge.c.target_id == value
    return exists().where(condition)


def listed(
    tx: Transaction, instance_id: str, kinds: Collection[str], member_id: str | None
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (id, kind, key, name, body) of the assets of some kinds that a user may see, without holding them."""
    statement = select(assets.c.id, assets.c.kind, assets.c.key, assets.c.name, assets.c.body).where(
        lies_in(instance_id), assets.c.kind.in_(list(kinds))
    )
    if member_id is not None:
        statement = statement.where(assets.c.id.in_(visible_ids(member_id)))
    for row in streamed(tx, statement.order_by(assets.c.kind, assets.c.key)):
        yield row[0], row[1], row[2], row[3], row[4]
