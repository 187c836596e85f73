"""The pages that follow from the code say what the code says, and leave nothing out."""

import re
from pathlib import Path

import pytest
from docs.generate import REFERENCE
from docs.reference_pages import PAGES
from docs.reference_pages.page import sentences
from tests.support.embedded import EmbeddedServer

from romaport.api import progress
from romaport.jobs import JobType, State
from romaport.kinds import KINDS, Travel

ROW = re.compile(r"^\| `([A-Z]+)` \| `([^`]+)` \|", re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_generates(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_route_of_the_server_is_on_the_page_of_operations(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "data")
    server.start()
    try:
        served = server.http().get("/romaport/v1/schema/openapi.json").json()["paths"]
    finally:
        server.close()
    routes = {(method.upper(), path) for path, methods in served.items() for method in methods if method != "head"}
    assert len(routes) > 20
    assert set(ROW.findall(PAGES["api.md"]())) == routes | {("GET", progress.PATH)}


def test_every_argument_and_option_says_what_it_means() -> None:
    assert [line for line in PAGES["cli.md"]().splitlines() if line.endswith("|  |")] == []


def test_every_kind_and_every_one_of_its_fields_has_its_place() -> None:
    parts = re.split(r"^## .* \(`(\w+)`\)$", PAGES["kinds.md"](), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(found) == set(KINDS)
    for name, kind in KINDS.items():
        fields = re.findall(r"^\| `(\w+)` \| (\w+) \|", found[name], re.MULTILINE)
        assert fields == [(field, travel.value) for field, travel in kind.travels.items()]


@pytest.mark.parametrize("words", [State, JobType, Travel])
def test_every_word_has_its_sentence(words: type[State | JobType | Travel]) -> None:
    assert set(sentences(words)) == {member.value for member in words}
