"""The archive store: the same behaviour on a folder and on an S3-protocol server."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.proxy import Proxy, Weather, running_proxy
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
def keep(archives: Archives, tmp_path: Path) -> Callable[..., None]:
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
    archives: Archives, keep: Callable[..., None], tmp_path: Path, content: bytes
) -> None:
    keep(NAME, content)
    archives.fetch(NAME, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == content
    assert list(archives.names("archives")) == [NAME]


@pytest.mark.parametrize(("start", "end"), [(0, len(LARGE)), (10, 20), (len(LARGE) - 1, len(LARGE)), (5, 5)])
def test_a_range_is_streamed_byte_by_byte(archives: Archives, keep: Callable[..., None], start: int, end: int) -> None:
    keep()
    assert streamed(archives, start, end) == LARGE[start:end]


def test_what_is_stored_again_is_replaced(archives: Archives, keep: Callable[..., None]) -> None:
    keep(NAME, b"first")
    keep(NAME, b"again")
    assert streamed(archives, 0, 5) == b"again"


def test_a_name_that_is_not_there_is_said_so(archives: Archives, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archives.fetch(NAME, tmp_path / "target")
    with pytest.raises(FileNotFoundError):
        streamed(archives, 0, 1)
    archives.remove(NAME)
    assert list(archives.names("archives")) == []


def test_what_is_removed_is_gone(archives: Archives, keep: Callable[..., None]) -> None:
    keep()
    archives.remove(NAME)
    with pytest.raises(FileNotFoundError):
        streamed(archives, 0, 1)


def test_a_sweep_removes_what_is_old_enough_and_not_kept(archives: Archives, keep: Callable[..., None]) -> None:
    for name in ("archives/kept.zip", "archives/stray.zip", "uploads/other.zip"):
        keep(name, b"x")
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


@pytest.fixture
def proxy(s3: S3) -> Iterator[Proxy]:
    with running_proxy(s3.port) as found:
        yield found


WEATHERS = {
    "refused": Weather(refuses=True),
    "silent": Weather(hangs=True),
    "500": Weather(status=500),
    "503": Weather(status=503),
    "507": Weather(status=507),
    "cut on the way there": Weather(up_bytes=9_000_000),
    "cut on the way back": Weather(down_bytes=400),
}


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=list(WEATHERS))
def test_in_bad_weather_the_store_is_said_to_be_broken_and_nothing_half_written_stays(
    s3: S3, proxy: Proxy, tmp_path: Path, weather: Weather
) -> None:
    bucket = s3.bucket()
    found = archives_of(tmp_path, s3.options(bucket, endpoint=proxy.endpoint))
    (tmp_path / "source").write_bytes(LARGE)
    found.put("archives/before.zip", tmp_path / "source")
    now = datetime.now(UTC)
    with proxy.weather(weather), pytest.raises(StoreUnavailable):
        found.put(NAME, tmp_path / "source")
    if weather.up_bytes is None:
        with proxy.weather(weather), pytest.raises(StoreUnavailable):
            found.fetch("archives/before.zip", tmp_path / "target")
        with proxy.weather(weather), pytest.raises(StoreUnavailable):
            found.sweep("archives", (), older_than=timedelta(0), at=now + timedelta(hours=1))
    assert bucket.names() == {"kept/archives/before.zip"}
    found.sweep("archives", {"archives/before.zip"}, older_than=timedelta(0), at=now + timedelta(hours=1))
    assert bucket.unfinished() == []
    assert bucket.files() == {"kept/archives/before.zip": LARGE}


def test_a_slow_store_is_no_broken_one(s3: S3, proxy: Proxy, tmp_path: Path) -> None:
    found = archives_of(tmp_path, s3.options(s3.bucket(), endpoint=proxy.endpoint))
    (tmp_path / "source").write_bytes(b"x" * 100_000)
    with proxy.weather(Weather(delay_seconds=0.2)):
        found.put(NAME, tmp_path / "source")
        found.fetch(NAME, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"x" * 100_000


def test_an_upload_that_nobody_finishes_is_ended_once_it_is_old(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    found = archives_of(tmp_path, s3.options(bucket, prefix="kept/deep"))
    for key in ("kept/deep/archives/left over.zip", "kept/deep/uploads/other.zip", "kept/archives/foreign.zip"):
        bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert found.sweep("archives", (), older_than=hour, at=now) == []
    assert found.sweep("archives", (), older_than=hour, at=now + 2 * hour) == ["archives/left over.zip"]
    assert bucket.unfinished() == ["kept/archives/foreign.zip", "kept/deep/uploads/other.zip"]
