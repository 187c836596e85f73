"""What is known of a job, and of the archive an export leaves."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from romaport.jobs.states import JobType, State

__all__ = ["Archive", "Finding", "Item", "Job", "Outcome", "Owner", "Severity"]

Outcome = dict[str, dict[str, int]]
"""How many assets became what, by kind: `{"created": {"app": 2}, "kept": {"task": 5}}`."""


class Severity(StrEnum):
    """What a finding means for its job."""

    REFUSAL = "refusal"
    HOLE = "hole"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong with, or worth knowing of, one asset of a job; the wire's `reason`."""

    kind: str
    name: str
    code: str
    message: str
    severity: Severity = Severity.REFUSAL
    advice: str = ""
    """What to do about it."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One asset in the result of a plan or a comparison."""

    kind: str
    key: tuple[str, ...]
    step: str
    """What would become of it, or on which side it is."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """Field by field: `{"field": path, "before": value, "after": value}`, secrets as stars."""
    change_id: str | None = None
    """What had written the asset in the instance last, when this was found."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose job it is, and where."""

    project_id: str
    instance_id: str
    user_id: str
    user_name: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One asynchronous export, import, deletion, plan, rollback or comparison."""

    id: str
    owner: Owner
    type: JobType
    state: State
    request: dict[str, Any]
    attempt: int
    """Raised at every start; later writes of an earlier attempt change nothing."""
    strikes: int
    """Starts that did not end by a graceful stop."""
    done: int
    total: int
    counts: dict[str, list[int]]
    """Items done and items to do, by kind."""
    checkpoint: dict[str, Any]
    created_at: datetime
    ended_at: datetime | None
    started_at: datetime | None = None
    """When it was started first."""
    outcome: Outcome = field(default_factory=dict)
    kept_until: datetime | None = None
    """Until when it can be taken back, or executed; None when it cannot."""
    undone_by: str | None = None
    """The rollback that took it back."""
    archive_id: str | None = None
    version: str = ""
    """Of its row, where other processes may change that; see `Database.versions`."""
    findings: tuple[Finding, ...] = field(default=())
    """The first of its findings, as many as the wire shows."""

    @property
    def progress(self) -> float:
        """Answer items done over items to do, 0..1; 1 only in a success, below 1 until the job is final."""
        if self.state in (State.SUCCEEDED, State.FINISHED):
            return 1.0
        if self.total <= 0:
            return 0.0
        return min(self.done / self.total, _ALMOST)


# Work that is all counted but not yet final must not read as complete.
_ALMOST = 0.9999


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A package that the server keeps for one download, until it expires."""

    id: str
    job_id: str
    file_name: str
    size_bytes: int
    sha256: str
    expires_at: datetime
    taken_at: datetime | None = None
    taken_by: str | None = None

    @property
    def path(self) -> str:
        """Where its bytes lie in the archive store."""
        return f"archives/{self.id}.zip"
