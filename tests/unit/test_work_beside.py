"""Works on what is made meanwhile: in order, little ahead, by two threads, and nothing after a failure."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator

import pytest
from tests.support.waiting import until

from romaport.packages.beside import work_beside

SECONDS = 30
NUMBER = 50


def test_every_work_is_done_on_all_in_the_order_of_making_by_no_more_than_two_threads() -> None:
    found: dict[str, list[int]] = {"first": [], "second": []}
    threads = set()

    def noted(name: str, item: int) -> None:
        threads.add(threading.get_ident())
        found[name].append(item)

    work_beside(range(NUMBER), lambda item: noted("first", item), lambda item: noted("second", item))
    assert found == {"first": list(range(NUMBER)), "second": list(range(NUMBER))}
    assert len(threads) <= 2


def test_a_work_is_done_while_the_next_is_made() -> None:
    done = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert done.wait(SECONDS)
        yield 1

    work_beside(items(), lambda _item: done.set())


def test_who_makes_helps_where_enough_is_made() -> None:
    maker, helped = threading.get_ident(), threading.Event()

    def work(_item: int) -> None:
        if threading.get_ident() == maker:
            helped.set()
        assert helped.wait(SECONDS)

    work_beside(range(NUMBER), work, work)


def test_a_work_is_done_by_one_thread_at_a_time() -> None:
    at_work = 0

    def work(_item: int) -> None:
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        time.sleep(0.001)
        at_work -= 1

    work_beside(range(NUMBER), work, lambda _item: time.sleep(0.001), ahead_max=1)


@pytest.mark.parametrize("ahead_max", [1, 2, 5])
def test_only_a_few_are_made_ahead(ahead_max: int) -> None:
    made: list[int] = []
    ahead: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            made.append(item)
            yield item

    def work(item: int) -> None:
        if item == 0:
            until(lambda: len(made) == ahead_max + 1)
            time.sleep(0.1)
        ahead.append(len(made) - item)

    work_beside(items(), work, ahead_max=ahead_max)
    assert ahead[0] == ahead_max + 1
    assert max(ahead) <= ahead_max + 1


def test_after_a_failure_nothing_more_is_worked_on_and_it_is_raised() -> None:
    done, made = [], threading.Event()

    def work(item: int) -> None:
        assert made.wait(SECONDS)
        if item == 1:
            raise ValueError("one")
        done.append(item)

    def items() -> Iterator[int]:
        yield from range(2)
        made.set()
        yield from range(2, 9)

    with pytest.raises(ValueError, match="one"):
        work_beside(items(), work)
    assert done == [0]


def test_of_two_failures_the_first_is_raised_and_nothing_is_kept() -> None:
    class Item:
        """What can be asked whether it is still there."""

    left: weakref.WeakSet[Item] = weakref.WeakSet()
    is_first_over = threading.Event()

    def items() -> Iterator[Item]:
        for _ in range(9):
            item = Item()
            left.add(item)
            yield item

    def first(_item: Item) -> None:
        is_first_over.set()
        raise ValueError("first")

    def second(_item: Item) -> None:
        assert is_first_over.wait(SECONDS)
        time.sleep(0.1)
        raise KeyError("second")

    gc.disable()
    try:
        with pytest.raises(ValueError, match="first"):
            work_beside(items(), first, second)
        assert not left
    finally:
        gc.enable()


def test_what_was_made_before_making_failed_is_worked_on() -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        yield from range(2)
        raise ValueError("made")

    with pytest.raises(ValueError, match="made"):
        work_beside(items(), done.append)
    assert done == [0, 1]
