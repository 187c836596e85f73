"""What servers answer, read generously: the published versions differ, and so do the servers (contract 1.3, 3.1)."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct

from romaport.errors import AnswerUnreadable, Refused
from romaport.wire.assets import AssetJobReason, JobAnswer
from romaport.wire.dialects import FINAL_WORDS

__all__ = [
    "App",
    "Instance",
    "Json",
    "Task",
    "as_items",
    "as_job",
    "as_text",
    "is_final",
    "is_success",
    "read_json",
    "reasons",
    "refusal",
    "retry_seconds",
]

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
"""Any JSON value."""

_FAILED_WORDS = frozenset({"Failed", "FAILED"})
_ERROR_PAIRS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
_DETAIL_NAMES = ("error_details", "detail")
_TEXT_LENGTH_MAX = 1000
# Refusals are nested two deep at most in what is published; this bounds what a stranger nests.
_ERROR_DEPTH_MAX = 4

_Item = TypeVar("_Item")


class Instance(Struct, frozen=True):
    """One instance of the project (contract 7.2)."""

    id: str
    name: str = ""
    status: str | None = None


class App(Struct, frozen=True):
    """One integration application (contract 7.3)."""

    id: str
    name: str


class Task(Struct, frozen=True, rename={"id": "task_id", "name": "task_name"}):
    """One data integration task (contract 7.6)."""

    id: str
    name: str


def read_json(content: bytes, *, endpoint: str) -> Json:
    """Decode a body; an empty one is None. Raises `AnswerUnreadable`."""
    if not content:
        return None
    try:
        decoded: Json = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise AnswerUnreadable(endpoint=endpoint, problem="the body is no JSON") from cause
    return decoded


def as_items(answer: Json, array: str, item: type[_Item], *, endpoint: str) -> tuple[list[_Item], int]:
    """Take the items of one page out of a list's answer, and how many there are in all (contract 7.1)."""
    try:
        page = msgspec.convert(answer, dict[str, object])
        items = msgspec.convert(page.get(array) or [], list[item])  # type: ignore[valid-type]
        total = msgspec.convert(page.get("total", len(items)), int)
    except msgspec.ValidationError as cause:
        raise AnswerUnreadable(endpoint=endpoint, problem=f"the list of {array} is malformed") from cause
    return items, total


def as_text(answer: Json, field: str, *, endpoint: str) -> str:
    """Take one field of text out of an answer. Raises `AnswerUnreadable` if it is absent or empty."""
    found = answer.get(field) if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise AnswerUnreadable(endpoint=endpoint, problem=f"{field} is absent")
    return found


def as_job(answer: Json, *, endpoint: str) -> JobAnswer:
    """Read the progress of a job, whichever version of the contract wrote it (contract 1.3).

    Null is absent, a time is text, and the causes are found under either of their names and answered under
    both. Raises `AnswerUnreadable` if there is no id or no status.
    """
    if not isinstance(answer, dict):
        raise AnswerUnreadable(endpoint=endpoint, problem="a job is no object")
    progress = answer.get("progress_percent")
    causes = [found for found in map(_reason, _listed(answer)) if found is not None]
    return JobAnswer(
        id=as_text(answer, "id", endpoint=endpoint),
        type=_text(answer.get("type")),
        status=as_text(answer, "status", endpoint=endpoint),
        progress_percent=min(1.0, max(0.0, float(progress))) if isinstance(progress, int | float) else 0.0,
        begin_time=_text(answer.get("begin_time")) or UNSET,
        end_time=_text(answer.get("end_time")) or UNSET,
        archive_id=_text(answer.get("archive_id")) or UNSET,
        reason=causes or UNSET,
        reasons=causes or UNSET,
    )


def _listed(answer: dict[str, Json]) -> list[Json]:
    found = answer.get("reasons") or answer.get("reason")
    return found if isinstance(found, list) else []


def _reason(found: Json) -> AssetJobReason | None:
    if not isinstance(found, dict):
        return None
    return AssetJobReason(
        resource_type=_text(found.get("resource_type")),
        resource_name=_text(found.get("resource_name")),
        error_code=_text(found.get("error_code")),
        error_msg=_text(found.get("error_msg")),
    )


def is_final(job: JobAnswer) -> bool:
    """Say whether the job does no more work, in either vocabulary."""
    return job.status in FINAL_WORDS


def is_success(job: JobAnswer) -> bool:
    """Say whether the job has ended well; a package that was downloaded or has expired did not fail."""
    return is_final(job) and job.status not in _FAILED_WORDS


def reasons(job: JobAnswer) -> list[AssetJobReason]:
    """Answer why a job failed; nothing for any other."""
    return job.reasons if isinstance(job.reasons, list) else []


def refusal(status: int, headers: Mapping[str, str], content: bytes, *, now: datetime) -> Refused:
    """Read a refusal of any published shape (contract 3.1); what is no such shape is shown shortened."""
    try:
        body: Json = msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    found = _error(body, _ERROR_DEPTH_MAX) or {"error_msg": content[:_TEXT_LENGTH_MAX].decode(errors="replace")}
    return Refused(
        status=status,
        error_code=found.get("error_code") or str(status),
        error_message=found.get("error_msg") or f"Status {status} without an explanation.",
        error_details=found.get("error_details", ""),
        request_id=_text(headers.get("x-request-id")) or found.get("request_id", ""),
        retry_seconds=retry_seconds(headers, now=now),
    )


def _error(body: Json, depth: int) -> dict[str, str] | None:
    """Find the first object that has the fields of an error; a nested one inherits nothing."""
    if not isinstance(body, dict) or depth == 0:
        return None
    for code, message in _ERROR_PAIRS:
        if code in body and message in body:
            details = next((body[name] for name in _DETAIL_NAMES if body.get(name)), "")
            fields = {"error_code": code, "error_msg": message, "request_id": "request_id"}
            return {name: _text(body.get(wire)) for name, wire in fields.items()} | {"error_details": _text(details)}
    nested = (_error(value, depth - 1) for value in body.values())
    return next((found for found in nested if found is not None), None)


def _text(value: Json) -> str:
    """Make text of a value; without control characters, since it may end on somebody's terminal."""
    if value is None or isinstance(value, dict | list):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in str(value)[:_TEXT_LENGTH_MAX]).strip()


def retry_seconds(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Read `Retry-After`, a number of seconds or a date; None if it is absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:6])
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None
