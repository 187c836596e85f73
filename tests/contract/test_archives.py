"""The archive store: the same behaviour on a folder and on an S3-protocol server."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.s3 import S3, running_s3

from romaport.errors import SettingInvalid, StoreUnavailable
from romaport.storage import ArchiveOptions, Archives, archives_of

NAME = "archives/one.zip"
LARGE = bytes(range(256)) * 4096 * 12


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with running_s3() as found:
        yield found


@pytest.fixture(params=["folder", "s3"])
def archives(request: pytest.FixtureRequest, tmp_path: Path) -> Archives:
    if request.param == "folder":
        return archives_of(tmp_path / "store", ArchiveOptions())
    s3: S3 = request.getfixturevalue("s3")
    return archives_of(tmp_path / "store", s3.options(s3.bucket()))


@pytest.fixture
def store(archives: Archives, tmp_path: Path) -> Callable[..., None]:
    def put(name: str = NAME, content: bytes = LARGE) -> None:
        (tmp_path / "source").write_bytes(content)
        archives.put(name, tmp_path / "source")

    return put


def streamed(archives: Archives, start: int, end: int, name: str = NAME) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in archives.stream(name, start=start, end=end)])

    return asyncio.run(read())


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "in parts"])
def test_what_is_stored_is_fetched_as_it_was(
    archives: Archives, store: Callable[..., None], tmp_path: Path, content: bytes
) -> None:
    store(NAME, content)
    archives.fetch(NAME, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == content
    assert list(archives.names("archives")) == [NAME]


@pytest.mark.parametrize(("start", "end"), [(0, len(LARGE)), (10, 20), (len(LARGE) - 1, len(LARGE)), (5, 5)])
def test_a_range_is_streamed_byte_by_byte(archives: Archives, store: Callable[..., None], start: int, end: int) -> None:
    store()
    assert streamed(archives, start, end) == LARGE[start:end]


def test_what_is_stored_again_is_replaced(archives: Archives, store: Callable[..., None]) -> None:
    store(NAME, b"first")
    store(NAME, b"again")
    assert streamed(archives, 0, 5) == b"again"


def test_a_name_that_is_not_there_is_said_so(archives: Archives, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archives.fetch(NAME, tmp_path / "target")
    with pytest.raises(FileNotFoundError):
        streamed(archives, 0, 1)
    archives.remove(NAME)
    assert list(archives.names("archives")) == []


def test_what_is_removed_is_gone(archives: Archives, store: Callable[..., None]) -> None:
    store()
    archives.remove(NAME)
    with pytest.raises(FileNotFoundError):
        streamed(archives, 0, 1)


def test_a_sweep_removes_what_is_old_enough_and_not_kept(archives: Archives, store: Callable[..., None]) -> None:
    for name in ("archives/kept.zip", "archives/stray.zip", "uploads/other.zip"):
        store(name, b"x")
    now = datetime.now(UTC)
    kept = {"archives/kept.zip"}
    assert archives.sweep("archives", kept, older_than=timedelta(hours=1), at=now) == []
    later = now + timedelta(seconds=2)
    assert archives.sweep("archives", kept, older_than=timedelta(0), at=later) == ["archives/stray.zip"]
    assert list(archives.names("archives")) == ["archives/kept.zip"]
    assert list(archives.names("uploads")) == ["uploads/other.zip"]


def test_a_prefix_keeps_two_servers_in_one_bucket_apart(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    (tmp_path / "source").write_bytes(b"mine")
    mine, theirs = (archives_of(tmp_path, s3.options(bucket, prefix=prefix)) for prefix in ("mine/deep", "theirs"))
    mine.put(NAME, tmp_path / "source")
    assert bucket.files() == {f"mine/deep/{NAME}": b"mine"}
    assert theirs.sweep("archives", (), older_than=timedelta(0), at=datetime.now(UTC) + timedelta(hours=1)) == []
    assert list(theirs.names("archives")) == []


def test_a_bucket_that_is_gone_is_no_archive_that_is_gone(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    found = archives_of(tmp_path, s3.options(bucket))
    bucket.client.delete_bucket(Bucket=bucket.name)
    (tmp_path / "source").write_bytes(b"x")
    for attempt in (
        lambda: found.put(NAME, tmp_path / "source"),
        lambda: found.fetch(NAME, tmp_path / "target"),
        lambda: streamed(found, 0, 1),
        lambda: found.sweep("archives", (), older_than=timedelta(0), at=datetime.now(UTC)),
    ):
        with pytest.raises(StoreUnavailable):
            attempt()


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        (ArchiveOptions(url="ftp://bucket"), "URL"),
        (ArchiveOptions(url="s3://"), "URL"),
        (ArchiveOptions(url="s3://bucket?x=y"), "URL"),
        (ArchiveOptions(url="s3://bucket", access_key="a"), "SECRET_KEY"),
        (ArchiveOptions(url="s3://bucket", endpoint="store.example:9000"), "ENDPOINT"),
        (ArchiveOptions(url="s3://bucket", endpoint="ftp://store.example"), "ENDPOINT"),
    ],
)
def test_an_address_that_is_none_stops_the_start(options: ArchiveOptions, setting: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid) as caught:
        archives_of(tmp_path, options)
    assert caught.value.name == f"ROMAPORT_ARCHIVES_{setting}"
