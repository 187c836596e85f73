"""Whole sets of assets on their way out of an instance: into a package, or away."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from romaport.catalog.conflict import CONFLICTS_MAX, Conflict, key_name
from romaport.catalog.store import keeping, selection
from romaport.catalog.store.leaving import NOTHING, Leaving, Lines
from romaport.kinds import Kind, Travel, creation_order
from romaport.storage import Transaction

__all__ = ["Departing", "Selection", "Whole", "delete_selected", "selected"]

selected = selection.selection

_TRAVELS_WHOLE = frozenset(selection.TRAVELS_WHOLE)


End = Callable[[str, Mapping[str, str], Sequence[str]], str]
"""Completes a line that has its key, its body and its references, by its unique values and its holes."""


@dataclass(frozen=True, kw_only=True)
class Departing:
    """One asset on its way out."""

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
        # What is taken whole is not written down first, and nothing is left for it to need.
        self._is_whole = ids is None and member_id is None
        if self._is_whole:
            found = selection.whole_counts(tx, instance_id)
            left_behind = selection.left_behind(tx, instance_id, limit=CONFLICTS_MAX)
        else:
            self._gather(ids, member_id, with_dependencies=with_dependencies)
            found = selection.counts(tx)
            left_behind = _drop(tx, found)
            if not found.keys() <= _TRAVELS_WHOLE:
                found = selection.counts(tx)
        self.left_behind = [(kind, key_name(key)) for kind, key in left_behind]
        """Kind and name of what does not travel because it is not published."""
        self.counts = {kind.name: found[kind.name] for kind in creation_order() if kind.name in found}
        self.newest_at = 0
        """The newest change among what has departed so far, in milliseconds."""

    def _gather(self, ids: Collection[str] | None, member_id: str | None, *, with_dependencies: bool) -> None:
        if ids is None:
            selection.gather_all(self._tx, self._instance_id, member_id)
        else:
            selection.gather(self._tx, ids, whole=False)
        if with_dependencies:
            selection.drag_in(self._tx)

    def dragged_in(self) -> list[tuple[str, str, str, str]]:
        """Answer (kind, name, user's kind, user's name) of what was not asked for but is needed."""
        found = selection.dragged_in(self._tx, limit=CONFLICTS_MAX)
        return [(kind, key_name(key), by_kind, key_name(by_key)) for kind, key, by_kind, by_key in found]

    def departing(self, kind: Kind, end: End) -> Iterator[tuple[bytes, int]]:
        """Yield the lines of a kind in the order of their keys, many in one text in UTF-8, and how many."""
        fields = kind.of(Travel.UNIQUE)
        for found in Leaving(kind, self._instance_id, is_whole=self._is_whole).lines(self._tx):
            if isinstance(found, Lines):
                newest_at, text, count = found.newest_at, found.text, found.count
            else:
                newest_at, count = max(changed_at for _, _, changed_at, *_ in found), len(found)
                ended = (end(line, _named(fields, values), _lacking(lacking)) for line, lacking, _, *values in found)
                text = "".join(ended).encode()
            self.newest_at = max(self.newest_at, newest_at)
            yield text, count


class Whole:
    """All that travels of several instances, in one snapshot and one open selection; for one user, or None for all."""

    def __init__(self, tx: Transaction, instance_ids: Collection[str], *, member_id: str | None) -> None:
        self._tx = tx
        for instance_id in instance_ids:
            selection.gather_all(tx, instance_id, member_id)
        _drop(tx, selection.counts(tx))

    def count(self, instance_id: str) -> int:
        """Count the assets of one of the instances."""
        return sum(selection.counts(self._tx, instance_id).values())

    def departing(self, kind: Kind, instance_id: str) -> Iterator[Departing]:
        """Yield the assets of a kind in one of the instances, in the order of their keys."""
        yield from _departing(self._tx, kind, instance_id)


def _drop(tx: Transaction, kinds: Collection[str]) -> list[tuple[str, str]]:
    return [] if _TRAVELS_WHOLE.issuperset(kinds) else selection.drop(tx, limit=CONFLICTS_MAX)


def _departing(tx: Transaction, kind: Kind, instance_id: str) -> Iterator[Departing]:
    fields = kind.of(Travel.UNIQUE)
    for rows in Leaving(kind, instance_id).entries(tx):
        for key, body, references, holes, secret_paths, *values in rows:
            targets = msgspec.json.decode(references or "{}")
            yield Departing(
                key=tuple(msgspec.json.decode(key)),
                body=body,
                references={name: tuple(target) for name, target in targets.items()},
                unique=_named(fields, values),
                holes=_union(holes, secret_paths),
            )


def _named(fields: tuple[str, ...], values: Sequence[str | None]) -> dict[str, str]:
    return {field: value for field, value in zip(fields, values, strict=True) if value is not None}


def _lacking(text: str) -> tuple[str, ...]:
    return () if text == NOTHING else _union(*text.split("\n"))


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
