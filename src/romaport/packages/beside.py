"""Work on what was made before, in a thread of its own, while the next is made."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

__all__ = ["work_beside"]

Item = TypeVar("Item")

# One is worked on, one is ready, one is being made: more would wait in memory and hasten nothing.
WAITING_MAX = 2


def work_beside(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Work on items one after the other in another thread, while this one makes the next ones.

    Raises what either raises. Once work on an item has failed, no other is worked on; if making one fails, those that
    were made before still are.
    """
    waiting: deque[Future[None]] = deque()
    has_failed = Event()

    def run(item: Item) -> None:
        if has_failed.is_set():
            return
        try:
            work(item)
        except BaseException:
            has_failed.set()
            raise

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside") as thread:
        for item in items:
            waiting.append(thread.submit(run, item))
            if len(waiting) > WAITING_MAX:
                waiting.popleft().result()
        for found in waiting:
            found.result()
