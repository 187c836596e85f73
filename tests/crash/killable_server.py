"""The server with a hand on it: one file tells it where to die or to wait, in another it tells what it passed.

Started as a program: `killable_server.py ORDERS PASSED POLLED`; all else comes from the environment, as for
`romaport serve`.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from romaport.cli.serving import FirstCredentials, announced, run_server
from romaport.settings import read_settings
from romaport.telemetry import configure_logging

_LOOK_SECONDS = 0.002


class Hand:
    """Called at every checkpoint, in the thread that passes it.

    Orders are a JSON object: `hold` names the checkpoint at which to wait until the checkpoint `until` was
    passed, or a line of that text was written for it; `kill` names the one at which to die, at its `nth`
    passing since the list of the passed began, or at every passing without `nth`. `paced` begins the names of
    those at which, once the job was told to go, to wait until somebody has polled: what is written between two
    of them is then seen, however fast the job is.
    """

    def __init__(self, orders: Path, passed: Path, polled: Path) -> None:
        self._orders = orders
        self._passed = passed
        self._polled = polled
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock, self._passed.open("a") as file:
            file.write(f"{name}\n")
        number = self._lines().count(name)
        orders = json.loads(self._orders.read_text())
        while orders.get("hold") == name and orders["until"] not in self._lines():
            time.sleep(_LOOK_SECONDS)
        if name.startswith(orders.get("paced", "-")) and "go" in self._lines():
            self._await_poll()
        if orders.get("kill") == name and orders.get("nth", number) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def _await_poll(self) -> None:
        # The first poll that ends from now on may have begun before; the second has not.
        wanted = self._polls_count() + 2
        while self._polls_count() < wanted and self._polls_count() >= 0:
            time.sleep(_LOOK_SECONDS)

    def _polls_count(self) -> int:
        """Answer how often somebody has polled; negative when nobody does."""
        text = self._polled.read_text() if self._polled.exists() else ""
        return int(text) if text else -1

    def _lines(self) -> list[str]:
        return self._passed.read_text().splitlines()


def main() -> None:
    settings = read_settings(os.environ)
    configure_logging(level=settings.server.log_level, as_json=True)

    def announce(address: str, credentials: FirstCredentials | None) -> None:
        sys.stdout.write(announced(address, credentials, settings, as_json=True) + "\n")
        sys.stdout.flush()

    run_server(settings, announce=announce, checkpoint=Hand(*map(Path, sys.argv[1:4])))


if __name__ == "__main__":
    main()
