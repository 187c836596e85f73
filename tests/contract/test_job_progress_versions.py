"""Contract 1.3: how published versions of the job-progress page differ, and what serves each of them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.workplace import Workplace
from tests.support.embedded import EmbeddedServer
from tests.support.stores import Store

from romaport.api import ApiOptions
from romaport.settings import Settings
from romaport.wire.dialects import Dialect

OLD = ("Running", "Success", "Failed", "Finished")
NEW = ("RUNNING", "SUCCEEDED", "FAILED")


@dataclass(frozen=True)
class Version:
    """One row of the table: the words, the name of the list, and how times are typed."""

    words: tuple[str, ...]
    reasons: tuple[str, ...]
    types: tuple[str, ...] = ()
    reasons_max: int | None = None

    @property
    def dialect(self) -> Dialect:
        """The setting under which this version is served."""
        return Dialect.D2022 if self.words == OLD else Dialect.D2025


ROWS = {
    "H 3.0.73 (2021-12-25)": Version(OLD, ("reasons",)),
    "H 3.0.77 (2022-02-10) and later": Version(NEW, ("reasons",)),
    "S, Abu Dhabi (2022-02-21)": Version(OLD, ("reasons", "reason")),
    "D en-us, undated older page": Version(OLD, ("reasons",)),
    "D intl en-us 2023-06-29": Version(NEW, ("reasons",)),
    "OpenAPI text republished 2024-06-26": Version(NEW, ("reasons",), reasons_max=10),
    "D zh-cn 2024-08 and 2024-10": Version(NEW, ("reason",)),
    "D eu 2025-07-18": Version(NEW, ("reason",)),
    "D intl en-us and id-id 2025-10-22": Version(NEW, ("reason",)),
    "D zh-cn 2025-12-25": Version(NEW, ("reason",), types=("importAsset", "exportAsset")),
}

Story = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory, store: Store) -> dict[Dialect, Story]:
    """Answers in every state of a job, in both dialects."""
    found = {}
    for dialect in Dialect:
        server = EmbeddedServer(
            Path(tmp_path_factory.mktemp(dialect)) / "data", Settings(api=ApiOptions(dialect=dialect)), store=store
        )
        server.start()
        found[dialect] = _story(server)
        server.close()
    return found


def _story(server: EmbeddedServer) -> Story:
    work = Workplace(server.account("Tenant Administrator").http, server.instance())
    apps = [work.add_app(f"app-{number}")["id"] for number in range(11)]
    with server.gates.held("export.written") as reached:
        started = work.export({"apps": [{"id": app} for app in apps]})
        assert reached.wait(30)
        running = work.progress(started.json()["job_id"]).json()
    succeeded = work.settled(started)
    package = work.download(succeeded["archive_id"]).content
    finished = work.progress(succeeded["id"]).json()
    return {"running": running, "succeeded": succeeded, "finished": finished, "failed": work.imported(package)}


@pytest.fixture(params=list(ROWS.values()), ids=list(ROWS))
def version(request: pytest.FixtureRequest) -> Version:
    found: Version = request.param
    return found


def test_status_values(version: Version, stories: dict[Dialect, Story]) -> None:
    story = stories[version.dialect]
    words = {state: answer["status"] for state, answer in story.items()}
    said = (*version.words, version.words[1])
    expected = dict(zip(("running", "succeeded", "failed", "finished"), said, strict=False))
    assert words == expected


def test_the_list_has_the_name_of_the_version(version: Version, stories: dict[Dialect, Story]) -> None:
    failed = stories[version.dialect]["failed"]
    for name in version.reasons:
        assert [reason["resource_type"] for reason in failed[name]] == ["application"] * 10
        assert len(failed[name]) <= (version.reasons_max or 10)
    for state in ("running", "succeeded", "finished"):
        assert not {"reason", "reasons"} & set(stories[version.dialect][state])


def test_times_are_texts_even_where_a_version_types_them_number(
    version: Version, stories: dict[Dialect, Story]
) -> None:
    for state, answer in stories[version.dialect].items():
        assert ("end_time" in answer) is (state != "running")
        for name in {"begin_time", "end_time"} & set(answer):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer[name])


def test_values_keep_within_the_length_limits(version: Version, stories: dict[Dialect, Story]) -> None:
    for answer in stories[version.dialect].values():
        assert 1 <= len(answer["id"]) <= 64
        assert 1 <= len(answer.get("archive_id", "-")) <= 64
        assert 0 <= answer["progress_percent"] <= 1


def test_types_of_exports_and_imports_are_the_enumerated_ones(version: Version, stories: dict[Dialect, Story]) -> None:
    story = stories[version.dialect]
    allowed = version.types or ("importAsset", "exportAsset")
    assert {story["succeeded"]["type"], story["failed"]["type"]} == set(allowed)


def test_an_archive_id_is_named_from_the_success_to_the_download_only(
    version: Version, stories: dict[Dialect, Story]
) -> None:
    story = stories[version.dialect]
    assert {state for state, answer in story.items() if "archive_id" in answer} == {"succeeded"}


def test_the_two_dialects_differ_in_nothing_but_the_words(stories: dict[Dialect, Story]) -> None:
    old, new = stories[Dialect.D2022], stories[Dialect.D2025]
    for state in old:
        assert set(old[state]) == set(new[state])
        assert old[state]["progress_percent"] == new[state]["progress_percent"]
