"""Which assets a list shows: what a user may see, what filters keep, page by page."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, func, or_, select, true

from romaport.kinds import Filter
from romaport.storage import Transaction
from romaport.storage.tables import app_members, asset_references, assets

__all__ = ["Page", "listed", "page", "visible_ids"]

_ROWS_AT_ONCE = 1_000


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


def visible_ids(member_id: str) -> Select[Any]:
    """Select what a user may see (contract 5.2).

    That is own and shared applications with all that belongs to them, and what belongs to no application but to
    the instance as a whole.
    """
    is_owned = exists().where(asset_references.c.asset_id == assets.c.id, asset_references.c.owns == 1)
    roots = select(assets.c.id).where(
        or_(and_(assets.c.kind == "app", _is_open_to(member_id)), and_(assets.c.kind != "app", ~is_owned))
    )
    visible = roots.cte("visible", recursive=True)
    below = select(asset_references.c.asset_id).where(
        asset_references.c.target_id == visible.c.id, asset_references.c.owns == 1
    )
    return select(visible.union(below).c.id)


def page(tx: Transaction, instance_id: str, kinds: Collection[str], asked: Page) -> tuple[int, list[str]]:
    """Answer how many assets match, and the ids of the page, in the order of their creation."""
    matching = select(assets.c.id).where(assets.c.instance_id == instance_id, assets.c.kind.in_(list(kinds)))
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


def _is_open_to(user_id: str, role: str = "") -> ColumnElement[bool]:
    """Match applications that a user made or is shared, with a role if one is named; `admin` has them all."""
    shared = exists().where(app_members.c.app_id == assets.c.id, app_members.c.user_id == user_id)
    if role:
        shared = shared.where(or_(*(app_members.c.roles.contains(f'"{held}"') for held in (role, "admin"))))
    return or_(assets.c.created_by == user_id, shared)


def _kept(found: Filter, value: str, asked: Page) -> ColumnElement[bool]:
    """Match what a filter keeps; `member` and `role` look at users instead of fields, and only for applications."""
    if found.matches == "member":
        return _is_open_to(value)
    if found.matches == "role":
        return true() if asked.member_id is None else _is_open_to(asked.member_id, value)
    is_fuzzy = found.fuzzy and found.query not in asked.precise
    return or_(*(_condition(matches, value, is_fuzzy=is_fuzzy) for matches in found.matches.split("|")))


_COLUMNS = {"id": assets.c.id, "creator": assets.c.created_by_name}


def _condition(matches: str, value: str, *, is_fuzzy: bool) -> ColumnElement[bool]:
    where, *path = matches.split(".")
    if where == "name":
        return assets.c.name.contains(value, autoescape=True) if is_fuzzy else assets.c.name == value
    if where in _COLUMNS:
        return _COLUMNS[where] == value
    if where == "created":
        return assets.c.created_at >= int(value) if path == ["from"] else assets.c.created_at <= int(value)
    if where in ("body", "local"):
        return _has_value(assets.c[where], ".".join(path), value, is_fuzzy=is_fuzzy)
    return _refers(assets.c.id, path, value)


def _has_value(column: ColumnElement[Any], path: str, value: str, *, is_fuzzy: bool) -> ColumnElement[bool]:
    text = func.coalesce(cast(func.json_extract(column, f"$.{path}"), Text), "")
    if is_fuzzy:
        return text.contains(value, autoescape=True)
    if value.lower() in ("true", "false"):
        is_true = text.in_(["1", "true"])
        return is_true if value.lower() == "true" else ~is_true
    # Compared without regard to case: words such as task types come in both.
    return func.lower(text) == value.lower()


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
        assets.c.instance_id == instance_id, assets.c.kind.in_(list(kinds))
    )
    if member_id is not None:
        statement = statement.where(assets.c.id.in_(visible_ids(member_id)))
    with tx.execution_options(yield_per=_ROWS_AT_ONCE).execute(statement.order_by(assets.c.kind, assets.c.key)) as rows:
        for row in rows:
            yield row[0], row[1], row[2], row[3], row[4]
