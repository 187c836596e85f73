"""A staged package that can meet nothing: put in its place out of sight, in short steps, and shown by one more.

Other writers wait for one step at a time, however large the package is, and it is still seen whole or not at all.
"""

from dataclasses import replace

from romaport.catalog.store import moving, rows, spaces, staging
from romaport.catalog.store.staging import Into
from romaport.kinds import creation_order
from romaport.storage import Transaction

__all__ = ["Landing", "Portion", "clear_portion", "discard_portion", "hidden_jobs", "portions"]

_ASSETS_AT_ONCE = 1_000

Portion = list[tuple[str, range]]
"""What is staged and takes a short time to work on: kinds, and positions in the file of each."""


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
        """Put assets in their place, out of sight."""
        for kind, positions in portion:
            moving.create(tx, self._space, kind, positions=positions)

    def show(self, tx: Transaction) -> None:
        """Have everything that was placed be seen from the end of the transaction on."""
        spaces.show(tx, self._into.job_id, self._into.instance_id)


def portions(tx: Transaction, job_id: str) -> list[Portion]:
    """Divide what is staged for a job, what is referred to before what refers to it."""
    extents = staging.extents(tx, job_id)
    found: list[Portion] = []
    room = 0
    for kind in (kind.name for kind in creation_order() if kind.name in extents):
        for first in range(0, extents[kind], _ASSETS_AT_ONCE):
            positions = range(first, min(first + _ASSETS_AT_ONCE, extents[kind]))
            if len(positions) > room:
                found.append([])
                room = _ASSETS_AT_ONCE
            found[-1].append((kind, positions))
            room -= len(positions)
    return found


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
