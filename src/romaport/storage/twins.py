"""Several transactions that read one and the same state of SQLite, so that as many threads read it at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Self, TypeVar

from sqlalchemy import Connection

__all__ = ["NUMBER", "Twins", "commits_seen"]

NUMBER = 2
"""How many are at work at once: what becomes of what they read is the work of one thread more, and two keep it busy."""

Item = TypeVar("Item")
Found = TypeVar("Found")


class Twins:
    """Transactions of one state, each with a thread of its own; a context manager that ends the threads."""

    def __init__(self, transactions: list[Connection]) -> None:
        self._number = len(transactions)
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        for twin in transactions:
            self._idle.put(twin)
        self._threads = ThreadPoolExecutor(max_workers=self._number, thread_name_prefix="twin")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Return once no thread is at work; what waits for one is not begun."""
        self._threads.shutdown(cancel_futures=True)

    def each(self, read: Callable[[Connection, Item], Found], items: Iterable[Item]) -> Iterator[Found]:
        """Yield what is read for every item, in their order; a few are read before they are asked for."""

        def reading(item: Item) -> Found:
            twin = self._idle.get()
            try:
                return read(twin, item)
            finally:
                self._idle.put(twin)

        ahead: deque[Future[Found]] = deque()
        for item in items:
            if len(ahead) > self._number:
                yield ahead.popleft().result()
            ahead.append(self._threads.submit(reading, item))
        while ahead:
            yield ahead.popleft().result()


def commits_seen(connection: Connection) -> int:
    """Answer a number that a commit of any other connection changes, in this process or another."""
    driver = connection.connection.driver_connection
    assert driver is not None
    number: int = driver.execute("PRAGMA data_version").fetchone()[0]
    return number
