"""The server with gates: a job that comes to a named checkpoint waits there for as long as its gate is shut.

A gate is a file in the folder that is given: `<checkpoint>.shut` shuts it, and `<checkpoint>.reached` appears
when a job stands before it.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from romaport.cli.serving import FirstCredentials, run_server
from romaport.settings import read_settings

__all__ = ["Gates"]

_LOOK_SECONDS = 0.01
_REACH_SECONDS = 60


class Gates:
    """The gates as a test sees them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.command = [sys.executable, __file__, str(folder)]

    @contextmanager
    def shut(self, checkpoint: str) -> Iterator[None]:
        """Keep a gate shut for as long as the block lasts."""
        gate = self._folder / f"{checkpoint}.shut"
        gate.touch()
        try:
            yield
        finally:
            gate.unlink()
            (self._folder / f"{checkpoint}.reached").unlink(missing_ok=True)

    def wait_for(self, checkpoint: str) -> None:
        """Wait until a job stands before a gate."""
        deadline = time.monotonic() + _REACH_SECONDS
        while not (self._folder / f"{checkpoint}.reached").exists():
            assert time.monotonic() < deadline, f"no job came to {checkpoint}"
            time.sleep(_LOOK_SECONDS)


def main(folder: Path) -> None:
    """Serve as `romaport serve --json` does."""

    def checkpoint(name: str) -> None:
        gate = folder / f"{name}.shut"
        if not gate.exists():
            return
        (folder / f"{name}.reached").touch()
        while gate.exists():
            time.sleep(_LOOK_SECONDS)

    def announce(endpoint: str, credentials: FirstCredentials | None) -> None:
        known = asdict(credentials) if credentials else None
        sys.stdout.write(json.dumps({"endpoint": endpoint, "credentials": known}) + "\n")
        sys.stdout.flush()

    run_server(read_settings(os.environ), announce=announce, checkpoint=checkpoint)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
