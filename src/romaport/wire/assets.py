"""The shapes of the five asset operations on the wire (contract 1 and 2)."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "AssetJobReason",
    "DeleteRequest",
    "ErrorEnvelope",
    "ExportRequest",
    "JobAnswer",
    "JobStarted",
    "SelectedApp",
    "SelectedTask",
]

_Id = Annotated[str, Meta(min_length=1, max_length=64)]


class SelectedApp(Struct, frozen=True):
    """One application of a selection, by id."""

    id: _Id


class SelectedTask(Struct, frozen=True):
    """One task of a selection; both published spellings of its id are taken (contract 2.1, 2.3)."""

    id: _Id | UnsetType = UNSET
    task_id: _Id | UnsetType = UNSET


class ExportRequest(Struct, frozen=True):
    """Body of ExportAsset (contract 2.1)."""

    apps: list[SelectedApp] | None = None
    tasks: list[SelectedTask] | None = None


class DeleteRequest(Struct, frozen=True):
    """Body of DeleteAsset; an element is an id or an object holding one (contract 2.3)."""

    apps: list[_Id | SelectedApp] | None = None
    tasks: list[_Id | SelectedTask] | None = None


class JobStarted(Struct, frozen=True):
    """What the three job-creating operations answer."""

    job_id: str


class AssetJobReason(Struct, frozen=True):
    """One cause of a job's failure (contract 1.1)."""

    resource_type: str
    resource_name: str
    error_code: str
    error_msg: str


class JobAnswer(Struct, frozen=True, omit_defaults=True):
    """What the progress operation answers (contract 1.1); what does not exist yet is absent."""

    id: str
    type: str
    status: str
    progress_percent: float
    begin_time: str | UnsetType = UNSET
    end_time: str | UnsetType = UNSET
    archive_id: str | UnsetType = UNSET
    reason: list[AssetJobReason] | UnsetType = UNSET
    reasons: list[AssetJobReason] | UnsetType = UNSET


class ErrorEnvelope(Struct, frozen=True):
    """Every refusal of the public resources (contract 3.1)."""

    error_code: str
    error_msg: str
    error_details: str
    request_id: str
