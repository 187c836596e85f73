"""What holds for every test: nobody's environment matters, and chance can be repeated.

Sockets beyond loopback are closed and warnings are errors by the settings in pyproject.toml;
pytest-randomly shuffles the order and prints the seed; `--randomly-seed=N` repeats it.
A test that asks for a `store`, itself or by its fixtures, runs once on each of the two: `--store=sqlite` on one.
"""

import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from tests.support.postgres import Postgres
from tests.support.stores import STORES, Store, Stores, running_stores
from xdist.scheduler import LoadScopeScheduling

# What helps the tests of a folder asserts too, and should say as much when it fails.
pytest.register_assert_rewrite("tests.cluster", "tests.contract", "tests.crash", "tests.sdk")

# A busy machine makes a slow example, not a wrong one.
hypothesis.settings.register_profile("house", deadline=None, print_blob=True)
hypothesis.settings.load_profile("house")

_FOREIGN = ("ROMAPORT_", "HUAWEICLOUD_")
_KILL_COLUMNS = ("job", "killed at", "state at the kill", "starts", "final state", "effect")
_LONGEST = {"test_any_graph", "test_import_faults", "test_short_storm", "test_takeover"}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


@pytest.fixture(autouse=True, scope="session")
def _empty_environment() -> Iterator[None]:
    """Hide settings and proxies of whoever runs the tests; programs that tests start inherit the emptiness."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_FOREIGN) or name.lower() in _PROXIES:
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heard() -> None:
    """Undo what a shell does to a command in the background, or the programs that tests interrupt would not notice."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever is at work on something else run tests on one store only."""
    parser.addoption("--store", choices=STORES, help="the only store that tests run on (default: each)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever needs a store on every store, or on those that its mark names."""
    if "store" not in metafunc.fixturenames:
        return
    marked = next(metafunc.definition.iter_markers("stores"), None)
    named = marked.args if marked is not None else STORES
    chosen = metafunc.config.getoption("store")
    metafunc.parametrize(
        "store", [name for name in STORES if name in named and chosen in (None, name)], indirect=True, scope="session"
    )


class _ByFileAndStore(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Has the tests of a file share a process, but those of each store another, or one file would outlast the rest."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return next((f"{file} {name}" for name in STORES if name in test.partition("[")[2]), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Say how tests come to processes."""
    return _ByFileAndStore(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, whatever the order of the others."""
    items.sort(key=lambda item: item.path.stem not in _LONGEST)


def pytest_collection_finish() -> None:
    """Look for no garbage among the tests themselves, of which there are thousands, and none ever is."""
    gc.freeze()


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    """The stores of this process, each from the first test on that needs it."""
    with running_stores() as found:
        yield found


@pytest.fixture(scope="session")
def postgres(stores: Stores) -> Postgres:
    """The PostgreSQL server of this process."""
    return stores.postgres


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest, stores: Stores) -> Store:
    """Where servers keep what they hold: one store after the other."""
    return stores.named(request.param)


@pytest.fixture(autouse=True)
def _databases_closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test has opened for itself."""
    yield
    if "store" in request.fixturenames:
        found: Store = request.getfixturevalue("store")
        found.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matrix of tests/crash; here, because only this file is read where the report is written."""
    rows = [
        row
        for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
        for name, row in getattr(report, "user_properties", [])
        if name == "kill"
    ]
    if rows:
        terminalreporter.section("killed with SIGKILL, started again")
        widths = [max(len(str(row[at])) for row in [_KILL_COLUMNS, *rows]) for at in range(len(_KILL_COLUMNS))]
        for row in [_KILL_COLUMNS, *sorted(rows)]:
            terminalreporter.write_line(
                "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
            )
        terminalreporter.write_line(f"{len(rows)} kills")
