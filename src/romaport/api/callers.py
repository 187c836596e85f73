"""A request's credentials to a caller, or a refusal."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from romaport.api.parts import Parts
from romaport.auth import Caller, Gate, Known
from romaport.errors import CredentialsWrong, ParameterInvalid
from romaport.wire.signing import EMPTY_HASH, SignedRequest

__all__ = ["Credentials", "caller_of", "credentials_of", "headers_of", "known_by_token", "known_caller"]

UNSIGNED = "UNSIGNED-PAYLOAD"
# What an SDK client that was given no project sends in its place (contract 4.3).
_PLACEHOLDER = "{project_id}"


class Credentials(Struct, frozen=True):
    """What a request offers to be known by. With both, the signature counts (contract 4)."""

    token: str | None = None
    signed: SignedRequest | None = None

    def known(self, gate: Gate, project_id: str) -> Caller | None:
        """Answer the caller from memory alone; None if that cannot be told without asking the store."""
        if self.signed is not None:
            return gate.cached_by_signature(self.signed, project_id)
        if self.token is not None:
            return gate.known(self.token, project_id)
        return None

    def remembered(self, gate: Gate, project_id: str) -> Known | None:
        """Answer who the caller was a moment ago, which on a shared database is to be confirmed; None if unknown."""
        if self.signed is not None:
            return gate.remembered_by_signature(self.signed, project_id)
        return None if self.token is None else gate.remembered(self.token, project_id)

    def verified(self, gate: Gate, project_id: str) -> Caller:
        """Answer the caller; raise `CredentialsWrong`, `ProjectForeign`, or `ParameterInvalid` for no project."""
        if project_id == _PLACEHOLDER and (self.signed or self.token) is not None:
            raise ParameterInvalid(name="project_id", rule="is still a placeholder; give your client the project's id")
        if self.signed is not None:
            return gate.by_signature(self.signed, project_id)
        if self.token is not None:
            return gate.by_token(self.token, project_id)
        raise CredentialsWrong(cause="x-auth-token not found")


def known_caller(scope: Mapping[str, Any], gate: Gate, project_id: str) -> Caller | None:
    """Answer the caller of a request without a body from memory alone; None if that cannot be told."""
    token = _token(scope)
    if token is None:
        return gate.cached_by_signature(_signed(scope, b""), project_id)
    return gate.known(token, project_id)


def known_by_token(scope: Mapping[str, Any], gate: Gate, project_id: str) -> Caller | None:
    """Answer the caller of a request by its token, from memory alone; None if that cannot be told, or it is signed."""
    token = _token(scope)
    return None if token is None else gate.known(token, project_id)


async def caller_of(credentials: Credentials, parts: Parts, project_id: str) -> Caller:
    """Answer the caller: from memory if nothing has changed since, else as `Credentials.verified` does."""
    versions = parts.desk.database.versions
    if versions is None:
        caller = credentials.known(parts.gate, project_id)
    else:
        known = credentials.remembered(parts.gate, project_id)
        caller = None if known is None else known.confirmed(await versions.of(known.credential))
    if caller is None:
        caller = await asyncio.to_thread(credentials.verified, parts.gate, project_id)
    return caller


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Decode a request's headers: UTF-8 where they are, else Latin-1 (contract 4.2, verifier notes).

    A scope has their names in lower case already.
    """
    try:
        return {name.decode(): value.decode() for name, value in scope["headers"]}
    except UnicodeDecodeError:
        return {name.decode("latin-1"): _text(value) for name, value in scope["headers"]}


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def credentials_of(scope: Mapping[str, Any], body: bytes | None = b"") -> Credentials:
    """Read the credentials of a request whose body is this, or None if it is not to be hashed."""
    token = _token(scope)
    is_signed = token is None and any(name == b"authorization" for name, _ in scope["headers"])
    return Credentials(signed=_signed(scope, body)) if is_signed else Credentials(token)


def _token(scope: Mapping[str, Any]) -> str | None:
    """Answer the token by which a request wants to be known; None for one that is signed, and without one."""
    token = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            return None
        if name == b"x-auth-token" and token is None:
            token = value
    return None if token is None else token.decode("latin-1")


def _signed(scope: Mapping[str, Any], body: bytes | None) -> SignedRequest:
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return SignedRequest(
        method=scope["method"],
        path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers_of(scope),
        payload_hash=_payload_hash(body),
    )


def _payload_hash(body: bytes | None) -> str | None:
    if body is None:
        return None
    return hashlib.sha256(body).hexdigest() if body else EMPTY_HASH
