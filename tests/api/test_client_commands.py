"""The commands for people, run as a person runs them, against a real HTTP server with canned answers."""

import hashlib
import json
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.api.canned_server import (
    AK,
    INSTANCE,
    PROJECT,
    ROOT,
    SK,
    TASKS,
    Asked,
    CannedServer,
    Reply,
    canned_server,
    job,
)
from typer.testing import CliRunner, Result

from romaport.cli.client import add_client_commands

PACKAGE = b"PK" + bytes(5000)
DIGEST = hashlib.sha256(PACKAGE).hexdigest()
COMMANDS = "import typer; from romaport.cli.client import add_client_commands as add; app = typer.Typer(); add(app); "
PROGRAM = COMMANDS + "app()"
LOADED = "import sys; print([name for name in ('httpx', 'romaport.client', 'rich') if name in sys.modules])"


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned_server() as found:
        found.answers("GET", f"{ROOT}/apps", apps)
        found.answers(
            "GET", TASKS, Reply(json={"total": 1, "size": 1, "entities": [{"task_id": "t1", "task_name": "n"}]})
        )
        instances = {"total": 1, "size": 1, "instances": [{"id": INSTANCE, "name": "test"}]}
        found.answers("GET", f"/v2/{PROJECT}/instances", Reply(json=instances))
        for operation in ("export", "import", "delete"):
            found.answers("POST", f"{ROOT}/assets/{operation}", Reply(json={"job_id": "j1"}))
        found.answers("GET", f"{ROOT}/assets/jobs/j1", job("Running", 0.25), job("Success", 1.0, archive_id="a1"))
        found.answers("GET", f"{ROOT}/assets/archives/a1", Reply(body=PACKAGE, headers={"etag": f'"{DIGEST}"'}))
        yield found


def apps(asked: Asked) -> Reply:
    known = [{"id": "a1", "name": "orders"}, {"id": "a2", "name": "orders old"}]
    found = [app for app in known if asked.query.get("name", "") in app["name"]]
    return Reply(json={"total": len(found), "size": len(found), "apps": found})


@pytest.fixture
def environment(server: CannedServer, tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "home" / ".config"),
        "ROMAPORT_CLIENT_ENDPOINT": server.endpoint,
        "ROMAPORT_CLIENT_PROJECT": PROJECT,
        "ROMAPORT_CLIENT_INSTANCE": INSTANCE,
        "ROMAPORT_CLIENT_AK": AK,
        "ROMAPORT_CLIENT_SK": SK,
        "COLUMNS": "200",
    }


def run(environment: dict[str, str], *arguments: str) -> Result:
    app = typer.Typer()
    add_client_commands(app)
    result = CliRunner().invoke(app, arguments, env=environment)
    assert SK not in result.output
    assert SK not in result.stderr
    return result


def test_an_export_is_followed_and_downloaded(
    server: CannedServer, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "orders.zip"
    result = run(environment, "export", "--app", "orders", "--task", "n", "--app-id", "a9", "-o", str(file))
    assert result.exit_code == 0, result.stderr
    assert file.read_bytes() == PACKAGE
    assert server.bodies(f"{ROOT}/assets/export") == [{"apps": [{"id": "a9"}, {"id": "a1"}], "tasks": [{"id": "t1"}]}]
    lines = result.stdout.splitlines()
    assert lines[0] == "Export of 2 applications, 1 task: Running, 25%"
    assert lines[-1] == "Job j1: Success, 100%"
    assert DIGEST in result.stdout


def test_json_is_one_object_on_stdout_and_the_rest_is_on_stderr(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "orders.zip"
    result = run(environment, "export", "--app", "orders", "-o", str(file), "--json")
    answer = json.loads(result.stdout)
    assert answer["job"]["status"] == "Success"
    assert answer["package"] == {"file": str(file), "size_bytes": len(PACKAGE), "sha256": DIGEST}
    assert "Running, 25%" in result.stderr


def test_all_unknown_names_are_named_and_nothing_is_started(
    server: CannedServer, environment: dict[str, str], tmp_path: Path
) -> None:
    result = run(environment, "export", "--app", "order", "--app", "none", "--task", "x", "-o", str(tmp_path / "a.zip"))
    assert result.exit_code == 2
    assert "application order, application none, task x" in result.stderr
    assert {asked.method for asked in server.asked} == {"GET"}


def test_an_empty_selection_and_a_missing_folder_are_refused_before_anything_is_asked(
    server: CannedServer, environment: dict[str, str], tmp_path: Path
) -> None:
    assert run(environment, "export", "-o", str(tmp_path / "a.zip")).exit_code == 2
    assert run(environment, "export", "--app", "orders", "-o", str(tmp_path / "no" / "a.zip")).exit_code == 2
    assert server.asked == []


def test_a_failed_import_prints_every_finding_and_ends_with_1(
    server: CannedServer, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "orders.zip").write_bytes(PACKAGE)
    found = [
        {"resource_type": "task", "resource_name": f"[red]n{number}", "error_code": "ROMA.1", "error_msg": "is taken"}
        for number in range(3)
    ]
    server.answers("GET", f"{ROOT}/assets/jobs/j1", job("FAILED", 0.4, reasons=found))
    result = run(environment, "import", str(tmp_path / "orders.zip"), "--type", "Merge", "--datasource-overwrite")
    assert result.exit_code == 1
    assert [f"[red]n{number}" in result.stdout for number in range(3)] == [True] * 3
    sent = next(asked for asked in server.asked if asked.method == "POST")
    assert sent.query == {"type": "Merge", "datasource_overwrite": "true"}
    answer = json.loads(run(environment, "jobs", "wait", "j1", "--json").stdout)
    assert [reason["resource_name"] for reason in answer["job"]["reasons"]] == [f"[red]n{n}" for n in range(3)]


def test_a_deletion_where_nobody_can_be_asked_needs_yes(server: CannedServer, environment: dict[str, str]) -> None:
    assert run(environment, "delete", "--app", "orders").exit_code == 2
    assert all(asked.method == "GET" for asked in server.asked)
    assert run(environment, "delete", "--app", "orders", "--yes").exit_code == 0
    assert server.bodies(f"{ROOT}/assets/delete") == [{"apps": [{"id": "a1"}]}]


def test_a_refusal_shows_the_servers_code_details_and_request(
    server: CannedServer, environment: dict[str, str]
) -> None:
    body = {"error_code": "ROMA.10012", "error_msg": "A task is running.", "error_details": "wait", "request_id": "r7"}
    server.answers("POST", f"{ROOT}/assets/delete", Reply(400, body))
    result = run(environment, "delete", "--app", "orders", "--yes")
    assert result.exit_code == 2
    assert "A task is running. [ROMA.10012]" in result.stderr
    assert "wait" in result.stderr
    assert "r7" in result.stderr
    assert json.loads(run(environment, "delete", "--app", "orders", "--yes", "--json").stdout) == body


def test_a_job_is_shown_as_it_is(environment: dict[str, str]) -> None:
    result = run(environment, "jobs", "show", "j1")
    assert (result.exit_code, result.stdout) == (0, "Job j1: Running, 25%\n")


def test_a_job_can_be_followed_again_and_its_package_fetched(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    assert run(environment, "jobs", "wait", "j1", "-o", str(file)).exit_code == 0
    assert file.read_bytes() == PACKAGE


def test_a_job_without_a_package_ends_a_wish_for_it_with_2(
    server: CannedServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server.answers("GET", f"{ROOT}/assets/jobs/j1", job("Finished", 1.0))
    assert run(environment, "jobs", "wait", "j1", "-o", str(tmp_path / "x.zip")).exit_code == 2


def test_login_keeps_a_profile_that_only_its_owner_reads(server: CannedServer, environment: dict[str, str]) -> None:
    result = run(environment | {"ROMAPORT_CLIENT_INSTANCE": "test"}, "login", "--profile", "work")
    assert result.exit_code == 0, result.stderr
    [file] = Path(environment["HOME"]).rglob("work.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert json.loads(file.read_bytes())["instance"] == INSTANCE
    bare = {name: value for name, value in environment.items() if not name.startswith("ROMAPORT_CLIENT_")}
    unset = dict.fromkeys((name for name in environment if name.startswith("ROMAPORT_CLIENT_")), "")
    assert run(bare | unset, "jobs", "show", "j1", "--profile", "work").exit_code == 0
    assert run(bare | unset, "jobs", "show", "j1").exit_code == 2
    assert all(asked.is_signed for asked in server.asked)


@pytest.mark.parametrize("instance", ["unknown", ""])
def test_login_that_does_not_know_the_instance_lists_them_and_keeps_nothing(
    server: CannedServer, environment: dict[str, str], instance: str
) -> None:
    two = [{"id": "1", "name": "dev"}, {"id": "2", "name": "prod"}]
    server.answers("GET", f"/v2/{PROJECT}/instances", Reply(json={"total": 2, "size": 2, "instances": two}))
    result = run(environment | {"ROMAPORT_CLIENT_INSTANCE": instance}, "login")
    assert result.exit_code == 2
    assert "dev (1), prod (2)" in result.stderr
    assert list(Path(environment["HOME"]).rglob("*.json")) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("login", "--user", "ann"),
        ("jobs", "show", "j1", "--profile", "../x"),
        ("jobs", "show", "j1", "--endpoint", "http://u:pw@h"),
        ("jobs", "show", ".."),
        ("export", "--app", "orders"),
        ("import", "no-such-file.zip"),
    ],
)
def test_wrong_usage_ends_with_2(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    assert run(environment, *arguments).exit_code == 2


def test_a_missing_secret_is_not_waited_for_where_nobody_can_be_asked(environment: dict[str, str]) -> None:
    result = run(environment | {"ROMAPORT_CLIENT_SK": ""}, "login")
    assert result.exit_code == 2
    assert "--sk" in result.stderr


def test_a_server_that_is_gone_ends_with_2(environment: dict[str, str]) -> None:
    assert run(environment | {"ROMAPORT_CLIENT_ENDPOINT": "http://127.0.0.1:1"}, "jobs", "show", "j1").exit_code == 2


def started(environment: dict[str, str], *arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(sys.path)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment | {"PYTHONPATH": paths, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def until_polled(server: CannedServer, count: int) -> None:
    """Wait until a job was asked for so often."""
    deadline = time.monotonic() + 20
    while sum("/jobs/" in asked.path for asked in server.asked) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_says_that_the_job_goes_on_and_how_to_follow_it(
    server: CannedServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server.answers("GET", f"{ROOT}/assets/jobs/j1", job("Running", 0.5))
    arguments = ("export", "--app", "orders", "-o", str(tmp_path / "my orders.zip"), "--project", PROJECT)
    process = started(environment, *arguments)
    until_polled(server, 2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"The job goes on." in stderr
    again = f"romaport jobs wait j1 --output '{tmp_path / 'my orders.zip'}' --endpoint {server.endpoint}"
    assert again.encode() in stderr
    assert SK.encode() not in stdout + stderr
    assert b"Traceback" not in stderr


def test_a_terminal_shows_a_bar_with_percentage_and_times(environment: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = started(environment, "export", "--app", "orders", "-o", str(tmp_path / "x.zip"), stdout=theirs)
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 0.1)
        try:
            shown += os.read(ours, 65536) if ready else b""
        except OSError:
            break
    _, stderr = process.communicate(timeout=20)
    os.close(ours)
    assert process.returncode == 0, stderr
    assert "━".encode() in shown
    assert b"elapsed" in shown
    assert b"100%" in shown
    assert DIGEST.encode() in shown.replace(b"\r\n", b"")


def test_help_loads_neither_the_http_library_nor_the_client() -> None:
    found = subprocess.run(
        [sys.executable, "-c", COMMANDS + LOADED],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert found.stdout.decode().strip() == "[]"
