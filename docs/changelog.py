"""Write the unreleased part of CHANGELOG.md from the notes in `changes/`, one file per change.

Run as `python -m docs.changelog`. At a release its heading gets the version, and the notes go.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = ROOT / "CHANGELOG.md"
HEADING = "## Unreleased"


def unreleased(notes: Path = ROOT / "changes") -> str:
    """Answer the unreleased part: every note as it stands, newest first."""
    texts = [path.read_text(encoding="utf-8").strip() for path in sorted(notes.glob("*.md"), reverse=True)]
    return "\n\n".join([HEADING, *texts]) + "\n"


def renewed(changelog: str, part: str) -> str:
    """Answer the changelog with its unreleased part replaced; what was released stays as it is."""
    head, found, rest = changelog.partition(HEADING)
    assert found, f"CHANGELOG.md has no line `{HEADING}`"
    _, next_heading, released = rest.partition("\n## ")
    return head + part + (next_heading and "\n## " + released)


if __name__ == "__main__":
    CHANGELOG.write_text(renewed(CHANGELOG.read_text(encoding="utf-8"), unreleased()), encoding="utf-8")
