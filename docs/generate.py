"""Write the pages of docs/reference that follow from the code. Run as `python -m docs.generate`.

`tests/docs/test_reference.py` compares the pages with what this would write.
"""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from romaport.errors import RomaportError, catalogue
from romaport.settings import Settings, described

REFERENCE = Path(__file__).resolve().parent / "reference"
NOTE = "Made from the code by `make docs`; change it there."


def errors() -> str:
    """Answer the page of every error, by code."""
    rows = [
        (f"`{kind.code}`", f"`{kind.__name__}`", kind.fault.value, _cell(kind.message), _first_line(kind))
        for kind in sorted(catalogue(), key=_code_order)
    ]
    return _page(
        "Errors",
        "Every refusal, by code.\n"
        "A code that begins with `ROMAPORT.` is ours; the others are published by the vendor and used as published.\n"
        "A word in braces is filled in by the case at hand.",
        _table(("code", "name", "fault", "`error_msg`", "when"), rows),
    )


def settings() -> str:
    """Answer the page of every setting, by group."""
    found = described(Settings(), {})
    parts = []
    for group, members in groupby(found, key=lambda setting: setting.name.split("_")[1].lower()):
        rows = [
            (f"`{setting.name}`", f"`{setting.default}`" if setting.default else "empty", _cell(setting.description))
            for setting in members
        ]
        parts.append(f"## {group}\n\n{_table(('variable', 'default', 'meaning'), rows)}")
    return _page(
        "Settings",
        "Every option of the server is one environment variable, read once at start.\n"
        "A variable that begins with `ROMAPORT_` and is not known stops the start, because a misspelt limit must not be"
        " a silent default.\n"
        "`romaport settings` prints the values in effect and where each came from.",
        "\n".join(parts),
    )


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors,
    "settings.md": settings,
}
"""Page to the function that writes it."""


def _code_order(kind: type[RomaportError]) -> tuple[str, int, str]:
    prefix, _, number = kind.code.rpartition(".")
    return prefix, int(number), kind.__name__


def _first_line(kind: type[RomaportError]) -> str:
    return _cell((kind.__doc__ or "").strip().splitlines()[0])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _page(title: str, words: str, body: str) -> str:
    return f"# {title}\n\n{NOTE}\n\n{words}\n\n{body}"


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
