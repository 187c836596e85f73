"""The changelog is made of the notes in `changes/`."""

import re

from docs.changelog import CHANGELOG, HEADING, ROOT, renewed, unreleased


def test_the_changelog_is_in_step_with_the_notes() -> None:
    text = CHANGELOG.read_text(encoding="utf-8")
    assert renewed(text, unreleased()) == text, "run `make changelog`"


def test_a_note_is_named_by_its_number_and_subject() -> None:
    names = [path.name for path in (ROOT / "changes").iterdir()]
    assert names
    assert [name for name in names if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)] == []


def test_what_was_released_stays_as_it_is() -> None:
    text = f"# Changelog\n\n{HEADING}\n\n* Old note.\n\n## 0.1.0\n\n* Kept.\n"
    assert (
        renewed(text, f"{HEADING}\n\n* New note.\n")
        == f"# Changelog\n\n{HEADING}\n\n* New note.\n\n## 0.1.0\n\n* Kept.\n"
    )
