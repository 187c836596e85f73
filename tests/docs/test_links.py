"""A link from one page to another leads somewhere, to a heading too; and every page can be reached."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@cache
def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    for link in LINK.findall(prose(page)):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            yield link, (page.parent / name).resolve() if name else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert [
        link
        for link, target, anchor in links(page)
        if not target.exists() or (anchor and anchor not in anchors(target))
    ] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = {ROOT / "README.md"}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for _, target, _ in links(page):
            found = set(target.glob("*.md")) if target.is_dir() else {target}
            waiting |= {inner for inner in found if inner.suffix == ".md"} - reached
    assert set(PAGES) - reached == set()
