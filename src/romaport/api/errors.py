"""A fault to a status, an error to the envelope of the surface that was called (contract 3.1)."""

import msgspec

from romaport.errors import (
    AssetMissing,
    BodyInvalid,
    BodyMissing,
    Fault,
    InstanceMissing,
    LinkBodyMissing,
    LinkInstanceMissing,
    LinkParametersInvalid,
    LinkResourceMissing,
    ParameterInvalid,
    RequestsTooMany,
    RomaportError,
    StoreUnavailable,
)
from romaport.wire.assets import ErrorEnvelope

__all__ = ["envelope", "extra_headers", "status_of"]

_SHORT = 128
_RETRY_SECONDS = 2


_STATUSES = {
    Fault.INVALID: 400,
    Fault.UNAUTHENTICATED: 401,
    Fault.FORBIDDEN: 403,
    Fault.MISSING: 404,
    Fault.METHOD: 405,
    Fault.CONFLICT: 409,
    Fault.GONE: 410,
    Fault.TOO_LARGE: 413,
    Fault.RANGE: 416,
    Fault.TOO_MANY: 429,
    Fault.INTERNAL: 500,
    Fault.UNAVAILABLE: 503,
}
assert set(_STATUSES) == set(Fault), "every fault has a status"


def status_of(error: RomaportError) -> int:
    """Answer the HTTP status of an error (product decision 8)."""
    return _STATUSES[error.fault]


def extra_headers(error: RomaportError) -> dict[str, str]:
    """Answer the headers that go with an error: when to come back."""
    if isinstance(error, RequestsTooMany):
        return {"retry-after": str(error.retry_seconds)}
    if isinstance(error, StoreUnavailable):
        return {"retry-after": str(_RETRY_SECONDS)}
    return {}


def envelope(error: RomaportError, *, path: str, request_id: str) -> bytes:
    """Write an error as the called surface does: IAM's shape below `/v3`, else the four fields."""
    error = _in_words_of(path, error)
    if path.startswith("/v3/"):
        title = error.fault.value.title()
        inner = {"code": status_of(error), "error_code": error.code, "message": str(error), "title": title}
        return msgspec.json.encode({"error": inner, "request_id": request_id})
    return msgspec.json.encode(
        ErrorEnvelope(
            error_code=error.code,
            error_msg=_shortened(str(error), error.message),
            error_details=error.explanation,
            request_id=request_id,
        )
    )


def _in_words_of(path: str, error: RomaportError) -> RomaportError:
    """Answer an error as the called surface words it, with the code that it publishes for it (contract 3.3)."""
    match path.split("/"):
        case ["", "v2", project_id, "link", *_]:
            return _said_by_link(error, project_id)
        case _:
            return error


def _said_by_link(error: RomaportError, project_id: str) -> RomaportError:
    match error:
        case BodyInvalid(problems=problems):
            return LinkParametersInvalid(problems=problems)
        case ParameterInvalid(name=name, rule=rule):
            return LinkParametersInvalid(problems=f"{name}: {rule}")
        case BodyMissing():
            return LinkBodyMissing()
        case AssetMissing(kind=kind, asset_id=asset_id):
            return LinkResourceMissing(kind=kind, asset_id=asset_id)
        case InstanceMissing(instance_id=instance_id):
            return LinkInstanceMissing(project_id=project_id, instance_id=instance_id)
        case _:
            return error


def _shortened(sentence: str, published: str) -> str:
    # A published sentence is sent whole even where it is longer than the page's own limit.
    if len(sentence) <= _SHORT or sentence == published:
        return sentence
    return sentence[: _SHORT - 3] + "..."
