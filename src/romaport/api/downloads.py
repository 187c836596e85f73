"""The download operation: streamed, counted as the one download only when the last byte is handed over.

HEAD, Range and conditional requests never use it up (product decision 5).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from litestar.types import HTTPResponseStartEvent, HTTPScope, Message, Receive, Send

from romaport.api.call import Call
from romaport.assets import find_archive, outdate_answers, take_archive
from romaport.errors import ArchiveExpired, RangeRefused
from romaport.jobs import Archive

__all__ = ["ACTION", "PATH", "ArchiveResponse"]

ACTION = "roma:assets:download"
"""The permission to download; ours, as none is published (product decision 23)."""
PATH = "/v2/{project_id}/instances/{instance_id}/assets/archives/{archive_id}"


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Which bytes of an archive a request gets, and whether that is the whole."""

    status: int
    start: int
    end: int
    headers: Mapping[str, str]


class ArchiveResponse:
    """Streams one archive to one client."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._archive: Archive | None = None

    async def prepare(self) -> "ArchiveResponse":
        """Find the archive; raise what keeps it from being downloaded."""
        call = self._call
        archive_id = call.path["archive_id"]
        archive = await asyncio.to_thread(find_archive, call.parts.desk, call.owner, call.actor, archive_id)
        # Another download may be at its last byte; then this one comes too late.
        await call.parts.handovers.settled(archive.job_id)
        await call.parts.handovers.settled_elsewhere(archive.job_id)
        self._archive = await asyncio.to_thread(find_archive, call.parts.desk, call.owner, call.actor, archive_id)
        return self

    async def send_to(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Send headers and bytes, and use the download up when all of them were sent."""
        archive = self._archive
        assert archive is not None
        part = _part(archive, self._call.headers)
        headers = {
            "content-disposition": f'attachment; filename="{archive.file_name}"',
            "accept-ranges": "bytes",
            "etag": f'"{archive.sha256}"',
            "cache-control": "no-store",
            **part.headers,
        }
        if part.status != HTTPStatus.NOT_MODIFIED:
            headers |= {"content-type": "application/zip", "content-length": str(part.end - part.start)}
        has_body = scope["method"] != "HEAD" and part.status != HTTPStatus.NOT_MODIFIED
        stream = self._call.parts.desk.archives.stream(archive.path, start=part.start, end=part.end)
        first = await _first(stream) if has_body else b""
        send = _headed({"type": "http.response.start", "status": part.status, "headers": _encoded(headers)}, send)
        if not has_body:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await self._send_bytes(part, _chained(first, stream), gone, send)
        finally:
            gone.cancel()

    async def _send_bytes(
        self, part: "_Part", chunks: AsyncIterator[bytes], gone: "asyncio.Future[None]", send: Send
    ) -> None:
        archive = self._archive
        assert archive is not None
        left = part.end - part.start
        async for chunk in chunks:
            left -= len(chunk)
            if gone.done():
                return
            if left > 0 or part.status != HTTPStatus.OK:
                await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
                continue
            desk, by = self._call.parts.desk, self._call.caller.user_name
            async with self._call.parts.handovers.of(archive.job_id, partial(outdate_answers, desk, archive)):
                await send({"type": "http.response.body", "body": chunk, "more_body": False})
                if not gone.done():
                    await asyncio.to_thread(take_archive, desk, archive, by=by)


def _headed(head: HTTPResponseStartEvent, send: Send) -> Send:
    """Send the head with the first bytes and not before: what fails until then can still be answered."""
    waiting: list[HTTPResponseStartEvent] = [head]

    async def send_headed(message: Message) -> None:
        if waiting:
            await send(waiting.pop())
        await send(message)

    return send_headed


async def _first(stream: AsyncIterator[bytes]) -> bytes:
    """Read the first bytes before the status is sent, so that a file just taken is still a 410."""
    try:
        return await anext(stream, b"")
    except FileNotFoundError as cause:
        raise ArchiveExpired(at="another download's end") from cause


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _disconnected(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _part(archive: Archive, headers: Mapping[str, str]) -> _Part:
    etag = f'"{archive.sha256}"'
    if "if-none-match" in headers and etag in headers["if-none-match"]:
        return _Part(status=HTTPStatus.NOT_MODIFIED, start=0, end=0, headers={})
    asked = headers.get("range", "")
    is_current = headers.get("if-range", etag) == etag
    if not asked.startswith("bytes=") or "," in asked or not is_current:
        return _Part(status=HTTPStatus.OK, start=0, end=archive.size_bytes, headers={})
    start, end = _range(asked.removeprefix("bytes="), archive.size_bytes)
    bounds = {"content-range": f"bytes {start}-{end - 1}/{archive.size_bytes}"}
    return _Part(status=HTTPStatus.PARTIAL_CONTENT, start=start, end=end, headers=bounds)


def _range(asked: str, size: int) -> tuple[int, int]:
    first, _, last = asked.strip().partition("-")
    try:
        if not first:
            start, end = max(0, size - int(last)), size
        else:
            start, end = int(first), min(size, int(last) + 1) if last else size
    except ValueError as cause:
        raise RangeRefused(asked=asked[:64], size_bytes=size) from cause
    if not 0 <= start < end:
        raise RangeRefused(asked=asked[:64], size_bytes=size)
    return start, end
