"""A poll that is answered from memory is answered as every other: same path, same refusals, an id of its own."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import EmbeddedServer


@pytest.fixture
def polled(work: Workplace) -> dict[str, Any]:
    """A job that was asked for already, so that its answer is at hand."""
    return work.settled(work.export({"apps": [{"id": work.add_app()["id"]}]}))


def path(work: Workplace, job_id: str) -> str:
    return work.roma(f"assets/jobs/{job_id}")


def url(work: Workplace, job_id: str) -> str:
    """Answer the path with what the client of the workplace puts before it."""
    return str(work.http.build_request("GET", path(work, job_id)).url)


def test_every_answer_has_an_id_of_its_own(work: Workplace, polled: dict[str, Any]) -> None:
    answers = [work.progress(polled["id"]) for _ in range(600)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 600
    assert all(len(answer.headers.get_list("x-request-id")) == 1 for answer in answers)


def test_head_answers_the_headers_alone(work: Workplace, polled: dict[str, Any]) -> None:
    answer = work.http.head(path(work, polled["id"]))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == work.progress(polled["id"]).headers["content-type"]


def test_another_method_is_refused(work: Workplace, polled: dict[str, Any]) -> None:
    refusal(work.http.delete(path(work, polled["id"])), 405, "ROMAPORT.1002")


def test_a_letter_that_is_written_encoded_is_the_same_letter(work: Workplace, polled: dict[str, Any]) -> None:
    encoded = f"%{ord(polled['id'][0]):02X}{polled['id'][1:]}"
    assert work.http.get(path(work, encoded)).json() == work.progress(polled["id"]).json()


def test_a_slash_inside_a_value_is_no_step_of_the_path(work: Workplace, polled: dict[str, Any]) -> None:
    split = path(work, polled["id"]).replace("/assets/jobs/", "%2Fassets/jobs/")
    assert work.http.get(split).status_code == 404


def test_an_answer_at_hand_is_not_for_who_gives_no_credentials(
    work: Workplace, polled: dict[str, Any], server: EmbeddedServer
) -> None:
    assert work.progress(polled["id"]).status_code == 200
    refusal(server.http().get(url(work, polled["id"])), 401, "APIGW.0301")


def test_a_fault_on_the_short_way_is_answered_with_an_id_and_logged(
    work: Workplace, polled: dict[str, Any], server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def headless(scope: Any, receive: Any, send: Any) -> None:
        # As no server would send it; nothing that a client sends makes the short way fail.
        del scope["headers"]
        await server.system.app(scope, receive, send)

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(headless)) as client:
            return await client.get(url(work, polled["id"]))

    with caplog.at_level(logging.ERROR, logger="romaport.requests"):
        answer = asyncio.run(asked())
    assert (answer.status_code, answer.json()["request_id"]) == (500, answer.headers["x-request-id"])
    assert [record.message for record in caplog.records] == ["request_crashed"]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_a_line_of_log_is_written_if_one_is_wanted(
    work: Workplace, polled: dict[str, Any], caplog: pytest.LogCaptureFixture, level: int
) -> None:
    with caplog.at_level(level, logger="romaport.requests"):
        answer = work.progress(polled["id"])
    lines = [vars(record) for record in caplog.records if record.name == "romaport.requests"]
    said = [(line["request_id"], line["path"], line["status"]) for line in lines]
    wanted = [(answer.headers["x-request-id"], url(work, polled["id"]).removeprefix("http://server"), 200)]
    assert said == (wanted if level == logging.INFO else [])
    assert all(0 <= line["milliseconds"] < 60_000 for line in lines)
