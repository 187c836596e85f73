"""The packages that a server keeps, looked at and changed beside it: in its data folder, or in a bucket."""

import shutil
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from tests.support.s3 import Bucket, s3_client

from romaport.storage import ArchiveOptions

__all__ = ["BucketPackages", "FolderPackages", "Packages", "copied", "packages_of"]


def copied(package: Path) -> Path:
    """Copy a package, to be given away; the copy before it, if it is still there, is written over."""
    return Path(shutil.copyfile(package, package.with_suffix(".copy")))


class Packages(Protocol):
    """Packages by name, such as `archives/<id>.zip`."""

    def names(self) -> list[str]:
        """Answer every name, in order."""

    def read(self, name: str) -> bytes:
        """Answer one whole."""

    def write(self, name: str, content: bytes) -> None:
        """Write one past the server."""

    def remove(self, name: str) -> None:
        """Remove one past the server."""


class FolderPackages:
    """Files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Answer every name, in order."""
        return sorted(str(path.relative_to(self._folder)) for path in self._folder.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        """Answer one whole."""
        return (self._folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write one past the server."""
        (self._folder / name).write_bytes(content)

    def remove(self, name: str) -> None:
        """Remove one past the server."""
        (self._folder / name).unlink()


class BucketPackages:
    """Objects of a bucket below a prefix, seen with the vendor's own library."""

    def __init__(self, options: ArchiveOptions) -> None:
        found = urlsplit(options.url)
        client = s3_client(options.endpoint, options.region, options.access_key, options.secret_key)
        self._bucket, self._prefix = Bucket(found.netloc, client), found.path.strip("/") + "/"

    def names(self) -> list[str]:
        """Answer every name, in order."""
        kept = (name for name in self._bucket.names() if name.startswith(self._prefix))
        return sorted(name.removeprefix(self._prefix) for name in kept)

    def read(self, name: str) -> bytes:
        """Answer one whole."""
        return self._bucket.read(self._prefix + name)

    def write(self, name: str, content: bytes) -> None:
        """Write one past the server."""
        self._bucket.client.put_object(Bucket=self._bucket.name, Key=self._prefix + name, Body=content)

    def remove(self, name: str) -> None:
        """Remove one past the server."""
        self._bucket.client.delete_object(Bucket=self._bucket.name, Key=self._prefix + name)


def packages_of(folder: Path, options: ArchiveOptions) -> Packages:
    """Look where a server of these settings keeps its packages."""
    return BucketPackages(options) if options.url else FolderPackages(folder)
