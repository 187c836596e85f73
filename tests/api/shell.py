"""A person at a prompt: commands as they are typed, what they print, and how they end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.server_process import Place
from typer.testing import CliRunner, Result

from romaport.cli.main import app
from romaport.client import AccessKey, Client, Secret

__all__ = ["WORD", "Shell"]

WORD = "Zq-word-of-the-command-7"


@dataclass(frozen=True)
class Shell:
    """A person at a prompt, with one server, and two instances of the test's own."""

    environment: Mapping[str, str]
    place: Place
    folder: Path
    source: str
    target: str

    def run(self, *words: str, expected: int = 0, instance: str = "") -> Result:
        """Run a command in the target, or the instance that is named; check how it ends, and that no secret shows."""
        environment = {**self.environment, "ROMAPORT_CLIENT_INSTANCE": instance or self.target}
        result = CliRunner().invoke(app, words, env=environment)
        assert result.exit_code == expected, (result.exit_code, result.stdout, result.stderr, result.exception)
        for text in (result.stdout, result.stderr):
            assert WORD not in text
            assert self.place.secret_key not in text
        return result

    def lines(self, *words: str, expected: int = 0, instance: str = "") -> list[str]:
        """Run a command, and answer what it says but for how far the job is."""
        said = self.run(*words, expected=expected, instance=instance).stdout.splitlines()
        return [
            line for line in said if not line.startswith(("Plan of", "Comparison of", "Execution of", "Rollback of"))
        ]

    def json(self, *words: str, expected: int = 0, instance: str = "") -> Any:
        """Run a command for its one object."""
        return json.loads(self.run(*words, "--json", expected=expected, instance=instance).stdout)

    def client(self, instance: str) -> Client:
        """Speak to the server about an instance."""
        key = AccessKey(access_key=self.place.access_key, secret=Secret(self.place.secret_key))
        return Client(self.place.endpoint, key, project_id=self.place.project_id, instance_id=instance)

    def add_app(self, instance: str, name: str = "orders", *, remark: str = "", tag: str = "nightly") -> None:
        """Make an application with a data source and a task."""
        with self.client(instance) as client:
            made: Any = client.post("instances", instance, "apps", body={"name": name, "remark": remark})
            content = {"host": "db.acme.example", "password": WORD}
            body = {
                "datasource_name": f"{name}-db",
                "datasource_type": "MYSQL",
                "app_id": made["id"],
                "content": content,
            }
            source: Any = client.post("fdi", "instances", instance, "datasources", body=body)
            ends = dict.fromkeys(("source_datasource_id", "target_datasource_id"), source["datasource_id"])
            task = {"task_name": f"{name}-run", "task_type": "TIMING", "task_tag": tag, **ends}
            client.post("fdi", "instances", instance, "tasks", body={"task": task, "task_detail": "{}"})

    def change_app(self, instance: str, remark: str, name: str = "orders") -> None:
        """Give an application another remark."""
        with self.client(instance) as client:
            found = client.find_app(name)
            assert found is not None
            client.put("instances", instance, "apps", found.id, body={"remark": remark})

    def package(self, *words: str, instance: str = "") -> str:
        """Export everything, or what is chosen, and answer the file's name."""
        file = self.folder / "package.zip"
        file.unlink(missing_ok=True)
        self.run("export", *(words or ("--all",)), "--output", str(file), instance=instance or self.source)
        return str(file)
