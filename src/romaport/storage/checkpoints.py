"""Moving what SQLite has put in its log into its file, beside those who write instead of at the end of a commit.

Left alone, SQLite does so whenever its log has grown by a thousand pages, in the turn of whoever commits then. A large
import changes the same pages of its indexes again and again, and each of them would be moved many times.
"""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock, Thread

from romaport.errors import StoreUnavailable
from romaport.storage.line import Line

__all__ = ["LOG_BYTES", "Checkpoints", "pragmas"]

LOG_BYTES = 12 * 1024 * 1024
"""How far the log grows before it is moved."""

# Past so much, somebody reads for so long that the log cannot begin anew, and whoever commits moves what can be.
_LOG_BYTES_MAX = 256 * 1024 * 1024


def pragmas(page_bytes: int) -> tuple[str, str]:
    """Answer what a connection to a database with pages of this length is told."""
    return (
        f"wal_autocheckpoint={_LOG_BYTES_MAX // page_bytes}",
        # A log that begins anew is cut to this, so that its size tells how far it has grown.
        f"journal_size_limit={LOG_BYTES // 8}",
    )


_MOVE = "PRAGMA wal_checkpoint(PASSIVE)"
# What is written during one round is moved by the next, until there is little left, or others write as fast.
_ROUND_SECONDS = 0.015
_ROUNDS_MAX = 8


class Checkpoints:
    """Of one database in this process; they come as they are needed, one at a time."""

    def __init__(self, path: Path, line: Line, *, log_bytes: int = LOG_BYTES) -> None:
        self._path = path
        self._log = Path(f"{path}-wal")
        self._line = line
        self._log_bytes = log_bytes
        self._guard = Lock()
        self._left_bytes = 0

    def offer(self) -> None:
        """Begin one in a thread of its own, if the log has grown enough since the last and none is at work."""
        try:
            size_bytes = self._log.stat().st_size
        except FileNotFoundError:
            return
        self._left_bytes = min(self._left_bytes, size_bytes)
        if size_bytes - self._left_bytes > self._log_bytes and not self._guard.locked():
            Thread(target=self._run, name="checkpoint", daemon=True).start()

    def wait(self) -> None:
        """Return once none is at work."""
        with self._guard:
            pass

    def _run(self) -> None:
        if not self._guard.acquire(blocking=False):
            return
        # What ails the store is told to whoever writes next; the log stays, and a later one moves it.
        with suppress(sqlite3.Error, StoreUnavailable):
            self._move()
        with suppress(FileNotFoundError):
            self._left_bytes = self._log.stat().st_size
        self._guard.release()

    def _move(self) -> None:
        # A file that is gone is not to be made again.
        with closing(
            sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        ) as own:
            for _ in range(_ROUNDS_MAX):
                began_at = time.perf_counter()
                own.execute(_MOVE)
                if time.perf_counter() - began_at < _ROUND_SECONDS:
                    break
            # What was written meanwhile is little; only when nothing is left can the next writer begin the log anew.
            with self._line.turn():
                own.execute(_MOVE)
