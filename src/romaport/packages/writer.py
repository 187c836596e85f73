"""Writes a package."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from romaport.packages.manifest import PackageFile, PackageSource, encode_manifest, manifest_before
from romaport.packages.names import MANIFEST_NAME, file_name
from romaport.packages.zipwriter import ZipWriter

__all__ = ["PackageSummary", "PackageWriter"]

BLOCK_BYTES = 256 * 1024

Block = tuple[bytes, int]
"""Some whole lines, and how many they are."""


@dataclass(frozen=True, kw_only=True)
class PackageSummary:
    """What was written: the size and SHA-256 of the package as a file, and the assets per kind."""

    size_bytes: int
    sha256: str
    counts: dict[str, int]


class PackageWriter:
    """Writes a package to a path, in one pass and constant memory; a context manager that closes the file.

    What lies at the path before is overwritten. An exception leaves there whatever was written so far, which no
    reader accepts; a caller writes to a temporary path.
    """

    def __init__(self, path: Path, *, source: PackageSource, counts: Mapping[str, int]) -> None:
        """Begin a package of so many assets per kind, its files in the order of the counts.

        Raises ValueError for values that no reader would accept.
        """
        # No field of the manifest grows from here on, so what it needs now is room enough for what it becomes.
        self._manifest = manifest_before(source, counts)
        self._manifest_bytes = len(encode_manifest(self._manifest))
        self._files: list[PackageFile] = []
        self._file = path.open("w+b")
        self._zip = ZipWriter(self._file)
        self._zip.reserve(MANIFEST_NAME, self._manifest_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, kind: str, lines: Iterable[bytes]) -> None:
        """Append the file of the next kind; the lines come from `encode_entry`, ordered by `key_text` of their keys.

        Raises ValueError if another kind is next, or if there are more or fewer lines than announced.
        """
        self.add_blocks(kind, in_blocks(kind, lines))

    def add_blocks(self, kind: str, blocks: Iterable[Block]) -> None:
        """Append the file of the next kind, given as any number of whole lines at a time; else as `add`."""
        announced = self._manifest.files[len(self._files) :]
        if not announced or announced[0].kind != kind:
            raise ValueError(f"{kind} is not the next kind of this package")
        written = self._zip.add(file_name(kind), counted(kind, blocks, announced[0].count))
        self._files.append(replace(announced[0], size_bytes=written.size_bytes, sha256=written.sha256))

    def finish(self, *, as_of: datetime) -> PackageSummary:
        """Write the manifest and the end, close the file, and answer what it has become.

        `as_of` is the newest change among the assets, an aware time. Raises ValueError if it is not aware, or if a
        kind is missing.
        """
        if as_of.tzinfo is None:
            raise ValueError("as_of must be an aware time")
        if len(self._files) < len(self._manifest.files):
            raise ValueError(f"{self._manifest.files[len(self._files)].kind} is missing from this package")
        manifest = encode_manifest(replace(self._manifest, as_of=as_of.astimezone(UTC), files=self._files))
        self._zip.fill(MANIFEST_NAME, manifest.ljust(self._manifest_bytes))
        self._zip.finish()
        size_bytes = self._file.tell()
        self._file.seek(0)
        digest = file_digest(self._file, "sha256").hexdigest()
        self._file.close()
        return PackageSummary(size_bytes=size_bytes, sha256=digest, counts=dict(self._manifest.counts))


def counted(kind: str, blocks: Iterable[Block], count: int) -> Iterator[bytes]:
    """Count the lines of blocks."""
    lines_count = 0
    for block, number in blocks:
        lines_count += number
        yield block
    if lines_count != count:
        raise ValueError(f"{kind} has {lines_count} lines, not the {count} announced")


def in_blocks(kind: str, lines: Iterable[bytes]) -> Iterator[Block]:
    """Join lines to blocks worth hashing and deflating."""
    block: list[bytes] = []
    block_bytes = 0
    for line in lines:
        block.append(line)
        block_bytes += len(line)
        if block_bytes >= BLOCK_BYTES:
            yield joined(kind, block), len(block)
            block, block_bytes = [], 0
    if block:
        yield joined(kind, block), len(block)


def joined(kind: str, lines: list[bytes]) -> bytes:
    block = b"".join(lines)
    if block.count(b"\n") != len(lines) or not block.endswith(b"\n"):
        raise ValueError(f"{kind} has a line that does not end in its only line feed")
    return block
