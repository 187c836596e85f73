"""A folder for files in the making, the process's own; what a dead process left behind is removed, by the next."""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from romaport.ids import new_id

__all__ = ["Scratch"]


class Scratch:
    """A folder below one that processes share; a lock beside it says that its process lives."""

    def __init__(self, shared: Path) -> None:
        shared.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(shared)
        self.path, self._lock = _claimed(shared)
        self.path.mkdir()

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        _lock_of(self.path).unlink(missing_ok=True)
        self._lock.close()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _claimed(shared: Path) -> tuple[Path, TextIO]:
    """Answer the name of a new folder, and the lock that was there before it: a folder without one is nobody's."""
    while True:
        folder = shared / new_id()
        lock = _lock_of(folder).open("w")
        # Another process may have taken the lock for a leftover, before it was held.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _lock_of(folder).stat().st_ino == os.fstat(lock.fileno()).st_ino:
                return folder, lock
        lock.close()


def _remove_leftovers(shared: Path) -> None:
    for path in [*shared.glob("*.lock")]:
        with suppress(OSError), path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink()
    for path in [*shared.iterdir()]:
        if path.suffix == ".lock" or _lock_of(path).exists():
            continue
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink()
