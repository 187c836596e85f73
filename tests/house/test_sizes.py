"""Files and functions stay small enough to be read in one go; an exception has a name and a reason."""

import pytest
from tests.house.tree import Function, Module, modules

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

FOLDERS = ("src", "tests", "benchmarks", "docs")

FILES_ALLOWED: dict[str, str] = {
    "src/romaport/errors.py": "the catalogue of every refusal; one file is what makes it a catalogue",
}
"""File to reason."""

FUNCTIONS_ALLOWED: dict[str, str] = {}
"""`file::function` to reason."""


def lines_of(function: Function) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def long_files() -> dict[str, int]:
    counts = {module.name: len(module.text.splitlines()) for module in modules(*FOLDERS)}
    return {name: count for name, count in counts.items() if count > FILE_LINES_MAX}


def long_functions() -> dict[str, int]:
    def is_declarative(module: Module) -> bool:
        # A migration lists tables; it decides nothing.
        return "/migrations/versions/" in module.name

    return {
        f"{module.name}::{name}": lines_of(function)
        for module in modules(*FOLDERS)
        if not is_declarative(module)
        for name, function in module.functions()
        if lines_of(function) > FUNCTION_LINES_MAX
    }


def test_a_file_has_at_most_400_lines() -> None:
    assert {name: count for name, count in long_files().items() if name not in FILES_ALLOWED} == {}


def test_a_function_has_at_most_60_lines() -> None:
    assert {name: count for name, count in long_functions().items() if name not in FUNCTIONS_ALLOWED} == {}


@pytest.mark.parametrize(("allowed", "found"), [(FILES_ALLOWED, long_files), (FUNCTIONS_ALLOWED, long_functions)])
def test_an_exception_that_is_no_longer_needed_is_removed(allowed: dict[str, str], found: object) -> None:
    assert callable(found)
    assert set(allowed) <= set(found())
    assert all(allowed.values())
