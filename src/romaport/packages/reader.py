"""Reads a package, and trusts nothing in it."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Self

from isal import isal_zlib

from romaport.errors import PackageTooLarge, PackageUnreadable
from romaport.packages.bytefile import ByteFile
from romaport.packages.directory import Member, read_members
from romaport.packages.entries import Entry, EntryDecoder
from romaport.packages.inflating import inflated
from romaport.packages.limits import PackageLimits
from romaport.packages.manifest import Manifest, PackageFile, decode_manifest
from romaport.packages.names import MANIFEST_NAME
from romaport.packages.registers import clear_registers

__all__ = ["PackageReader"]


class PackageReader:
    """An open package; a context manager that closes it. Constant memory, whatever the package.

    Opening checks the structure of the zip and the manifest; `verify` checks every byte. Both, and reading the
    entries, raise PackageUnreadable, PackageTooLarge or PackageVersionUnknown for whatever is wrong with the
    package, and nothing else. Several threads may read at the same time.
    """

    manifest: Manifest

    def __init__(self, file: ByteFile, limits: PackageLimits) -> None:
        """Take over an open file; callers use `open`."""
        self._file = file
        self._limits = limits
        if file.size_bytes > limits.package_bytes_max:
            raise PackageTooLarge(what="the package file", limit=limits.package_bytes_max)
        members = read_members(file, limits)
        self.manifest = self._read_manifest(members[0])
        self._members = {member.name: member for member in members[1:]}
        self._files = {file.kind: file for file in self.manifest.files}
        self._check_manifest()

    @classmethod
    def open(cls, path: Path, limits: PackageLimits) -> Self:
        """Open a package and check its structure and its manifest."""
        file = ByteFile(path)
        try:
            return cls(file, limits)
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def verify(self) -> None:
        """Read everything once and compare it with the manifest and the limits, by what is really there.

        A file is given up as soon as it is longer than it may be.
        """
        inflated_bytes = 0
        for file in self.manifest.files:
            inflated_bytes += self._verify_file(file)
            if inflated_bytes > self._limits.inflated_bytes_max:
                raise PackageTooLarge(what="the size of all files when inflated", limit=self._limits.inflated_bytes_max)

    def entries(self, kind: str, *, skip: int = 0) -> Iterator[Entry]:
        """Answer the assets of a kind in their order, without the first `skip`; none of a kind that is not there.

        Digests are checked by `verify`, not here.
        """
        if kind not in self._files:
            return
        file = self._files[kind]
        decoder = EntryDecoder(file.name, line_number=skip)
        to_skip = skip
        for lines in self._lines(file.name, self._blocks(file)):
            wanted = lines[to_skip:]
            to_skip = max(0, to_skip - len(lines))
            yield from map(decoder.decode, wanted)

    def _read_manifest(self, member: Member) -> Manifest:
        if member.size_bytes > self._limits.manifest_bytes_max:
            raise PackageTooLarge(what=MANIFEST_NAME, limit=self._limits.manifest_bytes_max)
        return decode_manifest(b"".join(self._content(member)))

    def _check_manifest(self) -> None:
        if list(self._members) != [file.name for file in self.manifest.files]:
            raise PackageUnreadable(problem=f"{MANIFEST_NAME}: the files it lists are not those of the zip, in order")
        for file in self.manifest.files:
            if file.size_bytes != self._members[file.name].size_bytes:
                raise PackageUnreadable(problem=f"{file.name}: its size in the manifest is not that in the zip")
        if sum(file.count for file in self.manifest.files) > self._limits.assets_max:
            raise PackageTooLarge(what="the number of assets", limit=self._limits.assets_max)

    def _verify_file(self, file: PackageFile) -> int:
        decoder = EntryDecoder(file.name)
        digest = sha256()
        count = size_bytes = 0

        def observed() -> Iterator[bytes]:
            nonlocal size_bytes
            for block in self._blocks(file):
                digest.update(block)
                size_bytes += len(block)
                yield block

        for lines in self._lines(file.name, observed()):
            count += len(lines)
            if count > file.count:
                break
            for line in lines:
                decoder.decode(line)
        if count != file.count:
            than = "more" if count > file.count else "fewer"
            raise PackageUnreadable(problem=f"{file.name}: has {than} lines than its count in the manifest")
        if digest.hexdigest() != file.sha256:
            raise PackageUnreadable(problem=f"{file.name}: its SHA-256 is not that in the manifest")
        return size_bytes

    def _blocks(self, file: PackageFile) -> Iterator[bytes]:
        return self._content(self._members[file.name])

    def _content(self, member: Member) -> Iterator[bytes]:
        """Answer a file's bytes in blocks; the iterator ends only if size and CRC of all are what the zip says."""
        blocks = inflated(self._file, member)
        crc = size_bytes = 0
        for block in blocks:
            size_bytes += len(block)
            if size_bytes > member.size_bytes:
                raise PackageUnreadable(problem=f"{member.name}: is longer than the zip says")
            crc = isal_zlib.crc32(block, crc)
            clear_registers()
            yield block
        if size_bytes != member.size_bytes:
            raise PackageUnreadable(problem=f"{member.name}: is shorter than the zip says")
        if crc != member.crc:
            raise PackageUnreadable(problem=f"{member.name}: its CRC is not what the zip says")

    def _lines(self, name: str, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
        """Split blocks into lines, a list per block; every line must end, and be no longer than it may."""
        parts: list[bytes] = []
        parts_bytes = 0
        for block in blocks:
            first, *others = block.split(b"\n")
            parts.append(first)
            parts_bytes += len(first)
            if parts_bytes > self._limits.entry_bytes_max:
                raise PackageTooLarge(what=f"a line of {name}", limit=self._limits.entry_bytes_max)
            if not others:
                continue
            lines = [b"".join(parts), *others]
            parts = [lines.pop()]
            parts_bytes = len(parts[0])
            yield lines
        if parts_bytes:
            raise PackageUnreadable(problem=f"{name}: the last line does not end in a line feed")
