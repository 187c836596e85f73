"""Imports point down. A contract nobody has seen fail is a hope, so each is broken here once, on a copy."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.house.tree import ROOT, SOURCE

VERDICT = re.compile(r"^(?P<name>.+?) (?P<verdict>KEPT|BROKEN)\b", re.MULTILINE)


@dataclass(frozen=True)
class Plant:
    """A line that must not be in a module, and the contracts that must say so."""

    module: str
    line: str
    broken: frozenset[str]


def plant(module: str, line: str, *broken: str) -> Plant:
    return Plant(module, line, frozenset(broken))


PLANTS = [
    plant("jobs/engine_embedded.py", "import romaport.catalog", "layers"),
    plant("console/pages.py", "import romaport.api", "layers"),
    # Everyone knows errors, and would through it know the settings and all that they know.
    plant("errors.py", "import romaport.settings", "layers", "pure", "client", "kinds"),
    plant("utils.py", "", "layers"),
    plant("api/assets.py", "import sqlalchemy", "sql"),
    plant("assets/exports.py", "import litestar", "web"),
    plant("client/client.py", "import romaport.auth", "client"),
    plant("packages/reader.py", "import romaport.storage", "pure"),
    plant("kinds/app.py", "import romaport.kinds.data_source", "kinds"),
    plant("assets/exports.py", "import romaport.jobs.store", "stores"),
    plant("assets/exports.py", "import obstore", "archives"),
]


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, linted once so that later runs read only what changed."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(SOURCE, folder / "romaport", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def broken_contracts(folder: Path) -> set[str]:
    """Answer the ids of the contracts that the copy in `folder` breaks."""
    config = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    ids = {contract["name"]: contract["id"] for contract in config["tool"]["importlinter"]["contracts"]}
    linter = Path(sys.executable).with_name("lint-imports")
    # Wide, so that no name is folded.
    environment = {**os.environ, "COLUMNS": "200"}
    run = subprocess.run(
        [linter, "--config", "pyproject.toml", "--cache-dir", ".cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = {ids[name]: verdict for name, verdict in VERDICT.findall(run.stdout) if name in ids}
    assert verdicts.keys() == set(ids.values()), run.stdout + run.stderr
    return {contract for contract, verdict in verdicts.items() if verdict == "BROKEN"}


def test_the_package_keeps_every_contract(linted: Path) -> None:
    assert broken_contracts(linted) == set()


def test_every_contract_is_broken_by_a_plant() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ids = {contract["id"] for contract in config["tool"]["importlinter"]["contracts"]}
    assert set().union(*(planted.broken for planted in PLANTS)) == ids


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: f"{planted.module}: {planted.line or 'new'}")
def test_a_planted_import_breaks_its_contracts(planted: Plant, linted: Path) -> None:
    module = linted / "romaport" / planted.module
    folder_is_new = not module.parent.exists()
    before = module.read_bytes() if module.exists() else None
    module.parent.mkdir(exist_ok=True)
    if folder_is_new:
        (module.parent / "__init__.py").touch()
    module.write_bytes((before or b"") + f"\n{planted.line}\n".encode())
    try:
        assert broken_contracts(linted) == planted.broken
    finally:
        if before is not None:
            module.write_bytes(before)
        elif folder_is_new:
            shutil.rmtree(module.parent)
        else:
            module.unlink()
