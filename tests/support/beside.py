"""Several servers on one store, in this process and yet with nothing but the store in common."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from tests.support.embedded import EmbeddedServer
from tests.support.stores import Store

from romaport.settings import SecretOptions, Settings

__all__ = ["Given", "running_beside"]

_KEY = "5a" * 32


class Given(Store):
    """A store that is named by settings, the same whenever it is asked for."""

    def __init__(self, settings: dict[str, str]) -> None:
        super().__init__()
        self._settings = settings

    def fresh(self) -> dict[str, str]:
        """Answer the settings."""
        return self._settings


@contextmanager
def running_beside(
    folder: Path, store: Store, number: int, settings: Settings | None = None
) -> Iterator[list[EmbeddedServer]]:
    """Run so many servers on one database for the length of the block; they serve the same projects."""
    chosen = msgspec.structs.replace(settings or Settings(), secrets=SecretOptions(key=_KEY))
    shared = Given(store.fresh())
    found = [EmbeddedServer(folder / str(at), chosen, store=shared) for at in range(number)]
    with ExitStack() as stack:
        for at, server in enumerate(found):
            server.start(beside=found[0] if at else None)
            stack.callback(server.close)
        yield found
