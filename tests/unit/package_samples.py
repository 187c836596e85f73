"""Packages for tests: written by us, written by the standard library, and read to the end."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from romaport.errors import PackageUnreadable
from romaport.packages import (
    Entry,
    PackageLimits,
    PackageReader,
    PackageSource,
    PackageSummary,
    PackageWriter,
    encode_entry,
)

SOURCE = PackageSource(project_id="p1", instance_id="i1", instance_name="Lakeside test")
AS_OF = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)

ORDERS = encode_entry(("orders",), '{"remark":"shop"}', None, {"key": "k-1"}, ("secret",))
RETURNS = encode_entry(("returns",), "{}")
SOURCE_LINE = encode_entry(("orders", "erp"), '{"type":"MYSQL"}', {"app_id": ("orders",)}, None, ("content.password",))
KINDS: dict[str, list[bytes]] = {"app": [ORDERS, RETURNS], "data_source": [SOURCE_LINE]}


def write(path: Path, kinds: Mapping[str, list[bytes]], *, as_of: datetime = AS_OF) -> PackageSummary:
    """Write a package of the given lines."""
    counts = {kind: len(lines) for kind, lines in kinds.items()}
    with PackageWriter(path, source=SOURCE, counts=counts) as writer:
        for kind, lines in kinds.items():
            writer.add(kind, lines)
        return writer.finish(as_of=as_of)


def read(path: Path, limits: PackageLimits | None = None) -> dict[str, list[Entry]]:
    """Verify a package and answer all that is in it."""
    with PackageReader.open(path, limits or PackageLimits()) as reader:
        reader.verify()
        return {kind: list(reader.entries(kind)) for kind in reader.manifest.counts}


def problem_of(path: Path) -> str:
    """Read a package that must be refused, and answer why it was."""
    with pytest.raises(PackageUnreadable) as refused:
        read(path)
    return refused.value.problem


def manifest_of(files: Mapping[str, bytes], /, **changes: Any) -> bytes:
    """Answer a true manifest for files by kind, with some of its fields changed."""
    listed = [
        {
            "name": f"assets/{kind}.jsonl",
            "kind": kind,
            "count": content.count(b"\n"),
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for kind, content in files.items()
    ]
    manifest = {
        "format": "romaport-package",
        "version": 1,
        "source": {"project_id": "p1", "instance_id": "i1", "instance_name": "Lakeside test"},
        "as_of": "2026-03-01T08:30:00Z",
        "counts": {one["kind"]: one["count"] for one in listed},
        "files": listed,
    }
    return json.dumps(manifest | changes).encode()


def zipped(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Answer a zip made by the standard library."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def members_of(files: Mapping[str, bytes], /, **changes: Any) -> list[tuple[str | zipfile.ZipInfo, bytes]]:
    """Answer the members of a package of files by kind, for `zipped`."""
    return [
        ("manifest.json", manifest_of(files, **changes)),
        *((f"assets/{kind}.jsonl", content) for kind, content in files.items()),
    ]
