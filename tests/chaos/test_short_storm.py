"""A short storm in the ordinary run; `make chaos` is the long one."""

from collections.abc import Callable
from pathlib import Path

from tests.chaos.storm import Measure, Storm


def test_nothing_is_lost_doubled_or_told_falsely_in_a_short_storm(
    record_property: Callable[[str, object], None], tmp_path: Path
) -> None:
    outcome = Storm(Measure(jobs=30, faults=60, seconds_max=45, lanes=3), seed=41, folder=tmp_path).run()
    record_property("storm", f"{outcome.faults}, {outcome.verdict}, {outcome.takeovers}")
    assert outcome.wrong == []
    assert sum(outcome.faults.values()) > 20
