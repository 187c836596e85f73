"""Answers at hand, given by the HTTP server's own thread, which reads the requests and writes the answers.

granian hands every request from that thread to the event loop, as a task, and has the answer handed back. For an
answer from memory that costs more than all else, so the thread asks for such an answer first (decision 29).
"""
# ruff: noqa: SLF001 - the parts of granian that this is about are its own

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from granian import __version__ as granian_version
from granian import _futures
from litestar.types import Message, Scope

__all__ = ["AtOnce", "answering_at_once"]

_log = logging.getLogger("romaport.server")
# What follows is not public: of releases in which it was not looked at, every request goes to the event loop.
_LOOKED_AT = "2.8."

AtOnce = Callable[[Scope], tuple[Message, Message] | None]
"""Answers a request by its two messages, without waiting for anything; None for one that the application serves."""


@contextmanager
def answering_at_once(find: AtOnce) -> Iterator[None]:
    """Have servers that start within the block ask `find` first, in the thread that has read the request."""
    if not granian_version.startswith(_LOOKED_AT):
        _log.warning("answers_by_the_event_loop_alone", extra={"granian": granian_version})
        yield
        return
    parts: Any = _futures
    make = parts._cbsched_aioschedule

    def made(*arguments: Any) -> Callable[[Any], None]:  # noqa: ANN401 - the event loop, and how it is told
        return _asking_first(find, make(*arguments))

    parts._cbsched_aioschedule = made
    try:
        yield
    finally:
        parts._cbsched_aioschedule = make


def _asking_first(find: AtOnce, hand_over: Callable[[Any], None]) -> Callable[[Any], None]:
    def answer(request: Any) -> None:  # noqa: ANN401 - granian's
        try:
            messages = find(request.scope)
        except Exception:  # noqa: BLE001 - the application meets it again, and has the safety net
            messages = None
        if messages is None:
            hand_over(request)
            return
        send = request.proto.send
        # Both are sent when they are handed in; what is answered could only be waited for.
        for message in messages:
            send(message)
        request.done()

    return answer
