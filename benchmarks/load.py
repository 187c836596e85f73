"""Asks one server the same questions over and over on kept-alive connections, and says how fast the answers came.

Run as a program of its own, so that asking costs the server nothing: `python -m benchmarks.load PORT SECONDS
CONNECTIONS PERIOD_SECONDS`, on standard input the requests with a NUL between them. Each connection asks one after
the other, or one in each period, all of them spread over it.
It speaks to the sockets itself: what a client library adds would be measured with every server.
"""

import select
import socket
import sys
import time
from collections import deque
from itertools import cycle

import msgspec

_CHUNK_BYTES = 65_536
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Asked(msgspec.Struct, frozen=True):
    """What came of one round."""

    per_second: float
    p50_ms: float
    p99_ms: float
    busy: float
    """The share of the time for which the load itself was at work: near 1, it is what was measured."""


class _Connection:
    """One connection: what it has asked, when, and what has come of the answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came = b""
        self._asked_at = 0.0
        self.is_waiting = False

    def ask(self, request: bytes) -> None:
        self.is_waiting = True
        self._asked_at = time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> float | None:
        """Take what has come; answer the seconds since the question if the answer is whole."""
        came = self.socket.recv(_CHUNK_BYTES)
        if not came:
            raise SystemExit("the server has hung up")
        self._came += came
        head, found, body = self._came.partition(_END)
        if not found:
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode("latin-1"))
        if len(body) < _length(head):
            return None
        self._came, self.is_waiting = b"", False
        return time.perf_counter() - self._asked_at


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(_LENGTH) + len(_LENGTH)
    end = lower.find(b"\r", start)
    return int(lower[start:] if end < 0 else lower[start:end])


def asked(port: int, seconds: float, connections: int, period: float, requests: list[bytes]) -> Asked:
    """Ask for so many seconds on so many connections at once; a period of 0 leaves no pause."""
    questions = cycle(requests)
    poller = select.epoll()
    open_ = {found.socket.fileno(): found for found in (_Connection(port) for _ in range(connections))}
    for number in open_:
        poller.register(number, select.EPOLLIN)
    latencies: list[float] = []
    began_at, worked = time.perf_counter(), time.process_time()
    due = deque((began_at + period * place / connections, found) for place, found in enumerate(open_.values()))
    while (now := time.perf_counter()) - began_at < seconds:
        while due and due[0][0] <= now:
            at, connection = due.popleft()
            # Who has no answer yet is late, and asks nothing more.
            if not connection.is_waiting:
                connection.ask(next(questions))
            if period:
                due.append((at + period, connection))
        for number, _ in poller.poll(max(0, due[0][0] - now) if due else seconds):
            took = open_[number].answered()
            if took is None:
                continue
            latencies.append(took)
            if not period:
                open_[number].ask(next(questions))
    lasted = time.perf_counter() - began_at
    latencies.sort()
    return Asked(
        per_second=len(latencies) / lasted,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1000,
        busy=(time.process_time() - worked) / lasted,
    )


if __name__ == "__main__":
    port, connections = int(sys.argv[1]), int(sys.argv[3])
    seconds, period = float(sys.argv[2]), float(sys.argv[4])
    found = asked(port, seconds, connections, period, sys.stdin.buffer.read().split(b"\0"))
    print(msgspec.json.encode(found).decode())
