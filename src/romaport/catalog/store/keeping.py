"""What a job changes or removes, kept as it was, and put back when the job is taken back."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)

from romaport.catalog.store.brought import Step
from romaport.catalog.store.spaces import space_of
from romaport.catalog.store.visibility import visible_ids
from romaport.kinds import changing_references
from romaport.storage import Transaction
from romaport.storage.tables import (
    app_members,
    asset_references,
    asset_uniques,
    assets,
    kept_app_members,
    kept_asset_references,
    kept_asset_uniques,
    kept_assets,
    staged_assets,
    users,
)

__all__ = [
    "changed_since",
    "clashes",
    "counts",
    "follow",
    "forbidden",
    "forget",
    "keep",
    "kept_ids",
    "lost_targets",
    "rename",
    "renamed",
    "restore",
    "scopes_of",
    "updated_of",
]

kept = kept_assets.c


def updated_of(job_id: str) -> Select[Any]:
    """Select the ids of the assets that a staged package updates."""
    return select(staged_assets.c.met_id).where(
        staged_assets.c.job_id == job_id, staged_assets.c.step == Step.UPDATE.value
    )


def kept_ids(job_id: str) -> Select[Any]:
    """Select the ids of what is kept for a job."""
    return select(kept.id).where(kept.job_id == job_id)


def keep(tx: Transaction, job_id: str, ids: Select[Any]) -> None:
    """Copy assets with all that hangs on them, before the job changes them."""
    for source, target, column in (
        (assets, kept_assets, assets.c.id),
        (asset_references, kept_asset_references, asset_references.c.asset_id),
        (asset_uniques, kept_asset_uniques, asset_uniques.c.asset_id),
        (app_members, kept_app_members, app_members.c.app_id),
    ):
        copied = select(literal(job_id), *source.columns).where(column.in_(ids))
        tx.execute(insert(target).from_select(["job_id", *source.columns.keys()], copied))


def forget(tx: Transaction, job_ids: Collection[str]) -> None:
    """Remove what is kept for jobs."""
    for table in (kept_assets, kept_asset_references, kept_asset_uniques, kept_app_members):
        tx.execute(delete(table).where(table.c.job_id.in_(list(job_ids))))


def counts(tx: Transaction, job_id: str) -> dict[str, int]:
    """Count by kind what is kept for a job."""
    statement = select(kept.kind, func.count()).where(kept.job_id == job_id).group_by(kept.kind).order_by(kept.kind)
    return {row[0]: row[1] for row in tx.execute(statement)}


def follow(tx: Transaction, job_id: str, instance_id: str) -> None:
    """Have what is kept for a job lie where the other assets of its instance lie by now."""
    for table in (kept_assets, kept_asset_uniques):
        tx.execute(update(table).where(table.c.job_id == job_id).values(instance_id=space_of(instance_id)))


def _of_kept(job_id: str) -> ColumnElement[bool]:
    return and_(kept.job_id == job_id, kept.id == assets.c.id)


def changed_since(
    tx: Transaction, job_id: str, *, removes: bool, limit: int
) -> list[tuple[str, str, str | None, int | None]]:
    """Answer (kind, key, who, when in milliseconds) of what is no longer as a job left it; nobody if it is gone.

    `removes` says that what is kept was removed by the job; otherwise it was changed.
    """
    columns = (assets.c.kind, assets.c.key, assets.c.updated_by_name, assets.c.updated_at)
    created = select(*columns).where(assets.c.origin_id == job_id, assets.c.change_id != job_id)
    changed = select(*columns).join(kept_assets, _of_kept(job_id)).where(assets.c.change_id != job_id)
    found = [(row[0], row[1], row[2], row[3]) for row in tx.execute(union(created, changed).limit(limit))]
    if not removes:
        gone = ~exists().where(assets.c.id == kept.id)
        statement = select(kept.kind, kept.key).where(kept.job_id == job_id, gone).limit(limit)
        found += [(row[0], row[1], None, None) for row in tx.execute(statement)]
    return sorted(found, key=lambda row: row[:2])


def scopes_of(tx: Transaction, job_id: str, kind: str) -> list[tuple[str, str, dict[str, str | None]]]:
    """Answer (id, key, keys by field of what it refers to, as they will be) of what is kept of a kind; None if lost."""
    edge, again = kept_asset_references.c, kept_assets.alias()
    statement = (
        select(kept.id, kept.key, edge.field, func.coalesce(again.c.key, assets.c.key))
        .join(kept_asset_references, and_(edge.job_id == kept.job_id, edge.asset_id == kept.id))
        .outerjoin(again, and_(again.c.job_id == kept.job_id, again.c.id == edge.target_id))
        .outerjoin(assets, assets.c.id == edge.target_id)
        .where(kept.job_id == job_id, kept.kind == kind)
    )
    found: dict[str, tuple[str, str, dict[str, str | None]]] = {}
    for asset_id, key, field, target_key in tx.execute(statement):
        found.setdefault(asset_id, (asset_id, key, {}))[2][field] = target_key
    return list(found.values())


def renamed(tx: Transaction, job_id: str) -> list[str]:
    """Answer the ids of what is kept and has another key by now."""
    statement = select(kept.id).join(assets, assets.c.id == kept.id).where(kept.job_id == job_id)
    return list(tx.execute(statement.where(assets.c.key != kept.key).order_by(kept.id)).scalars())


def rename(tx: Transaction, job_id: str, asset_id: str, *, key: str, name: str) -> None:
    """Give what is kept another key, and the last name in it."""
    tx.execute(update(kept_assets).where(kept.job_id == job_id, kept.id == asset_id).values(key=key, name=name))


def clashes(
    tx: Transaction, job_id: str, going: Select[Any], namesakes: Collection[Collection[str]], *, limit: int
) -> list[tuple[str, str, str]]:
    """Answer (kind, key, field) of what is kept whose name, or other unique value, another asset has by now.

    `going` are the assets that are removed before, `namesakes` the kinds that share their names with each other;
    the field is empty for the name.
    """
    others = (kept.job_id == job_id, assets.c.id.not_in(kept_ids(job_id)), assets.c.id.not_in(going))
    shared = (and_(assets.c.kind.in_(list(kinds)), kept.kind.in_(list(kinds))) for kinds in namesakes)
    by_key = and_(
        assets.c.instance_id == kept.instance_id, assets.c.key == kept.key, or_(assets.c.kind == kept.kind, *shared)
    )
    names = select(kept.kind, kept.key, literal("")).join(assets, by_key).where(*others)
    mine, theirs = kept_asset_uniques.c, asset_uniques.c
    by_value = and_(
        theirs.instance_id == mine.instance_id,
        theirs.kind == mine.kind,
        theirs.field == mine.field,
        theirs.value == mine.value,
    )
    held = (
        select(kept.kind, kept.key, mine.field)
        .join(kept_asset_uniques, and_(mine.job_id == kept.job_id, mine.asset_id == kept.id))
        .join(asset_uniques, by_value)
        .join(assets, assets.c.id == theirs.asset_id)
        .where(*others)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(union(names, held).limit(limit))]


def forbidden(tx: Transaction, job_id: str, going: Select[Any], user_id: str, limit: int) -> list[tuple[str, str]]:
    """Answer kind and key of what a user may not take away, change back, or put back (contract 5.2).

    The roles are those of the moment: `modify` on what is there and on what something is put back into, `read` on
    whatever else that refers to.
    """
    visible, changeable = visible_ids(user_id), visible_ids(user_id, "modify")
    there = select(assets.c.kind, assets.c.key).where(
        or_(assets.c.id.in_(going), assets.c.id.in_(kept_ids(job_id))), assets.c.id.not_in(changeable)
    )
    edge, target = kept_asset_references.c, assets.alias()
    is_put_in = tuple_(kept.kind, edge.field).in_(changing_references())
    back = (
        select(kept.kind, kept.key)
        .join(kept_asset_references, and_(edge.job_id == kept.job_id, edge.asset_id == kept.id))
        .join(target, target.c.id == edge.target_id)
        .where(kept.job_id == job_id, target.c.id.not_in(kept_ids(job_id)))
        .where(or_(target.c.id.not_in(visible), and_(is_put_in, target.c.id.not_in(changeable))))
    )
    return [(row[0], row[1]) for row in tx.execute(union(there, back).limit(limit))]


def lost_targets(tx: Transaction, job_id: str, going: Select[Any], limit: int) -> list[tuple[str, str, str]]:
    """Answer (kind, key, field) of what is kept and refers to assets that are no longer there."""
    edge = kept_asset_references.c
    again = kept_assets.alias()
    is_there = exists().where(assets.c.id == edge.target_id, assets.c.id.not_in(going))
    comes_back = exists().where(again.c.job_id == job_id, again.c.id == edge.target_id)
    statement = (
        select(kept.kind, kept.key, edge.field)
        .join(kept_asset_references, and_(edge.job_id == kept.job_id, edge.asset_id == kept.id))
        .where(kept.job_id == job_id, ~or_(is_there, comes_back))
        .order_by(kept.kind, kept.key)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(statement)]


def restore(tx: Transaction, job_id: str) -> None:
    """Put back what is kept for a job: changed assets as they were, removed ones with their ids."""
    ids = kept_ids(job_id)
    for table, column in (
        (asset_references, asset_references.c.asset_id),
        (asset_uniques, asset_uniques.c.asset_id),
        (app_members, app_members.c.app_id),
    ):
        tx.execute(delete(table).where(column.in_(ids)))
    # Names may have gone round among them since: none may be in the way of another one's.
    tx.execute(update(assets).where(assets.c.id.in_(ids)).values(key=assets.c.id))
    values = {column.name: kept[column.name] for column in assets.columns if column.name != "id"}
    tx.execute(update(assets).where(_of_kept(job_id)).values(**values))
    gone = ~exists().where(assets.c.id == kept.id)
    back = select(*(kept[column.name] for column in assets.columns)).where(kept.job_id == job_id, gone)
    tx.execute(insert(assets).from_select(assets.columns.keys(), back))
    members = select(kept_app_members.c.user_id).where(kept_app_members.c.job_id == job_id)
    # Locked, or one of them could be removed before this is committed.
    tx.execute(select(users.c.id).where(users.c.id.in_(members)).with_for_update(read=True, key_share=True))
    is_known = exists().where(users.c.id == kept_app_members.c.user_id)
    for source, target, condition in (
        (kept_asset_references, asset_references, None),
        (kept_asset_uniques, asset_uniques, None),
        (kept_app_members, app_members, is_known),
    ):
        _put_back(tx, job_id, source, target, condition)


def _put_back(
    tx: Transaction, job_id: str, source: Table, target: Table, condition: ColumnElement[bool] | None
) -> None:
    columns = target.columns.keys()
    copied = select(*(source.c[name] for name in columns)).where(source.c.job_id == job_id)
    tx.execute(insert(target).from_select(columns, copied if condition is None else copied.where(condition)))
