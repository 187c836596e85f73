"""The commands beyond the contract, as a person types them, against a real server.

What a command does is tested in tests/contract; here is what it prints, and how it ends.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.api.shell import WORD, Shell
from tests.contract.handmade import handmade
from tests.support.held_server import Gates
from tests.support.server_process import Place, ServerProcess
from tests.support.stores import Store
from typer.testing import CliRunner

from romaport.assembly import open_directory
from romaport.cli.main import app
from romaport.packages import encode_entry


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Gates:
    return Gates(tmp_path_factory.mktemp("gates"))


@pytest.fixture(scope="module")
def server(gates: Gates, tmp_path_factory: pytest.TempPathFactory, store: Store) -> ServerProcess:
    # Nobody is asked to poll more slowly than the client does by itself.
    settings = {"ROMAPORT_API_POLL_SECONDS": "0"}
    return ServerProcess(
        tmp_path_factory.mktemp("server") / "data",
        settings=settings,
        command=gates.command,
        store=store,
        is_forked=True,
    )


@pytest.fixture(scope="module")
def place(server: ServerProcess) -> Iterator[Place]:
    yield server.start()
    assert server.stop() == 0
    assert WORD not in server.log_path.read_text()


@pytest.fixture(scope="module")
def new_instance(server: ServerProcess, place: Place) -> Callable[[], str]:
    """Add an instance; answer its id."""

    def add() -> str:
        with open_directory(server.settings) as directory:
            number = len(directory.instances(place.project_id))
            return directory.add_instance(place.project_id, f"instance-{number}")

    return add


@pytest.fixture
def shell(place: Place, new_instance: Callable[[], str], tmp_path: Path) -> Shell:
    environment = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "ROMAPORT_CLIENT_ENDPOINT": place.endpoint,
        "ROMAPORT_CLIENT_PROJECT": place.project_id,
        "ROMAPORT_CLIENT_AK": place.access_key,
        "ROMAPORT_CLIENT_SK": place.secret_key,
        "ORDERS_WORD": WORD,
        "COLUMNS": "200",
    }
    return Shell(environment, place, tmp_path, new_instance(), new_instance())


# plan and execute


def test_a_plan_is_printed_like_a_diff_with_what_would_be_lacking(shell: Shell) -> None:
    shell.add_app(shell.source)
    *lines, last = shell.lines("plan", shell.package(), expected=2)
    assert lines == [
        "+ app orders",
        "+ data source orders-db",
        "+ task orders-run",
        "hole: data_source orders-db: content.password is a secret and has to be filled in here. [ROMAPORT.4101]",
        "    Set it on the asset, or hand it over with the import as a value.",
        "3 to create, 0 to update, 0 kept, 0 refused",
    ]
    assert last.startswith("To do this: romaport execute ")


def test_a_plan_of_changes_shows_them_field_by_field_and_is_executed_by_its_id(shell: Shell) -> None:
    shell.add_app(shell.source, remark="new")
    shell.add_app(shell.target, remark="old")
    options = ("--type", "Merge", "--datasource-overwrite")
    *lines, last = shell.lines("plan", shell.package(), *options, expected=2)
    assert lines == [
        "~ app orders",
        '    remark: "old" -> "new"',
        "0 to create, 1 to update, 2 kept, 0 refused",
    ]
    plan_id = last.split()[-1]
    done = shell.lines("execute", plan_id)
    assert done[-1].endswith(": Success, 100%")
    again = shell.lines("execute", plan_id, expected=1)
    assert "app orders: The plan says update (remark), now it would be keep. [ROMAPORT.2007]" in again
    assert "    Make a new plan and look at it." in again
    assert again[-1].startswith("Job ")
    assert ": Failed, " in again[-1]
    assert shell.lines("plan", shell.package(), *options, expected=0) == ["0 to create, 0 to update, 3 kept, 0 refused"]


def test_a_plan_as_json_is_one_object(shell: Shell) -> None:
    shell.add_app(shell.source)
    package = shell.package()
    found = shell.json("plan", package, expected=2)
    assert found["report"]["outcome"] == {"create": {"app": 1, "data_source": 1, "task": 1}}
    assert [(item["kind"], item["step"]) for item in found["items"]] == [
        ("app", "create"),
        ("data_source", "create"),
        ("task", "create"),
    ]
    executed = shell.json("execute", found["report"]["id"])
    assert executed["job"]["status"] == "Success"
    assert shell.json("plan", package, "--type", "Merge")["items"] == []


def test_a_plan_that_would_be_refused_prints_every_finding_and_ends_with_1(shell: Shell) -> None:
    shell.add_app(shell.source)
    package = shell.package()
    shell.run("import", package)
    lines = shell.lines("plan", package, expected=1)
    assert lines[:5] == [
        "! app orders",
        "! data source orders-db",
        "! task orders-run",
        "app orders: The application already exists. [ROMA.14011]",
        "    Import with a prefix, or merge into what exists.",
    ]
    assert lines[-1] == "0 to create, 0 to update, 0 kept, 3 refused"
    found = shell.json("plan", package, expected=1)
    assert found["report"]["findings"]["total"] == len(found["report"]["findings"]["items"]) == 3
    refused = shell.run("execute", found["report"]["id"], expected=2)
    assert "[ROMAPORT.2006]" in refused.stderr
    assert shell.json("execute", found["report"]["id"], expected=2)["error_code"] == "ROMAPORT.2006"
    assert shell.lines("plan", package, "--prefix", "new-", expected=2)[0] == "+ app new-orders"


def test_more_findings_than_a_page_are_all_printed(shell: Shell) -> None:
    # The body of each lacks fields, it lacks a reference, and the other one leads nowhere.
    lines = [encode_entry((f"task-{number:03}",), "{}", {"source_datasource_id": ("no",)}) for number in range(400)]
    package = shell.folder / "wrong.zip"
    package.write_bytes(handmade(task=lines))
    found = shell.json("plan", str(package), expected=1)
    assert found["report"]["findings"]["total"] == len(found["report"]["findings"]["items"]) == 1_200
    assert len({(item["name"], item["message"]) for item in found["report"]["findings"]["items"]}) == 1_200
    said = shell.lines("report", found["report"]["id"])
    assert "1200 findings" in said
    assert sum("[ROMAPORT." in line for line in said) == 1_200


# compare


def test_a_comparison_ends_with_0_1_or_2(shell: Shell) -> None:
    shell.add_app(shell.source, remark="same")
    package = shell.package()
    shell.run("import", package)
    assert shell.lines("compare", shell.source, shell.target) == [
        "3 the same, 0 different, 0 only in the first, 0 only in the second"
    ]
    shell.change_app(shell.target, "other")
    shell.add_app(shell.source, "more")
    assert shell.lines("compare", shell.source, shell.target, expected=2) == [
        "- app more",
        "~ app orders",
        '    remark: "same" -> "other"',
        "- data source more-db",
        "- task more-run",
        "2 the same, 1 different, 3 only in the first, 0 only in the second",
    ]
    found = shell.json("compare", package, shell.target, expected=2)
    assert [(item["name"], item["step"]) for item in found["items"]] == [("orders", "differs")]
    assert shell.json("compare", package, package)["items"] == []
    refused = shell.run("compare", shell.target, "no-such-instance", expected=1)
    assert "must be one of the project's instances" in refused.stderr
    broken = shell.folder / "broken.zip"
    broken.write_bytes(b"PK")
    assert "[ROMA.10011]" in shell.run("compare", str(broken), shell.target, expected=1).stderr


def test_a_comparison_needs_no_instance_of_its_own(shell: Shell) -> None:
    result = CliRunner().invoke(
        app, ["compare", shell.source, shell.target], env={**shell.environment, "ROMAPORT_CLIENT_INSTANCE": ""}
    )
    assert result.exit_code == 0, result.output


# rollback, report


def test_a_rollback_takes_back_and_says_what_stands_in_the_way(shell: Shell) -> None:
    shell.add_app(shell.source)
    job_id = shell.json("import", shell.package())["job"]["id"]
    shell.change_app(shell.target, "mine")
    refused = shell.json("rollback", job_id, expected=1)
    assert refused["job"]["status"] == "Failed"
    assert [finding["name"] for finding in refused["report"]["findings"]["items"]] == ["orders"]
    assert shell.lines("rollback", job_id, "--overwrite")[-1].endswith(": Success, 100%")
    assert "[ROMAPORT.2004]" in shell.run("rollback", job_id, expected=2).stderr
    assert shell.json("rollback", "0" * 32, expected=2)["error_code"] == "ROMAPORT.2001"
    said = shell.lines("report", job_id)
    assert said[0] == f"Job {job_id}: importAsset, succeeded"
    assert "  created: 1 app, 1 data_source, 1 task" in said
    assert any(line.startswith("  rolled back by job ") for line in said)


def test_a_report_tells_of_an_export_and_of_a_failed_import(shell: Shell) -> None:
    shell.add_app(shell.source)
    shell.add_app(shell.target)
    file = str(shell.folder / "orders.zip")
    exported = shell.json("export", "--task", "orders-*", "--output", file, instance=shell.source)
    said = shell.lines("report", exported["job"]["id"], instance=shell.source)
    assert "  exported: 1 app, 1 data_source, 1 task" in said
    assert any(exported["package"]["sha256"] in line for line in said)
    assert any(line.startswith("    downloaded ") for line in said)
    assert "2 notes" in said
    assert "  data_source orders-db: Taken along, because task orders-run needs it. [ROMAPORT.4201]" in said
    failed = shell.json("import", file, expected=1)["job"]["id"]
    said = shell.lines("report", failed)
    assert said[0] == f"Job {failed}: importAsset, failed"
    assert "3 findings" in said
    assert "      Import with a prefix, or merge into what exists." in said
    assert len(shell.json("report", failed)["findings"]["items"]) == 3
    assert "[ROMAPORT.2001]" in shell.run("report", "0" * 32, expected=2).stderr


def test_all_that_stands_in_the_way_of_a_rollback_is_printed(shell: Shell) -> None:
    # More than the progress of a job has room for.
    names = [f"app-{number:02}" for number in range(12)]
    package = shell.folder / "apps.zip"
    package.write_bytes(handmade(app=[encode_entry((name,), "{}") for name in names]))
    job_id = shell.json("import", str(package))["job"]["id"]
    for name in names:
        shell.change_app(shell.target, "mine", name)
    lines = shell.lines("rollback", job_id, expected=1)
    assert sum("[ROMAPORT.2005]" in line for line in lines) == len(names)


# values


def test_values_come_from_a_file_and_the_environment(shell: Shell) -> None:
    shell.add_app(shell.source)
    package, file = shell.package(), shell.folder / "values.yaml"
    file.write_text("data_source:\n  orders-db:\n    content.password: ${ORDERS_WORD}\n")
    assert not any(line.startswith("hole") for line in shell.lines("plan", package, "--values", str(file), expected=2))
    job_id = shell.json("import", package, "--values", str(file))["job"]["id"]
    assert shell.json("report", job_id)["holes"]["total"] == 0
    merge = ("--type", "Merge", "--datasource-overwrite")
    assert shell.json("plan", package, *merge, "--values", str(file))["items"] == []
    file.write_text("data_source: {orders-db: {content.password: another}}")
    lines = shell.lines("plan", package, *merge, "--values", str(file), expected=2)
    assert lines[:2] == ["~ data source orders-db", '    content.password: "********" -> "********"']


def test_values_that_fit_nothing_are_refused(shell: Shell) -> None:
    shell.add_app(shell.source)
    package, file = shell.package(), shell.folder / "values.yaml"
    file.write_text(f"data_source: {{order-db: {{content.password: {WORD}}}}}")
    failed = shell.run("import", package, "--values", str(file), expected=1).stdout
    assert "ROMAPORT.4005" in failed
    assert "data source order-db" in failed
    file.write_text(f"datasource: {{orders-db: {{content.password: {WORD}}}}}")
    assert "datasource is no kind" in shell.run("import", package, "--values", str(file), expected=2).stderr
    assert "datasource is no kind" in shell.run("plan", package, "--values", str(file), expected=1).stderr
    file.write_text("data_source: {orders-db: {content.password: '${NO_SUCH_WORD}'}}")
    assert "NO_SUCH_WORD" in shell.run("import", package, "--values", str(file), expected=2).stderr
    assert shell.json("plan", package, "--values", str(file), expected=1)["error_code"] == "ROMA.13000"


# export by choice


def test_an_export_takes_kinds_by_name_tags_or_everything(shell: Shell) -> None:
    for name, tag in (("orders", "nightly"), ("billing", "hourly")):
        shell.add_app(shell.source, name, tag=tag)

    def names(*words: str) -> list[str]:
        package = shell.package(*words)
        return [item["name"] for item in shell.json("compare", package, shell.target, expected=2)["items"]]

    assert names("--all") == [
        "billing", "orders", "billing-db", "orders-db", "billing-run", "orders-run",
    ]  # fmt: skip
    assert names("--select", "task:orders*") == ["orders", "orders-db", "orders-run"]
    assert names("--select", "task:orders*", "--without-dependencies") == ["orders-run"]
    # A task belongs to its data sources.
    assert names("--select", "data_source:bill*", "--without-dependencies") == ["billing-db", "billing-run"]
    assert names("--tag", "hour*", "--without-dependencies") == ["billing-run"]
    assert names("--app", "[bo]*", "--without-dependencies") == names("--all")
    assert names("--app", "orders", "--tag", "hourly", "--without-dependencies") == [
        "orders", "orders-db", "billing-run", "orders-run",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--select", "task"), "must be like api:*orders*, not task"),
        (("--select", ":x"), "must be like api:*orders*"),
        (("--select", "tasks:x"), "tasks: is no kind that travels"),
        (("--select", "task:none*", "--tag", "none"), "tag none, task none*"),
        (("--app", "none*"), "application none*"),
        (("--app-id", "a1", "--tag", "nightly"), "cannot be mixed"),
        (("--all", "--app", "orders"), "leaves nothing to select"),
        (("--without-dependencies",), "at least one"),
    ],
)
def test_a_choice_that_is_none_ends_with_2_and_leaves_no_file(shell: Shell, words: tuple[str, ...], text: str) -> None:
    file = shell.folder / "none.zip"
    said = shell.run("export", *words, "--output", str(file), expected=2, instance=shell.source).stderr
    assert text in said
    assert not file.exists()


# how they end otherwise


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("plan",), 1),
        (("plan", "no-such-file.zip"), 1),
        (("plan", __file__, "--type", "Other"), 1),
        (("plan", __file__, "--no-such-option"), 1),
        (("compare", "one"), 1),
        (("compare", "a", "b", "c"), 1),
        (("execute",), 2),
        (("rollback",), 2),
        (("rollback", "a", "--no-such-option"), 2),
        (("report",), 2),
        (("import", __file__, "--values", "no-such-file.yaml"), 2),
    ],
)
def test_wrong_usage_is_an_error_and_never_says_that_something_differs(
    shell: Shell, words: tuple[str, ...], expected: int
) -> None:
    shell.run(*words, expected=expected)


def test_what_is_no_package_is_refused(shell: Shell) -> None:
    file = shell.folder / "package.zip"
    file.write_bytes(b"no zip")
    assert "[ROMA.10011]" in shell.run("plan", str(file), expected=1).stderr
    assert "[ROMA.10011]" in shell.run("import", str(file), expected=2).stderr


def test_a_server_that_is_gone_is_an_error(shell: Shell) -> None:
    gone = {**shell.environment, "ROMAPORT_CLIENT_ENDPOINT": "http://127.0.0.1:1", "ROMAPORT_CLIENT_INSTANCE": "a" * 32}
    for words, expected in ((("plan", __file__), 1), (("compare", __file__, __file__), 1), (("report", "x"), 2)):
        assert CliRunner().invoke(app, words, env=gone).exit_code == expected


@pytest.mark.parametrize("command", ["plan", "rollback"])
def test_ctrl_c_says_that_the_job_goes_on_and_how_to_follow_it(shell: Shell, gates: Gates, command: str) -> None:
    shell.add_app(shell.source)
    package = shell.package()
    words = [command, package if command == "plan" else shell.json("import", package)["job"]["id"]]
    checkpoint = f"{command}Asset.started"
    with gates.shut(checkpoint):
        process = subprocess.Popen(
            [sys.executable, "-m", "romaport", *words],
            env={**os.environ, **shell.environment, "ROMAPORT_CLIENT_INSTANCE": shell.target},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        gates.wait_for(checkpoint)
        assert process.stdout is not None
        # The command has begun to follow the job.
        assert "Running" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "The job goes on. Follow it again with:" in stderr
    assert "Traceback" not in stderr
    again = stderr.strip().splitlines()[-1].split()
    assert again[:3] == ["romaport", "jobs", "wait"]
    assert shell.json("jobs", "wait", again[3])["job"]["status"] == "Success"
