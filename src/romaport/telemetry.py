"""Logs: one wide line per request and per move of a job, structured, with stable event names.

The core logs through the standard library; only this module says where it goes.
"""

import logging
import sys
from typing import TextIO

import structlog

__all__ = ["configure_logging"]


def configure_logging(*, level: str, as_json: bool, stream: TextIO | None = None) -> None:
    """Send all logs to a stream (standard error if none is given), as JSON lines or as text for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=False,
            # The other formatters print local variables, among them credentials.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if as_json else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These speak of their own plumbing at every step.
    for noisy in ("alembic", "pgqueuer", "granian", "_granian", "httpx", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
