"""`romaport serve` or `romaport worker` with gates: `held_process.py serve|worker GATES`.

A gate is a file `<checkpoint>.shut` in the folder; who stands before it writes its process id into
`<checkpoint>.reached`. A file `<checkpoint>.deadly` kills everyone who comes there.
"""

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from romaport.cli.serving import FirstCredentials, run_server, run_worker
from romaport.settings import read_settings
from romaport.telemetry import configure_logging

_LOOK_SECONDS = 0.01


def main(role: str, gates: Path) -> None:
    def checkpoint(name: str) -> None:
        if (gates / f"{name}.deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (gates / f"{name}.shut").exists():
            made = gates / f"{name}.{os.getpid()}"
            made.write_text(str(os.getpid()))
            made.rename(gates / f"{name}.reached")
        while (gates / f"{name}.shut").exists():
            time.sleep(_LOOK_SECONDS)

    def announce(endpoint: str = "", credentials: FirstCredentials | None = None) -> None:
        known = asdict(credentials) if credentials else None
        sys.stdout.write(json.dumps({"endpoint": endpoint, "credentials": known}) + "\n")
        sys.stdout.flush()

    configure_logging(level="info", as_json=True)
    settings = read_settings(os.environ)
    if role == "serve":
        run_server(settings, announce=announce, checkpoint=checkpoint)
    else:
        run_worker(settings, announce=announce, checkpoint=checkpoint)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
