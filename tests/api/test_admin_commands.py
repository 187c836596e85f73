import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.contract.auth_system import PASSWORD, AuthSystem
from tests.support.stores import Store
from typer.testing import CliRunner

from romaport.auth import Directory
from romaport.cli.admin import PASSWORD_VARIABLE, add_admin_commands

NEW = "a new password"


class Commands:
    """The commands as a person types them, on one database."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.system = AuthSystem(folder, store=store)
        self.app = typer.Typer()
        add_admin_commands(self.app, self._open)

    @contextmanager
    def _open(self) -> Iterator[Directory]:
        yield self.system.directory

    def run(self, *words: str, expected: int = 0, typed: str | None = None, password: str = "") -> str:
        result = CliRunner().invoke(self.app, words, input=typed, env={PASSWORD_VARIABLE: password})
        assert result.exit_code == expected, result.output
        return result.output

    def json(self, *words: str, password: str = "") -> Any:
        return json.loads(self.run(*words, "--json", password=password))


@pytest.fixture
def commands(tmp_path: Path, store: Store) -> Commands:
    return Commands(tmp_path, store)


def test_a_user_is_added_granted_listed_and_removed(commands: Commands) -> None:
    made = commands.json("users", "add", "eve", password=NEW)
    commands.run("users", "grant", "eve", "dev", "ROMA FullAccess")
    listed = {user["name"]: user for user in commands.json("users", "list")}
    assert listed["eve"] == {
        "id": made["id"],
        "name": "eve",
        "domain": "acme",
        "enabled": True,
        "grants": ["dev: ROMA FullAccess"],
    }
    assert "dev: ROMA FullAccess" in commands.run("users", "list")
    commands.system.token("eve", password=NEW)
    commands.run("users", "revoke", "eve", "dev", "ROMA FullAccess")
    commands.run("users", "remove", "eve", typed="n\n", expected=2)
    commands.run("users", "remove", "eve", "--yes")
    assert "eve" not in commands.run("users", "list")


def test_a_password_is_asked_for_twice_and_not_shown(commands: Commands) -> None:
    said = commands.run("users", "password", "ann", typed=f"{NEW}\n{NEW}\n")
    assert NEW not in said
    commands.system.token(password=NEW)


def test_a_password_is_never_taken_from_the_command_line(commands: Commands) -> None:
    said = commands.run("users", "password", "ann", "--password", NEW, expected=2)
    assert NEW not in said
    commands.system.token(password=PASSWORD)


def test_without_a_password_to_read_nothing_is_done(commands: Commands) -> None:
    said = commands.run("users", "add", "eve", typed="", expected=2)
    assert PASSWORD_VARIABLE in said


def test_a_disabled_user_is_shown_as_such(commands: Commands) -> None:
    commands.run("users", "disable", "ann")
    assert not next(user for user in commands.json("users", "list") if user["name"] == "ann")["enabled"]
    commands.run("users", "enable", "ann")
    commands.system.token()


def test_projects_and_instances_are_added_and_listed(commands: Commands) -> None:
    project = commands.json("projects", "add", "test")
    instance = commands.json("instances", "add", "test", "one", "--description", "first")
    other = commands.json("instances", "add", "dev", "two")
    assert {found["id"] for found in commands.json("projects", "list")} >= {project["id"]}
    assert [found["id"] for found in commands.json("instances", "list", "test")] == [instance["id"]]
    assert {found["id"] for found in commands.json("instances", "list")} == {instance["id"], other["id"]}
    assert commands.run("instances", "list", "prod") == "(none)\n"


def test_the_secret_of_a_key_is_shown_once(commands: Commands) -> None:
    made = commands.json("keys", "add", "ann")
    assert made["secret"] not in commands.run("keys", "list", "ann")
    assert [found["access_key"] for found in commands.json("keys", "list", "ann")] == [made["access_key"]]
    commands.run("keys", "remove", made["access_key"])
    assert commands.json("keys", "list", "ann") == []


def test_a_policy_of_ones_own_is_added_from_a_file(commands: Commands, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["roma:assets:delete"]}]}')
    commands.run("policies", "add", "Keep", str(file))
    assert "Keep" in commands.run("policies", "list")
    file.write_text("{}" + " " * 70_000)
    assert "at most 65536 bytes" in commands.run("policies", "add", "Large", str(file), expected=2)


def test_a_refusal_is_one_sentence_and_ends_with_2(commands: Commands) -> None:
    said = commands.run("users", "disable", "nobody", expected=2)
    assert said == "Refused: No user nobody exists. [ROMAPORT.1103]\n"
    assert "[ROMAPORT.1102]" in commands.run("projects", "add", "dev", expected=2)


def test_the_domain_must_be_named_when_there_are_several(commands: Commands) -> None:
    commands.system.directory.add_domain("other")
    assert "--domain" in commands.run("projects", "add", "test", expected=2)
    commands.run("projects", "add", "test", "--domain", "other")
