"""A scene per module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.scene import Scene
from tests.support.stores import Store


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Scene]:
    found = Scene(Path(tmp_path_factory.mktemp("crash")), store)
    yield found
    found.close()
