"""What the README, the tutorial and the how-tos tell people to type works, on a server that was just started."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.house.tree import ROOT, SOURCE
from tests.support.postgres import running_postgres
from tests.support.s3 import running_s3
from tests.support.server_process import Place, ServerProcess

from romaport.client import AccessKey, Client, Secret, is_success

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_export_by_hand_works_as_it_stands_and_the_tutorial_after_it(tmp_path: Path) -> None:
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
        job, apps = done.stdout.splitlines()
        assert '"status":"Success"' in job
        assert '"name":"Orders"' in apps
        typed(ROOT / "docs" / "tutorial.md", tmp_path, place)
    finally:
        server.stop()


def test_every_make_target_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named
    assert named <= targets


PAGES = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]
# What is not run: commands for another machine or that run for ever, files for other programs, edits of ours.
NOT_RUN = {"console", "diff", "ini", "nginx"}
RUN = {"sh", "python"}
SAYS = {
    "tutorial.md": ("exit code 1", "exit code 2", "datasource"),
    "manage-users.md": ("maria", "no-deletion"),
    "back-up-and-restore.md": ("admin",),
    "serve-in-production.md": ("ROMAPORT_SECRETS_KEY=", "ROMAPORT_SERVER_PORT="),
    "use-the-vendor-sdk.md": ("development", "production"),
    "promote-with-a-plan.md": ("outdated, exit code 1", "hole orders-db", "1 data_source", "differs, exit code 2"),
    "use-s3.md": ("ROMAPORT_ARCHIVES_SECRET_KEY=********",),
    "move-to-postgresql.md": ("Everything has arrived.", "admin"),
    "add-a-kind.md": ("assets/runbook.jsonl",),
}
"""What is to be seen on the way, by page."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^```(\w*)(?: title=(\S+))?\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(*block) for block in found]


def script(page: Path, printed: dict[str, str]) -> str:
    """Answer the page's blocks as one script; what a person would copy from the first start is filled in."""
    parts = ["set -eu"]
    for block in blocks(page):
        if block.language == "python" and not block.title:
            parts.append(f"python - <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK")
        elif block.language == "sh":
            filled = re.sub(
                r"^export (ENDPOINT|PROJECT|AK|SK)=\S+$",
                lambda found: f"export {found[1]}={printed[found[1]]}",
                block.text,
                flags=re.MULTILINE,
            )
            assert "=the-printed" not in filled
            parts.append(filled)
    return "\n".join(parts)


def typed(page: Path, folder: Path, place: Place, environment: dict[str, str] | None = None) -> str:
    """Type all of a page into a shell in a folder; answer what was to be seen."""
    printed = {
        "ENDPOINT": place.endpoint,
        "PROJECT": place.project_id,
        "AK": place.access_key,
        "SK": place.secret_key,
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script(page, printed)],  # noqa: S607 - the shell people have
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{page.name}\n{done.stdout}\n{done.stderr}"
    for words in SAYS[page.name]:
        assert words in done.stdout
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_a_page_is_run_or_of_a_language_that_is_not(page: Path) -> None:
    fences = re.findall(r"^```\S", page.read_text("utf-8"), re.MULTILINE)
    assert len(fences) == len(blocks(page)) > 0
    assert {block.language for block in blocks(page)} <= RUN | NOT_RUN
    assert page.name in SAYS


@pytest.mark.parametrize(
    "name", ["manage-users.md", "promote-with-a-plan.md", "serve-in-production.md", "use-the-vendor-sdk.md"]
)
def test_a_page_works_as_it_stands_beside_a_running_server(name: str, tmp_path: Path) -> None:
    page = next(page for page in PAGES if page.name == name)
    server = ServerProcess(tmp_path / "romaport-data")
    place = server.start()
    try:
        typed(page, tmp_path, place)
    finally:
        server.stop()


def test_a_restored_backup_has_the_assets_the_keys_and_the_packages(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "romaport-data")
    place = server.start()
    with client_of(place) as client:
        client.post("instances", place.source, "apps", body={"name": "Kept"})
        *_, job = client.wait(client.export(apps=[app.id for app in client.apps()]))
    assert is_success(job)
    server.stop()
    typed(ROOT / "docs" / "howto" / "back-up-and-restore.md", tmp_path, place)
    backup = subprocess.run(["tar", "-tzf", tmp_path / "backup.tar.gz"], capture_output=True, text=True, check=True)  # noqa: S607 - as people type it
    assert "romaport.db" in backup.stdout
    assert "secrets.key" not in backup.stdout

    server.data = tmp_path / "restored"
    try:
        with client_of(server.start()) as client:
            assert [app.name for app in client.apps()] == ["Kept"]
            assert isinstance(job.archive_id, str)
            assert client.download(job.archive_id, tmp_path / "kept.zip").is_verified
    finally:
        server.stop()


def test_a_folder_moves_to_other_stores_as_the_pages_say(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "romaport-data")
    place = server.start()
    server.stop()
    with running_s3() as s3, running_postgres() as postgres:
        environment = {**s3.environment(s3.bucket()), "ROMAPORT_DATABASE_URL": postgres.url(postgres.database())}
        for page in ("use-s3.md", "move-to-postgresql.md"):
            typed(ROOT / "docs" / "howto" / page, tmp_path, place, environment)


def test_a_kind_is_added_as_the_page_says(tmp_path: Path) -> None:
    page = ROOT / "docs" / "howto" / "add-a-kind.md"
    shutil.copytree(SOURCE, tmp_path / "src" / "romaport", ignore=shutil.ignore_patterns("__pycache__"))
    for block in blocks(page):
        if block.title:
            (tmp_path / block.title).write_text(block.text, "utf-8")
        elif block.language == "diff":
            add_lines(tmp_path / "src" / "romaport" / "kinds" / "__init__.py", block.text)
    environment = {"PYTHONPATH": str(tmp_path / "src")}
    server = ServerProcess(tmp_path / "romaport-data", settings=environment)
    place = server.start()
    try:
        typed(page, tmp_path, place, environment)
        with client_of(place, place.target) as client:
            answer = client.get("instances", place.target, "runbooks")
        assert isinstance(answer, dict)
        assert isinstance(answer["runbooks"], list)
        (runbook,) = answer["runbooks"]
        assert isinstance(runbook, dict)
        assert runbook["steps"] == ["Look at the queue"]
    finally:
        server.stop()


def client_of(place: Place, instance_id: str = "") -> Client:
    key = AccessKey(access_key=place.access_key, secret=Secret(place.secret_key))
    return Client(place.endpoint, key, project_id=place.project_id, instance_id=instance_id or place.source)


def add_lines(file: Path, change: str) -> None:
    """Put the added lines of a change after the lines they follow."""
    text = file.read_text("utf-8")
    for hunk in change.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] or line for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or line for line in lines)
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file.write_text(text, "utf-8")
