"""Work in another thread on what this one makes: in order, little ahead, and nothing after a failure."""

import threading
import time
from collections.abc import Iterator

import pytest
from tests.support.waiting import until

from romaport.packages.beside import work_beside

SECONDS = 30


def test_all_is_worked_on_in_the_order_of_making_by_one_other_thread() -> None:
    found: list[tuple[int, int]] = []
    work_beside(range(50), lambda item: found.append((item, threading.get_ident())))
    assert [item for item, _ in found] == list(range(50))
    (other,) = {thread for _, thread in found}
    assert other != threading.get_ident()


def test_only_a_few_are_made_ahead() -> None:
    made: list[int] = []
    ahead: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            made.append(item)
            yield item

    def work(item: int) -> None:
        if item == 0:
            until(lambda: len(made) == 3)
            time.sleep(0.1)
        ahead.append(len(made) - item)

    work_beside(items(), work)
    assert ahead[0] == 3
    assert max(ahead) <= 4


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


def test_what_was_made_before_making_failed_is_worked_on() -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        yield from range(2)
        raise ValueError("made")

    with pytest.raises(ValueError, match="made"):
        work_beside(items(), done.append)
    assert done == [0, 1]
