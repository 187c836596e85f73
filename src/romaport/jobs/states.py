"""What a job can be, and the moves between those states: the table is the rule and its documentation.

A job that waits for a free worker is already running, with nothing done yet: the contract has no
waiting state (product, decisions).
"""

from enum import StrEnum

__all__ = ["MOVES", "JobType", "State", "can_move"]


class State(StrEnum):
    """The states of a job, in our words; `wire.dialects` has the published ones."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    FINISHED = "finished"


class JobType(StrEnum):
    """The types of job, in the words of the wire (contract 1.4, product decision 9)."""

    EXPORT = "exportAsset"
    IMPORT = "importAsset"
    DELETE = "deleteAsset"
    PLAN = "planAsset"
    ROLLBACK = "rollbackAsset"
    COMPARE = "compareAsset"


MOVES: dict[State, frozenset[State]] = {
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED}),
    # An export whose archive was downloaded, or expired.
    State.SUCCEEDED: frozenset({State.FINISHED}),
    State.FAILED: frozenset(),
    State.FINISHED: frozenset(),
}
"""Where a job may go from each state; nowhere from a final one."""


def can_move(was: State, wanted: State) -> bool:
    """Say whether a job may go from one state to another."""
    return wanted in MOVES[was]
