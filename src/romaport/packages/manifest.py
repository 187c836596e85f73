"""The first file of a package: what is in it, from where, and the digests to check it by.

How the format may change. Strangers read and write it, so these rules bind every release:

1. `format` never changes, and `version` is a whole number that stands in every manifest. A reader looks at these
   two before anything else and refuses a version it does not know by that reason alone.
2. Within a version nothing is added, removed or given another meaning: readers refuse unknown fields, so a new
   field, a new file or a new rule for lines is a new version. New kinds of assets are not: they are new names
   in `counts` and `files`, and whether a server knows a kind is not the format's business.
3. A reader of version n reads all versions from 1 to n. A writer writes the lowest version that can say what it
   has to say.
4. The bytes of a package follow from its assets and source only. So no field may hold the time of the export,
   the writer's release, a random value, or anything else that differs between two exports of the same assets.
5. `docs/reference/package-format.md` describes every version that was ever released and changes with this file.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from romaport.errors import PackageUnreadable, PackageVersionUnknown
from romaport.packages.names import MANIFEST_NAME, file_name, is_kind_name, quoted

__all__ = ["FORMAT", "VERSION", "Manifest", "PackageFile", "PackageSource", "decode_manifest", "encode_manifest"]

FORMAT: Final = "romaport-package"
VERSION: Final = 1

SIZE_MAX = 2**63 - 1
DIGEST_UNKNOWN = "0" * 64
# No moment takes more letters.
LATEST = datetime.max.replace(tzinfo=UTC)

Count = Annotated[int, Meta(ge=0, le=SIZE_MAX)]
SourceText = Annotated[str, Meta(max_length=256)]


class PackageSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the assets were exported; for people to read, an import makes no use of it."""

    project_id: SourceText
    instance_id: SourceText
    instance_name: SourceText


class PackageFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a package; size in bytes and SHA-256 are those of the inflated file."""

    name: str
    kind: str
    count: Count
    size_bytes: Count
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manifest of format version 1."""

    format: Literal["romaport-package"]
    version: Literal[1]
    source: PackageSource
    as_of: Annotated[datetime, Meta(tz=True)]
    """The newest change among the assets; not the time of the export, or the same assets would not give the same
    bytes."""
    counts: dict[str, Count]
    """Assets per kind, in the order of the files."""
    files: list[PackageFile]
    """The files in the order in which they stand in the package."""


class Version(Struct):
    format: Literal["romaport-package"]
    version: Annotated[int, Meta(ge=1)]


def manifest_before(source: PackageSource, counts: Mapping[str, int]) -> Manifest:
    """Answer the manifest as known before the first byte, at least as long as it will become.

    Raises ValueError if a reader would refuse it.
    """
    files = [
        PackageFile(name=file_name(kind), kind=kind, count=count, size_bytes=SIZE_MAX, sha256=DIGEST_UNKNOWN)
        for kind, count in counts.items()
    ]
    manifest = Manifest(format=FORMAT, version=VERSION, source=source, as_of=LATEST, counts=dict(counts), files=files)
    try:
        return decode_manifest(encode_manifest(manifest))
    except PackageUnreadable as error:
        raise ValueError(error.problem) from error


def encode_manifest(manifest: Manifest) -> bytes:
    """Answer the manifest's JSON text."""
    return msgspec.json.encode(manifest)


def decode_manifest(text: bytes) -> Manifest:
    """Parse a manifest and check that it agrees with itself.

    Raises PackageVersionUnknown, or PackageUnreadable naming the field and the rule.
    """
    try:
        found = msgspec.json.decode(text, type=Version)
        if found.version > VERSION:
            raise PackageVersionUnknown(version=found.version, known=VERSION)
        manifest = msgspec.json.decode(text, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise PackageUnreadable(problem=f"{MANIFEST_NAME}: {quoted(str(error))}") from error
    check_files(manifest)
    return manifest


def check_files(manifest: Manifest) -> None:
    counts = {}
    for file in manifest.files:
        if not is_kind_name(file.kind) or file.name != file_name(file.kind):
            raise PackageUnreadable(
                problem=f"{MANIFEST_NAME}: files: kind {quoted(file.kind)} must be in assets/<kind>.jsonl"
            )
        if file.kind in counts:
            raise PackageUnreadable(problem=f"{MANIFEST_NAME}: files: {file.name} is listed twice")
        counts[file.kind] = file.count
    if counts != manifest.counts:
        raise PackageUnreadable(problem=f"{MANIFEST_NAME}: counts and files do not agree")
