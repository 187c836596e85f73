"""From a route of the framework to a run of an operation: credentials, permission, body, thread, answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from romaport.api import downloads, iam
from romaport.api.call import ANYONE, Call, Operation, Reply, Takes, read_query
from romaport.api.callers import caller_of, credentials_of, headers_of
from romaport.api.iam import IamCall, IamOperation
from romaport.api.parts import Parts
from romaport.api.uploads import Form, receive_form, receive_package
from romaport.auth import Caller
from romaport.errors import BodyTooLarge, PermissionMissing
from romaport.wire.signing import PAYLOAD_HEADER, UNSIGNED_PAYLOAD

__all__ = ["download_route", "iam_route", "operation_route"]

AnyRequest = Request[Any, Any, Any]

_WITH_BODIES = ("POST", "PUT")


def operation_route(operation: Operation, parts: Parts) -> HTTPRouteHandler:
    """Make the route of one operation."""

    async def endpoint(request: AnyRequest) -> ASGIApp:
        body = await _json_body(request, operation, parts)
        caller = await _authorised(request, parts, operation.action, body)
        path = {name: str(value) for name, value in request.path_params.items()}
        await _check_instance(parts, caller, path)
        form = await _form(request, parts, operation, body)
        call = Call(
            parts=parts,
            caller=caller,
            path=path,
            query=read_query(request.scope["query_string"]),
            headers=headers_of(request.scope),
            body=body or b"",
            uploads=form.files,
            texts=form.texts,
        )
        try:
            reply = await asyncio.to_thread(operation.run, call)
        finally:
            form.discard()
        return _sender(reply)

    return _route(operation.path, operation.method, endpoint, name=operation.name)


def iam_route(operation: IamOperation, parts: Parts) -> HTTPRouteHandler:
    """Make the route of one IAM operation."""

    async def endpoint(request: AnyRequest) -> ASGIApp:
        body = await _bounded(request.stream(), parts.options.body_bytes_max)
        headers = headers_of(request.scope)
        credentials = credentials_of(request.scope, body)
        call = IamCall(
            parts=parts,
            query=read_query(request.scope["query_string"]),
            headers=headers,
            body=body,
            endpoint=f"{request.scope['scheme']}://{headers.get('host', 'localhost')}",
            identify=lambda: credentials.verified(parts.gate, ""),
        )
        return _sender(await asyncio.to_thread(operation.run, call))

    return _route(operation.path, operation.method, endpoint, name=operation.name)


def download_route(parts: Parts) -> HTTPRouteHandler:
    """Make the route of the download operation."""

    async def endpoint(request: AnyRequest) -> ASGIApp:
        caller = await _authorised(request, parts, downloads.ACTION, b"")
        path = {name: str(value) for name, value in request.path_params.items()}
        await _check_instance(parts, caller, path)
        call = Call(parts=parts, caller=caller, path=path, query={}, headers=headers_of(request.scope))
        response = await downloads.ArchiveResponse(call).prepare()

        async def send_archive(_scope: Scope, receive: Receive, send: Send) -> None:
            await response.send_to(request.scope, receive, send)

        return send_archive

    return HTTPRouteHandler(
        _pattern(downloads.PATH),
        http_method=["GET", "HEAD"],
        name="DownloadAssetArchive",
        operation_id=lambda _handler, method, _path: "HeadAssetArchive" if method == "HEAD" else "DownloadAssetArchive",
        status_code=200,
    )(endpoint)


def iam_routes(parts: Parts) -> list[HTTPRouteHandler]:
    """Make the routes of all IAM operations."""
    return [iam_route(operation, parts) for operation in iam.OPERATIONS]


def _route(
    path: str, method: str, endpoint: Callable[[AnyRequest], Awaitable[ASGIApp]], *, name: str
) -> HTTPRouteHandler:
    route = HTTPRouteHandler(_pattern(path), http_method=[method], name=name, operation_id=name, status_code=200)  # type: ignore[list-item]
    return route(endpoint)


def _pattern(path: str) -> str:
    # The framework wants a type with every parameter; all of ours are texts.
    return path.replace("}", ":str}")


async def _json_body(request: AnyRequest, operation: Operation, parts: Parts) -> bytes | None:
    """Read the body that a signature covers; None while a package is still to be streamed."""
    # A GET may carry a Content-Type and nothing (contract 2.5); any other body is signed, wanted or not.
    if operation.takes is Takes.NOTHING and operation.method not in _WITH_BODIES:
        return b""
    headers = headers_of(request.scope)
    is_streamed = operation.takes in (Takes.PACKAGE, Takes.FORM) and (
        "authorization" not in headers or headers.get(PAYLOAD_HEADER) == UNSIGNED_PAYLOAD
    )
    return None if is_streamed else await _bounded(request.stream(), parts.options.body_bytes_max)


async def _bounded(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    collected = bytearray()
    async for chunk in chunks:
        collected += chunk
        if len(collected) > limit:
            raise BodyTooLarge(limit_bytes=limit)
    return bytes(collected)


async def _authorised(request: AnyRequest, parts: Parts, action: str, body: bytes | None) -> Caller:
    project_id = str(request.path_params["project_id"])
    credentials = credentials_of(request.scope, body)
    caller = await caller_of(credentials, parts, project_id)
    if action != ANYONE and not caller.allows(action):
        raise PermissionMissing(action=action)
    return caller


async def _check_instance(parts: Parts, caller: Caller, path: dict[str, str]) -> None:
    if "instance_id" in path:
        await asyncio.to_thread(parts.directory.instance, caller.project_id, path["instance_id"])


async def _form(request: AnyRequest, parts: Parts, operation: Operation, body: bytes | None) -> Form:
    chunks = request.stream() if body is None else _once(body)
    headers, folder, bytes_max = headers_of(request.scope), parts.desk.scratch, parts.desk.limits.package_bytes_max
    if operation.takes is Takes.PACKAGE:
        return await receive_package(chunks, headers, folder, bytes_max=bytes_max)
    if operation.takes is Takes.FORM:
        return await receive_form(chunks, headers, folder, operation.form, bytes_max=bytes_max)
    return Form()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _sender(reply: Reply) -> ASGIApp:
    body = reply.body()
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in reply.headers.items()]
    if body:
        headers.append((b"content-type", reply.media_type.encode()))
    headers.append((b"content-length", str(len(body)).encode()))

    async def send_reply(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return send_reply
