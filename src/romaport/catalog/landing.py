"""A staged package that can meet nothing: put in its place out of sight, in short steps, and shown by one more.

Other writers wait for one step at a time, however large the package is, and it is still seen whole or not at all.
"""

from dataclasses import replace

from romaport.catalog.store import moving, rows, spaces, staging
from romaport.catalog.store.staging import Into
from romaport.kinds import creation_order
from romaport.storage import Transaction

__all__ = [
    "Step",
    "begin",
    "clear",
    "discard_step",
    "hidden",
    "is_free",
    "may_land",
    "place",
    "resolve",
    "show",
    "steps",
]

_ASSETS_AT_ONCE = 1_000

Step = list[tuple[str, range]]
"""Some of what is staged: kinds, and positions in the file of each."""


def is_free(tx: Transaction, into: Into) -> bool:
    """Say whether the instance holds nothing that a package could meet."""
    return spaces.is_free(tx, into.instance_id)


def may_land(tx: Transaction, into: Into) -> bool:
    """Say whether a staged package can be placed out of sight: everything of it is new."""
    return is_free(tx, into) and staging.is_decided(tx, into.job_id)


def steps(tx: Transaction, job_id: str) -> list[Step]:
    """Divide what is staged into steps that take a short time each, what is referred to before what refers to it."""
    extents = staging.extents(tx, job_id)
    found: list[Step] = []
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


def resolve(tx: Transaction, job_id: str, step: Step) -> None:
    """Find where the references of a step lead within the package."""
    for kind, positions in step:
        staging.resolve(tx, job_id, kind, positions)


def begin(tx: Transaction, into: Into) -> dict[str, int]:
    """Make the space that the package is placed in, and answer by kind how much an earlier attempt has placed."""
    spaces.add(tx, into.job_id, into.instance_id)
    return spaces.counts(tx, into.job_id)


def place(tx: Transaction, into: Into, step: Step) -> None:
    """Put the assets of a step in their place."""
    for kind, positions in step:
        moving.create(tx, replace(into, instance_id=into.job_id), kind, positions=positions)


def show(tx: Transaction, into: Into) -> None:
    """Have everything that was placed be seen from the end of the caller's transaction on."""
    spaces.show(tx, into.job_id, into.instance_id)


def hidden(tx: Transaction) -> list[str]:
    """Answer the jobs whose assets are placed and not shown."""
    return spaces.hidden(tx)


def clear(tx: Transaction, job_id: str) -> bool:
    """Remove some of what a job has placed and not shown; say whether there may be more."""
    for kind in reversed(creation_order()):
        ids = spaces.some(tx, job_id, kind.name, limit=_ASSETS_AT_ONCE)
        if ids:
            rows.remove(tx, ids)
            return True
    spaces.remove(tx, job_id)
    return False


def discard_step(tx: Transaction, job_id: str, step: Step) -> None:
    """Remove a step of what is staged."""
    for kind, positions in step:
        staging.discard_some(tx, job_id, kind, positions)
