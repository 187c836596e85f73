"""Polls of jobs that change as fast as they can: nobody reads an older state than anyone has seen or caused before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.changes import Changes
from tests.support.polling import JOBS, Polls, assert_in_order

SECONDS = 3.0


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[Changes]:
    """A server in which jobs change."""
    found = Changes("serve", tmp_path, {})
    yield found
    found.close()


def test_nobody_reads_an_older_state_than_anyone_has_seen_or_caused_before(changes: Changes) -> None:
    assert changes.place
    polls = Polls.of(changes.place, [changes.place.endpoint], changes)
    changes.begin(SECONDS)
    seen = polls.run()
    assert changes.answer() > JOBS
    assert seen.refused == 0
    assert_in_order(seen)
