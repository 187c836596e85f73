"""A clock's seconds are those of its moments, whichever clock it is."""

from tests.support.embedded import HandClock

from romaport.clock import seconds_of, system_clock


def test_the_machine_tells_one_time() -> None:
    before = system_clock().timestamp()
    found = seconds_of(system_clock)()
    assert before - 0.001 <= found <= system_clock().timestamp() + 0.001


def test_another_clock_is_asked_itself() -> None:
    clock = HandClock()
    seconds = seconds_of(clock)
    clock.advance(0.25)
    assert seconds() == clock.now.timestamp()
