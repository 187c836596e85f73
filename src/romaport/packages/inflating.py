"""The inflating of one member of a zip, a block at a time."""

import zlib
from collections.abc import Iterator

from isal import isal_zlib
from isal.igzip_lib import IsalError

from romaport.errors import PackageUnreadable
from romaport.packages.bytefile import ByteFile
from romaport.packages.directory import Member

__all__ = ["BLOCK_BYTES", "inflated"]

BLOCK_BYTES = 256 * 1024
PACKED_BLOCK_BYTES = 64 * 1024


def inflated(file: ByteFile, member: Member) -> Iterator[bytes]:
    """Answer the bytes of a member in blocks of at most BLOCK_BYTES, inflated if it is deflated.

    However much a few bytes inflate to, no more than a block of it is ever in memory.

    Raises PackageUnreadable if its packed bytes are not exactly one deflate stream.
    """
    offset, end = member.start, member.start + member.packed_bytes
    if not member.is_deflated:
        for place in range(offset, end, BLOCK_BYTES):
            yield file.read(place, min(BLOCK_BYTES, end - place))
        return
    inflater = isal_zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    packed = b""
    while not inflater.eof:
        if not packed and offset < end:
            packed = file.read(offset, min(PACKED_BLOCK_BYTES, end - offset))
            offset += len(packed)
        was_last = not packed
        try:
            block = inflater.decompress(packed, BLOCK_BYTES)
        except IsalError as error:  # type: ignore[misc]  # its stub says an instance where a class is
            raise PackageUnreadable(problem=f"{member.name}: the compressed bytes are damaged") from error
        packed = inflater.unconsumed_tail
        if block:
            yield block
        elif was_last and not inflater.eof:
            raise PackageUnreadable(problem=f"{member.name}: the compressed bytes are cut off")
    if inflater.unused_data or packed or offset < end:
        raise PackageUnreadable(problem=f"{member.name}: there are bytes after the end of the compressed ones")
