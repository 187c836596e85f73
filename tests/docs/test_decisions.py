"""Every decision says why, what else was possible and what enforces it; and no dependency comes without its reason."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_its_number_and_all_sections(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.match(rf"# {int(record.name[:4])}\. \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS


def test_records_are_numbered_without_gaps() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_every_dependency_has_a_line_that_says_what_it_spares_us() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["postgres"], *extras["dev"], *extras["bench"]]
    text = (ROOT / "docs" / "decisions" / "0011-dependencies.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| ([a-z][\w-]+) \| (?!spares us)", text, re.MULTILINE)
    assert explained == [re.split(r"[<>=!~ [\]]", name)[0] for name in needed]
