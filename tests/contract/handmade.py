"""Packages that a stranger made by hand, with whatever is in them."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from romaport.packages import PackageSource, PackageWriter

__all__ = ["handmade"]

_SOURCE = PackageSource(project_id="p", instance_id="i", instance_name="by hand")


def handmade(**lines: list[bytes]) -> bytes:
    """Answer a package of these lines by kind, as `encode_entry` makes them, in the order that is given."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "handmade.zip"
        counts = {kind: len(found) for kind, found in lines.items()}
        with PackageWriter(path, source=_SOURCE, counts=counts) as writer:
            for kind, found in lines.items():
                writer.add(kind, found)
            writer.finish(as_of=datetime(2026, 1, 1, tzinfo=UTC))
        return path.read_bytes()
