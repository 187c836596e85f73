"""A staged package that can meet nothing: put in its place out of sight, in short steps, and shown by one more.

Other writers wait for one step at a time, however large the package is, and it is still seen whole or not at all.
"""

from collections.abc import Mapping
from dataclasses import replace

from romaport.catalog.store import moving, rows, spaces, staging
from romaport.catalog.store.staging import Into
from romaport.kinds import creation_order
from romaport.storage import Transaction

__all__ = ["Landing", "Portion", "Walk", "clear_portion", "discard_portion", "hidden_jobs", "staged_extents"]

_ASSETS_AT_ONCE = 1_000

Portion = list[tuple[str, range]]
"""Some of what is staged: kinds, and positions in the file of each."""

staged_extents = staging.extents


class Walk:
    """Through what is staged for a job, what is referred to before what refers to it."""

    def __init__(self, extents: Mapping[str, int], done: Mapping[str, int] | None = None) -> None:
        """Begin with how many assets are staged of each kind, and how many of them were walked through before."""
        done = done or {}
        kinds = (kind.name for kind in creation_order() if kind.name in extents)
        self._left = [(kind, range(done.get(kind, 0), extents[kind])) for kind in kinds]

    def portion(self, number: int) -> Portion:
        """Go on by so many assets, or as many as are left; answer them, and nothing at the end."""
        found: Portion = []
        while number and self._left:
            kind, positions = self._left.pop(0)
            taken, rest = positions[:number], positions[number:]
            number -= len(taken)
            if taken:
                found.append((kind, taken))
            if rest:
                self._left.insert(0, (kind, rest))
        return found

    def back(self, portion: Portion) -> None:
        """Go back to before a portion that nothing came of."""
        self._left[:0] = portion


class Landing:
    """The way of one staged package into an instance that holds nothing; each method in the caller's transaction."""

    def __init__(self, into: Into) -> None:
        self._into = into
        self._space = replace(into, instance_id=into.job_id)

    def is_free(self, tx: Transaction) -> bool:
        """Say whether the instance holds nothing that a package could meet."""
        return spaces.is_free(tx, self._into.instance_id)

    def is_possible(self, tx: Transaction) -> bool:
        """Say whether the package can land: the instance is free, and everything staged is decided on as new."""
        return self.is_free(tx) and staging.is_decided(tx, self._into.job_id)

    def resolve(self, tx: Transaction, portion: Portion) -> None:
        """Find where references lead within the package, as far as that is not known."""
        for kind, positions in portion:
            staging.resolve(tx, self._into.job_id, kind, positions)

    def prepare(self, tx: Transaction) -> dict[str, int]:
        """Make the space that the package is placed in, and answer by kind how much an earlier attempt has placed."""
        spaces.add(tx, self._into.job_id, self._into.instance_id)
        return spaces.counts(tx, self._into.job_id)

    def place(self, tx: Transaction, portion: Portion) -> None:
        """Put assets in their place, out of sight, without their references."""
        for kind, positions in portion:
            moving.create(tx, self._space, kind, positions=positions)

    def refer(self, tx: Transaction, portion: Portion, *, again: bool) -> None:
        """Have assets refer to what is in its place; with `again`, some of them may do so already."""
        for kind, positions in portion:
            moving.refer(tx, self._space, kind, positions=positions, again=again)

    def show(self, tx: Transaction) -> None:
        """Have everything that was placed be seen from the end of the transaction on."""
        spaces.show(tx, self._into.job_id, self._into.instance_id)


def discard_portion(tx: Transaction, job_id: str, portion: Portion) -> None:
    """Remove some of what is staged for a job."""
    for kind, positions in portion:
        staging.discard_some(tx, job_id, kind, positions)


def hidden_jobs(tx: Transaction) -> list[str]:
    """Answer the jobs whose assets are placed and not shown."""
    return spaces.hidden(tx)


def clear_portion(tx: Transaction, job_id: str) -> bool:
    """Remove some of what a job has placed and not shown, in the end its space; say whether anything may be left."""
    for kind in reversed(creation_order()):
        ids = spaces.some(tx, job_id, kind.name, limit=_ASSETS_AT_ONCE)
        if ids:
            rows.remove(tx, ids)
            return True
    spaces.remove(tx, job_id)
    return False
