"""Whole sets of assets on their way out of an instance: into a package, or away."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from romaport.catalog.conflict import CONFLICTS_MAX, Conflict, key_name
from romaport.catalog.store import keeping, selection
from romaport.kinds import KINDS, Kind, creation_order
from romaport.storage import Transaction

__all__ = ["Departing", "Selection", "Whole", "delete_selected", "selected"]

selected = selection.selection


@dataclass(frozen=True, kw_only=True)
class Departing:
    """One asset on its way out, as JSON texts that are copied, not parsed."""

    key: tuple[str, ...]
    body: str
    references: dict[str, tuple[str, ...]]
    unique: dict[str, str]
    holes: tuple[str, ...]


class Selection:
    """The assets an export takes, in one snapshot: what was asked for, what belongs to it, what that needs."""

    def __init__(
        self,
        tx: Transaction,
        instance_id: str,
        ids: Collection[str] | None,
        *,
        member_id: str | None = None,
        with_dependencies: bool = True,
    ) -> None:
        """Select by id, or with None everything that a user may see, the user None being an administrator."""
        self._tx = tx
        self._instance_id = instance_id
        self.instance_name = selection.instance_name(tx, instance_id)
        if ids is None:
            selection.gather_all(tx, instance_id, member_id)
        else:
            selection.gather(tx, ids, whole=False)
        if with_dependencies:
            selection.drag_in(tx)
        self.left_behind = _drop(tx)
        """Kind and name of what does not travel because it is not published."""
        found = selection.counts(tx)
        self.counts = {kind.name: found[kind.name] for kind in creation_order() if kind.name in found}
        self.newest_at = selection.newest(tx)

    def dragged_in(self) -> list[tuple[str, str, str, str]]:
        """Answer (kind, name, user's kind, user's name) of what was not asked for but is needed."""
        found = selection.dragged_in(self._tx, limit=CONFLICTS_MAX)
        return [(kind, key_name(key), by_kind, key_name(by_key)) for kind, key, by_kind, by_key in found]

    def departing(self, kind: Kind) -> Iterator[Departing]:
        """Yield the selected assets of a kind in the order of their keys."""
        yield from _departing(self._tx, kind, self._instance_id)


class Whole:
    """All that travels of several instances, in one snapshot and one open selection; for one user, or None for all."""

    def __init__(self, tx: Transaction, instance_ids: Collection[str], *, member_id: str | None) -> None:
        self._tx = tx
        for instance_id in instance_ids:
            selection.gather_all(tx, instance_id, member_id)
        _drop(tx)

    def count(self, instance_id: str) -> int:
        """Count the assets of one of the instances."""
        return sum(selection.counts(self._tx, instance_id).values())

    def departing(self, kind: Kind, instance_id: str) -> Iterator[Departing]:
        """Yield the assets of a kind in one of the instances, in the order of their keys."""
        yield from _departing(self._tx, kind, instance_id)


def _drop(tx: Transaction) -> list[tuple[str, str]]:
    unpacked = [kind.name for kind in KINDS.values() if not kind.is_packed]
    published_only = [kind.name for kind in KINDS.values() if kind.arrive is not None]
    found = selection.drop(tx, unpacked=unpacked, published_only=published_only, limit=CONFLICTS_MAX)
    return [(kind, key_name(key)) for kind, key in found]


def _departing(tx: Transaction, kind: Kind, instance_id: str) -> Iterator[Departing]:
    for key, body, references, unique, holes, secret_paths in selection.entries(tx, kind, instance_id):
        yield Departing(
            key=tuple(msgspec.json.decode(key)),
            body=body,
            references={name: tuple(msgspec.json.decode(text)) for name, text in references.items()},
            unique=unique,
            holes=_union(holes, secret_paths),
        )


def _union(first: str, second: str) -> tuple[str, ...]:
    if first == "[]" and second == "[]":
        return ()
    return tuple(sorted({*msgspec.json.decode(first), *msgspec.json.decode(second)}))


def delete_selected(
    tx: Transaction, job_id: str, ids: Collection[str], *, keeps: bool
) -> tuple[dict[str, int], list[Conflict]]:
    """Delete assets and all that belongs to them alone; with `keeps`, they are kept for a rollback of the job.

    Answer the counts, or what still refers to them.
    """
    with selection.selection(tx):
        selection.gather(tx, ids, whole=True)
        found = selection.counts(tx)
        users = selection.users_outside(tx, limit=CONFLICTS_MAX)
        if users:
            return found, [Conflict.in_use(user) for user in users]
        if keeps:
            keeping.keep(tx, job_id, selection.chosen())
        selection.remove_selected(tx)
        return found, []
