"""Where package bytes lie: a folder of the machine or an S3-protocol store, through obstore's one streaming interface.

A file is written first and named by a row afterwards; a file that no row names is rubbish, and
`sweep` removes it.
"""

import errno
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from romaport.errors import StoreUnavailable
from romaport.storage.buckets import ArchiveOptions, open_bucket
from romaport.storage.scratch import writing_scratch

__all__ = ["Archives", "archives_of"]

_CHUNK_BYTES = 256 * 1024
# What one upload may hold in memory: parts of this size, so many at once. No store takes smaller parts.
_PART_BYTES = 5 * 1024 * 1024
_PARTS_AT_ONCE = 4
_STORE = "archive store"
# A bucket that is gone must not read as a file that is gone: the answer would be that an archive was taken.
_NO_BUCKET = "NoSuchBucket"


class Archives:
    """The files of a store, by name; names are paths such as `archives/<id>.zip`.

    Raises `StoreUnavailable` when the store does not answer, `FileNotFoundError` for a name it lacks.
    """

    def __init__(
        self,
        store: LocalStore | S3Store,
        sweep_unfinished: Callable[..., list[str]],
        *,
        folder: Path | None = None,
    ) -> None:
        """Take the store, and what removes from a folder of it that which was never stored to its end.

        `folder` is where the store lies, if it is one of the machine.
        """
        self._store = store
        self._sweep_unfinished = sweep_unfinished
        self._folder = folder

    def put(self, name: str, source: Path) -> None:
        """Store a finished local file under a name, whole or not at all, in constant memory.

        The file is given away: if the store is a folder of the same disk, it is moved there.
        """
        try:
            if self._folder is not None and _moved(source, self._folder / name):
                return
            obstore.put(self._store, name, source, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        except (BaseError, OSError) as cause:
            raise StoreUnavailable(store=_STORE) from cause

    def fetch(self, name: str, target: Path) -> None:
        """Have a stored file at a local path too, to be read and then removed, in constant memory.

        If the store is a folder of the same disk, it is the same file by another name.
        """
        # Or what lies there, perhaps such a file, would be written over.
        target.unlink(missing_ok=True)
        if self._folder is not None and _linked(self._folder / name, target):
            return
        with writing_scratch(), target.open("wb") as file:
            for chunk in self.chunks(name):
                file.write(chunk)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a stored file."""
        with _translated(name):
            found = obstore.get(self._store, name)
            for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

    async def stream(self, name: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`."""
        if start == end:
            return
        with _translated(name):
            options: obstore.GetOptions = {"range": (start, end)}
            found = await obstore.get_async(self._store, name, options=options)
            async for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        with suppress(FileNotFoundError), _translated(name):
            obstore.delete(self._store, name)

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names of all files below a prefix."""
        with _translated(prefix):
            for batch in obstore.list(self._store, prefix):
                for meta in batch:
                    yield str(meta["path"])

    def sweep(self, prefix: str, kept: Collection[str], *, older_than: timedelta, at: datetime) -> list[str]:
        """Remove files below `prefix` that are not in `kept` and are older than that; answer their names."""
        limit = at.astimezone(UTC) - older_than
        with _translated(prefix):
            names = [
                str(meta["path"])
                for batch in obstore.list(self._store, prefix)
                for meta in batch
                if meta["path"] not in kept and meta["last_modified"] <= limit
            ]
        for name in names:
            self.remove(name)
        return [*names, *self._sweep_unfinished(prefix, until=limit, at=at.astimezone(UTC))]


def _moved(source: Path, target: Path) -> bool:
    """Move a file, which then has its new name whole or not at all; False if that lies on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as cause:
        if cause.errno != errno.EXDEV:
            raise
        return False
    return True


def _linked(source: Path, target: Path) -> bool:
    """Give a file another name; False if it is not there, or that lies on another disk, or no file may have two."""
    with suppress(OSError):
        target.hardlink_to(source)
        return True
    return False


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as cause:
        if _NO_BUCKET in str(cause):
            raise StoreUnavailable(store=_STORE) from cause
        raise FileNotFoundError(name) from cause
    except BaseError as cause:
        raise StoreUnavailable(store=_STORE) from cause


def archives_of(folder: Path, options: ArchiveOptions) -> Archives:
    """Open the store that the options name, or without a URL that folder; raise `SettingInvalid`."""
    if options.url:
        bucket, leftovers = open_bucket(options)
        return Archives(bucket, leftovers.sweep if leftovers else _nothing)
    folder.mkdir(parents=True, exist_ok=True)
    return Archives(LocalStore(folder), partial(_sweep_numbered, folder), folder=folder)


def _nothing(_prefix: str, *, until: datetime, at: datetime) -> list[str]:  # noqa: ARG001 - as the others
    return []


def _sweep_numbered(folder: Path, prefix: str, *, until: datetime, at: datetime) -> list[str]:  # noqa: ARG001 - as the others
    """Remove what was being stored when the process was killed: `NAME#NUMBER`, which the store never lists."""
    names = []
    for path in (folder / prefix).glob("*#*"):
        # Gone by now: it is finished, and has its name.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime <= until.timestamp():
                path.unlink()
                names.append(f"{prefix}/{path.name}")
    return names
