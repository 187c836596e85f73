"""A fault to a status, an error to the envelope of the surface that was called (contract 3.1)."""

from typing import assert_never

import msgspec

from romaport.errors import Fault, RequestsTooMany, RomaportError, StoreUnavailable
from romaport.wire.assets import ErrorEnvelope

__all__ = ["envelope", "extra_headers", "status_of"]

_SHORT = 128
_RETRY_SECONDS = 2


def status_of(error: RomaportError) -> int:
    """Answer the HTTP status of an error (product decision 8)."""
    match error.fault:
        case Fault.INVALID:
            status = 400
        case Fault.UNAUTHENTICATED:
            status = 401
        case Fault.FORBIDDEN:
            status = 403
        case Fault.MISSING:
            status = 404
        case Fault.METHOD:
            status = 405
        case Fault.RANGE:
            status = 416
        case Fault.CONFLICT:
            status = 409
        case Fault.GONE:
            status = 410
        case Fault.TOO_LARGE:
            status = 413
        case Fault.TOO_MANY:
            status = 429
        case Fault.INTERNAL:
            status = 500
        case Fault.UNAVAILABLE:
            status = 503
        case _:
            assert_never(error.fault)
    return status


def extra_headers(error: RomaportError) -> dict[str, str]:
    """Answer the headers that go with an error: when to come back."""
    if isinstance(error, RequestsTooMany):
        return {"retry-after": str(error.retry_seconds)}
    if isinstance(error, StoreUnavailable):
        return {"retry-after": str(_RETRY_SECONDS)}
    return {}


def envelope(error: RomaportError, *, path: str, request_id: str) -> bytes:
    """Write an error as the called surface does: IAM's shape below `/v3`, else the four fields."""
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


def _shortened(sentence: str, published: str) -> str:
    # A published sentence is sent whole even where it is longer than the page's own limit.
    if len(sentence) <= _SHORT or sentence == published:
        return sentence
    return sentence[: _SHORT - 3] + "..."
