"""Packages on their way in: staged rows, what a few joins find wrong with them, and the one move into place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from romaport.catalog.store.rows import visible_ids
from romaport.storage import Transaction
from romaport.storage.tables import (
    asset_references,
    asset_uniques,
    assets,
    staged_assets,
    staged_references,
    staged_uniques,
)

__all__ = ["Into", "discard", "insert_new", "meet", "merge", "stage"]

staged, edges, values = staged_assets.c, staged_references.c, staged_uniques.c


@dataclass(frozen=True, kw_only=True)
class Into:
    """Which staged package goes into which instance, for whom and when."""

    job_id: str
    instance_id: str
    user_id: str
    user_name: str
    at: int
    """Milliseconds since the epoch."""


def stage(
    tx: Transaction,
    rows: Sequence[Mapping[str, Any]],
    references: Sequence[Mapping[str, Any]],
    unique: Sequence[Mapping[str, Any]],
) -> None:
    """Insert a batch of staged assets with their references and unique values."""
    for table, batch in ((staged_assets, rows), (staged_references, references), (staged_uniques, unique)):
        if batch:
            tx.execute(insert(table), list(batch))


def staged_count(tx: Transaction, job_id: str, kind: str) -> int:
    """Count what is staged of a kind: where a restarted import goes on."""
    statement = select(func.count()).where(staged.job_id == job_id, staged.kind == kind)
    return tx.execute(statement).scalar_one()


def meet(tx: Transaction, into: Into) -> None:
    """Note for every staged asset whom it meets in the target, and for every reference where it leads."""
    met = (
        select(assets.c.id)
        .where(assets.c.instance_id == into.instance_id, assets.c.kind == staged.kind, assets.c.key == staged.key)
        .scalar_subquery()
    )
    tx.execute(update(staged_assets).where(staged.job_id == into.job_id).values(met_id=met))
    inside = staged_assets.alias()
    in_package = (
        select(func.coalesce(inside.c.met_id, inside.c.new_id))
        .where(inside.c.job_id == into.job_id, inside.c.kind == edges.target_kind, inside.c.key == edges.target_key)
        .scalar_subquery()
    )
    in_target = (
        select(assets.c.id)
        .where(
            assets.c.instance_id == into.instance_id,
            assets.c.kind == edges.target_kind,
            assets.c.key == edges.target_key_bare,
        )
        .scalar_subquery()
    )
    tx.execute(
        update(staged_references)
        .where(edges.job_id == into.job_id)
        .values(target_id=func.coalesce(in_package, in_target))
    )


def taken(tx: Transaction, job_id: str, limit: int) -> list[tuple[str, str]]:
    """Answer kind and name of staged assets that exist in the target."""
    statement = (
        select(staged.kind, staged.name)
        .where(staged.job_id == job_id, staged.met_id.is_not(None))
        .order_by(staged.kind, staged.position)
        .limit(limit)
    )
    return [(row.kind, row.name) for row in tx.execute(statement)]


def dangling(tx: Transaction, job_id: str, limit: int) -> list[tuple[str, str, str, str, str]]:
    """Answer (kind, name, field, target's kind, target's key) of references that lead nowhere."""
    statement = (
        select(edges.kind, staged.name, edges.field, edges.target_kind, edges.target_key_bare)
        .join(
            staged_assets,
            and_(staged.job_id == edges.job_id, staged.kind == edges.kind, staged.position == edges.position),
        )
        .where(edges.job_id == job_id, edges.target_id.is_(None))
        .order_by(edges.kind, edges.position, edges.field)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.execute(statement)]


def hidden(tx: Transaction, into: Into, limit: int) -> list[tuple[str, str]]:
    """Answer kind and name of staged assets that meet or refer to what the user may not see."""
    visible = visible_ids(into.user_id)
    fresh = select(staged.new_id).where(staged.job_id == into.job_id)
    outside = exists().where(
        edges.job_id == staged.job_id,
        edges.kind == staged.kind,
        edges.position == staged.position,
        edges.target_id.not_in(fresh),
        edges.target_id.not_in(visible),
    )
    statement = (
        select(staged.kind, staged.name)
        .where(
            staged.job_id == into.job_id,
            or_(and_(staged.met_id.is_not(None), staged.met_id.not_in(visible)), outside),
        )
        .order_by(staged.kind, staged.position)
        .limit(limit)
    )
    return [(row.kind, row.name) for row in tx.execute(statement)]


def quota_use(tx: Transaction, into: Into, kind: str) -> int:
    """Answer how many assets of a kind the target would hold afterwards."""
    held = select(func.count()).where(assets.c.instance_id == into.instance_id, assets.c.kind == kind)
    more = select(func.count()).where(staged.job_id == into.job_id, staged.kind == kind, staged.met_id.is_(None))
    return tx.execute(held).scalar_one() + tx.execute(more).scalar_one()


def merge(tx: Transaction, into: Into, kind: str) -> int:
    """Replace the bodies and references of the assets that staged ones of a kind meet, where they differ.

    Answer how many changed. Secrets, local fields and unique values stay the target's own.
    """
    mine = (staged.job_id == into.job_id, staged.kind == kind, staged.met_id == assets.c.id)
    body = select(staged.body).where(*mine).scalar_subquery()
    changed = (
        update(assets)
        .where(
            assets.c.id.in_(select(staged.met_id).where(staged.job_id == into.job_id, staged.kind == kind)),
            or_(assets.c.body != body, _refers_elsewhere(into, kind)),
        )
        .values(
            body=body,
            updated_at=into.at,
            updated_by=into.user_id,
            updated_by_name=into.user_name,
            revision=assets.c.revision + 1,
        )
    )
    number = tx.execute(changed).rowcount
    target = (
        select(edges.target_id)
        .join(
            staged_assets,
            and_(staged.job_id == edges.job_id, staged.kind == edges.kind, staged.position == edges.position),
        )
        .where(
            edges.job_id == into.job_id,
            edges.kind == kind,
            staged.met_id == asset_references.c.asset_id,
            edges.field == asset_references.c.field,
        )
        .scalar_subquery()
    )
    tx.execute(
        update(asset_references)
        .where(
            asset_references.c.asset_id.in_(
                select(staged.met_id).where(staged.job_id == into.job_id, staged.kind == kind)
            )
        )
        .values(target_id=func.coalesce(target, asset_references.c.target_id))
    )
    return number


def _refers_elsewhere(into: Into, kind: str) -> ColumnElement[bool]:
    own = asset_references.alias()
    return (
        select(edges.field)
        .join(
            staged_assets,
            and_(staged.job_id == edges.job_id, staged.kind == edges.kind, staged.position == edges.position),
        )
        .join(own, and_(own.c.asset_id == staged.met_id, own.c.field == edges.field))
        .where(
            edges.job_id == into.job_id,
            edges.kind == kind,
            staged.met_id == assets.c.id,
            own.c.target_id != edges.target_id,
        )
        .exists()
    )


def insert_new(tx: Transaction, into: Into, kind: str) -> int:
    """Move the staged assets of a kind that meet nobody into the catalog; answer how many."""
    new = (staged.job_id == into.job_id, staged.kind == kind, staged.met_id.is_(None))
    columns = {
        "id": staged.new_id,
        "instance_id": literal(into.instance_id),
        "kind": staged.kind,
        "key": staged.key,
        "name": staged.name,
        "body": staged.body,
        "secrets": staged.secrets,
        "secret_paths": staged.secret_paths,
        "holes": staged.holes,
        "created_by": literal(into.user_id),
        "created_by_name": literal(into.user_name),
        "updated_by": literal(into.user_id),
        "updated_by_name": literal(into.user_name),
        "created_at": literal(into.at),
        "updated_at": literal(into.at),
    }
    moved = select(*columns.values()).where(*new).order_by(staged.position)
    number = tx.execute(insert(assets).from_select(list(columns), moved)).rowcount
    joined = and_(staged.job_id == edges.job_id, staged.kind == edges.kind, staged.position == edges.position)
    related = (
        select(staged.new_id, edges.field, edges.target_id, edges.owns)
        .join(staged_references, joined)
        .where(*new)
        .order_by(staged.position)
    )
    tx.execute(insert(asset_references).from_select(["asset_id", "field", "target_id", "owns"], related))
    _insert_unique(tx, into, kind)
    return number


def _insert_unique(tx: Transaction, into: Into, kind: str) -> None:
    is_held = exists().where(
        asset_uniques.c.instance_id == into.instance_id,
        asset_uniques.c.kind == values.kind,
        asset_uniques.c.field == values.field,
        asset_uniques.c.value == values.value,
    )
    other = staged_uniques.alias()
    is_repeated = exists().where(
        other.c.job_id == values.job_id,
        other.c.kind == values.kind,
        other.c.field == values.field,
        other.c.value == values.value,
        other.c.position < values.position,
    )
    kept = (
        select(
            staged.new_id,
            values.field,
            literal(into.instance_id),
            staged.kind,
            case((or_(is_held, is_repeated), values.spare), else_=values.value),
        )
        .join(
            staged_assets,
            and_(staged.job_id == values.job_id, staged.kind == values.kind, staged.position == values.position),
        )
        .where(staged.job_id == into.job_id, staged.kind == kind, staged.met_id.is_(None))
    )
    tx.execute(insert(asset_uniques).from_select(["asset_id", "field", "instance_id", "kind", "value"], kept))


def holes(tx: Transaction, job_id: str) -> Iterator[tuple[str, str, str, str | None]]:
    """Yield (kind, name, holes, id of the asset met) of staged assets that have holes."""
    statement = (
        select(staged.kind, staged.name, staged.holes, staged.met_id)
        .where(staged.job_id == job_id, staged.holes != "[]")
        .order_by(staged.kind, staged.position)
    )
    yield from ((row[0], row[1], row[2], row[3]) for row in tx.execute(statement))


def held_secret_paths(tx: Transaction, asset_id: str) -> str:
    """Answer the paths of the secrets an asset has, as a JSON list."""
    return str(tx.execute(select(assets.c.secret_paths).where(assets.c.id == asset_id)).scalar_one())


def set_holes(tx: Transaction, asset_id: str, paths: str) -> None:
    """Note which secrets an asset lacks, as a JSON list."""
    tx.execute(update(assets).where(assets.c.id == asset_id).values(holes=paths))


def discard(tx: Transaction, job_id: str) -> None:
    """Remove all that is staged for a job."""
    for table in (staged_uniques, staged_references, staged_assets):
        tx.execute(delete(table).where(table.c.job_id == job_id))


def discard_except(tx: Transaction, job_ids: Collection[str]) -> None:
    """Remove all that is staged for jobs other than these."""
    for table in (staged_uniques, staged_references, staged_assets):
        tx.execute(delete(table).where(table.c.job_id.not_in(job_ids)))
