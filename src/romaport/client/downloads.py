"""A download that is whole, or not there: written beside its place, compared, then renamed."""

import hashlib
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import httpx

from romaport.client.transport import Transport
from romaport.errors import DownloadBroken, Unreachable

__all__ = ["Advance", "ArchiveAddress", "Download", "download"]

_CHUNK_BYTES = 256 * 1024
_SHA256 = re.compile(r"(?:sha-?256[:=-])?([0-9a-fA-F]{64})")

Advance = Callable[[int, int | None], None]
"""Told the bytes that have arrived, and how many there will be, if known."""


@dataclass(frozen=True, kw_only=True)
class ArchiveAddress:
    """Which archive, and where it is."""

    id: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Download:
    """A package on the disk."""

    path: Path
    size_bytes: int
    sha256: str
    """Lower-case hex digest of the file as it was received."""
    is_verified: bool
    """Whether the server stated a digest; it was then the same."""


def download(transport: Transport, archive: ArchiveAddress, path: Path, *, attempts: int, advance: Advance) -> Download:
    """Fetch an archive into a file; a connection that breaks is taken up again where it broke.

    The file appears when it is whole, and replaces one of its name. Raises `Refused`, `Unreachable` or
    `DownloadBroken`, and then leaves nothing behind.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            fetching = _Fetching(transport, archive, file, advance=advance)
            fetching.whole(attempts)
            received = fetching.received(path)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _settle(path.parent)
    return received


def _settle(folder: Path) -> None:
    """Make a rename outlast a power cut, where the system lets folders be written out."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class _Fetching:
    """One download over as many connections as it takes."""

    def __init__(self, transport: Transport, archive: ArchiveAddress, file: BinaryIO, *, advance: Advance) -> None:
        self._transport = transport
        self._file = file
        self._archive = archive
        self._advance = advance
        self._digest = hashlib.sha256()
        self._size = 0
        self._total: int | None = None
        self._etag = ""

    def whole(self, attempts: int) -> None:
        """Fetch until everything is there. Raises what the last attempt met."""
        for remaining in reversed(range(attempts)):
            size_before = self._size
            try:
                self._once()
            except Unreachable:
                # A server that was never reached is not asked again: only a broken body is taken up.
                if remaining == 0 or self._size == size_before:
                    raise
            else:
                break
        if self._total is not None and self._size != self._total:
            self._break(f"{self._size} bytes of {self._total} arrived")

    def received(self, path: Path) -> Download:
        """Answer what was received, compared with the digest that the server states, if it does."""
        digest = self._digest.hexdigest()
        stated = _SHA256.fullmatch(self._etag.removeprefix("W/").strip('"'))
        if stated is not None and stated[1].lower() != digest:
            self._break(f"its SHA-256 is {digest}, the server states {stated[1].lower()}")
        return Download(path=path, size_bytes=self._size, sha256=digest, is_verified=stated is not None)

    def _once(self) -> None:
        headers = {"accept-encoding": "identity"}
        if self._size:
            headers["range"] = f"bytes={self._size}-"
            if self._etag and not self._etag.startswith("W/"):
                headers["if-range"] = self._etag
        with self._transport.stream(self._transport.build("GET", self._archive.url, headers=headers)) as response:
            self._begin(response)
            for chunk in response.iter_raw(_CHUNK_BYTES):
                self._file.write(chunk)
                self._digest.update(chunk)
                self._size += len(chunk)
                self._advance(self._size, self._total)

    def _begin(self, response: httpx.Response) -> None:
        """Take note of what comes; start again from the first byte if that is what the server sends."""
        length = response.headers.get("content-length", "")
        announced = int(length) if length.isascii() and length.isdigit() else None
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            if not response.headers.get("content-range", "").startswith(f"bytes {self._size}-"):
                self._break("the server continues at another place than it was asked to")
            return
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self._size = 0
        self._total = announced
        self._etag = response.headers.get("etag", "")

    def _break(self, problem: str) -> NoReturn:
        raise DownloadBroken(archive_id=self._archive.id, problem=problem)
