"""Where package bytes lie: a folder of the machine, through obstore's one streaming interface.

A file is written first and named by a row afterwards; a file that no row names is rubbish, and
`sweep` removes it.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import obstore
from msgspec import Meta, Struct
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore

from romaport.errors import StoreUnavailable

__all__ = ["ArchiveOptions", "Archives"]

_CHUNK_BYTES = 256 * 1024


class ArchiveOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long packages are kept."""

    ttl_seconds: Annotated[
        int, Meta(ge=1, le=31_536_000, description="How long an archive waits for its one download.")
    ] = 86_400
    sweep_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Pause between two looks for expired archives and stray files.")
    ] = 60


class Archives:
    """The files of a store, by name; names are paths such as `archives/<id>.zip`.

    Raises `StoreUnavailable` when the store does not answer, `FileNotFoundError` for a name it lacks.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = LocalStore(folder)

    def put(self, name: str, source: Path) -> None:
        """Store a finished local file under a name, whole or not at all."""
        try:
            obstore.put(self._store, name, source)
        except (BaseError, OSError) as cause:
            raise StoreUnavailable(store="archive store") from cause

    def fetch(self, name: str, target: Path) -> None:
        """Copy a stored file to a local one, in constant memory."""
        try:
            with target.open("wb") as file:
                for chunk in obstore.get(self._store, name).stream(min_chunk_size=_CHUNK_BYTES):
                    file.write(chunk)
        except NotFoundError as cause:
            raise FileNotFoundError(name) from cause
        except BaseError as cause:
            raise StoreUnavailable(store="archive store") from cause

    async def stream(self, name: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`."""
        if start == end:
            return
        try:
            options: obstore.GetOptions = {"range": (start, end)}
            found = await obstore.get_async(self._store, name, options=options)
            async for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)
        except NotFoundError as cause:
            raise FileNotFoundError(name) from cause
        except BaseError as cause:
            raise StoreUnavailable(store="archive store") from cause

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        try:
            obstore.delete(self._store, name)
        except (NotFoundError, FileNotFoundError):
            return
        except BaseError as cause:
            raise StoreUnavailable(store="archive store") from cause

    def exists(self, name: str) -> bool:
        """Say whether a file of this name is stored."""
        try:
            obstore.head(self._store, name)
        except (NotFoundError, FileNotFoundError):
            return False
        except BaseError as cause:
            raise StoreUnavailable(store="archive store") from cause
        return True

    def sweep(self, prefix: str, kept: Collection[str], *, older_than: timedelta, at: datetime) -> list[str]:
        """Remove files below `prefix` that are not in `kept` and are older than that; answer their names."""
        limit = at.astimezone(UTC) - older_than
        try:
            names = [
                str(meta["path"])
                for batch in obstore.list(self._store, prefix)
                for meta in batch
                if meta["path"] not in kept and meta["last_modified"] <= limit
            ]
        except BaseError as cause:
            raise StoreUnavailable(store="archive store") from cause
        for name in names:
            self.remove(name)
        return [*names, *self._sweep_unfinished(prefix, limit)]

    def _sweep_unfinished(self, prefix: str, limit: datetime) -> list[str]:
        """Remove what was being stored when the process was killed: `NAME#NUMBER`, which the store never lists."""
        names = []
        for path in (self._folder / prefix).glob("*#*"):
            # Gone by now: it is finished, and has its name.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime <= limit.timestamp():
                    path.unlink()
                    names.append(f"{prefix}/{path.name}")
        return names
