"""Who asks: an access key that signs every request, or a password that is exchanged for tokens (contract 4)."""

import hashlib
import hmac
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx
import msgspec

from romaport.client.answers import Json, read_json, refusal
from romaport.clock import Clock
from romaport.errors import AnswerUnreadable
from romaport.wire.signing import SignedRequest, sign

__all__ = ["AccessKey", "Credentials", "Password", "Secret", "authentication"]

# A token is renewed this long before it expires, so that none expires on its way.
_TOKEN_MARGIN = timedelta(minutes=5)


class Secret:
    """A text that no log, traceback or message shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Answer the text itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """An AK/SK pair; every request is signed with it (contract 4.2)."""

    access_key: str
    secret: Secret


@dataclass(frozen=True, kw_only=True)
class Password:
    """A user's password; tokens are fetched with it and renewed before they expire (contract 4.1)."""

    user: str
    password: Secret
    domain: str
    iam_endpoint: str | None = None
    """Where tokens are issued, if not at the endpoint itself."""


Credentials = AccessKey | Password
"""Either way to say who asks."""


def authentication(credentials: Credentials, *, endpoint: str, project_id: str, clock: Clock) -> httpx.Auth:
    """Answer what puts the credentials on each request."""
    if isinstance(credentials, AccessKey):
        return _Signing(credentials, project_id=project_id, clock=clock)
    return _Token(credentials, endpoint=credentials.iam_endpoint or endpoint, project_id=project_id, clock=clock)


class _Signing(httpx.Auth):
    """Signs each request; a streamed body is declared unsigned, as the SDK does with multipart."""

    def __init__(self, key: AccessKey, *, project_id: str, clock: Clock) -> None:
        self._key = key
        self._project_id = project_id
        self._clock = clock

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        # Proxies rewrite other headers; these two they must leave alone.
        covered = {name: request.headers[name] for name in ("host", "content-type") if name in request.headers}
        unsigned = SignedRequest(
            method=request.method, path=path, query=query, headers=covered, payload_hash=_payload_hash(request)
        )
        added = sign(
            unsigned,
            access_key=self._key.access_key,
            secret=self._key.secret.reveal(),
            at=self._clock(),
            project_id=self._project_id,
        )
        request.headers.update(added)
        yield request


def _payload_hash(request: httpx.Request) -> str | None:
    try:
        return hashlib.sha256(request.content).hexdigest()
    except httpx.RequestNotRead:
        return None


class _Token(httpx.Auth):
    """Puts a token on each request, fetching one when there is none or it is about to expire."""

    def __init__(self, user: Password, *, endpoint: str, project_id: str, clock: Clock) -> None:
        self._user = user
        self._endpoint = endpoint
        self._project_id = project_id
        self._clock = clock
        self._token: Secret | None = None
        self._usable_until: datetime | None = None

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        fresh = self._is_due()
        if fresh:
            self._accept((yield self._login(request)))
        response = yield self._with_token(request)
        # A token can end before its time, when a password or a permission changes (contract 4.1).
        if response.status_code == httpx.codes.UNAUTHORIZED and not fresh:
            self._accept((yield self._login(request)))
            yield self._with_token(request)

    def _is_due(self) -> bool:
        return self._usable_until is None or self._usable_until <= self._clock()

    def _with_token(self, request: httpx.Request) -> httpx.Request:
        assert self._token is not None
        request.headers["x-auth-token"] = self._token.reveal()
        return request

    def _login(self, request: httpx.Request) -> httpx.Request:
        user = {
            "name": self._user.user,
            "password": self._user.password.reveal(),
            "domain": {"name": self._user.domain},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": {"project": {"id": self._project_id}}}}
        return httpx.Request(
            "POST",
            f"{self._endpoint}/v3/auth/tokens?nocatalog=true",
            content=msgspec.json.encode(body),
            headers={"content-type": "application/json;charset=utf8"},
            # The limits on waiting are carried by each request.
            extensions=request.extensions,
        )

    def _accept(self, response: httpx.Response) -> None:
        content = response.read()
        if response.status_code != httpx.codes.CREATED:
            raise refusal(response.status_code, response.headers, content, now=self._clock())
        token = response.headers.get("x-subject-token")
        if not token:
            raise AnswerUnreadable(endpoint=self._endpoint, problem="a token was granted but is not in the answer")
        self._token = Secret(token)
        self._usable_until = _expiry(read_json(content, endpoint=self._endpoint)) - _TOKEN_MARGIN


def _expiry(answer: Json) -> datetime:
    """Answer when a token expires; an unreadable moment counts as past, so the next request asks again."""
    try:
        return msgspec.convert(answer, _TokenAnswer).token.expires_at
    except msgspec.ValidationError:
        return datetime.fromtimestamp(0, UTC) + _TOKEN_MARGIN


class _TokenTimes(msgspec.Struct):
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]


class _TokenAnswer(msgspec.Struct):
    token: _TokenTimes
