"""Work on what was made before while the next is made, by two threads that rest only where there is nothing to do."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Generic, TypeVar

__all__ = ["work_beside"]

Item = TypeVar("Item")


def work_beside(items: Iterable[Item], *works: Callable[[Item], None], ahead_max: int = 2) -> None:
    """Do each work on all items, one after the other, while this thread makes the next ones, so many ahead.

    Another thread works, and this one helps it where enough is made: works on the same items go on at the same time,
    so none may change them. Raises what making or a work raises. Once a work has failed, nothing else is begun; if
    making an item fails, those that were made before are still worked on.
    """
    crew = _Crew([_Lane(work) for work in works], ahead_max)
    other = Thread(target=crew.help, args=(crew.is_awaited,), name="beside")
    other.start()
    try:
        for item in items:
            crew.put(item)
            # Or it would be held beside the next one.
            del item
            crew.help(crew.is_full)
            if crew.failure is not None:
                break
    finally:
        crew.end()
        other.join()
    if crew.failure is not None:
        raise crew.failure


@dataclass
class _Lane(Generic[Item]):
    """One work, what waits for it, and whether a thread does it."""

    work: Callable[[Item], None]
    waiting: deque[Item] = field(default_factory=deque)
    is_busy: bool = False

    def __len__(self) -> int:
        return len(self.waiting) + self.is_busy


class _Crew(Generic[Item]):
    """What there is to do, and what became of it."""

    def __init__(self, lanes: list[_Lane[Item]], ahead_max: int) -> None:
        self._lanes = lanes
        self._ahead_max = ahead_max
        self._changed = Condition()
        self._is_ended = False
        self.failure: BaseException | None = None

    def is_full(self) -> bool:
        """Say whether enough is made for now."""
        return any(len(lane) > self._ahead_max for lane in self._lanes)

    def is_awaited(self) -> bool:
        """Say whether there is anything to do, or to come."""
        return not self._is_ended or any(map(len, self._lanes))

    def put(self, item: Item) -> None:
        """Have an item worked on."""
        with self._changed:
            for lane in self._lanes:
                lane.waiting.append(item)
            self._changed.notify_all()

    def end(self) -> None:
        """Help until all is done, with nothing to come."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()
        self.help(self.is_awaited)

    def help(self, is_needed: Callable[[], bool]) -> None:
        """Work for as long as that is needed, and wait where others do all that can be done."""
        while (lane := self._taken(is_needed)) is not None:
            try:
                lane.work(lane.waiting.popleft())
            except BaseException as failure:  # noqa: BLE001 - raised by the thread that makes
                self.failure = failure
            with self._changed:
                lane.is_busy = False
                self._changed.notify_all()

    def _taken(self, is_needed: Callable[[], bool]) -> _Lane[Item] | None:
        with self._changed:
            while self.failure is None and is_needed():
                free = [lane for lane in self._lanes if lane.waiting and not lane.is_busy]
                if free:
                    longest = max(free, key=len)
                    longest.is_busy = True
                    return longest
                self._changed.wait()
        return None
