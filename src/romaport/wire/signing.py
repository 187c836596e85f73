"""Request signatures with an access key, made and verified (contract 4.2); pure.

Two algorithms: `SDK-HMAC-SHA256`, what every published SDK uses, and `V11-HMAC-SHA256`, its variant with a
derived key. Verification stands before every poll, so it is a few hashes in C and no more, and whatever
comes from a stranger has a limit. When a signature was made, and whether that is recent enough, is for the
caller to judge: see `parse_date`.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from msgspec import Struct
from msgspec.structs import replace

__all__ = [
    "DATE_HEADER",
    "EMPTY_HASH",
    "PAYLOAD_HEADER",
    "PROJECT_HEADER",
    "SDK_ALGORITHM",
    "UNSIGNED_PAYLOAD",
    "V11_ALGORITHM",
    "Authorization",
    "SecretKey",
    "SignedRequest",
    "canonical_queries",
    "canonical_query",
    "is_signed_by",
    "parse_authorization",
    "parse_date",
    "sign",
]

SDK_ALGORITHM = "SDK-HMAC-SHA256"
V11_ALGORITHM = "V11-HMAC-SHA256"

DATE_HEADER = "x-sdk-date"
PAYLOAD_HEADER = "x-sdk-content-sha256"
PROJECT_HEADER = "x-project-id"

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
"""What stands for an empty body, whatever the headers say."""
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
"""What stands for a body that the signature does not cover."""

# Beyond these nothing published comes near; a stranger's text costs us no more than they allow.
_AUTHORIZATION_LENGTH_MAX = 8192
_ACCESS_KEY_LENGTH_MAX = 128
_SIGNED_HEADERS_MAX = 128
_QUERY_PAIRS_MAX = 256
_SCOPE_PARTS = 3
# What many requests have in common is read once: of so many signers, and of so many seconds.
_SIGNERS_KEPT = 256
_DATES_KEPT = 2048

_PLAIN_IN_PATH = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
# Each has a fixed width: nothing to backtrack over.
_HEX_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DATE_LENGTH = len("YYYYMMDDTHHMMSSZ")


class SignedRequest(Struct, frozen=True, kw_only=True):
    """What a signature covers of a request."""

    method: str
    path: str
    """As received, percent-encoded; without the query."""
    query: str
    """As received, without the question mark."""
    headers: Mapping[str, str]
    """By lower-case name; values as text, which means UTF-8 where they are (they travel as Latin-1)."""
    payload_hash: str | None
    """Lower-case hex SHA-256 of the body; None while the body is not known."""


class Authorization(Struct, frozen=True, kw_only=True):
    """A parsed `Authorization` header: who signed, what, and how."""

    algorithm: str
    access_key: str
    signed_headers: tuple[str, ...]
    """Lower-case names in the order in which they were signed."""
    signature: str
    """64 lower-case hex digits."""
    scope: str | None = None
    """`date/region/service`, with the derived key only."""


class SecretKey:
    """A secret access key, ready for use: of each signature with it, the beginning is always the same hash."""

    __slots__ = ("_begun", "_text")

    def __init__(self, text: str) -> None:
        self._text = text.encode()
        self._begun = HMAC(self._text, SHA256())

    def signature(self, text: bytes, *, access_key: str, scope: str | None) -> str:
        """Sign a text; answer hex digits. With a scope, by the key that is derived for it."""
        mac = self._begun.copy() if scope is None else HMAC(self._derived(access_key, scope), SHA256())
        mac.update(text)
        return mac.finalize().hex()

    def _derived(self, access_key: str, scope: str) -> bytes:
        # HKDF (RFC 5869) with SHA-256 and one block; what is used as the key is the text of its hex digits.
        extracted = hmac.digest(access_key.encode(), self._text, "sha256")
        return hmac.digest(extracted, scope.encode() + b"\x01", "sha256").hex().encode()


def parse_authorization(value: str) -> Authorization | None:
    """Read an `Authorization` header; None if it is malformed or not of an algorithm we know."""
    if len(value) > _AUTHORIZATION_LENGTH_MAX:
        return None
    # All but the signature, which every published signer writes last, is the same from one request to the next.
    rest, _, last = value.rpartition(",")
    name, _, signature = last.strip().partition("=")
    if name != "Signature":
        rest, signature = value, _fields(value)[1].get("Signature", "")
    signer = _signer(rest) if _HEX_SIGNATURE.fullmatch(signature) else None
    if signer is None:
        return None
    return replace(signer, signature=signature)


@lru_cache(_SIGNERS_KEPT)
def _signer(text: str) -> Authorization | None:
    """Read an `Authorization` without its signature."""
    algorithm, fields = _fields(text)
    names = tuple(fields.get("SignedHeaders", "").lower().split(";"))
    if algorithm not in {SDK_ALGORITHM, V11_ALGORITHM} or not all(names) or len(names) > _SIGNED_HEADERS_MAX:
        return None
    access_key, scope = _identity(algorithm, fields)
    if not 0 < len(access_key) <= _ACCESS_KEY_LENGTH_MAX:
        return None
    return Authorization(algorithm=algorithm, access_key=access_key, signed_headers=names, signature="", scope=scope)


def _fields(text: str) -> tuple[str, dict[str, str]]:
    """Answer the algorithm, and what follows it by name."""
    algorithm, _, rest = text.strip().partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return algorithm, {name: value for name, _, value in pairs}


def _identity(algorithm: str, fields: Mapping[str, str]) -> tuple[str, str | None]:
    """Answer access key and scope; an empty access key if they are not there."""
    if algorithm == SDK_ALGORITHM:
        return fields.get("Access", ""), None
    access_key, _, scope = fields.get("Credential", "").partition("/")
    parts = scope.split("/")
    if len(parts) != _SCOPE_PARTS or not all(parts):
        return "", None
    return access_key, scope


def parse_date(value: str) -> float | None:
    """Read an `X-Sdk-Date`, `YYYYMMDDTHHMMSSZ`, as seconds since the epoch; None if it is not one."""
    # Asked here, so that nothing long is kept.
    return _seconds(value) if len(value) == _DATE_LENGTH else None


@lru_cache(_DATES_KEPT)
def _seconds(value: str) -> float | None:
    if _DATE.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Write a query the way it is signed: pairs sorted, everything but unreserved characters encoded."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(pairs))


def canonical_queries(query: str) -> tuple[str, ...]:
    """Answer the forms in which a received query may have been signed, likeliest first.

    The SDK sends what it signed, so the received text comes first; it is also the only form that is right
    for a list of numbers, which the SDK sorts as numbers. Every form has the meaning of the received one.
    """
    if not query:
        return ("",)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_QUERY_PAIRS_MAX)
    except ValueError:
        return (query,)
    canonical = canonical_query(pairs)
    return (query,) if canonical == query else (query, canonical)


def is_signed_by(request: SignedRequest, authorization: Authorization, secret: SecretKey) -> bool:
    """Say whether the request carries the signature that the secret makes; in constant time.

    False too if a signed header is absent, if the stated digest of the body is not the body's, or if the
    body is unknown and nothing stated stands for it. With `payload_hash` None a stated digest is believed:
    whoever reads the body later compares.
    """
    timestamp = request.headers.get(DATE_HEADER, "")
    payload = _payload(request)
    if payload is None or parse_date(timestamp) is None:
        return False
    if not all(map(request.headers.__contains__, authorization.signed_headers)):
        return False
    scope = authorization.scope
    if scope is not None and not scope.startswith(timestamp[:8] + "/"):
        return False
    found = False
    for query in canonical_queries(request.query):
        text = _string_to_sign(request, authorization, query=query, payload=payload)
        made = secret.signature(text, access_key=authorization.access_key, scope=scope)
        found |= hmac.compare_digest(made, authorization.signature)
    return found


def sign(
    request: SignedRequest, *, access_key: str, secret: str, at: datetime, project_id: str | None = None
) -> dict[str, str]:
    """Sign a request and answer the headers to add to it, by lower-case name.

    All headers of the request are signed, `host` must be among them, and the query must be sent as
    `canonical_query` writes it. A body that is not known (`payload_hash` None) is declared unsigned.
    """
    added = {DATE_HEADER: at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")}
    if project_id is not None:
        added[PROJECT_HEADER] = project_id
    if request.payload_hash is None:
        added[PAYLOAD_HEADER] = UNSIGNED_PAYLOAD
    headers = {**request.headers, **added}
    names = tuple(sorted(name for name in headers if "_" not in name))
    complete = SignedRequest(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=headers,
        payload_hash=request.payload_hash,
    )
    unsigned = Authorization(algorithm=SDK_ALGORITHM, access_key=access_key, signed_headers=names, signature="")
    payload = request.payload_hash or UNSIGNED_PAYLOAD
    text = _string_to_sign(complete, unsigned, query=request.query, payload=payload)
    signature = hmac.digest(secret.encode(), text, "sha256").hex()
    listed = ";".join(names)
    added["authorization"] = f"{SDK_ALGORITHM} Access={access_key}, SignedHeaders={listed}, Signature={signature}"
    return added


def _payload(request: SignedRequest) -> str | None:
    """Answer what was signed for the body; None if nothing can have been, or if the body is another one."""
    if request.payload_hash == EMPTY_HASH:
        return EMPTY_HASH
    stated = request.headers.get(PAYLOAD_HEADER)
    if stated is None or stated == UNSIGNED_PAYLOAD:
        return stated or request.payload_hash
    # Otherwise a signed digest would vouch for any body that somebody puts in its place.
    return stated if request.payload_hash in {None, stated} else None


def _string_to_sign(request: SignedRequest, authorization: Authorization, *, query: str, payload: str) -> bytes:
    headers = "".join([f"{name}:{request.headers[name].strip()}\n" for name in authorization.signed_headers])
    names = ";".join(authorization.signed_headers)
    path = _canonical_path(request.path)
    canonical = f"{request.method.upper()}\n{path}\n{query}\n{headers}\n{names}\n{payload}"
    digest = hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()
    scope = "" if authorization.scope is None else f"{authorization.scope}\n"
    return f"{authorization.algorithm}\n{request.headers[DATE_HEADER]}\n{scope}{digest}".encode()


def _canonical_path(path: str) -> str:
    if path.encode(errors="surrogatepass").translate(None, _PLAIN_IN_PATH):
        path = quote(unquote(path), safe="/")
    return path if path.endswith("/") else f"{path}/"
