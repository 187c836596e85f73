"""Writes a zip file whose bytes follow from its content alone."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import pack
from typing import BinaryIO

from isal import isal_zlib

from romaport.packages import layout
from romaport.packages.beside import work_beside
from romaport.packages.registers import clear_registers

__all__ = ["Written", "ZipWriter"]

# 1980-01-01 00:00:00, the oldest time a zip can say.
TIME, DATE = 0, 0x21
REGULAR_FILE = 0o100644 << 16
# Level 1 packs a little less than level 2 and is the fastest by far; both beat what a network carries.
LEVEL = 1
MOVE_BYTES = 1024 * 1024
# Where the deflater is given an end of what it gets decides about its bytes, which follow from the content alone.
BLOCK_BYTES = 256 * 1024
# So many last for as long as the job that makes them waits for the disk, where it notes how far it is.
AHEAD_MAX = 8
ZIP64_SIZES_BYTES = 20


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written of one file: sizes in bytes, digest of the inflated bytes."""

    name: str
    method: int
    offset: int
    crc: int
    packed_bytes: int
    size_bytes: int
    sha256: str


class Packing:
    """One file on its way into a zip: its blocks are hashed and deflated as they come, each by itself."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._deflater = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
        self.digest = sha256()
        self.crc = self.size_bytes = 0

    def hash(self, block: bytes) -> None:
        self.digest.update(block)

    def deflate(self, block: bytes) -> None:
        self.crc = isal_zlib.crc32(block, self.crc)
        self.size_bytes += len(block)
        self._file.write(self._deflater.compress(block))
        clear_registers()

    def finish(self) -> None:
        self._file.write(self._deflater.flush())
        clear_registers()


def evened(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks anew, each of the same length but for the last."""
    held: list[memoryview] = []
    held_bytes = 0
    for block in blocks:
        rest = memoryview(block)
        while held_bytes + len(rest) >= BLOCK_BYTES:
            first = BLOCK_BYTES - held_bytes
            yield b"".join([*held, rest[:first]])
            held, held_bytes, rest = [], 0, rest[first:]
        held.append(rest)
        held_bytes += len(rest)
    if held_bytes:
        yield b"".join(held)


class ZipWriter:
    """Appends files to an empty, seekable, readable binary file; constant memory whatever their size."""

    def __init__(self, file: BinaryIO, *, classic_bytes_max: int = layout.UINT32_MAX - 1) -> None:
        """Use zip64 for sizes and offsets beyond the given one, as late as possible by default."""
        self._file = file
        self._classic_bytes_max = classic_bytes_max
        self._written: list[Written] = []
        self._first: Written | None = None

    def reserve(self, name: str, size_bytes: int) -> None:
        """Leave room for a first file whose size is known and whose content is not yet."""
        self._file.write(bytes(layout.LOCAL.size + len(name) + size_bytes))

    def fill(self, name: str, content: bytes) -> None:
        """Write the first file, stored, into the room that was reserved for it."""
        first = Written(
            name=name,
            method=layout.STORED,
            offset=0,
            crc=zlib.crc32(content),
            packed_bytes=len(content),
            size_bytes=len(content),
            sha256=sha256(content).hexdigest(),
        )
        end = self._file.tell()
        self._file.seek(0)
        self._file.write(self._local(first) + content)
        self._file.seek(end)
        self._first = first

    def add(self, name: str, blocks: Iterable[bytes]) -> Written:
        """Append a file of the given content, deflated."""
        offset = self._file.tell()
        self._file.write(bytes(layout.LOCAL.size + len(name)))
        start = self._file.tell()
        packing = Packing(self._file)
        work_beside(evened(blocks), packing.deflate, packing.hash, ahead_max=AHEAD_MAX)
        packing.finish()
        written = Written(
            name=name,
            method=layout.DEFLATED,
            offset=offset,
            crc=packing.crc,
            packed_bytes=self._file.tell() - start,
            size_bytes=packing.size_bytes,
            sha256=packing.digest.hexdigest(),
        )
        self._put_header(written, start)
        self._written.append(written)
        return written

    def finish(self) -> None:
        """Write the directory and the end record."""
        files = [self._first, *self._written] if self._first else self._written
        offset = self._file.tell()
        for one in files:
            self._file.write(self._central(one))
        size_bytes = self._file.tell() - offset
        count = len(files)
        if offset > self._classic_bytes_max:
            self._file.write(
                layout.END64.pack(
                    layout.END64_SIGNATURE,
                    layout.END64.size - 12,
                    layout.MADE_BY_UNIX | layout.VERSION_ZIP64,
                    layout.VERSION_ZIP64,
                    *(0, 0, count, count, size_bytes, offset),
                )
                + layout.LOCATOR64.pack(layout.LOCATOR64_SIGNATURE, 0, offset + size_bytes, 1)
            )
            offset = layout.UINT32_MAX
        self._file.write(layout.END.pack(layout.END_SIGNATURE, 0, 0, count, count, size_bytes, offset, 0))

    def _is_long(self, written: Written) -> bool:
        return max(written.packed_bytes, written.size_bytes) > self._classic_bytes_max

    def _put_header(self, written: Written, start: int) -> None:
        end = self._file.tell()
        if self._is_long(written):
            # That a file needs zip64 is known only now. Room for it in every header would be junk in all the others.
            self._move(start, end, ZIP64_SIZES_BYTES)
            end += ZIP64_SIZES_BYTES
        self._file.seek(written.offset)
        self._file.write(self._local(written))
        self._file.seek(end)

    def _move(self, start: int, end: int, distance: int) -> None:
        """Move bytes towards the end of the file, the last ones first."""
        position = end
        while position > start:
            length = min(MOVE_BYTES, position - start)
            position -= length
            self._file.seek(position)
            moved = self._file.read(length)
            self._file.seek(position + distance)
            self._file.write(moved)

    def _local(self, written: Written) -> bytes:
        sizes = (written.packed_bytes, written.size_bytes)
        extra = b""
        if self._is_long(written):
            extra = pack("<2H2Q", layout.ZIP64_EXTRA, 16, written.size_bytes, written.packed_bytes)
            sizes = (layout.UINT32_MAX, layout.UINT32_MAX)
        head = layout.LOCAL.pack(
            layout.LOCAL_SIGNATURE,
            layout.VERSION_ZIP64 if extra else layout.VERSION_CLASSIC,
            0,
            written.method,
            TIME,
            DATE,
            written.crc,
            *sizes,
            len(written.name),
            len(extra),
        )
        return head + written.name.encode("ascii") + extra

    def _central(self, written: Written) -> bytes:
        packed_bytes, size_bytes, offset = written.packed_bytes, written.size_bytes, written.offset
        longs = []
        if self._is_long(written):
            longs += [size_bytes, packed_bytes]
            size_bytes = packed_bytes = layout.UINT32_MAX
        if offset > self._classic_bytes_max:
            longs.append(offset)
            offset = layout.UINT32_MAX
        extra = pack(f"<2H{len(longs)}Q", layout.ZIP64_EXTRA, 8 * len(longs), *longs) if longs else b""
        version = layout.VERSION_ZIP64 if extra else layout.VERSION_CLASSIC
        head = layout.CENTRAL.pack(
            layout.CENTRAL_SIGNATURE,
            layout.MADE_BY_UNIX | version,
            version,
            0,
            written.method,
            TIME,
            DATE,
            written.crc,
            packed_bytes,
            size_bytes,
            len(written.name),
            len(extra),
            *(0, 0, 0, REGULAR_FILE, offset),
        )
        return head + written.name.encode("ascii") + extra
