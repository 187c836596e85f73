"""Package uploads: streamed to a file, the one multipart field or a raw zip body (contract 2.2)."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from romaport.api.call import Upload
from romaport.errors import BodyInvalid, BodyMissing, PackageTooLarge
from romaport.packages import check_package_name

__all__ = ["FIELD", "receive_package"]

FIELD = "ImportAssetRequestBody"
_NAME_MAX = 255
_RAW_NAME = "package.zip"
_PARTS_MAX = 16
# What the form's own lines around the file may take.
_FORM_BYTES = 65_536


async def receive_package(
    chunks: AsyncIterator[bytes], headers: Mapping[str, str], path: Path, *, bytes_max: int
) -> Upload:
    """Write an uploaded package to a file, whole or not at all.

    Raises `BodyMissing`, `BodyInvalid` for a form that is not the contract's, `PackageNameWrong`, and
    `PackageTooLarge` as soon as too many bytes came.
    """
    kind, options = parse_options_header(headers.get("content-type", ""))
    if kind == "multipart/form-data":
        boundary = options.get("boundary", "")
        if not boundary:
            raise BodyInvalid(problems="Content-Type: multipart/form-data needs a boundary")
        return await _Form(boundary, path, bytes_max).read(chunks)
    if kind == "application/json":
        # The oldest pages describe such a body, without a place for the file.
        raise BodyInvalid(problems=f"{FIELD}: a package comes as this field of a form or as application/zip")
    size = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > bytes_max:
                raise PackageTooLarge(what="the uploaded file, in bytes,", limit=bytes_max)
            file.write(chunk)
    if not size:
        raise BodyMissing
    return Upload(path=path, name=_RAW_NAME)


class _Form:
    """Reads a multipart body of exactly one file part."""

    def __init__(self, boundary: str, path: Path, bytes_max: int) -> None:
        try:
            self._parser = PushMultipartParser(boundary, max_segment_count=_PARTS_MAX)
        except MultipartError as cause:
            raise BodyInvalid(problems=f"Content-Type: the boundary cannot be used ({cause})") from cause
        self._path = path
        self._bytes_max = bytes_max
        self._received = 0
        self._name: str | None = None

    async def read(self, chunks: AsyncIterator[bytes]) -> Upload:
        with self._path.open("wb") as file:
            async for chunk in chunks:
                # Everything counts, so that what is no part of a file cannot go on for ever either.
                self._received += len(chunk)
                if self._received > self._bytes_max + _FORM_BYTES:
                    raise PackageTooLarge(what="the uploaded file, in bytes,", limit=self._bytes_max)
                if chunk:
                    self._write(chunk, file)
            self._parsed(b"")
        if self._name is None:
            raise BodyInvalid(problems=f"{FIELD}: the form needs a file of this name")
        return Upload(path=self._path, name=self._name)

    def _write(self, chunk: bytes, file: BinaryIO) -> None:
        for event in self._parsed(chunk):
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event is not None:
                file.write(event)

    def _parsed(self, chunk: bytes) -> list[MultipartSegment | bytes | None]:
        try:
            return list(self._parser.parse(chunk))
        except MultipartError as cause:
            raise BodyInvalid(problems=f"body: is no complete multipart form ({cause})") from cause

    def _begin(self, segment: MultipartSegment) -> None:
        if segment.name != FIELD:
            raise BodyInvalid(problems=f"{(segment.name or '')[:64]}: is not a field of this form; {FIELD} is")
        if self._name is not None:
            raise BodyInvalid(problems=f"{FIELD}: must be given once")
        name = (segment.filename or "")[:_NAME_MAX]
        check_package_name(name)
        self._name = name
