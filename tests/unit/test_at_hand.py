"""The HTTP server's own thread gives the answers that are at hand, and leaves every other request to the event loop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.server import embed
from tests.support.ports import free_port

from romaport.cli import at_hand
from romaport.cli.at_hand import AtOnce, answering_at_once

_SECONDS = 30.0


class Serving:
    """An application that says that it was asked, beside answers at hand for one path."""

    def __init__(self) -> None:
        self.port = free_port()
        self.threads: list[int] = []
        self.loop_thread = 0

    def find(self, scope: Any) -> Any:
        """Answer what is at hand; fail for another path."""
        self.threads.append(threading.get_ident())
        if scope["path"] == "/broken":
            raise RuntimeError
        if scope["path"] != "/hand":
            return None
        headers = [*scope["headers"][:1], (b"x-from", b"hand")]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        return start, {"type": "http.response.body", "body": b"at hand", "more_body": False}

    async def app(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer by the application."""
        self.loop_thread = threading.get_ident()
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"served", "more_body": False})

    def asked(self, ask: Callable[[httpx.Client], Any], find: AtOnce | None = None) -> Any:
        """Serve until a question is answered, and answer that."""
        return asyncio.run(self._asked(ask, find or self.find))

    async def _asked(self, ask: Callable[[httpx.Client], Any], find: AtOnce) -> Any:
        server: Any = embed.Server(self.app, port=self.port, interface=Interfaces.ASGINL, log_enabled=False)
        with answering_at_once(find):
            serving = asyncio.create_task(server.serve())
            await self.listening()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=_SECONDS) as client:
                return await asyncio.to_thread(ask, client)
        finally:
            server.stop()
            await serving

    async def listening(self) -> None:
        """Wait until somebody listens."""
        async with asyncio.timeout(_SECONDS):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.01)


@pytest.fixture
def serving() -> Serving:
    """What is asked."""
    return Serving()


def test_what_is_at_hand_is_answered_in_the_thread_that_reads(serving: Serving) -> None:
    answers = serving.asked(lambda client: [client.get("/hand") for _ in range(50)])
    assert {(answer.status_code, answer.text, answer.headers["x-from"]) for answer in answers} == {
        (200, "at hand", "hand")
    }
    assert len(set(serving.threads)) == 1
    assert threading.get_ident() not in serving.threads


def test_every_other_request_is_served_by_the_application(serving: Serving) -> None:
    paths = ["/other", "/hand", "/broken", "/hand", "/other"]
    answers = serving.asked(lambda client: [client.get(path).text for path in paths])
    assert answers == ["served", "at hand", "served", "at hand", "served"]
    assert serving.loop_thread == threading.get_ident()


def test_who_asks_at_the_same_time_is_told_apart(serving: Serving) -> None:
    def ask(client: httpx.Client) -> list[str]:
        async def every() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=client.base_url, timeout=_SECONDS) as many:
                return await asyncio.gather(*(many.get(path) for path in ["/hand", "/other", "/broken"] * 30))

        return [answer.text for answer in asyncio.run(every())]

    assert serving.asked(ask) == ["at hand", "served", "served"] * 30


def test_servers_that_start_later_are_as_they_were(serving: Serving) -> None:
    assert serving.asked(lambda client: client.get("/hand").text) == "at hand"
    later = Serving()

    async def served() -> str:
        server: Any = embed.Server(later.app, port=later.port, interface=Interfaces.ASGINL, log_enabled=False)
        task = asyncio.create_task(server.serve())
        await later.listening()
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{later.port}/hand")
        server.stop()
        await task
        return answer.text

    assert asyncio.run(served()) == "served"
    assert later.threads == []


def test_of_another_release_everything_is_served_by_the_application(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(at_hand, "granian_version", "3.0.0")
    assert serving.asked(lambda client: client.get("/hand").text) == "served"
    assert [record.message for record in caplog.records] == ["answers_by_the_event_loop_alone"]
