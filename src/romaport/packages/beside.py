"""Work on what was made before while the next is made, by two threads that rest only where there is nothing to do."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Condition, Thread, current_thread
from typing import Generic, TypeVar

__all__ = ["work_beside"]

Item = TypeVar("Item")


def work_beside(items: Iterable[Item], *works: Callable[[Item], None], ahead_max: int = 2) -> None:
    """Do each work on all items, one after the other, while this thread makes the next ones, so many ahead.

    Another thread works, and this one helps it where enough is made: works on the same items go on at the same time,
    so none may change them.

    Raises what making or a work raises, and the first of it if making goes well. Once a work has failed, nothing else
    is begun; if making an item fails, those that were made before are still worked on.
    """
    crew = _Crew([_Lane(work) for work in works], ahead_max)
    other = Thread(target=crew.help, args=(crew.is_awaited,), name=f"{current_thread().name}-beside")
    other.start()
    try:
        for item in items:
            crew.put(item)
            # Or it would be held beside the next one.
            del item
            crew.help(crew.is_full)
            if crew.has_failed():
                break
    finally:
        crew.end()
        other.join()
    crew.check()


@dataclass
class _Lane(Generic[Item]):
    """One work, what it is to be done on, and whether a thread does it, on the first of them."""

    work: Callable[[Item], None]
    items: deque[Item] = field(default_factory=deque)
    is_busy: bool = False


class _Crew(Generic[Item]):
    """What there is to do, and what became of it; what is asked of it whether to go on is asked under its lock."""

    def __init__(self, lanes: list[_Lane[Item]], ahead_max: int) -> None:
        self._lanes = lanes
        self._ahead_max = ahead_max
        self._changed = Condition()
        self._is_ended = False
        self._failure: BaseException | None = None

    def is_full(self) -> bool:
        """Say whether enough is made for now."""
        return any(len(lane.items) > self._ahead_max for lane in self._lanes)

    def is_awaited(self) -> bool:
        """Say whether there is anything to do, or to come."""
        return not self._is_ended or any(lane.items for lane in self._lanes)

    def has_failed(self) -> bool:
        """Say whether a work has."""
        return self._failure is not None

    def put(self, item: Item) -> None:
        """Have an item worked on."""
        with self._changed:
            for lane in self._lanes:
                lane.items.append(item)
            self._changed.notify_all()

    def end(self) -> None:
        """Help until all is done, with nothing to come."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()
        self.help(self.is_awaited)

    def help(self, is_needed: Callable[[], bool]) -> None:
        """Work for as long as that is needed, and wait where others do all that can be done."""
        while lane := self._taken(is_needed):
            failure = None
            try:
                lane.work(lane.items[0])
            except BaseException as raised:  # noqa: BLE001 - raised by the thread that makes
                failure = raised
            with self._changed:
                lane.items.popleft()
                lane.is_busy = False
                self._failure = self._failure or failure
                self._changed.notify_all()
            del failure

    def check(self) -> None:
        """Raise what a work has raised, and keep neither that nor what is left to do."""
        for lane in self._lanes:
            lane.items.clear()
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
        finally:
            del failure

    def _taken(self, is_needed: Callable[[], bool]) -> _Lane[Item] | None:
        with self._changed:
            while self._failure is None and is_needed():
                free = [lane for lane in self._lanes if lane.items and not lane.is_busy]
                if free:
                    longest = max(free, key=lambda lane: len(lane.items))
                    longest.is_busy = True
                    return longest
                self._changed.wait()
        return None
