"""Asks one server the same question over and over on kept-alive connections; prints answers per second.

Run as a program of its own, so that asking costs the server nothing: `python -m benchmarks.load PORT SECONDS`,
the request on standard input.
"""

import asyncio
import sys
import time

import uvloop

CONNECTIONS = 16


async def _ask(port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode("latin-1"))
        lower = head.lower()
        length_at = lower.index(b"content-length:") + len(b"content-length:")
        await reader.readexactly(int(lower[length_at : lower.index(b"\r", length_at)]))
        count += 1
    writer.close()
    return count


async def main(port: int, seconds: float, request: bytes) -> float:
    """Answer how many answers came per second."""
    began_at = time.perf_counter()
    until = began_at + seconds
    counts = await asyncio.gather(*(_ask(port, request, until) for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - began_at)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.stdin.buffer.read())))
