"""What an asset may not be because of others: equal in more than its name, or one too many."""

from collections.abc import Collection, Mapping

from romaport.catalog.store import neighbours, rows
from romaport.errors import QuotaReached
from romaport.kinds import KINDS, Asset, Kind, Parts, namesakes
from romaport.storage import Transaction

__all__ = ["alike", "check_alike", "check_room_within", "is_name_taken"]


def alike(
    tx: Transaction, kind: Kind, instance_id: str, held: Mapping[str, str], within: Mapping[str, str]
) -> list[Asset]:
    """Answer the assets of a kind that hold these values, `name` or plain fields, and refer to these ids by field."""
    ids = neighbours.ids_alike(tx, (instance_id, kind.name), held, within)
    return list(rows.loaded(tx, ids).values())


def is_name_taken(tx: Transaction, kind: Kind, instance_id: str, scopes: Collection[Asset], name: str) -> bool:
    """Say whether an asset of the kind has this name below these assets; below none, the name alone counts."""
    key = [part for scope in scopes for part in scope.key]
    return rows.id_by_key(tx, instance_id, namesakes(kind), (*key, name)) is not None


def check_alike(
    tx: Transaction, kind: Kind, place: tuple[str, str | None], parts: Parts, targets: Mapping[str, Asset]
) -> None:
    """Raise the kind's refusal if another asset in the same scopes holds what must be unique there."""
    if not kind.also_unique:
        return
    instance_id, own_id = place
    held = {field: parts.body.get(field, "") for field in kind.also_unique}
    within = {scope.field: targets[scope.field].id for scope in kind.scopes if scope.field in targets}
    for found in alike(tx, kind, instance_id, held, within):
        if found.id != own_id:
            assert kind.refusals.also_taken is not None, f"{kind.name}: says how it refuses what is alike"
            raise kind.refusals.also_taken(name=found.name)


def check_room_within(tx: Transaction, kind: Kind, targets: Mapping[str, Asset]) -> None:
    """Raise `QuotaReached` if one of the assets that another refers to has as many of the kind as it may."""
    for field, limit in kind.quota_within.items():
        if neighbours.count_referring(tx, kind.name, field, targets[field].id) >= limit:
            place = f"the {KINDS[targets[field].kind].title} {targets[field].name}"
            raise QuotaReached(kind=kind.title, limit=limit, place=place)
