"""Programs of ours as processes of their own, forked from one that has loaded their modules already.

To load them takes a process longer than all else that a start does, and is the same each time. What runs is the
same program, in a process of its own with its own environment, arguments and streams: it may be killed, stopped and
waited for like any other. Whoever asks about the command itself starts it from nothing, with `subprocess`.
"""

import gc
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock

__all__ = ["Forked"]

_LOADED = (
    "romaport.cli.main",
    "romaport.cli.migrate_store",
    "romaport.cli.serving",
    # What these load only as they begin.
    "anyio._backends._asyncio",
    "litestar.middleware._internal.exceptions",
    "litestar.plugins.attrs",
    "litestar.plugins.pydantic",
    "obstore.store",
    "pgqueuer.adapters.drivers.psycopg",
    "psycopg",
    # A fork loads the program of its parent, which is pytest where it has no workers.
    "pytest",
)
_LOG_MODE = 0o644

_nursery = get_context("forkserver")
_nursery.set_forkserver_preload(list(_LOADED))
# Two threads that ask at the same moment for an exit code would each read a part of it.
_one_by_one = Lock()


class Forked:
    """One such process, with the interface of `subprocess.Popen`; what it says is read from `stdout`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.args = list(command)
        log.touch()
        reading, writing = _nursery.Pipe(duplex=False)
        with reading, writing, _one_by_one:
            self._process = _nursery.Process(
                target=_run, args=(self.args[1:], dict(environment), writing, log), daemon=True
            )
            self._process.start()
            self.stdout = open(os.dup(reading.fileno()))  # noqa: PTH123, SIM115 - a pipe; its reader closes it
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Answer the exit code (negative for a signal); None while it runs."""
        with _one_by_one:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and answer the exit code; raise `subprocess.TimeoutExpired` if it takes longer."""
        wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], environment: dict[str, str], writing: Connection, log: Path) -> None:
    """Be `python ARGUMENTS`, in the process that was forked for it."""
    # What was loaded stays: it need not be looked through, and its memory stays shared.
    gc.freeze()
    os.environ.clear()
    os.environ.update(environment)
    with writing:
        os.dup2(writing.fileno(), 1)
    errors = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _LOG_MODE)
    os.dup2(errors, 2)
    os.close(errors)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115 - as above
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
