"""Walks through what is staged: every position once, what is referred to first, so much at a time as is asked for."""

from itertools import count

import pytest

from romaport.catalog import Portion, Walk

EXTENTS = {"task": 7, "app": 2, "data_source": 3}
IN_ORDER = [("app", n) for n in range(2)] + [("data_source", n) for n in range(3)] + [("task", n) for n in range(7)]


def walked(walk: Walk, *numbers: int) -> list[Portion]:
    """Go on by each of these numbers, and then by the last until the end."""
    found: list[Portion] = []
    for step in count():
        portion = walk.portion(numbers[min(step, len(numbers) - 1)])
        if not portion:
            return found
        found.append(portion)
    raise AssertionError


def places(portions: list[Portion]) -> list[tuple[str, int]]:
    return [(kind, position) for portion in portions for kind, positions in portion for position in positions]


@pytest.mark.parametrize("numbers", [(1,), (2,), (5,), (12,), (100,), (1, 4, 2), (6, 1)])
def test_everything_is_met_once_in_portions_of_the_length_asked_for(numbers: tuple[int, ...]) -> None:
    found = walked(Walk(EXTENTS), *numbers)
    assert places(found) == IN_ORDER
    lengths = [sum(len(positions) for _, positions in portion) for portion in found]
    asked = [numbers[min(step, len(numbers) - 1)] for step in range(len(found))]
    assert lengths[:-1] == asked[:-1]
    assert 0 < lengths[-1] <= asked[-1]


def test_where_nothing_is_staged_there_is_nothing_to_walk_through() -> None:
    assert walked(Walk({}), 3) == []
