"""Many who ask at the same time, answered by one read that began after all of them had asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

__all__ = ["Rounds"]

Key = TypeVar("Key")
Found = TypeVar("Found")


class _Round(Generic[Key, Found]):
    """Those who ask together."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.reading: asyncio.Task[Mapping[Key, Found]] | None = None


class Rounds(Generic[Key, Found]):
    """One read at a time; whoever asks while it runs is answered by the next. Of one event loop."""

    def __init__(self, read: Callable[[set[Key]], Awaitable[Mapping[Key, Found]]]) -> None:
        self._read = read
        self._gathering: _Round[Key, Found] = _Round()
        self._turn = asyncio.Lock()

    async def answer(self, *keys: Key) -> Mapping[Key, Found]:
        """Answer what one read that begins from now on finds for keys, and others'; raise what that read raises."""
        joined = self._gathering
        joined.keys.update(keys)
        if joined.reading is None:
            joined.reading = asyncio.create_task(self._run(joined))
        # One who goes away must not take the answer from the others.
        return await asyncio.shield(joined.reading)

    async def _run(self, joined: _Round[Key, Found]) -> Mapping[Key, Found]:
        async with self._turn:
            self._gathering = _Round()
            return await self._read(joined.keys)
