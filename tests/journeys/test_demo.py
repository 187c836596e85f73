"""`romaport demo` tells the whole main job, and ends 0 only if both instances hold the same."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.support.server_process import ServerProcess

from romaport.cli.contents import Hole, differences, read_contents
from romaport.cli.sample import fill_sample
from romaport.client import AccessKey, Client, Secret


def test_the_demo_exports_imports_and_compares() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "romaport", "demo"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "Export: Finished, its one download is made; 5 apps, 20 data sources, 36 schedules and 60 tasks" in done.stdout
    )
    assert "Import: Success; 5 apps, 20 data sources, 36 schedules and 60 tasks" in done.stdout
    assert "both instances hold the same assets" in done.stdout
    assert re.search(r"SHA-256 [0-9a-f]{64}\b", done.stdout)


def test_a_difference_between_instances_is_found_and_named(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    place = server.start()
    key = AccessKey(access_key=place.access_key, secret=Secret(place.secret_key))
    try:
        with (
            Client(place.endpoint, key, project_id=place.project_id, instance_id=place.source) as source,
            Client(place.endpoint, key, project_id=place.project_id, instance_id=place.target) as target,
        ):
            fill_sample(source)
            before = read_contents(source)
            assert "app Finance: only in the source" in differences(before, read_contents(target), ())
            fill_sample(target)
            after = read_contents(target)
            assert differences(before, after, ()) == []

            sources = target.get("fdi", "instances", place.target, "datasources", query={"name": "ledger"})
            assert isinstance(sources, dict)
            assert isinstance(sources["entities"], list)
            (found,) = sources["entities"]
            assert isinstance(found, dict)
            named = {name: found[name] for name in ("datasource_name", "datasource_type", "app_id", "description")}
            path = ("fdi", "instances", place.target, "datasources", str(found["datasource_id"]))
            target.put(*path, body={**named, "content": {**_object(found["content"]), "port": "1434"}})
            assert differences(before, read_contents(target), ()) == ["data_source ledger: content.port differs"]

            content = {name: value for name, value in _object(found["content"]).items() if name != "password"}
            target.put(*path, body={**named, "content": content})
            emptied = read_contents(target)
            assert differences(before, emptied, ()) == ["data_source ledger: content.password differs"]
            assert differences(before, emptied, [Hole("data_source", "ledger", "content.password")]) == []
    finally:
        server.stop()


def test_an_interrupted_demo_leaves_no_server_and_no_folder(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "romaport", "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        endpoint = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+:\d+", line)))
        # A terminal sends Ctrl-C to the demo and to its server alike.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(endpoint)


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def test_the_benchmarks_can_be_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["poll", "transfer"]
