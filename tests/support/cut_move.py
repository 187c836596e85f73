"""`romaport migrate-store` that dies by SIGKILL as it says its n-th line: `cut_move.py FOLDER N`."""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from romaport.cli.migrate_store import move_folder
from romaport.settings import read_settings


def main(folder: Path, last: int) -> None:
    numbers = count(1)

    def report(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    move_folder(folder, read_settings(os.environ), report)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
