"""A scene per module, and the matrix of all kills at the end of the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.scene import Scene

_COLUMNS = ("job", "killed at", "state at the kill", "starts", "final state", "effect")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(Path(tmp_path_factory.mktemp("crash")))
    yield found
    found.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [
        row
        for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
        for name, row in getattr(report, "user_properties", [])
        if name == "kill"
    ]
    if rows:
        terminalreporter.section("killed with SIGKILL, started again")
        widths = [max(len(str(row[at])) for row in [_COLUMNS, *rows]) for at in range(len(_COLUMNS))]
        for row in [_COLUMNS, *sorted(rows)]:
            terminalreporter.write_line(
                "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
            )
        terminalreporter.write_line(f"{len(rows)} kills")
