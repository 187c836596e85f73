"""Committed files make no promises for later, and name no machine and no registry."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, committed_files

# Put together here, so that this file does not find itself.
PROMISES = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
MACHINE_PATHS = re.compile(
    r"(?<![\w.$}/])/(" + "|".join(["ro" + "ot", "wo" + "rk", "ho" + "me", "Us" + "ers"]) + r")/\w"
)
REGISTRIES = re.compile(
    r"https?://[\w.-]*("
    + "|".join(["py" + "pi", "python" + "hosted", "npm" + "js", "regi" + "stry", "artif" + "actory"])
    + r")"
    r"|/sim" + r"ple/|--(extra-)?index-" + r"url"
)


def lines() -> Iterator[tuple[str, str]]:
    for path in committed_files():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path.relative_to(ROOT).as_posix()}:{number}", line


def test_nothing_is_promised_for_later() -> None:
    assert [where for where, line in lines() if PROMISES.search(line)] == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert [where for where, line in lines() if MACHINE_PATHS.search(line)] == []


def test_no_registry_is_named() -> None:
    assert [where for where, line in lines() if REGISTRIES.search(line)] == []
