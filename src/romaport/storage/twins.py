"""Several transactions that read one and the same state, so that as many threads read it at once."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from queue import SimpleQueue
from typing import Self, TypeVar

from sqlalchemy import Connection, func, select

__all__ = ["NUMBER", "Begin", "Twins", "commits_seen", "see", "state_of"]

NUMBER = 2
"""How many are at work at once: what becomes of what they read is the work of one thread more, and two keep it busy."""

Item = TypeVar("Item")
Found = TypeVar("Found")

Begin = Callable[[Connection], AbstractContextManager[object]]
"""Has a connection be in its transaction for the length of a block."""


class Twins:
    """Transactions of one state, each with a thread of its own; a context manager that ends both."""

    def __init__(self, connections: list[Connection], begin: Begin) -> None:
        self._connections = connections
        self._begin = begin
        self._begun = ExitStack()
        self._threads = ThreadPoolExecutor(max_workers=len(connections), thread_name_prefix="twin")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Return once no thread is at work; what waits for one is not begun."""
        self._threads.shutdown(cancel_futures=True)
        # Whoever stopped half-way may keep what `each` has yielded so far, and end it much later.
        self._begun.close()

    def each(self, read: Callable[[Connection, Item], Found], items: Iterable[Item]) -> Iterator[Found]:
        """Yield what is read for every item, in their order; a few are read before they are asked for."""
        idle: SimpleQueue[Connection] = SimpleQueue()
        ahead: deque[Future[Found]] = deque()

        def reading(item: Item) -> Found:
            twin = idle.get()
            try:
                return read(twin, item)
            finally:
                idle.put(twin)

        # Begun only now: until they read, a database would take them for forgotten.
        with self._begun, _awaited(ahead):
            for twin in self._connections:
                self._begun.enter_context(self._begin(twin))
                idle.put(twin)
            for item in items:
                if len(ahead) > len(self._connections):
                    yield ahead.popleft().result()
                ahead.append(self._threads.submit(reading, item))
            while ahead:
                yield ahead.popleft().result()


@contextmanager
def _awaited(ahead: Collection[Future[Found]]) -> Iterator[None]:
    """Have nothing left at work when a block ends."""
    try:
        yield
    finally:
        for late in ahead:
            late.cancel()
        wait(ahead)


def commits_seen(connection: Connection) -> int:
    """Answer a number that a commit of any other connection changes, in this process or another."""
    driver = connection.connection.driver_connection
    assert driver is not None
    number: int = driver.execute("PRAGMA data_version").fetchone()[0]
    return number


def state_of(tx: Connection) -> str:
    """Answer what PostgreSQL calls the state that a transaction sees, for others to `see` while it lasts."""
    return str(tx.execute(select(func.pg_export_snapshot())).scalar_one())


def see(connection: Connection, state: str) -> None:
    """Have a transaction that has just begun see a state that another has named."""
    connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{state}'")
