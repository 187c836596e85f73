"""One machine needs what `pip install romaport` brings, and nothing else."""

import json
import os
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

# Refuses every module of other distributions, in the program and in all that it starts.
REFUSING = """
import json, sys

class Refusing:
    refused = set(json.loads({names!r}))

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"{{name}} is not brought by romaport", name=name)

sys.meta_path.insert(0, Refusing())
"""


def brought(name: str) -> set[str]:
    """Answer the distributions that installing one without extras brings, by normal name."""
    found: set[str] = set()
    waiting = [(name, frozenset[str]())]
    while waiting:
        distribution, extras = waiting.pop()
        found.add(_normal(distribution))
        for text in requires(distribution) or []:
            needed = Requirement(text)
            applies = needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in (extras or {""}))
            if applies and _normal(needed.name) not in found:
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_no_driver_of_a_database_or_a_store_is_brought() -> None:
    assert {"psycopg", "psycopg-binary", "asyncpg", "boto3", "botocore", "moto"} & brought("romaport") == set()


def test_the_whole_story_is_told_with_nothing_but_what_is_brought(tmp_path: Path) -> None:
    there = brought("romaport")
    others = [
        module
        for module, distributions in packages_distributions().items()
        if not any(_normal(found) in there for found in distributions)
    ]
    assert {"psycopg", "boto3", "pytest"} <= set(others)
    (tmp_path / "sitecustomize.py").write_text(REFUSING.format(names=json.dumps(others)))
    done = subprocess.run(
        [sys.executable, "-m", "romaport", "demo"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    refused = subprocess.run(
        [sys.executable, "-c", "import psycopg"], env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=False
    )
    assert refused.returncode != 0
