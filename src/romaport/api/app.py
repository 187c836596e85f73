"""The ASGI application: the progress operation first, then the framework; around both, the one safety net."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.types import (
    HTTPReceiveMessage,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)
from msgspec import Struct

from romaport import __version__
from romaport.api import (
    apis,
    apps,
    assets,
    composites,
    dictionaries,
    environments,
    extras,
    instances,
    openapi,
    products,
    resources,
    tasks,
    topics,
)
from romaport.api.call import Operation
from romaport.api.callers import known_by_token, known_caller
from romaport.api.endpoints import download_route, iam_routes, operation_route
from romaport.api.errors import envelope, extra_headers, status_of
from romaport.api.parts import Parts
from romaport.api.progress import Progress
from romaport.errors import BodyInvalid, InternalError, MethodRefused, RomaportError, RouteMissing
from romaport.ids import new_ids

__all__ = ["OPERATIONS", "Application"]

_log = logging.getLogger("romaport.requests")

_WRITTEN: tuple[Operation, ...] = (
    *assets.OPERATIONS,
    *instances.OPERATIONS,
    *apps.OPERATIONS,
    *apis.OPERATIONS,
    *environments.OPERATIONS,
    *composites.OPERATIONS,
    *dictionaries.OPERATIONS,
    *products.OPERATIONS,
    *tasks.OPERATIONS,
    *topics.OPERATIONS,
    *extras.OPERATIONS,
    *openapi.OPERATIONS,
)

OPERATIONS: tuple[Operation, ...] = tuple(
    {(found.method, found.path): found for found in (*resources.OPERATIONS, *_WRITTEN)}.values()
)
"""Every operation that goes through the framework; progress and download have ways of their own.

One that is written by hand takes the place of the one that its kind would get.
"""

_DRAIN_BYTES = 64 * 1024 * 1024

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


class Application:
    """What the HTTP server calls."""

    def __init__(self, parts: Parts, lifespan: Lifespan) -> None:
        self._progress = Progress(parts)
        self._courtesy = parts.desk.courtesy
        self._request_ids = new_ids()
        self._request_ids_at_once = new_ids()

        @asynccontextmanager
        async def running(_app: Litestar) -> AsyncIterator[None]:
            database = parts.desk.database
            async with database.feed.hearing(), lifespan():
                yield
            for asking in (database.versions, database.marks):
                if asking is not None:
                    await asking.close()

        self._framework = Litestar(
            route_handlers=[
                *(operation_route(operation, parts) for operation in OPERATIONS),
                *iam_routes(parts),
                download_route(parts),
            ],
            lifespan=[running],
            exception_handlers={RomaportError: _refusal, HTTPException: _foreign_refusal, Exception: _crash},
            openapi_config=OpenAPIConfig(title="romaport", version=__version__, path="/romaport/v1/schema"),
            request_max_body_size=None,
            logging_config=None,
        )

    @property
    def has_answers_at_hand(self) -> bool:
        """Say whether `at_once` ever answers: on a shared database everything is confirmed first, and that waits."""
        return self._progress.has_answers_at_hand

    def at_once(self, scope: Scope) -> tuple[HTTPResponseStartEvent, HTTPResponseBodyEvent] | None:
        """Answer a request from memory, by the two messages of its answer; None where it has to be served.

        Waits for nothing, so that whoever has read the request may ask here before the event loop is troubled; one
        thread. What is signed is left to the loop: checking that takes so long that handing it over costs less.
        """
        began_at = time.perf_counter() if _log.isEnabledFor(logging.INFO) else None
        ready = self._progress.at_once(scope, known=known_by_token)
        if ready is None:
            return None
        request_id = next(self._request_ids_at_once)
        if began_at is not None:
            _log_request(scope, request_id, HTTPStatus.OK, time.perf_counter() - began_at)
        return _head(200, ready.headers, request_id), ready.rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if "method" not in scope:
            await self._framework(scope, receive, send)
            return
        # A line of log costs more than an answer; where none is wanted, there is nothing to time.
        began_at = time.perf_counter() if _log.isEnabledFor(logging.INFO) else None
        exchange = _Exchange(next(self._request_ids), scope, receive, send)
        try:
            ready = self._progress.at_once(scope, known=known_caller)
            if ready is None:
                await self._answer(exchange)
            else:
                await send(exchange.head(200, ready.headers))
                await send(ready.rest)
        except Exception as cause:  # noqa: BLE001 - one of the three places of the house
            # The last line of defence: the caller gets an answer with an id, the log gets the cause under it.
            await exchange.fail(cause)
        if began_at is not None:
            exchange.log(time.perf_counter() - began_at)

    async def _answer(self, exchange: "_Exchange") -> None:
        request = exchange.opened()
        place = Progress.place(request["path"])
        with self._courtesy.answering():
            if place is None:
                await self._framework(request, exchange.receive, exchange.send)
            else:
                await self._progress(request, exchange.send, place)


def _with_values_whole(scope: HTTPScope) -> HTTPScope:
    """Keep a %2F as it is: a slash inside a value is no step of the route (contract 2.5). A %00 is in none."""
    raw = scope.get("raw_path") or b""
    if b"%2f" in raw.lower():
        steps = raw.decode("latin-1").partition("?")[0].split("/")
        scope["path"] = "/".join(unquote(step).replace("/", "%2F") for step in steps)
    scope["path"] = scope["path"].replace("\0", "%00")
    return scope


class _Exchange(Struct):
    """One request and its answer: the id that both carry, and what was sent so far."""

    _id: bytes
    _scope: Any
    """An `HTTPScope`."""
    _receive: Receive
    _send: Send
    _status: int = 0
    _is_read: bool = False

    @property
    def request_id(self) -> str:
        return self._id.decode()

    def __repr__(self) -> str:
        # Without its headers: there is a token among them.
        return f"{type(self).__name__}({self.request_id})"

    def opened(self) -> HTTPScope:
        """Answer the request for those who are told of it by its scope alone."""
        self._scope.setdefault("state", {})["request_id"] = self.request_id
        return _with_values_whole(self._scope)

    async def receive(self) -> HTTPReceiveMessage:
        message = cast("HTTPReceiveMessage", await self._receive())
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_read = True
        return message

    def head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> HTTPResponseStartEvent:
        """Answer the first message of the answer."""
        self._status = status
        return _head(status, headers, self._id)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= HTTPStatus.BAD_REQUEST and self._scope["method"] in ("POST", "PUT"):
                await self._drain()
            message = self.head(message["status"], message["headers"])
        await self._send(message)

    async def _drain(self) -> None:
        """Read the rest of a refused body, so that the client reads the answer instead of a broken pipe."""
        left = _DRAIN_BYTES
        while not self._is_read and left > 0:
            message = await self.receive()
            left -= len(message["body"]) if message["type"] == "http.request" else left

    async def fail(self, cause: Exception) -> None:
        path = self._scope["path"]
        _log.error("request_crashed", extra={"request_id": self.request_id, "path": path}, exc_info=cause)
        if self._status:
            # Half an answer is out already: only a broken connection tells the client so.
            raise cause
        await _answer(InternalError(), self.opened(), self.send)

    def log(self, seconds: float) -> None:
        _log_request(self._scope, self._id, self._status, seconds)


def _head(status: int, headers: Iterable[tuple[bytes, bytes]], request_id: bytes) -> HTTPResponseStartEvent:
    named = [*headers, (b"x-request-id", request_id)]
    return {"type": "http.response.start", "status": status, "headers": named}


def _log_request(scope: Any, request_id: bytes, status: int, seconds: float) -> None:  # noqa: ANN401 - an `HTTPScope`
    _log.info(
        "request",
        extra={
            "request_id": request_id.decode(),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
        },
    )


async def _answer(error: RomaportError, scope: HTTPScope, send: Send) -> None:
    body = envelope(error, path=scope["path"], request_id=scope["state"]["request_id"])
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in extra_headers(error).items()]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    shown = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": shown, "more_body": False})


def _refusal(request: Request[Any, Any, Any], error: RomaportError) -> Response[bytes]:
    request_id = request.scope["state"]["request_id"]
    if error.__cause__ is not None:
        _log.info("refused", extra={"request_id": request_id, "code": error.code}, exc_info=error)
    return Response(
        envelope(error, path=request.scope["path"], request_id=request_id),
        status_code=status_of(error),
        headers=extra_headers(error),
        media_type="application/json",
    )


def _foreign_refusal(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Say a refusal of the framework's own in our words."""
    if isinstance(error, NotFoundException):
        return _refusal(request, RouteMissing(path=request.scope["path"][:256]))
    if isinstance(error, MethodNotAllowedException):
        return _refusal(request, MethodRefused(method=request.scope["method"]))
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _refusal(request, BodyInvalid(problems=f"request: {error.detail}"))
    return _crash(request, error)


def _crash(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Say that we are wrong, and put the cause into the log under the request's id."""
    request_id = request.scope["state"]["request_id"]
    _log.error("request_crashed", extra={"request_id": request_id}, exc_info=error)
    return _refusal(request, InternalError())
