"""Work lets requests go first, and goes on however many come."""

import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from romaport.jobs import Courtesy
from romaport.jobs import courtesy as module

AT_ONCE = 16
SECONDS = 30


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock set by hand."""
    return Clock()


@pytest.fixture
def courtesy(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Courtesy:
    """What lets requests pass, for as long as a test may need to say that it does."""
    monkeypatch.setattr(module, "_NEW_SECONDS", SECONDS)
    return Courtesy(clock=clock)


def some(items: Iterator[int], number: int = AT_ONCE) -> list[int]:
    """Take so many items, by default as many as are worked on without a look for others."""
    return list(islice(items, number))


def later(items: Iterator[int]) -> tuple[threading.Thread, threading.Event]:
    """Take the next item in a thread; answer that, and what says that it was taken."""
    taken = threading.Event()

    def take() -> None:
        next(items)
        taken.set()

    thread = threading.Thread(target=take)
    thread.start()
    return thread, taken


def test_with_nobody_to_be_answered_work_goes_on(courtesy: Courtesy) -> None:
    assert list(courtesy.letting_pass(range(100))) == list(range(100))
    assert list(courtesy.letting_pass([])) == []


def test_work_stands_still_until_an_answer_is_given(courtesy: Courtesy, clock: Clock) -> None:
    items = courtesy.letting_pass(iter(range(100)))
    assert some(items) == list(range(AT_ONCE))
    clock.now += 1_000
    with courtesy.answering():
        thread, taken = later(items)
        stood_still = not taken.wait(0.01)
    assert taken.wait(SECONDS)
    thread.join(SECONDS)
    assert stood_still
    assert some(items, 100)[-1] == 99


def test_work_stands_still_no_longer_than_it_was_at_work(courtesy: Courtesy, clock: Clock) -> None:
    items = courtesy.letting_pass(iter(range(100)))
    some(items)
    clock.now += 0.02
    with courtesy.answering():
        assert next(items) == AT_ONCE


def test_work_waits_for_nobody_who_came_long_ago(courtesy: Courtesy, clock: Clock) -> None:
    items = courtesy.letting_pass(iter(range(100)))
    some(items)
    with courtesy.answering():
        clock.now += 1_000
        assert next(items) == AT_ONCE


def test_one_answer_of_two_is_not_enough(courtesy: Courtesy, clock: Clock) -> None:
    items = courtesy.letting_pass(iter(range(100)))
    some(items)
    clock.now += 1_000
    with courtesy.answering():
        with courtesy.answering():
            pass
        thread, taken = later(items)
        stood_still = not taken.wait(0.01)
    thread.join(SECONDS)
    assert (stood_still, taken.is_set()) == (True, True)


def test_a_request_that_fails_is_waited_for_no_longer(courtesy: Courtesy, clock: Clock) -> None:
    items = courtesy.letting_pass(iter(range(100)))
    some(items)
    clock.now += 1_000
    with pytest.raises(ValueError, match="refused"), courtesy.answering():
        raise ValueError("refused")
    assert next(items) == AT_ONCE
