"""The server with an order to die: at a named checkpoint, the n-th time it is passed, by SIGKILL.

The order lies in a file beside the data folder and is read at every checkpoint, so that one process can be told
when its work has begun. `pause` holds the checkpoint instead, for tests of a graceful stop.
"""

import dataclasses
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from romaport.cli.serving import FirstCredentials, run_server
from romaport.settings import read_settings


def main(order_path: Path, passed_path: Path) -> None:
    passed: Counter[str] = Counter()
    ordered = ""

    def checkpoint(name: str) -> None:
        nonlocal ordered
        with passed_path.open("a") as record:
            record.write(name + "\n")
        text = order_path.read_text() if order_path.exists() else ""
        if text != ordered:
            ordered = text
            passed.clear()
        if not text:
            return
        order = json.loads(text)
        passed[name] += 1
        if name != order["name"] or passed[name] != order.get("nth", 1):
            return
        if "pause" in order:
            (order_path.parent / "paused").touch()
            time.sleep(order["pause"])
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def announce(endpoint: str, credentials: FirstCredentials | None) -> None:
        known = dataclasses.asdict(credentials) if credentials else None
        sys.stdout.write(json.dumps({"endpoint": endpoint, "credentials": known}) + "\n")
        sys.stdout.flush()

    run_server(read_settings(os.environ), announce=announce, checkpoint=checkpoint)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
