"""`romaport demo` tells the whole story, and ends 0 only if every part of it is true."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import benchmarks
import httpx
import pytest


def test_the_demo_plans_imports_reports_compares_and_takes_back() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "romaport", "demo"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    sample = (
        "5 applications, 1 API group, 20 data sources, 1 product, 2 topics, 3 APIs, 60 tasks, 1 service, 36 schedules,"
        " 1 command and 1 property"
    )
    assert f"Export: Finished, its one download is made; {sample}" in said
    assert re.search(r"SHA-256 [0-9a-f]{64}\b", said)
    assert f"Plan: create: {sample}" in said
    assert f"Import: Success; created: {sample}" in said
    assert "hole: api Web Shop / Shop / list-orders: backend_params.HEADER.X-Partner" in said
    assert "1 came along as values" in said
    assert f"both instances hold the same {sample}" in said
    assert '      content.host: "wms.tidewell.example" -> "wms-2.tidewell.example"' in said
    assert "Rollback: Success; removed: 1 application; restored: 1 data source." in said


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


def test_every_benchmark_can_be_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], capture_output=True, text=True, timeout=60, check=True
    )
    modules = {
        path.stem for path in Path(benchmarks.__file__).parent.glob("*.py") if "def measure(" in path.read_text()
    }
    # `import` is no name for a module, so a module may be the plural of what it is called.
    listed = done.stdout.split()
    assert sorted(stem if stem in listed else stem.removesuffix("s") for stem in modules) == listed != []
