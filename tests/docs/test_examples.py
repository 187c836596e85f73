"""What the README tells people to type works, on a server that was just started."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.house.tree import ROOT
from tests.support.server_process import ServerProcess

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_export_by_hand_works_as_it_stands(tmp_path: Path) -> None:
    assert shutil.which("curl"), "the README's example needs curl"
    settings, *steps = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert len(steps) == 2
    server = ServerProcess(tmp_path / "data")
    place = server.start()
    try:
        printed = {
            "ENDPOINT": place.endpoint,
            "PASSWORD": place.password,
            "PROJECT": place.project_id,
            "SOURCE": place.source,
            "TARGET": place.target,
        }
        assert set(printed) == set(re.findall(r"^(\w+)=", settings, re.MULTILINE))
        script = "set -eu\n" + "\n".join(f"{name}={value}" for name, value in printed.items()) + "\n" + "".join(steps)
        done = subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - the shell people have
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    finally:
        server.stop()
    assert '"name":"Orders"' in done.stdout.splitlines()[-1]


def test_every_make_target_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named
    assert named <= targets
