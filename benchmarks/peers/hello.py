"""The least an ASGI application can do, on the same server with the same options: the limit of a poll.

`python -m benchmarks.peers.hello PORT BODY_BYTES` prints a line when it answers.
"""

import sys
from typing import Any

from granian.constants import Interfaces
from granian.http import HTTP1Settings

from benchmarks.peers.serving import run

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


if __name__ == "__main__":
    limits = HTTP1Settings(max_buffer_size=417_792)
    run(application(int(sys.argv[2])), int(sys.argv[1]), Interfaces.ASGINL, http1_settings=limits)
