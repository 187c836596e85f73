"""The records of a zip file, as packages use them (APPNOTE.TXT 6.3.10, section 4.3)."""

from struct import Struct
from typing import NamedTuple

__all__ = [
    "CENTRAL",
    "CENTRAL_SIGNATURE",
    "DEFLATED",
    "DESCRIPTOR_SIGNATURE",
    "END",
    "END64",
    "END64_SIGNATURE",
    "END_SIGNATURE",
    "EXTRA",
    "FLAG_DESCRIPTOR",
    "LOCAL",
    "LOCAL_SIGNATURE",
    "LOCATOR64",
    "LOCATOR64_SIGNATURE",
    "MADE_BY_UNIX",
    "STORED",
    "UINT16_MAX",
    "UINT32_MAX",
    "VERSION_CLASSIC",
    "VERSION_ZIP64",
    "ZIP64_EXTRA",
    "CentralRecord",
    "End64Record",
    "EndRecord",
    "LocalRecord",
]

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"
END_SIGNATURE = b"PK\x05\x06"
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR64_SIGNATURE = b"PK\x06\x07"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"

STORED = 0
DEFLATED = 8

VERSION_CLASSIC = 20
VERSION_ZIP64 = 45
MADE_BY_UNIX = 3 << 8

FLAG_DESCRIPTOR = 0x0008

UINT16_MAX = 0xFFFF
UINT32_MAX = 0xFFFFFFFF
"""In a field of the classic records: the value stands in the zip64 record or field."""

LOCAL = Struct("<4s5H3I2H")
CENTRAL = Struct("<4s6H3I5H2I")
END = Struct("<4s4H2IH")
END64 = Struct("<4sQ2H2I4Q")
LOCATOR64 = Struct("<4sIQI")
EXTRA = Struct("<2H")

ZIP64_EXTRA = 0x0001


class LocalRecord(NamedTuple):
    """What stands before the bytes of a file."""

    signature: bytes
    version_needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_bytes: int
    size_bytes: int
    name_bytes: int
    extra_bytes: int


class CentralRecord(NamedTuple):
    """What the directory at the end says of a file."""

    signature: bytes
    version_made: int
    version_needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_bytes: int
    size_bytes: int
    name_bytes: int
    extra_bytes: int
    comment_bytes: int
    disk: int
    attributes: int
    attributes_system: int
    offset: int


class EndRecord(NamedTuple):
    """The last record: where the directory is."""

    signature: bytes
    disk: int
    directory_disk: int
    disk_files: int
    files: int
    directory_bytes: int
    directory_offset: int
    comment_bytes: int


class End64Record(NamedTuple):
    """The same, where 32 bits do not suffice."""

    signature: bytes
    record_bytes: int
    version_made: int
    version_needed: int
    disk: int
    directory_disk: int
    disk_files: int
    files: int
    directory_bytes: int
    directory_offset: int
