"""References that are held back come in the order of their targets, each once, about as many as are asked for."""

import random

import pytest

from romaport.catalog.holding import Held
from romaport.catalog.store.placing import Edge


def edges(number: int, targets: int) -> list[Edge]:
    chance = random.Random(number)  # noqa: S311 - the same every time
    return [(f"{chance.randrange(targets):05}", f"{n:05}", "field", 0) for n in range(number)]


def held_of(found: list[Edge], run: int) -> Held:
    held = Held()
    for start in range(0, len(found), run):
        held.add(found[start : start + run])
    return held


@pytest.mark.parametrize(("number", "targets", "run"), [(1, 1, 1), (700, 1, 90), (5_000, 100, 400), (300, 9_999, 1)])
@pytest.mark.parametrize("asked", [1, 30, 1_000, 100_000])
def test_all_come_once_and_in_order(number: int, targets: int, run: int, asked: int) -> None:
    found = edges(number, targets)
    held = held_of(found, run)
    given: list[Edge] = []
    while taken := held.take(asked):
        given += taken
        assert len(held) == number - len(given)
    assert given == sorted(found)


def test_no_more_come_at_once_than_others_may_wait_for() -> None:
    held = held_of(edges(20_000, 700), 2_000)
    while taken := held.take(1_000):
        assert len(taken) <= 1_000 + 10 * 25


def test_what_is_added_meanwhile_comes_in_its_place() -> None:
    first, later = edges(1_000, 50)[:500], edges(1_000, 50)[500:]
    held = held_of(first, 100)
    given = held.take(200)
    held.add(later)
    rest = sorted([*first, *later])
    for edge in given:
        rest.remove(edge)
    assert held.take(100_000) == rest


def test_where_nothing_is_held_nothing_comes() -> None:
    assert Held().take(10) == []
    held = Held()
    held.add([])
    assert held.take(10) == []
