"""Uploads, streamed to the scratch folder: forms of files and texts, and packages as raw bodies (contract 2.2)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from romaport.api.call import FieldKind, Upload
from romaport.errors import BodyInvalid, BodyMissing, BodyTooLarge, PackageTooLarge
from romaport.ids import new_id
from romaport.packages import check_package_name

__all__ = ["FIELD", "Form", "receive_form", "receive_package"]

FIELD = "ImportAssetRequestBody"
_NAME_MAX = 255
_RAW_NAME = "package.zip"
_PARTS_MAX = 16
_TEXT_BYTES_MAX = 4 * 1024 * 1024
# What the form's own lines around the parts may take.
_FORM_BYTES = 65_536


@dataclass
class Form:
    """A form that was received whole: files in the scratch folder, and texts, by field."""

    files: dict[str, Upload] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def discard(self) -> None:
        """Remove the files."""
        for upload in self.files.values():
            upload.path.unlink(missing_ok=True)


async def receive_package(
    chunks: AsyncIterator[bytes], headers: Mapping[str, str], folder: Path, *, bytes_max: int
) -> Form:
    """Write an uploaded package to a file, whole or not at all: the one field of a form, or a raw body.

    Raises `BodyMissing`, `BodyInvalid` for a form that is not the contract's, `PackageNameWrong`, and
    `PackageTooLarge` as soon as too many bytes came.
    """
    if _is_form(headers):
        form = await receive_form(chunks, headers, folder, {FIELD: FieldKind.FILE}, bytes_max=bytes_max)
        if FIELD not in form.files:
            raise BodyInvalid(problems=f"{FIELD}: the form needs a file of this name")
        return form
    if parse_options_header(headers.get("content-type", ""))[0] == "application/json":
        # The oldest pages describe such a body, without a place for the file.
        raise BodyInvalid(problems=f"{FIELD}: a package comes as this field of a form or as application/zip")
    form = Form(files={FIELD: Upload(path=_scratch(folder), name=_RAW_NAME)})
    try:
        await _receive_raw(chunks, form.files[FIELD].path, bytes_max)
    except BaseException:
        form.discard()
        raise
    return form


async def _receive_raw(chunks: AsyncIterator[bytes], path: Path, bytes_max: int) -> None:
    size = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > bytes_max:
                raise PackageTooLarge(what="the uploaded file, in bytes,", limit=bytes_max)
            file.write(chunk)
    if not size:
        raise BodyMissing


async def receive_form(
    chunks: AsyncIterator[bytes],
    headers: Mapping[str, str],
    folder: Path,
    fields: Mapping[str, FieldKind],
    *,
    bytes_max: int,
) -> Form:
    """Receive a form of these fields, each at most once, whole or not at all.

    Raises `BodyInvalid` for a body that is no form of these fields, `PackageNameWrong` for a file's name,
    `PackageTooLarge` and `BodyTooLarge` as soon as too many bytes came.
    """
    kind, options = parse_options_header(headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise BodyInvalid(problems="Content-Type: multipart/form-data with a boundary is needed")
    reader = _FormReader(boundary, folder, fields, bytes_max)
    try:
        return await reader.read(chunks)
    except BaseException:
        reader.form.discard()
        raise


def _is_form(headers: Mapping[str, str]) -> bool:
    return str(parse_options_header(headers.get("content-type", ""))[0]) == "multipart/form-data"


def _scratch(folder: Path) -> Path:
    return folder / f"upload-{new_id()}.zip"


class _FormReader:
    """Reads a multipart body."""

    def __init__(self, boundary: str, folder: Path, fields: Mapping[str, FieldKind], bytes_max: int) -> None:
        try:
            self._parser = PushMultipartParser(boundary, max_segment_count=_PARTS_MAX)
        except MultipartError as cause:
            raise BodyInvalid(problems=f"Content-Type: the boundary cannot be used ({cause})") from cause
        self.form = Form()
        self._folder = folder
        self._fields = fields
        self._bytes_max = bytes_max
        self._received = 0
        self._file: BinaryIO | None = None
        self._text: tuple[str, bytearray] | None = None

    async def read(self, chunks: AsyncIterator[bytes]) -> Form:
        with ExitStack() as open_files:
            async for chunk in chunks:
                # Everything counts, so that what is no part of a file cannot go on for ever either.
                self._received += len(chunk)
                if self._received > self._bytes_max + _FORM_BYTES:
                    raise PackageTooLarge(what="the uploaded file, in bytes,", limit=self._bytes_max)
                if chunk:
                    self._take(chunk, open_files)
            self._parsed(b"")
            self._end()
        return self.form

    def _take(self, chunk: bytes, open_files: ExitStack) -> None:
        for event in self._parsed(chunk):
            if isinstance(event, MultipartSegment):
                self._end()
                self._begin(event, open_files)
            elif event is not None:
                self._write(event)

    def _parsed(self, chunk: bytes) -> list[MultipartSegment | bytes | None]:
        try:
            return list(self._parser.parse(chunk))
        except MultipartError as cause:
            raise BodyInvalid(problems=f"body: is no complete multipart form ({cause})") from cause

    def _begin(self, segment: MultipartSegment, open_files: ExitStack) -> None:
        name = segment.name or ""
        known = self._fields.get(name)
        if known is None:
            listed = ", ".join(self._fields)
            raise BodyInvalid(problems=f"{name[:64]}: is not a field of this form; {listed} is")
        if name in self.form.files or name in self.form.texts:
            raise BodyInvalid(problems=f"{name}: must be given once")
        is_file = known is FieldKind.FILE or (known is FieldKind.EITHER and segment.filename is not None)
        if not is_file:
            self._text = (name, bytearray())
            self.form.texts[name] = ""
            return
        file_name = (segment.filename or "")[:_NAME_MAX]
        check_package_name(file_name)
        upload = Upload(path=_scratch(self._folder), name=file_name)
        self._file = open_files.enter_context(upload.path.open("wb"))
        self.form.files[name] = upload

    def _write(self, piece: bytes) -> None:
        if self._file is not None:
            self._file.write(piece)
        elif self._text is not None:
            self._text[1].extend(piece)
            if len(self._text[1]) > _TEXT_BYTES_MAX:
                raise BodyTooLarge(limit_bytes=_TEXT_BYTES_MAX)

    def _end(self) -> None:
        """End the part at hand."""
        if self._text is not None:
            name, collected = self._text
            try:
                self.form.texts[name] = collected.decode()
            except UnicodeDecodeError as cause:
                raise BodyInvalid(problems=f"{name}: must be UTF-8") from cause
            if b"\0" in collected:
                raise BodyInvalid(problems=f"{name}: must not contain U+0000")
        self._file = self._text = None
