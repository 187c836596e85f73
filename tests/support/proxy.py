"""Bad weather on the way to an HTTP server: a proxy that cuts, slows, refuses, hangs, or answers by itself."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["CLEAR", "Proxy", "Weather", "running_proxy"]

_CHUNK_BYTES = 65_536
_LOOK_SECONDS = 0.05
_REASONS = {500: "Internal Server Error", 503: "Slow Down", 507: "Insufficient Storage"}


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What happens to connections, those that are open too."""

    refuses: bool = False
    hangs: bool = False
    status: int = 0
    """Answered to every request in place of the server; 0 for the server's own answer."""
    up_bytes: int | None = None
    """Connections are cut once so many bytes were sent to the server, all in all."""
    down_bytes: int | None = None
    """Connections are cut once so many bytes came from the server, all in all."""
    delay_seconds: float = 0.0
    """Pause before every piece that goes either way."""


CLEAR = Weather()


class Proxy:
    """Stands before one server of this machine."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_closed = False
        self._up = self._down = 0
        self._weather = CLEAR
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, name="proxy")]
        self._threads[0].start()

    @contextmanager
    def weather(self, found: Weather) -> Iterator[None]:
        """Have this weather for the length of the block."""
        with self._lock:
            self._weather, self._up, self._down = found, 0, 0
        try:
            yield
        finally:
            with self._lock:
                self._weather = CLEAR
            # What hung is of no more use to anyone.
            self.cut()

    def change(self, **found: Any) -> None:
        """Change the weather in some respects until it is changed again."""
        with self._lock:
            self._weather = replace(self._weather, **found)

    def close(self) -> None:
        """End every connection."""
        self._is_closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Break every connection there is, wherever its bytes are."""
        with self._lock:
            found = list(self._open)
        for connection in found:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="proxy connection")
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._server)) as server:
            with self._lock:
                self._open |= {client, server}
            back = threading.Thread(target=self._carry, args=(server, client), kwargs={"is_up": False})
            back.start()
            self._carry(client, server, is_up=True)
            back.join()
            with self._lock:
                self._open -= {client, server}

    def _carry(self, source: socket.socket, target: socket.socket, *, is_up: bool) -> None:
        with suppress(OSError):
            while (piece := source.recv(_CHUNK_BYTES)) and self._pass(piece, source, target, is_up=is_up):
                pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _pass(self, piece: bytes, source: socket.socket, target: socket.socket, *, is_up: bool) -> bool:
        """Carry a piece over as the weather is; False if that ends the connection."""
        while self._weather.hangs and not self._is_closed:
            time.sleep(_LOOK_SECONDS)
        now = self._weather
        if now.refuses:
            return False
        if now.status:
            if is_up:
                reason = _REASONS[now.status]
                source.sendall(
                    f"HTTP/1.1 {now.status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                )
            return False
        time.sleep(now.delay_seconds)
        left = self._left(now, len(piece), is_up=is_up)
        target.sendall(piece[:left])
        return left >= len(piece)

    def _left(self, now: Weather, size: int, *, is_up: bool) -> int:
        with self._lock:
            limit, passed = (now.up_bytes, self._up) if is_up else (now.down_bytes, self._down)
            self._up += size if is_up else 0
            self._down += 0 if is_up else size
        return size if limit is None else max(0, min(size, limit - passed))


@contextmanager
def running_proxy(port: int) -> Iterator[Proxy]:
    """Run a proxy before a server for the length of the block."""
    found = Proxy(port)
    try:
        yield found
    finally:
        found.close()
