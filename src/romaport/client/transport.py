"""One request out, one answer in: addresses, limits, and failures said in our words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext
from urllib.parse import quote, urlsplit

import httpx

from romaport.client.answers import Json, read_json, refusal
from romaport.clock import Clock
from romaport.errors import AnswerUnreadable, ParameterInvalid, Unreachable
from romaport.wire.signing import canonical_query

__all__ = ["ClientOptions", "Transport", "endpoint_of"]

_JSON_TYPE = "application/json;charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """The client's limits."""

    connect_seconds: float = 10.0
    read_seconds: float = 120.0
    """How long a server may be silent; what the SDKs allow (contract 2.5)."""
    answer_bytes_max: int = 64 * 1024 * 1024
    """The longest answer that is read, downloads excepted."""
    poll_first_seconds: float = 0.1
    poll_longest_seconds: float = 2.0
    patience_seconds: float = 120.0
    """How long a job is asked for in vain, while its server is busy or away."""
    download_attempts: int = 5
    """How often a download that breaks off is taken up again."""


def endpoint_of(address: str) -> str:
    """Make a scheme, host and port of what a person typed; https if there is no scheme (contract 2.5)."""
    typed = address.strip()
    parts = urlsplit(typed if "://" in typed else f"https://{typed}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ParameterInvalid(name="endpoint", rule="must be like https://host or http://host:port")
    if parts.username is not None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ParameterInvalid(name="endpoint", rule="must be a scheme, a host and a port, and nothing more")
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _trust() -> SSLContext:
    """Load whom to trust: once, for it takes longer than to send a request."""
    return httpx.create_ssl_context()


class Transport:
    """Sends requests to one endpoint with one caller's credentials; redirects are never followed."""

    def __init__(self, endpoint: str, auth: httpx.Auth, *, options: ClientOptions, clock: Clock) -> None:
        self.endpoint = endpoint
        self._options = options
        self._clock = clock
        timeout = httpx.Timeout(options.read_seconds, connect=options.connect_seconds)
        self._http = httpx.Client(auth=auth, timeout=timeout, follow_redirects=False, verify=_trust())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def url(self, segments: tuple[str, ...], query: Mapping[str, str] | None = None) -> str:
        """Make an address of path segments, each encoded whole, and a query as it is signed."""
        for segment in segments:
            if segment in {"", ".", ".."}:
                raise ParameterInvalid(name="id", rule=f"{segment!r} is no identifier")
        path = "/".join(quote(segment, safe="") for segment in segments)
        asked = canonical_query((query or {}).items())
        return f"{self.endpoint}/{path}" + (f"?{asked}" if asked else "")

    def json(
        self,
        method: str,
        segments: tuple[str, ...],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[Json, httpx.Headers]:
        """Send a request with a JSON body, or none, and answer the decoded body and the headers.

        Raises `Refused`, `Unreachable` or `AnswerUnreadable`.
        """
        request = self._http.build_request(
            method, self.url(segments, query), content=body, headers={"content-type": _JSON_TYPE}
        )
        return self.answer(request)

    def build(self, method: str, url: str, **parts: object) -> httpx.Request:
        """Prepare a request that is not plain JSON."""
        return self._http.build_request(method, url, **parts)  # type: ignore[arg-type]

    def answer(self, request: httpx.Request) -> tuple[Json, httpx.Headers]:
        """Send a prepared request, and answer the decoded body and the headers."""
        with self.stream(request) as response:
            return read_json(self._read(response), endpoint=self.endpoint), response.headers

    @contextmanager
    def stream(self, request: httpx.Request) -> Iterator[httpx.Response]:
        """Send a request and hand out the answer before its body was read; a refusal is raised."""
        try:
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    raise refusal(response.status_code, response.headers, self._read(response), now=self._clock())
                yield response
            finally:
                response.close()
        except httpx.HTTPError as cause:
            problem = str(cause) or type(cause).__name__
            raise Unreachable(endpoint=self.endpoint, problem=problem) from cause

    def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > self._options.answer_bytes_max:
                raise AnswerUnreadable(endpoint=self.endpoint, problem="the answer is longer than any should be")
        return bytes(content)
