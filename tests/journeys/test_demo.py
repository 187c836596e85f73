"""`romaport demo` tells the whole main job, and ends 0 only if both instances hold the same."""

import subprocess
import sys


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
    assert "SHA-256 " in done.stdout


def test_the_benchmarks_can_be_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["poll", "transfer"]
