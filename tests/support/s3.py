"""An S3-protocol server of the tests' own: a process on a free port with nothing in it, gone with its block."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import msgspec
from botocore.config import Config
from tests.support.ports import free_port

from romaport.storage import ArchiveOptions

__all__ = ["REACHING", "S3", "Bucket", "running_s3", "s3_client"]

_TOP = Path(__file__).parents[2]
_START_SECONDS = 60
_STOP_SECONDS = 10
_ACCESS_KEY, _SECRET_KEY = "TESTACCESSKEY", "made-up-secret"
_REGION = "us-east-1"
REACHING = ("url", "endpoint", "region", "access_key", "secret_key", "timeout_seconds", "retry_seconds")
"""The options by which a server reaches a store; all others say what it does with it."""


@cache
def s3_client(endpoint: str, region: str, access_key: str, secret_key: str) -> Any:
    """Open the vendor's own client: one for each store, for it takes a tenth of a second."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


@dataclass(frozen=True)
class Bucket:
    """One bucket, looked at with the vendor's own library."""

    name: str
    client: Any = field(repr=False)

    def files(self) -> dict[str, bytes]:
        """Answer everything that is stored, by name."""
        return {name: self.read(name) for name in self.names()}

    def read(self, name: str) -> bytes:
        """Answer one of them whole."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=name)["Body"].read()
        return content

    def names(self) -> set[str]:
        """Answer the names of everything that is stored."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {found["Key"] for page in pages for found in page.get("Contents", [])}

    def unfinished(self) -> list[str]:
        """Answer the names of multipart uploads that were begun and neither ended nor given up."""
        listed = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return sorted(found["Key"] for found in listed)


class S3:
    """One server; `endpoint` is where it answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._client = s3_client(self.endpoint, _REGION, _ACCESS_KEY, _SECRET_KEY)
        self._numbers = 0

    def bucket(self) -> Bucket:
        """Make an empty bucket."""
        self._numbers += 1
        name = f"romaport-{self._numbers}"
        self._client.create_bucket(Bucket=name)
        return Bucket(name, self._client)

    def options(self, bucket: Bucket, *, endpoint: str = "", prefix: str = "kept") -> ArchiveOptions:
        """Answer the settings that name a bucket, reached directly or by another address."""
        return ArchiveOptions(
            url=f"s3://{bucket.name}/{prefix}",
            endpoint=endpoint or self.endpoint,
            region=_REGION,
            access_key=_ACCESS_KEY,
            secret_key=_SECRET_KEY,
            timeout_seconds=1,
            retry_seconds=1,
        )

    def environment(
        self, bucket: Bucket, *, endpoint: str = "", prefix: str = "kept", timeout_seconds: int = 1
    ) -> dict[str, str]:
        """Answer the same settings as a program's environment has them."""
        found = msgspec.structs.replace(
            self.options(bucket, endpoint=endpoint, prefix=prefix), timeout_seconds=timeout_seconds
        )
        return {f"ROMAPORT_ARCHIVES_{name.upper()}": str(getattr(found, name)) for name in REACHING}


@contextmanager
def running_s3() -> Iterator[S3]:
    """Run a server for the length of the block."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.s3_server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=_TOP,
        start_new_session=True,
    )
    try:
        _await(process, f"http://127.0.0.1:{port}/moto-api/")
        yield S3(port)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _await(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            urlopen(address, timeout=2).close()  # noqa: S310 - our own server
        except (URLError, ConnectionError, TimeoutError):
            assert process.poll() is None, "the server ended by itself"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.02)
        else:
            return


if __name__ == "__main__":
    with running_s3() as running:
        made = running.bucket()
        lines = [f"{name}={value}" for name, value in running.environment(made).items()]
        sys.stdout.write("\n".join(lines) + "\n\n")
        sys.stdout.flush()
        sys.stdin.read()
