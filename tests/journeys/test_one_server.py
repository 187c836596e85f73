"""A data folder has one server and an address has one; a second start is refused before it has done anything."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.server_process import ServerProcess

PORT_TAKEN = "romaport: Setting ROMAPORT_SERVER_PORT: 127.0.0.1:{port}: Address already in use [ROMAPORT.5002]\n"
FOLDER_TAKEN = "romaport: Setting ROMAPORT_SERVER_DATA: another server works on {folder} [ROMAPORT.5002]\n"


def refused(data: Path, port: str) -> str:
    """Start a server that must be refused; answer what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "romaport", "serve", "--data", data, "--port", port, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_a_second_server_on_a_folder_is_refused_and_clears_nothing_away(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    server.start()
    try:
        in_the_making = server.data / "scratch" / "export.zip"
        in_the_making.write_bytes(b"half")
        assert refused(server.data, "0") == FOLDER_TAKEN.format(folder=server.data)
        assert in_the_making.read_bytes() == b"half"
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_folder_is_free_when_its_server_has_ended(tmp_path: Path, end: str) -> None:
    server = ServerProcess(tmp_path / "data")
    first = server.start()
    getattr(server, end)()
    again = server.start()
    assert server.stop() == 0
    assert again.password == first.password


def test_a_taken_address_is_refused_before_credentials_are_made_that_nobody_would_see(tmp_path: Path) -> None:
    server, other = ServerProcess(tmp_path / "data"), ServerProcess(tmp_path / "other")
    port = server.start().endpoint.rpartition(":")[2]
    try:
        assert refused(other.data, port) == PORT_TAKEN.format(port=port)
        assert other.start().password
        assert other.stop() == 0
    finally:
        assert server.stop() == 0
