"""What a job can be, and the moves between those states: the table is the rule and its documentation.

A job that waits for a free worker is already running, with nothing done yet: the contract has no
waiting state (product, decisions).
"""

from enum import StrEnum

__all__ = ["MOVES", "JobType", "State", "can_move"]


class State(StrEnum):
    """The states of a job, in our words; `wire.dialects` has the published ones."""

    RUNNING = "running"
    """Waits for a worker, or is at work."""
    SUCCEEDED = "succeeded"
    """Done; the package of an export can be downloaded."""
    FAILED = "failed"
    """Could not be done; the reasons say why."""
    FINISHED = "finished"
    """Over: the package of an export was downloaded, or has expired."""


class JobType(StrEnum):
    """The types of job, in the words of the wire (contract 1.4, product decision 9)."""

    EXPORT = "exportAsset"
    """Puts assets into a package."""
    IMPORT = "importAsset"
    """Brings the assets of a package into an instance, all or none."""
    DELETE = "deleteAsset"
    """Removes assets with all that belongs to them."""
    PLAN = "planAsset"
    """Says what an import would do, and does nothing."""
    ROLLBACK = "rollbackAsset"
    """Takes an import or a deletion back."""
    COMPARE = "compareAsset"
    """Says where two instances or packages differ."""


MOVES: dict[State, frozenset[State]] = {
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset({State.FINISHED}),
    State.FAILED: frozenset(),
    State.FINISHED: frozenset(),
}
"""Where a job may go from each state; nowhere from a final one."""


def can_move(was: State, wanted: State) -> bool:
    """Say whether a job may go from one state to another."""
    return wanted in MOVES[was]
