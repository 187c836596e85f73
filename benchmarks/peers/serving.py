"""Runs a peer as a program of its own on the server that the product has."""

import asyncio
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

__all__ = ["run"]

# Until the server listens; what starts up beside it is not waited for.
_START_SECONDS = 1.0
_SAME: dict[str, Any] = {
    "http": HTTPModes.http1,
    "websockets": False,
    "backlog": 1024,
    "backpressure": 10_000,
    "log_enabled": False,
}


def run(application: Any, port: int, interface: Interfaces, **options: Any) -> None:  # noqa: ANN401 - an ASGI application
    """Serve until the process is ended; print a line when requests are answered."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Server(application, port=port, interface=interface, **_SAME, **options)))


async def _serve(server: Server) -> None:
    serving = asyncio.create_task(server.serve())
    await asyncio.sleep(_START_SECONDS)
    print("ready", flush=True)
    await serving
