"""Following a job to its end: polls that grow rarer, and patience with a server that is busy or away."""

import time
from collections.abc import Callable, Iterator

from romaport.client.answers import is_final
from romaport.client.transport import ClientOptions
from romaport.errors import Refused, Unreachable
from romaport.wire.assets import JobAnswer

__all__ = ["follow"]

# What a server that is busy, restarting, or behind a gateway answers; everything else is an answer about the job.
_PASSING_STATUSES = frozenset({429, 502, 503, 504})
_GROWTH = 1.5
# A server may ask for more patience than this; it is asked again all the same.
_PAUSE_LONGEST_SECONDS = 60.0

Poll = Callable[[], tuple[JobAnswer, float | None]]
"""Answers the job, and the seconds that the server asks to wait, if it does."""


def follow(
    poll: Poll,
    *,
    options: ClientOptions,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[JobAnswer]:
    """Ask for a job until it is final, and hand out every answer; the last one is final.

    The pause grows from `poll_first_seconds` to `poll_longest_seconds`, and is never shorter than the server
    asks. Failures that pass are borne for `patience_seconds` in a row, then raised; all others at once.
    """
    pause = options.poll_first_seconds
    answered_at = monotonic()
    while True:
        try:
            job, asked = poll()
        except (Refused, Unreachable) as cause:
            asked = cause.retry_seconds if isinstance(cause, Refused) else None
            passes = not isinstance(cause, Refused) or cause.status in _PASSING_STATUSES
            if not passes or monotonic() - answered_at >= options.patience_seconds:
                raise
        else:
            answered_at = monotonic()
            yield job
            if is_final(job):
                return
        sleep(min(_PAUSE_LONGEST_SECONDS, max(pause, asked or 0.0)))
        pause = min(options.poll_longest_seconds, pause * _GROWTH)
