"""A scene per module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.scene import Scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(Path(tmp_path_factory.mktemp("crash")))
    yield found
    found.close()
