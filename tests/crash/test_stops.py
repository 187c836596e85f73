"""Stops that are asked for, kills in the middle of bytes, and what is swept at the next start."""

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import httpx
import pytest
from tests.crash.cargo import Cargo
from tests.crash.follower import Answer, Follower
from tests.crash.rig import KillPoint, Rig, assert_in_order
from tests.support.stores import Store

from romaport.client import Client

Record = Callable[[str, object], None]

CARGO = Cargo(tasks=120, schedules=10)
# More than sockets hold between a server that sends and a client that does not read.
LARGE = Cargo(tasks=120, schedules=10, detail_bytes=400_000)
_RECEIVE_BYTES = 65_536


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Rig]:
    found = Rig(tmp_path_factory.mktemp("rig"), store)
    yield found
    found.close()


@pytest.fixture(scope="module")
def large(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An instance whose package is large."""
    rig.ensure_running()
    instance_id = rig.new_instance()
    rig.fill(instance_id, LARGE.write(tmp_path_factory.mktemp("large") / "large.zip"))
    return instance_id


def export(client: Client) -> str:
    return client.export(apps=[app.id for app in client.apps()])


@contextmanager
def exported(rig: Rig, instance_id: str) -> Iterator[tuple[Follower, Answer]]:
    """Export an instance, and follow the job for as long as the block lasts."""
    with rig.client(instance_id) as client:
        job_id = export(client)
    with Follower(rig, instance_id, job_id) as follower:
        answer = follower.until_final()
        assert answer["status"] == "Success"
        assert_in_order(rig)
        yield follower, answer
    assert follower.problems == []


@contextmanager
def slow_download(rig: Rig, instance_id: str, archive_id: str) -> Iterator[httpx.Response]:
    """Begin a download that is read no faster than the block does."""
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)]
    transport = httpx.HTTPTransport(socket_options=options)
    path = f"{rig.project_url_path}/instances/{instance_id}/assets/archives/{archive_id}"
    with (
        httpx.Client(transport=transport, timeout=60, headers={"X-Auth-Token": rig.token}) as http,
        http.stream("GET", f"{rig.server.endpoint}{path}") as response,
    ):
        yield response


def interrupted(rig: Rig, instance_id: str, archive_id: str) -> tuple[bytes, int, str]:
    """Begin a download, kill the server, and answer what arrived all the same, the size and the digest announced."""
    received = bytearray()
    with slow_download(rig, instance_id, archive_id) as response:
        chunks = response.iter_raw()
        received += next(chunks)
        rig.kill()
        with suppress(httpx.TransportError):
            for chunk in chunks:
                received += chunk
        return bytes(received), int(response.headers["content-length"]), response.headers["etag"].strip('"')


@pytest.mark.parametrize("name", ["export.writing.task", "import.batch", "import.applied"])
def test_a_stop_in_the_middle_of_a_job_counts_no_strike_and_loses_nothing(rig: Rig, tmp_path: Path, name: str) -> None:
    package = CARGO.write(tmp_path / "cargo.zip")
    rig.ensure_running()
    reference, instance_id = rig.new_instance(), rig.new_instance()
    rig.fill(reference, package)
    is_import = name.startswith("import")
    if not is_import:
        rig.fill(instance_id, package)
    # The job stands still until it has been told to stop, and so cannot be done before.
    rig.order(hold=(name, "server.stopping"))
    with rig.client(instance_id) as client:
        job_id = client.import_package(package) if is_import else export(client)
    with Follower(rig, instance_id, job_id) as follower:
        follower.until(bool)
        rig.wait_for(lambda: name in rig.passed)
        rig.stop()
        stopped = rig.folder.job(job_id)
        assert (stopped.state, stopped.attempt, stopped.strikes) == ("running", 1, 0)
        rig.start()
        assert follower.until_final()["status"] == "Success"
    assert follower.problems == []
    assert_in_order(rig)
    assert rig.folder.job(job_id).attempt == 2
    assert rig.folder.contents(instance_id) == rig.folder.contents(reference)


def test_a_stop_in_the_middle_of_a_download_does_not_cut_it_off(rig: Rig, large: str) -> None:
    rig.ensure_running()
    with exported(rig, large) as (follower, answer):
        digest = hashlib.sha256()
        with slow_download(rig, large, answer["archive_id"]) as response:
            expected = response.headers["etag"].strip('"')
            chunks = response.iter_raw()
            digest.update(next(chunks))
            stopping = Thread(target=rig.stop)
            stopping.start()
            rig.wait_for(lambda: not accepts(rig))
            assert stopping.is_alive()
            assert rig.folder.job(answer["id"]).state == "succeeded"
            for chunk in chunks:
                digest.update(chunk)
        stopping.join(60)
        assert digest.hexdigest() == expected
        assert not rig.server.is_running
        assert rig.folder.job(answer["id"]).state == "finished"
        rig.start()
        follower.until(lambda found: found["status"] == "Finished")
    assert_in_order(rig)


def accepts(rig: Rig) -> bool:
    host, _, port = rig.server.endpoint.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_download_killed_in_the_middle_of_its_bytes_is_resumed_and_not_used_up(
    rig: Rig, large: str, record_property: Record, tmp_path: Path
) -> None:
    rig.ensure_running()
    with exported(rig, large) as (follower, answer):
        received, size, expected = interrupted(rig, large, answer["archive_id"])
        assert 0 < len(received) < size
        before = rig.folder.job(answer["id"])
        assert before.state == "succeeded"
        rig.start()
        path = f"{rig.project_url_path}/instances/{large}/assets/archives/{answer['archive_id']}"
        rest = httpx.get(
            f"{rig.server.endpoint}{path}",
            headers={"X-Auth-Token": rig.token, "Range": f"bytes={len(received)}-"},
            timeout=60,
        )
        assert rest.status_code == httpx.codes.PARTIAL_CONTENT
        assert hashlib.sha256(received + rest.content).hexdigest() == expected
        with rig.client(large) as client:
            client.download(answer["archive_id"], tmp_path / "whole.zip")
        last = follower.until(lambda found: found["status"] == "Finished")
    assert_in_order(rig)
    effect = "resumed to the same bytes, then taken once"
    record_property("kill", ("download", "(half the bytes)", str(before), "1", last["status"], effect))


def test_what_a_given_up_import_had_put_aside_is_swept_at_the_next_start(
    rig: Rig, tmp_path: Path, record_property: Record
) -> None:
    rig.ensure_running()
    instance_id = rig.new_instance()
    rig.order(kill=KillPoint(name="import.staged"), hold=("importAsset.started", "go"), always=True)
    with rig.client(instance_id) as client:
        job_id = client.import_package(CARGO.write(tmp_path / "cargo.zip"))
    with Follower(rig, instance_id, job_id) as follower:
        follower.until(bool)
        rig.go()
        rig.await_death()
        for _ in range(2):
            rig.start_in_vain()
        assert rig.folder.job(job_id).strikes == 3
        assert rig.folder.aside_count() > 0
        rig.start()
        answer = follower.until_final()
        assert answer["status"] == "Failed"
        assert [found["error_code"] for found in answer["reasons"]] == ["ROMAPORT.2003"]
        rig.stop()
        rig.start()
        assert_in_order(rig)
    assert follower.problems == []
    assert rig.folder.contents(instance_id) == []
    row = ("import", "import.staged, every time, seen", "running", "4", answer["status"], "swept at the next start")
    record_property("kill", row)


@pytest.mark.stores("sqlite")
def test_what_the_store_had_not_finished_is_swept_at_the_next_start(rig: Rig) -> None:
    rig.ensure_running()
    store = rig.server.data / "store"
    # Left by the archive store when it dies while it writes: a name that its own list does not show.
    unfinished = [store / "uploads" / f"{'0' * 32}.zip#1", store / "archives" / f"{'0' * 32}.zip#12"]
    for path in unfinished:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half a package")
    rig.stop()
    rig.start()
    assert [path for path in unfinished if path.exists()] == []
