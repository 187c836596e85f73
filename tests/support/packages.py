"""The packages that a server keeps, looked at and changed beside it: in its data folder, or in a bucket."""

from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from romaport.storage import ArchiveOptions

__all__ = ["BucketPackages", "FolderPackages", "Packages", "packages_of"]


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
        self._bucket, self._prefix = found.netloc, found.path.strip("/") + "/"
        self._client = _client(options.endpoint, options.region, options.access_key, options.secret_key)

    def names(self) -> list[str]:
        """Answer every name, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        found = (item["Key"] for page in pages for item in page.get("Contents", []))
        return sorted(name.removeprefix(self._prefix) for name in found)

    def read(self, name: str) -> bytes:
        """Answer one whole."""
        content: bytes = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write one past the server."""
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def remove(self, name: str) -> None:
        """Remove one past the server."""
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)


def packages_of(folder: Path, options: ArchiveOptions) -> Packages:
    """Look where a server of these settings keeps its packages."""
    return BucketPackages(options) if options.url else FolderPackages(folder)


@cache
def _client(endpoint: str, region: str, access_key: str, secret_key: str) -> Any:
    # A library that describes every operation by itself takes a tenth of a second to open.
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
