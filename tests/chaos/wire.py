"""The way to the archive store: a TCP proxy that can be cut, slowed and closed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["Wire", "running_wire"]

_CHUNK_BYTES = 64 * 1024
_STOP_SECONDS = 10


class Wire:
    """Passes bytes on between everyone who connects and one port of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.delay_seconds = 0.0
        self.is_closed = False

    def start(self) -> None:
        """Begin to listen, at a free port."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_STOP_SECONDS)

    def stop(self) -> None:
        """Cut everything, and listen no more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection there is, wherever its bytes are."""
        self._loop.call_soon_threadsafe(self._break_all)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        self._break_all()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _break_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_closed:
            writer.transport.abort()
            return
        with suppress(OSError):
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends = {writer, other_writer}
            self._open |= ends
            try:
                await asyncio.gather(self._pass_on(reader, other_writer), self._pass_on(other_reader, writer))
            finally:
                self._open -= ends
                for end in ends:
                    end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            writer.write(chunk)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()


@contextmanager
def running_wire(target: int) -> Iterator[Wire]:
    """Run a proxy before a port for the length of the block."""
    wire = Wire(target)
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()
