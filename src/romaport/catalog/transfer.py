"""Whole sets of assets on their way out of an instance: into a package, or away."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from romaport.catalog.conflict import CONFLICTS_MAX, Conflict, key_name
from romaport.catalog.store import keeping, selection
from romaport.kinds import KINDS, Kind, Travel, creation_order
from romaport.storage import Transaction

__all__ = ["Departing", "Selection", "Whole", "delete_selected", "selected"]

selected = selection.selection

_NONE: Mapping[str, str] = {}
_NOTHING = "[]\n[]"
"""No holes and no secrets, as a line says it."""
_TRAVELS_WHOLE = {kind.name for kind in KINDS.values() if kind.is_packed and kind.arrive is None}
"""Kinds of which every selected asset travels."""


Line = tuple[str, Mapping[str, str], tuple[str, ...]]
"""One asset on its way into a package: the beginning of its line, its unique values, its holes.

The line is made of JSON texts that are copied, not parsed, and has its key, its body and its references.
"""


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
        if ids is None:
            selection.gather_all(tx, instance_id, member_id)
        else:
            selection.gather(tx, ids, whole=False)
        # Of everything, nothing is left to be needed.
        if with_dependencies and (ids is not None or member_id is not None):
            selection.drag_in(tx)
        found = selection.summary(tx)
        self.left_behind = _drop(tx, found)
        """Kind and name of what does not travel because it is not published."""
        if not found.keys() <= _TRAVELS_WHOLE:
            found = selection.summary(tx)
        self.counts = {kind.name: found[kind.name][0] for kind in creation_order() if kind.name in found}
        self.newest_at = max((newest_at for _, newest_at in found.values()), default=0)

    def dragged_in(self) -> list[tuple[str, str, str, str]]:
        """Answer (kind, name, user's kind, user's name) of what was not asked for but is needed."""
        found = selection.dragged_in(self._tx, limit=CONFLICTS_MAX)
        return [(kind, key_name(key), by_kind, key_name(by_key)) for kind, key, by_kind, by_key in found]

    def departing(self, kind: Kind) -> Iterator[list[Line]]:
        """Yield the selected assets of a kind in the order of their keys, many at a time."""
        fields = kind.of(Travel.UNIQUE)
        for rows in selection.lines(self._tx, kind, self._instance_id):
            if fields:
                yield [(line, _named(fields, values), _lacking(lacking)) for line, lacking, *values in rows]
            else:
                yield [(line, _NONE, () if lacking == _NOTHING else _lacking(lacking)) for line, lacking in rows]


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
    if _TRAVELS_WHOLE.issuperset(kinds):
        return []
    unpacked = [kind.name for kind in KINDS.values() if not kind.is_packed]
    published_only = [kind.name for kind in KINDS.values() if kind.arrive is not None]
    found = selection.drop(tx, unpacked=unpacked, published_only=published_only, limit=CONFLICTS_MAX)
    return [(kind, key_name(key)) for kind, key in found]


def _departing(tx: Transaction, kind: Kind, instance_id: str) -> Iterator[Departing]:
    fields = kind.of(Travel.UNIQUE)
    for rows in selection.entries(tx, kind, instance_id):
        for key, body, references, holes, secret_paths, *values in rows:
            targets = msgspec.json.decode(f"{{{references[1:]}}}")
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
    return _union(*text.split("\n"))


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
