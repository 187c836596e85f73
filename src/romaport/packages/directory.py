"""Which files a zip holds and where, believed only when every record of it agrees.

A package is exactly its files one after the other, then the directory, then the end record: no byte belongs to
nothing, none to two. So what this module answers is what every other program finds in the file, too.
"""

import stat
from dataclasses import dataclass
from struct import pack

from romaport.errors import PackageTooLarge, PackageUnreadable
from romaport.packages import layout
from romaport.packages.bytefile import ByteFile
from romaport.packages.layout import CentralRecord, End64Record, EndRecord, LocalRecord
from romaport.packages.limits import PackageLimits
from romaport.packages.names import MANIFEST_NAME, is_file_name, quoted

__all__ = ["Member", "read_members"]

FLAGS_ENCRYPTED = 0x2041
# The two bits by which a deflater tells how hard it tried, the descriptor bit, and UTF-8 names.
FLAGS_KNOWN = 0x0006 | layout.FLAG_DESCRIPTOR | 0x0800
UNICODE_PATH_EXTRA = 0x7075
DOS_FOLDER_OR_LABEL = 0x18
# Name, extra fields of the usual programs, and room to spare.
CENTRAL_RECORD_BYTES_MAX = 1024


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of a zip: its bytes are packed at `[start, start + packed_bytes)`."""

    name: str
    is_deflated: bool
    crc: int
    packed_bytes: int
    size_bytes: int
    start: int


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One record of the directory, its sizes and offset resolved."""

    record: CentralRecord
    name_bytes: bytes
    packed_bytes: int
    size_bytes: int
    offset: int

    @property
    def name(self) -> str:
        return self.name_bytes.decode("ascii", "replace")


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Where the directory is, and how many files it lists."""

    offset: int
    size_bytes: int
    count: int


def read_members(file: ByteFile, limits: PackageLimits) -> list[Member]:
    """Answer the files of a zip in their order, the manifest first.

    Raises PackageUnreadable, or PackageTooLarge for more files or bytes than the limits allow.
    """
    directory = find_directory(file)
    if directory.count > limits.files_max:
        raise PackageTooLarge(what="the number of files", limit=limits.files_max)
    if directory.size_bytes > directory.count * CENTRAL_RECORD_BYTES_MAX:
        raise PackageUnreadable(problem="the zip directory is longer than its records can be")
    listed = read_directory(file.read(directory.offset, directory.size_bytes), directory.count)
    if sum(one.size_bytes for one in listed) > limits.inflated_bytes_max:
        raise PackageTooLarge(what="the size of all files when inflated", limit=limits.inflated_bytes_max)
    check_names(listed)
    ends = [*(one.offset for one in listed[1:]), directory.offset]
    if listed[0].offset != 0 or any(one.offset >= end for one, end in zip(listed, ends, strict=True)):
        raise PackageUnreadable(problem="the files must begin at byte 0 and follow in the order of the zip directory")
    return [place(file, one, end) for one, end in zip(listed, ends, strict=True)]


def check_names(listed: list[Listed]) -> None:
    if not listed or listed[0].name != MANIFEST_NAME:
        raise PackageUnreadable(problem=f"the first file must be {MANIFEST_NAME}")
    names: set[str] = set()
    for one in listed:
        if one.name in names:
            raise PackageUnreadable(problem=f"{one.name}: stands twice in the zip")
        names.add(one.name)


def find_directory(file: ByteFile) -> Directory:
    """Read the end record, which must be the last bytes of the file, and the zip64 one if there is one."""
    end_offset = file.size_bytes - layout.END.size
    if end_offset < 0:
        raise PackageUnreadable(problem="not a zip file: too short")
    end = EndRecord(*layout.END.unpack(file.read(end_offset, layout.END.size)))
    if end.signature != layout.END_SIGNATURE:
        raise PackageUnreadable(problem="not a zip file, or cut off, or with bytes or a comment after its end record")
    if end.comment_bytes:
        raise PackageUnreadable(problem="the zip must have no comment and end with its end record")
    if layout.UINT16_MAX in end[1:5] or layout.UINT32_MAX in end[5:7]:
        directory, directory_end = find_directory64(file, end, end_offset)
    else:
        check_disks(end.disk, end.directory_disk, end.files - end.disk_files)
        directory = Directory(offset=end.directory_offset, size_bytes=end.directory_bytes, count=end.files)
        directory_end = end_offset
    if directory.offset + directory.size_bytes != directory_end:
        raise PackageUnreadable(problem="the zip directory must end where its end record begins")
    return directory


def find_directory64(file: ByteFile, end: EndRecord, end_offset: int) -> tuple[Directory, int]:
    offset = end_offset - layout.LOCATOR64.size - layout.END64.size
    if offset < 0:
        raise PackageUnreadable(problem="the zip64 end record is missing")
    end64 = End64Record(*layout.END64.unpack(file.read(offset, layout.END64.size)))
    locator = file.read(offset + layout.END64.size, layout.LOCATOR64.size)
    if (
        end64.signature != layout.END64_SIGNATURE
        or end64.record_bytes != layout.END64.size - 12
        or locator != layout.LOCATOR64.pack(layout.LOCATOR64_SIGNATURE, 0, offset, 1)
    ):
        raise PackageUnreadable(problem="the zip64 end record is wrong")
    check_disks(end64.disk, end64.directory_disk, end64.files - end64.disk_files)
    classic = (end.disk, end.directory_disk, end.disk_files, end.files, end.directory_bytes, end.directory_offset)
    maxima = (layout.UINT16_MAX,) * 4 + (layout.UINT32_MAX,) * 2
    for short, long, unset in zip(classic, end64[4:], maxima, strict=True):
        if short not in {long, unset}:
            raise PackageUnreadable(problem="the end record and the zip64 end record do not agree")
    return Directory(offset=end64.directory_offset, size_bytes=end64.directory_bytes, count=end64.files), offset


def check_disks(disk: int, directory_disk: int, elsewhere_count: int) -> None:
    if disk or directory_disk or elsewhere_count:
        raise PackageUnreadable(problem="the zip is one part of several")


def read_directory(records: bytes, count: int) -> list[Listed]:
    listed = []
    position = 0
    for _ in range(count):
        if position + layout.CENTRAL.size > len(records):
            raise PackageUnreadable(problem="the zip directory is cut off")
        record = CentralRecord(*layout.CENTRAL.unpack_from(records, position))
        position += layout.CENTRAL.size
        tail = records[position : position + record.name_bytes + record.extra_bytes]
        if record.signature != layout.CENTRAL_SIGNATURE or len(tail) < record.name_bytes + record.extra_bytes:
            raise PackageUnreadable(problem="the zip directory is damaged")
        position += len(tail)
        check_record(record, tail[: record.name_bytes])
        listed.append(resolve(record, tail))
    if position != len(records):
        raise PackageUnreadable(problem="the zip directory has bytes that belong to no file")
    return listed


def check_record(record: CentralRecord, name_bytes: bytes) -> None:
    name = name_bytes.decode("utf-8", "replace")
    if not is_file_name(name):
        raise PackageUnreadable(
            problem=f"file name {quoted(name)}: only {MANIFEST_NAME} and assets/<kind>.jsonl may be in a package"
        )
    problem = ""
    mode = record.attributes_system >> 16
    if record.flags & FLAGS_ENCRYPTED:
        problem = "is encrypted"
    elif record.flags & ~FLAGS_KNOWN:
        problem = f"has the unknown zip flags {record.flags:#06x}"
    elif record.method not in {layout.STORED, layout.DEFLATED}:
        problem = f"is compressed with method {record.method}; only stored (0) and deflated (8) are read"
    elif record.disk:
        problem = "is on another part of a zip in several parts"
    elif record.comment_bytes:
        problem = "has a comment"
    elif stat.S_IFMT(mode) not in {0, stat.S_IFREG} or record.attributes_system & DOS_FOLDER_OR_LABEL:
        problem = "is a link, a folder or something else that is no regular file"
    if problem:
        raise PackageUnreadable(problem=f"{name}: {problem}")


def resolve(record: CentralRecord, tail: bytes) -> Listed:
    """Fill in from the zip64 extra field what the record says is there."""
    name_bytes = tail[: record.name_bytes]
    name = name_bytes.decode("ascii")
    short = [record.size_bytes, record.packed_bytes, record.offset]
    size_bytes, packed_bytes, offset = widen(name, short, tail[record.name_bytes :])
    if record.method == layout.STORED and size_bytes != packed_bytes:
        raise PackageUnreadable(problem=f"{name}: is stored, but with two different sizes")
    return Listed(record=record, name_bytes=name_bytes, packed_bytes=packed_bytes, size_bytes=size_bytes, offset=offset)


def widen(name: str, short: list[int], extra: bytes) -> list[int]:
    """Replace the values that are marked as too long for 32 bits by those of the zip64 extra field."""
    found = read_extra(name, extra)
    marked = short.count(layout.UINT32_MAX)
    if len(found) < 8 * marked:
        raise PackageUnreadable(problem=f"{name}: the zip64 extra field is missing or too short")
    longs = iter([int.from_bytes(found[at : at + 8], "little") for at in range(0, 8 * marked, 8)])
    return [next(longs) if value == layout.UINT32_MAX else value for value in short]


def read_extra(name: str, extra: bytes) -> bytes:
    """Answer the content of the zip64 extra field; nothing if there is none."""
    found: list[bytes] = []
    position = 0
    while position < len(extra):
        head = extra[position : position + layout.EXTRA.size]
        tag, length = layout.EXTRA.unpack(head) if len(head) == layout.EXTRA.size else (0, layout.UINT16_MAX)
        position += layout.EXTRA.size + length
        if position > len(extra):
            raise PackageUnreadable(problem=f"{name}: an extra field is cut off")
        if tag == UNICODE_PATH_EXTRA:
            raise PackageUnreadable(problem=f"{name}: has a second name in an extra field")
        if tag == layout.ZIP64_EXTRA:
            found.append(extra[position - length : position])
    if len(found) > 1:
        raise PackageUnreadable(problem=f"{name}: has two zip64 extra fields")
    return found[0] if found else b""


def place(file: ByteFile, listed: Listed, end: int) -> Member:
    """Find a file's bytes behind its local header, which must say what the directory says."""
    name = listed.name
    wrong = PackageUnreadable(problem=f"{name}: the header before the file is not what the directory says")
    local = LocalRecord(*layout.LOCAL.unpack(file.read(listed.offset, layout.LOCAL.size)))
    tail_offset = listed.offset + layout.LOCAL.size
    start = tail_offset + local.name_bytes + local.extra_bytes
    if local.signature != layout.LOCAL_SIGNATURE or start > end:
        raise wrong
    tail = file.read(tail_offset, start - tail_offset)
    record = listed.record
    if tail[: local.name_bytes] != listed.name_bytes or local[2:6] != record[3:7]:
        raise wrong
    extra = tail[local.name_bytes :]
    told = (local.crc, *widen(name, [local.size_bytes, local.packed_bytes], extra))
    truth = (record.crc, listed.size_bytes, listed.packed_bytes)
    has_descriptor = bool(local.flags & layout.FLAG_DESCRIPTOR)
    if told != truth and not (has_descriptor and told == (0, 0, 0)):
        raise wrong
    member = Member(
        name=name,
        is_deflated=record.method == layout.DEFLATED,
        crc=record.crc,
        packed_bytes=listed.packed_bytes,
        size_bytes=listed.size_bytes,
        start=start,
    )
    if start + member.packed_bytes > end:
        raise PackageUnreadable(problem=f"{name}: overlaps what follows it")
    if not ends_well(file, member, end=end, has_descriptor=has_descriptor):
        raise PackageUnreadable(problem=f"{name}: is followed by bytes that belong to nothing")
    return member


def ends_well(file: ByteFile, member: Member, *, end: int, has_descriptor: bool) -> bool:
    """Answer whether nothing follows a file's bytes, or a true data descriptor where one is announced.

    A descriptor has 32- or 64-bit sizes and may lack its signature; programs that write to a pipe write each sort.
    """
    offset = member.start + member.packed_bytes
    if not has_descriptor:
        return offset == end
    values = (member.crc, member.packed_bytes, member.size_bytes)
    sorts = [pack("<IQQ", *values)]
    if max(values) <= layout.UINT32_MAX:
        sorts.append(pack("<III", *values))
    sorts += [layout.DESCRIPTOR_SIGNATURE + sort for sort in sorts]
    return end - offset <= max(map(len, sorts)) and file.read(offset, end - offset) in sorts
