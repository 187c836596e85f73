from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from romaport.auth.remembered import Failures, Remembered

NOW = 1_767_312_000.0


def failures(failures_max: int = 2, entries_max: int = 10) -> Failures[str]:
    return Failures(failures_max=failures_max, lock_seconds=60, entries_max=entries_max)


def test_a_value_holds_until_its_moment() -> None:
    remembered: Remembered[str, int] = Remembered(10)
    remembered.put("a", 1, until=1.0)
    assert remembered.get("a", at=0.0) == 1
    assert remembered.get("a", at=1.0) is None


@given(keys=st.lists(st.integers(0, 20), max_size=60))
def test_no_more_is_remembered_than_there_is_room_and_the_newest_stays(keys: list[int]) -> None:
    remembered: Remembered[int, int] = Remembered(5)
    for key in keys:
        remembered.put(key, key, until=1.0)
        assert remembered.get(key, at=0.0) == key
    assert len(remembered) == min(5, len(set(keys)))


def test_what_is_forgotten_is_gone() -> None:
    remembered: Remembered[str, int] = Remembered(10)
    for key in ("a", "b"):
        remembered.put(key, 1, until=1.0)
    remembered.forget("a")
    remembered.forget("unknown")
    assert (remembered.get("a", at=0.0), remembered.get("b", at=0.0)) == (None, 1)
    remembered.clear()
    assert len(remembered) == 0


def test_writers_in_many_threads_keep_the_bound() -> None:
    remembered: Remembered[int, int] = Remembered(50)

    def write(first: int) -> None:
        for key in range(first, first + 2_000):
            remembered.put(key, key, until=1.0)
            remembered.forget(key - 7)

    threads = [Thread(target=write, args=(first,)) for first in (0, 1_000, 10_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(remembered) <= 50


def test_the_last_permitted_failure_locks_a_name_for_its_time() -> None:
    counted = failures()
    counted.add("a", at=NOW)
    assert counted.locked_seconds("a", at=NOW) == 0
    counted.add("a", at=NOW)
    assert counted.locked_seconds("a", at=NOW) == 60
    assert counted.locked_seconds("a", at=NOW + 59.5) == 1
    assert counted.locked_seconds("a", at=NOW + 60) == 0
    assert counted.locked_seconds("b", at=NOW) == 0


def test_after_a_lock_the_count_begins_anew() -> None:
    counted = failures()
    for _ in range(2):
        counted.add("a", at=NOW)
    counted.add("a", at=NOW + 60)
    assert counted.locked_seconds("a", at=NOW + 60) == 0


@pytest.mark.parametrize("name", ["a", "unknown"])
def test_a_success_clears_the_count(name: str) -> None:
    counted = failures()
    counted.add("a", at=NOW)
    counted.clear(name)
    counted.add("a", at=NOW)
    assert bool(counted.locked_seconds("a", at=NOW)) is (name == "unknown")


def test_failures_of_many_names_have_a_bound() -> None:
    counted = failures(failures_max=1, entries_max=3)
    for name in "abcde":
        counted.add(name, at=NOW)
    assert [name for name in "abcde" if counted.locked_seconds(name, at=NOW)] == ["c", "d", "e"]
