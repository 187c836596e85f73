"""A file of bytes that is read at given places."""

import os
from pathlib import Path
from typing import Self

from romaport.errors import PackageUnreadable

__all__ = ["ByteFile"]


class ByteFile:
    """An open file without a position of its own, so that any number of readers share it."""

    def __init__(self, path: Path) -> None:
        """Open the file; its size is looked at once, now."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size_bytes = os.fstat(self._descriptor).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; again is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, offset: int, length: int) -> bytes:
        """Answer exactly so many bytes. Raises PackageUnreadable if the file ends before."""
        if offset > self.size_bytes or length > self.size_bytes - offset:
            raise PackageUnreadable(problem="the file is cut off: a part of it would lie behind its end")
        found = os.pread(self._descriptor, length, offset)
        while len(found) < length:
            more = os.pread(self._descriptor, length - len(found), offset + len(found))
            if not more:
                raise PackageUnreadable(problem="the file became shorter while it was read")
            found += more
        return found
