"""Assets as rows, and rows as assets."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    Table,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from romaport.catalog.store.spaces import lies_in, space_of
from romaport.kinds import Asset
from romaport.storage import Transaction
from romaport.storage.tables import app_members, asset_references, asset_uniques, assets, counters, instances, users

__all__ = [
    "Edge",
    "add",
    "change",
    "count",
    "ids_of",
    "in_parts",
    "json_text",
    "keyed_by",
    "keys_by_field",
    "loaded",
    "members",
    "parts_of",
    "remove",
    "reserve_numbers",
    "retell",
    "retell_referring",
    "sealed_secrets",
    "set_columns",
    "set_members",
    "unique_owner",
    "users_of",
]

_VALUES_PER_STATEMENT = 5_000
_NUMBERS = "ids"
# Named once: to give a table another name takes longer than to make a statement of it.
_SPACE, _HOME = instances.alias(), instances.alias()
_EDGE, _TARGET = asset_references.alias(), assets.alias()


class Edge(NamedTuple):
    """A reference of an asset: to which one, of which key, and whether the asset belongs to it."""

    target_id: str
    key: tuple[str, ...]
    owns: bool


def json_text(value: object) -> str:
    """Write a value the way the tables hold it: JSON, the names of objects in order."""
    return msgspec.json.encode(value, order="sorted").decode()


def key_text(key: Iterable[str]) -> str:
    """Write a natural key the way the tables hold it."""
    return msgspec.json.encode(key).decode()


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def loaded(tx: Transaction, ids: Collection[str]) -> dict[str, Asset]:
    """Read assets by id, with everything they refer to, directly or through others."""
    rows: dict[str, Row[Any]] = {}
    edges: dict[str, dict[str, str]] = {}
    uniques: dict[str, dict[str, str]] = {}
    # What lies in a space that is not shown is nobody's yet.
    space, home = _SPACE, _HOME
    wanted = set(ids)
    while wanted:
        for part in in_parts(wanted):
            statement = (
                select(assets, home.c.project_id, home.c.id.label("home_id"))
                .join(space, space.c.id == assets.c.instance_id)
                .join(home, home.c.id == func.coalesce(space.c.space_of, space.c.id))
                .where(assets.c.id.in_(part), space.c.id == func.coalesce(home.c.space_id, home.c.id))
            )
            rows.update({row.id: row for row in tx.execute(statement)})
            for row in tx.execute(select(asset_references).where(asset_references.c.asset_id.in_(part))):
                edges.setdefault(row.asset_id, {})[row.field] = row.target_id
            for row in tx.execute(select(asset_uniques).where(asset_uniques.c.asset_id.in_(part))):
                uniques.setdefault(row.asset_id, {})[row.field] = row.value
        wanted = {target for found in wanted for target in edges.get(found, {}).values()} - set(rows)
    return {found: _asset(rows[found], rows, edges, uniques) for found in ids if found in rows}


def _asset(
    row: Row[Any],
    rows: Mapping[str, Row[Any]],
    edges: Mapping[str, Mapping[str, str]],
    uniques: Mapping[str, dict[str, str]],
) -> Asset:
    return Asset(
        id=row.id,
        instance_id=row.home_id,
        project_id=row.project_id,
        kind=row.kind,
        key=tuple(msgspec.json.decode(row.key)),
        name=row.name,
        body=msgspec.json.decode(row.body),
        local=msgspec.json.decode(row.local),
        unique=uniques.get(row.id, {}),
        holes=tuple(msgspec.json.decode(row.holes)),
        secret_paths=tuple(msgspec.json.decode(row.secret_paths)),
        references={
            field: _asset(rows[target], rows, edges, uniques) for field, target in edges.get(row.id, {}).items()
        },
        created_by=(row.created_by, row.created_by_name),
        updated_by=(row.updated_by, row.updated_by_name),
        created_at=_moment(row.created_at),
        updated_at=_moment(row.updated_at),
        revision=row.revision,
        published=row.published,
    )


def in_parts(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield values, each once and in order, in lists that are short enough for a statement each."""
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _VALUES_PER_STATEMENT):
        yield ordered[start : start + _VALUES_PER_STATEMENT]


def ids_of(tx: Transaction, instance_id: str, kinds: Collection[str], ids: Collection[str]) -> set[str]:
    """Answer which of the ids are assets of these kinds in the instance."""
    statement = select(assets.c.id).where(
        lies_in(instance_id), assets.c.kind.in_(list(kinds)), assets.c.id.in_(list(ids))
    )
    return set(tx.execute(statement).scalars())


def reserve_numbers(tx: Transaction, number: int) -> int:
    """Reserve so many ids that are whole numbers, all greater than any before; answer the first."""
    raised = update(counters).where(counters.c.name == _NUMBERS).values(last=counters.c.last + number)
    return int(tx.execute(raised.returning(counters.c.last)).scalar_one()) - number + 1


def sealed_secrets(tx: Transaction, asset_id: str) -> bytes | None:
    """Read an asset's sealed secrets."""
    return tx.execute(select(assets.c.secrets).where(assets.c.id == asset_id)).scalar_one_or_none()


def count(tx: Transaction, instance_id: str, kinds: Collection[str]) -> int:
    """Count the assets of some kinds in an instance."""
    statement = select(func.count()).where(lies_in(instance_id), assets.c.kind.in_(list(kinds)))
    return tx.execute(statement).scalar_one()


def add(tx: Transaction, row: Mapping[str, Any], references: Mapping[str, Edge], unique: Mapping[str, str]) -> None:
    """Insert an asset with its references and unique values."""
    row = _placed(tx, row, references)
    tx.execute(insert(assets).values(**row))
    _relate(tx, row, references, unique)


def change(tx: Transaction, row: Mapping[str, Any], references: Mapping[str, Edge], unique: Mapping[str, str]) -> None:
    """Replace an asset's columns, references and unique values."""
    row = _placed(tx, row, references)
    values = {name: value for name, value in row.items() if name != "id"}
    tx.execute(update(assets).where(assets.c.id == row["id"]).values(**values, revision=assets.c.revision + 1))
    for table in (asset_references, asset_uniques):
        tx.execute(delete(table).where(table.c.asset_id == row["id"]))
    _relate(tx, row, references, unique)


def _placed(tx: Transaction, row: Mapping[str, Any], references: Mapping[str, Edge]) -> dict[str, Any]:
    keys = {field: edge.key for field, edge in references.items()}
    return {
        **row,
        "instance_id": tx.execute(select(space_of(row["instance_id"]))).scalar_one(),
        "reference_keys": json_text(keys) if keys else None,
    }


def _relate(tx: Transaction, row: Mapping[str, Any], references: Mapping[str, Edge], unique: Mapping[str, str]) -> None:
    edges = [
        {"asset_id": row["id"], "field": field, "target_id": edge.target_id, "owns": int(edge.owns)}
        for field, edge in references.items()
    ]
    values = [
        {
            "asset_id": row["id"],
            "field": field,
            "instance_id": row["instance_id"],
            "kind": row["kind"],
            "value": value,
        }
        for field, value in unique.items()
    ]
    if edges:
        tx.execute(insert(asset_references), edges)
    if values:
        tx.execute(insert(asset_uniques), values)


def set_columns(tx: Transaction, asset_id: str, **values: Any) -> None:  # noqa: ANN401 - columns of several types
    """Write some columns of an asset."""
    tx.execute(update(assets).where(assets.c.id == asset_id).values(**values))


def retell(tx: Transaction, ids: Select[Any]) -> None:
    """Have assets tell anew the keys of what they refer to."""
    edge, target = _EDGE.c, _TARGET.c
    led = _EDGE.join(_TARGET, target.id == edge.target_id)
    keys = keys_by_field(edge.field, target.key, led, edge.asset_id == assets.c.id, of=assets)
    tx.execute(update(assets).where(assets.c.id.in_(ids)).values(reference_keys=keys))


def keys_by_field(
    field: ColumnElement[str], key: ColumnElement[str], led: FromClause, mine: ColumnElement[bool], *, of: Table
) -> ScalarSelect[str]:
    """Write the keys of what a row of a table refers to as `reference_keys` has them: null if that is nothing.

    `led` are all references, `mine` matches those of the row.
    """
    member = ('"' + field + '":' + key).label("member")
    members = select(member).select_from(led).where(mine).order_by(field).correlate(of).subquery()
    # What joins no texts at all is null, and so is what it is put between.
    return select("{" + func.aggregate_strings(members.c.member, ",") + "}").scalar_subquery()


def retell_referring(tx: Transaction, ids: Iterable[str]) -> None:
    """Have what refers to assets tell their keys, which are others by now."""
    for part in in_parts(ids):
        retell(tx, select(asset_references.c.asset_id).where(asset_references.c.target_id.in_(part)))


def keyed_by(tx: Transaction, ids: Iterable[str], scopes: Collection[tuple[str, str]]) -> list[str]:
    """Answer what refers to assets by a field that is in its key; `scopes` are (kind, field)."""
    found: set[str] = set()
    for part in in_parts(ids):
        by_scope = tuple_(assets.c.kind, asset_references.c.field).in_(list(scopes))
        statement = (
            select(assets.c.id)
            .join(asset_references, asset_references.c.asset_id == assets.c.id)
            .where(asset_references.c.target_id.in_(part), by_scope)
        )
        found.update(tx.execute(statement).scalars())
    return sorted(found)


def parts_of(tx: Transaction, asset_id: str, kinds: Collection[str]) -> list[str]:
    """Answer the assets of these kinds that belong to an asset, and to those, the innermost last."""
    found: list[str] = []
    level = [asset_id]
    while level:
        statement = (
            select(assets.c.id)
            .join(asset_references, asset_references.c.asset_id == assets.c.id)
            .where(
                asset_references.c.target_id.in_(level), asset_references.c.owns == 1, assets.c.kind.in_(list(kinds))
            )
        )
        level = [part for part in tx.execute(statement).scalars() if part not in found]
        found.extend(level)
    return found


def users_of(tx: Transaction, asset_id: str, *, but_not: Collection[str] = ()) -> list[tuple[str, str]]:
    """Answer kind and name of assets that refer to this one, ten at most."""
    statement = (
        select(assets.c.kind, assets.c.name)
        .join(asset_references, asset_references.c.asset_id == assets.c.id)
        .where(asset_references.c.target_id == asset_id, assets.c.id.not_in(list(but_not)))
        .distinct()
        .order_by(assets.c.kind, assets.c.name)
        .limit(10)
    )
    return [(row.kind, row.name) for row in tx.execute(statement)]


def remove(tx: Transaction, ids: Collection[str]) -> None:
    """Delete assets with their references and unique values."""
    for part in in_parts(ids):
        tx.execute(delete(asset_references).where(asset_references.c.asset_id.in_(part)))
    for part in in_parts(ids):
        tx.execute(delete(assets).where(assets.c.id.in_(part)))


def unique_owner(tx: Transaction, instance_id: str, kind: str, field: str, value: str) -> str | None:
    """Answer the id of the asset that holds a unique value."""
    statement = select(asset_uniques.c.asset_id).where(
        asset_uniques.c.instance_id == space_of(instance_id),
        asset_uniques.c.kind == kind,
        asset_uniques.c.field == field,
        asset_uniques.c.value == value,
    )
    return tx.execute(statement).scalar_one_or_none()


def id_by_key(tx: Transaction, instance_id: str, kinds: Collection[str], key: Iterable[str]) -> str | None:
    """Answer the id of the asset with a natural key, among kinds that share their names."""
    statement = select(assets.c.id).where(
        lies_in(instance_id), assets.c.kind.in_(list(kinds)), assets.c.key == key_text(key)
    )
    return tx.execute(statement).scalar_one_or_none()


def creator(tx: Transaction, asset_id: str) -> str | None:
    """Answer who created an asset."""
    return tx.execute(select(assets.c.created_by).where(assets.c.id == asset_id)).scalar_one_or_none()


def members(tx: Transaction, app_id: str) -> dict[str, tuple[str, ...]]:
    """Answer the roles of everyone an application is shared with, by user id."""
    rows = tx.execute(select(app_members).where(app_members.c.app_id == app_id).order_by(app_members.c.user_id))
    return {row.user_id: tuple(msgspec.json.decode(row.roles)) for row in rows}


def set_members(tx: Transaction, app_id: str, roles: Mapping[str, Iterable[str]]) -> None:
    """Replace everyone an application is shared with, but for users who are gone by now."""
    tx.execute(delete(app_members).where(app_members.c.app_id == app_id))
    # Locked, or one of them could be removed before this is committed.
    there = select(users.c.id).where(users.c.id.in_(list(roles))).with_for_update(read=True, key_share=True)
    known = set(tx.execute(there).scalars())
    rows = [
        {"app_id": app_id, "user_id": user, "roles": msgspec.json.encode(list(held)).decode()}
        for user, held in roles.items()
        if user in known
    ]
    if rows:
        tx.execute(insert(app_members), rows)
