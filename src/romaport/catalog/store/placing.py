"""Assets on their only step: straight into a space, where nobody sees them, and then what they refer to."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import select

from romaport.catalog.store.arriving import StagedAsset, StagedUnique
from romaport.catalog.store.brought import Into
from romaport.catalog.store.rows import in_parts
from romaport.storage import Transaction, load, survey
from romaport.storage.tables import asset_references, asset_uniques, assets

__all__ = ["Edge", "hold_values", "ids", "place", "refer", "survey_placed"]

Edge = tuple[str, str, str, int]
"""A reference: to which asset, of which one, by which field, and whether that belongs to the other."""

_ASSET = (
    "id",
    "instance_id",
    "kind",
    "key",
    "name",
    "body",
    "reference_keys",
    "published",
    "local",
    "secrets",
    "secret_paths",
    "holes",
    "created_by",
    "created_by_name",
    "updated_by",
    "updated_by_name",
    "created_at",
    "updated_at",
    "change_id",
    "origin_id",
)


def place(tx: Transaction, into: Into, arrived: Sequence[StagedAsset]) -> None:
    """Put assets into the space of a job, without their references."""
    who, job_id = (into.user_id, into.user_name), into.job_id
    ends = (*who, *who, into.at, into.at, job_id, job_id)
    placed = [
        (
            found.new_id,
            job_id,
            found.kind,
            found.key,
            found.name,
            found.body,
            found.reference_keys,
            found.published,
            found.local,
            found.secrets,
            found.secret_paths,
            found.holes,
            *ends,
        )
        for found in arrived
    ]
    load(tx, assets, _ASSET, placed)


def hold_values(tx: Transaction, into: Into, values: Sequence[tuple[str, StagedUnique]]) -> None:
    """Give assets, by their ids, the unique values they came with; one that another has by now is replaced."""
    taken = set(_taken(tx, into.job_id, [value for _, value in values]))
    held = []
    for asset_id, found in values:
        place = (found.kind, found.field, found.value)
        value = found.spare if place in taken else found.value
        taken.add(place)
        held.append((asset_id, found.field, into.job_id, found.kind, value))
    load(tx, asset_uniques, ("asset_id", "field", "instance_id", "kind", "value"), held)


def _taken(tx: Transaction, space_id: str, values: Sequence[StagedUnique]) -> Iterator[tuple[str, str, str]]:
    held = asset_uniques.c
    for kind, field in {(found.kind, found.field) for found in values}:
        for part in in_parts(found.value for found in values if (found.kind, found.field) == (kind, field)):
            here = (held.instance_id == space_id, held.kind == kind, held.field == field, held.value.in_(part))
            yield from ((kind, field, value) for value in tx.execute(select(held.value).where(*here)).scalars())


def ids(tx: Transaction, space_id: str, kind: str, keys: Iterable[str]) -> dict[str, str]:
    """Answer by key the ids of those assets of a kind that lie in a space."""
    found: dict[str, str] = {}
    for part in in_parts(keys):
        here = (assets.c.instance_id == space_id, assets.c.kind == kind, assets.c.key.in_(part))
        found.update((row[0], row[1]) for row in tx.execute(select(assets.c.key, assets.c.id).where(*here)))
    return found


def refer(tx: Transaction, edges: Collection[Edge], *, again: bool) -> None:
    """Have assets refer to others; with `again`, some of them may do so already."""
    there = set(_there(tx, edges)) if again else set()
    new = [(asset_id, field, target, owns) for target, asset_id, field, owns in edges if (asset_id, field) not in there]
    load(tx, asset_references, ("asset_id", "field", "target_id", "owns"), new)


def _there(tx: Transaction, edges: Collection[Edge]) -> Iterator[tuple[str, str]]:
    held = asset_references.c
    for part in in_parts(asset_id for _, asset_id, _, _ in edges):
        statement = select(held.asset_id, held.field).where(held.asset_id.in_(part))
        yield from ((row[0], row[1]) for row in tx.execute(statement))


def survey_placed(tx: Transaction) -> None:
    """Have the database know how much lies in all spaces and instances."""
    survey(tx, (assets, asset_references))
