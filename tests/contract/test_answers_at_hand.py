"""A poll that is answered before the event loop hears of it is answered as every other, or left to the loop."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.contract.workplace import Workplace
from tests.support.embedded import EmbeddedServer

from romaport.wire.signing import EMPTY_HASH, SignedRequest, sign

# Of most tests; where others write too, nothing is at hand.
pytestmark = pytest.mark.stores("sqlite")
Ask = Callable[..., Any]


@pytest.fixture
def polled(work: Workplace, server: EmbeddedServer) -> dict[str, Any]:
    """A job that was asked for since it changed last, so that its answer is kept."""
    job = work.settled(work.export({"apps": [{"id": work.add_app()["id"]}]}))
    # One that has just ended may be looked up while the change is yet to be told of, which keeps no answer.
    server.drain()
    assert work.progress(job["id"]).status_code == 200
    return job


@pytest.fixture
def path(work: Workplace, polled: dict[str, Any]) -> str:
    """Where the job is asked for."""
    return urlsplit(str(work.http.build_request("GET", work.roma(f"assets/jobs/{polled['id']}")).url)).path


@pytest.fixture
def ask(work: Workplace, path: str, server: EmbeddedServer) -> Ask:
    """Ask as the server's thread does, with headers and other parts of a request in place of the usual ones."""

    app: Any = server.system.app

    def asked(headers: dict[str, str] | None = None, **parts: Any) -> Any:
        given = {"x-auth-token": work.http.headers["x-auth-token"]} if headers is None else headers
        encoded = [(name.encode(), value.encode()) for name, value in given.items()]
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
        return app.at_once({**scope, "headers": encoded, **parts})

    return asked


@pytest.mark.stores("postgresql")
def test_on_a_shared_database_everything_is_confirmed_first_so_nothing_is_at_hand(
    work: Workplace, polled: dict[str, Any], server: EmbeddedServer, ask: Ask
) -> None:
    assert work.progress(polled["id"]).status_code == 200
    assert not server.system.app.has_answers_at_hand
    assert ask() is None


def test_it_says_what_every_poll_says(work: Workplace, polled: dict[str, Any], ask: Ask) -> None:
    served = work.progress(polled["id"])
    start, body = ask()
    assert (start["status"], body["body"]) == (200, served.content)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    own = {"x-request-id": "", "content-length": ""}
    assert {**headers, **own} == {**served.headers, **own}


def test_every_answer_has_an_id_of_its_own(ask: Ask) -> None:
    ids = {dict(ask()[0]["headers"])[b"x-request-id"] for _ in range(600)}
    assert ({len(found) for found in ids}, len(ids)) == ({32}, 600)


@pytest.mark.parametrize("headers", [{}, {"x-auth-token": "somebody"}, {"x-auth-token": ""}])
def test_who_is_not_known_is_left_to_the_loop(ask: Ask, headers: dict[str, str]) -> None:
    assert ask() is not None
    assert ask(headers) is None


def test_what_is_signed_is_left_to_the_loop(work: Workplace, path: str, ask: Ask) -> None:
    token = work.http.headers["x-auth-token"]
    request = SignedRequest(method="GET", path=path, query="", headers={"host": "server"}, payload_hash=EMPTY_HASH)
    signed = sign(request, access_key="A" * 20, secret="s", at=datetime.now(UTC), project_id=path.split("/")[2])
    assert ask(signed) is None
    assert ask({"x-auth-token": token, **signed}) is None


@pytest.mark.parametrize("parts", [{"method": "HEAD"}, {"method": "DELETE"}, {"path": "/health"}, {"raw_path": b"/x"}])
def test_another_request_is_left_to_the_loop(ask: Ask, parts: dict[str, Any]) -> None:
    assert ask() is not None
    assert ask(**parts) is None


def test_a_revoked_token_is_left_to_the_loop(
    work: Workplace, polled: dict[str, Any], server: EmbeddedServer, ask: Ask
) -> None:
    account = server.account("Tenant Administrator")
    given = {"x-auth-token": account.token}
    assert account.http.get(work.roma(f"assets/jobs/{polled['id']}")).status_code == 200
    assert ask(given) is not None
    revoked = server.http().delete("/v3/auth/tokens", headers={**given, "x-subject-token": account.token})
    assert revoked.status_code == 204
    assert ask(given) is None


def test_who_may_not_see_the_job_is_left_to_the_loop(
    work: Workplace, polled: dict[str, Any], server: EmbeddedServer, ask: Ask
) -> None:
    other = server.account("ROMA FullAccess")
    assert other.http.get(work.roma(f"assets/jobs/{polled['id']}")).status_code == 404
    assert ask() is not None
    assert ask({"x-auth-token": other.token}) is None


def test_while_its_archive_is_taken_a_job_is_left_to_the_loop(
    polled: dict[str, Any], server: EmbeddedServer, ask: Ask
) -> None:
    async def taking() -> list[bool]:
        found = [ask() is not None]
        async with server.system.parts.handovers.of(polled["id"], lambda: None):
            found.append(ask() is not None)
        return [*found, ask() is not None]

    assert server.begin(taking()).result(60) == [True, False, True]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_a_line_of_log_is_written_if_one_is_wanted(
    path: str, ask: Ask, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    with caplog.at_level(level, logger="romaport.requests"):
        start, _ = ask()
        assert ask(method="HEAD") is None
    lines = [vars(record) for record in caplog.records if record.name == "romaport.requests"]
    said = [(line["request_id"], line["method"], line["path"], line["status"]) for line in lines]
    request_id = dict(start["headers"])[b"x-request-id"].decode()
    assert said == ([(request_id, "GET", path, 200)] if level == logging.INFO else [])
    assert all(0 <= line["milliseconds"] < 60_000 for line in lines)
