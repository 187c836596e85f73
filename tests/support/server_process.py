"""The server as a real process, started, stopped and killed the way an operator's machine would."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.nursery import Forked
from tests.support.stores import Store, Written

from romaport.settings import Settings, read_settings

_START_SECONDS = 30
_STOP_SECONDS = 40


@dataclass(frozen=True)
class Place:
    """The first credentials and where they hold."""

    endpoint: str
    domain: str
    user: str
    password: str
    access_key: str
    secret_key: str
    project: str
    project_id: str
    instances: Mapping[str, str]

    @property
    def source(self) -> str:
        """The id of the first instance."""
        return self.instances["development"]

    @property
    def target(self) -> str:
        """The id of the second instance."""
        return self.instances["production"]


class ServerProcess:
    """One server on one data folder and one store; it may be started again and again.

    A forked one is the same program, without the time that loading it takes.
    """

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        store: Store | None = None,
        is_forked: bool = False,
    ) -> None:
        self.data = data
        self.log_path = data.parent / f"{data.name}.log"
        self._settings = (store or Store()).fresh() | dict(settings or {})
        self._command = list(command or [sys.executable, "-m", "romaport", "serve", "--json"])
        self._is_forked = is_forked
        self._process: subprocess.Popen[str] | Forked | None = None
        self._credentials: dict[str, Any] | None = None
        self.endpoint = ""

    def start(self) -> Place:
        """Start, wait until requests are answered, and tell where."""
        announced = self.launch()
        self.endpoint = announced["endpoint"]
        self._credentials = announced["credentials"] or self._credentials
        assert self._credentials is not None
        return Place(endpoint=self.endpoint, **self._credentials)

    def launch(self) -> dict[str, Any]:
        """Start, wait for the line that says that the process works, and answer it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROMAPORT_")}
        environment |= {"ROMAPORT_SERVER_DATA": str(self.data), "ROMAPORT_SERVER_PORT": "0", **self._settings}
        self._process = self._begun(environment)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"the server did not start:\n{self.log_path.read_text()[-4000:]}"
            raise RuntimeError(message)
        announced: dict[str, Any] = json.loads(line)
        return announced

    def _begun(self, environment: Mapping[str, str]) -> subprocess.Popen[str] | Forked:
        if self._is_forked:
            return Forked(self._command, environment, self.log_path)
        with self.log_path.open("a") as log:
            return subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)

    def adopt(self, place: Place) -> None:
        """Know the credentials of a first start that another server had."""
        self._credentials = {name: value for name, value in vars(place).items() if name != "endpoint"}

    @property
    def settings(self) -> Settings:
        """What the server was told, for who opens its store beside it."""
        named = {name: value for name, value in self._settings.items() if name.startswith("ROMAPORT_")}
        return read_settings({"ROMAPORT_SERVER_DATA": str(self.data), **named})

    @property
    def kept(self) -> Written:
        """What the server has written down."""
        return Written(self.data, self.settings.database.url, self.settings.archives)

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """Stop as an operator does, and answer the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End the process at once."""
        assert self._process is not None
        self._process.kill()
        self.wait(_START_SECONDS)

    def wait(self, seconds: float) -> int:
        """Wait for the process to end by itself, and answer its exit code (negative for a signal)."""
        assert self._process is not None
        code = self._process.wait(seconds)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None
