"""Bad weather between the server and its archive store: 503 or a broken connection, never a false answer."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from litestar.exceptions import LitestarException
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import EmbeddedServer
from tests.support.proxy import Proxy, Weather, running_proxy
from tests.support.s3 import S3, Bucket, running_s3

from romaport.assets import sweep
from romaport.jobs import JobOptions
from romaport.settings import Settings

WEATHERS = {
    "refused": Weather(refuses=True),
    "silent": Weather(hangs=True),
    "500": Weather(status=500),
    "503": Weather(status=503),
    "507": Weather(status=507),
}
ANSWER_SECONDS = 10
every_weather = pytest.mark.parametrize("weather", WEATHERS.values(), ids=list(WEATHERS))


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with running_s3() as found:
        yield found


@pytest.fixture(scope="module")
def proxy(s3: S3) -> Iterator[Proxy]:
    with running_proxy(s3.port) as found:
        yield found


@pytest.fixture(scope="module")
def bucket(s3: S3) -> Bucket:
    return s3.bucket()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, s3: S3, proxy: Proxy, bucket: Bucket) -> Iterator[EmbeddedServer]:
    options = s3.options(bucket, endpoint=proxy.endpoint)
    patient = JobOptions(retry_seconds=0.1, attempts_max=100)
    found = EmbeddedServer(Path(tmp_path_factory.mktemp("server")) / "data", Settings(archives=options, jobs=patient))
    found.start()
    yield found
    found.close()


@pytest.fixture
def selected(work: Workplace) -> dict[str, list[dict[str, str]]]:
    """An application with enough in it that its package is downloaded in several pieces."""
    apps = [work.add_app(f"orders-{number}", remark=f"{number:0999}")["id"] for number in range(3)]
    return {"apps": [{"id": found} for found in apps]}


def refused_in_time(answered: Callable[[], httpx.Response]) -> None:
    began = time.monotonic()
    answer = answered()
    assert time.monotonic() - began < ANSWER_SECONDS
    refusal(answer, 503, "ROMAPORT.5001")
    assert int(answer.headers["retry-after"]) >= 1
    assert "archive store" in answer.json()["error_msg"]


@every_weather
def test_an_upload_is_refused_and_leaves_neither_a_job_nor_a_file(
    server: EmbeddedServer, work: Workplace, proxy: Proxy, bucket: Bucket, selected: object, weather: Weather
) -> None:
    package = work.download(work.archive(selected)).content
    before, names = server.written(), bucket.names()
    with proxy.weather(weather):
        refused_in_time(lambda: work.import_package(package))
    assert server.written() == before
    assert bucket.names() == names
    assert bucket.unfinished() == []


@every_weather
def test_a_download_is_refused_and_not_used_up(
    work: Workplace, proxy: Proxy, selected: object, weather: Weather
) -> None:
    archive = work.archive(selected)
    with proxy.weather(weather):
        refused_in_time(lambda: work.download(archive))
    assert work.download(archive).status_code == 200
    assert work.download(archive).status_code == 410


def test_a_download_that_breaks_in_its_middle_is_not_used_up(work: Workplace, proxy: Proxy) -> None:
    source = work.add_app("large")["id"]
    left, right = (work.add_source(source, f"end-{number}")["datasource_id"] for number in range(2))
    # Text that cannot be packed well, so that the package is larger than what is read at once.
    for number in range(4):
        noise = "".join(f"{hash((number, at)):x}" for at in range(16_000))
        work.add_task(left, right, f"task-{number}", task_detail=f'{{"noise":"{noise}"}}')
    archive = work.archive({"apps": [{"id": source}], "tasks": task_ids(work)})
    size = int(work.download(archive, "HEAD").headers["content-length"])
    assert size > 500_000
    with proxy.weather(Weather(down_bytes=300_000)), pytest.raises(LitestarException, match="response started"):
        work.download(archive)
    answer = work.download(archive)
    assert (answer.status_code, len(answer.content)) == (200, size)


def task_ids(work: Workplace) -> list[dict[str, str]]:
    found = work.http.get(work.fdi("tasks"), params={"limit": 100}).json()["entities"]
    return [{"id": task["task_id"]} for task in found]


@every_weather
def test_an_export_waits_for_the_store_and_then_ends(
    work: Workplace, proxy: Proxy, bucket: Bucket, selected: object, weather: Weather
) -> None:
    with proxy.weather(weather):
        started = work.export(selected)
        assert started.status_code == 200
        time.sleep(1.5)
        assert work.progress(started.json()["job_id"]).json()["status"] == "Running"
    found = work.settled(started)
    assert found["status"] == "Success"
    assert f"kept/archives/{found['archive_id']}.zip" in bucket.names()


@every_weather
def test_an_import_waits_for_the_store_and_then_ends_with_its_effect_once(
    server: EmbeddedServer,
    work: Workplace,
    elsewhere: Workplace,
    proxy: Proxy,
    bucket: Bucket,
    selected: object,
    weather: Weather,
) -> None:
    package = work.download(work.archive(selected)).content
    with server.gates.held("import.fetching") as reached:
        started = elsewhere.import_package(package)
        assert reached.wait(30)
        block = proxy.weather(weather)
        block.__enter__()
    try:
        time.sleep(1.5)
        assert elsewhere.progress(started.json()["job_id"]).json()["status"] == "Running"
    finally:
        block.__exit__(None, None, None)
    assert elsewhere.settled(started)["status"] == "Success"
    server.drain()
    assert elsewhere.names()["apps"] == work.names()["apps"]
    assert not any("uploads" in name for name in bucket.names())


def test_what_a_broken_store_kept_is_swept_later(
    server: EmbeddedServer, work: Workplace, proxy: Proxy, bucket: Bucket, selected: object
) -> None:
    archive = work.archive(selected)
    with server.gates.held("download.taken") as reached:
        thread = threading.Thread(target=lambda: work.download(archive))
        thread.start()
        assert reached.wait(30)
        block = proxy.weather(Weather(status=503))
        block.__enter__()
    thread.join(30)
    block.__exit__(None, None, None)
    assert f"kept/archives/{archive}.zip" in bucket.names()
    # Files are as old as the store's own clock says.
    now = server.clock.now
    server.clock.now = datetime.now(UTC) + timedelta(seconds=1)
    try:
        sweep(server.system.parts.desk, grace=timedelta(0))
    finally:
        server.clock.now = now
    assert f"kept/archives/{archive}.zip" not in bucket.names()
