"""How much an instance may hold of each kind, and how much it does (contract 6.4)."""

from collections.abc import Mapping
from typing import Any

from romaport.catalog.store import conflicts, rows, sums
from romaport.catalog.store.brought import Into
from romaport.errors import QuotaReached
from romaport.kinds import Kind, namesakes
from romaport.storage import Transaction

__all__ = ["beyond", "check_room", "measure", "used"]


def used(tx: Transaction, kind: Kind, instance_id: str) -> int:
    """Answer how much of a kind's quota an instance uses: the number of its assets, or what a field adds up to."""
    if kind.quota_of is not None:
        return sums.sum_of(tx, instance_id, namesakes(kind), kind.quota_of)
    return rows.count(tx, instance_id, namesakes(kind))


def measure(kind: Kind, body: Mapping[str, Any]) -> int:
    """Answer how much of its kind's quota an asset with this body takes."""
    return 1 if kind.quota_of is None else int(body.get(kind.quota_of, 0))


def check_room(tx: Transaction, kind: Kind, instance_id: str, *, more: int) -> None:
    """Raise `QuotaReached` unless an instance has room for so much more of a kind."""
    if kind.quota is not None and more > 0 and used(tx, kind, instance_id) + more > kind.quota:
        raise _reached(kind, kind.quota)


def beyond(tx: Transaction, kind: Kind, into: Into) -> QuotaReached | None:
    """Answer the refusal that fits if an instance would hold more of a kind, once a staged package is in it."""
    if kind.quota is None or kind.joins:
        # A kind that shares the names of another shares its quota, and that one answers for both.
        return None
    if kind.quota_of is None:
        after = conflicts.quota_use(tx, into, namesakes(kind))
    else:
        after = sums.sum_after(tx, into, namesakes(kind), kind.quota_of)
    return _reached(kind, kind.quota) if after > kind.quota else None


def _reached(kind: Kind, limit: int) -> QuotaReached:
    return QuotaReached(kind=kind.title if kind.quota_of is None else f"{kind.title} {kind.quota_of}s", limit=limit)
