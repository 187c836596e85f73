"""Writers in a line: one at a time, in the order in which they came, and none for longer than its patience."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.waiting import until

from romaport.errors import StoreUnavailable
from romaport.storage.line import Line

SECONDS = 30


def test_who_waits_comes_in_the_order_of_coming() -> None:
    line, came = Line(SECONDS), []

    def write(number: int) -> None:
        with line.turn():
            came.append(number)

    with ThreadPoolExecutor(8) as threads:
        with line.turn():
            waiting = []
            for number in range(8):
                waiting.append(threads.submit(write, number))
                until(lambda: line.length == len(waiting))
        for found in waiting:
            found.result(SECONDS)
    assert came == list(range(8))


def test_who_writes_without_end_lets_others_in_between() -> None:
    line, others, written = Line(SECONDS), threading.Event(), []

    def write() -> None:
        with line.turn():
            written.append(True)
        others.set()

    with ThreadPoolExecutor(1) as threads:
        with line.turn():
            waiting = threads.submit(write)
            until(lambda: line.length == 1)
        # Whoever was in first comes again at once, and is still behind the other.
        with line.turn():
            assert written
        waiting.result(SECONDS)


def test_only_one_writes_at_a_time() -> None:
    line, inside, most = Line(SECONDS), [], []

    def write() -> None:
        for _ in range(200):
            with line.turn():
                inside.append(True)
                most.append(len(inside))
                inside.pop()

    with ThreadPoolExecutor(4) as threads:
        for found in [threads.submit(write) for _ in range(4)]:
            found.result(SECONDS)
    assert len(most) == 800
    assert set(most) == {1}


def test_who_waits_too_long_is_told_so_and_leaves_the_line() -> None:
    line = Line(0.05)
    with line.turn():
        with pytest.raises(StoreUnavailable), line.turn():
            raise AssertionError("two were in")
        assert line.length == 0
    with line.turn():
        pass


def test_an_error_gives_the_turn_to_the_next() -> None:
    line = Line(SECONDS)
    with pytest.raises(ValueError, match="broken"), line.turn():
        raise ValueError("broken")
    with line.turn():
        assert line.length == 0
