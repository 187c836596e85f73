"""The least an ASGI application can do, on the same server with the same options: the limit of a poll.

`python -m benchmarks.peers.hello PORT BODY_BYTES` prints a line when it answers.
"""

import asyncio
import sys
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-request-id", b"0123456789abcdef0123456789abcdef"),
]


def application(size_bytes: int) -> Any:  # noqa: ANN401 - an ASGI application
    """Make the application."""
    body = b"x" * size_bytes

    async def answer(scope: dict[str, Any], _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": body})

    return answer


async def _serve(port: int, size_bytes: int) -> None:
    server = Server(
        application(size_bytes),
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        http1_settings=HTTP1Settings(max_buffer_size=417_792),
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await asyncio.sleep(0.5)
    print("ready", flush=True)
    await serving


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
