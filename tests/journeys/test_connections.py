"""Thousands may wait on one server, each on a connection that stays open; how many is a setting, and nobody is lost."""

import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.server_process import ServerProcess

CROWD = 1_500
FILES = 300
QUESTION = b"GET /v3/nothing HTTP/1.1\r\nhost: localhost\r\n\r\n"
ANSWER = b"HTTP/1.1 404"
WITH_FEW_FILES = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh"]
SERVE = [sys.executable, "-m", "romaport", "serve", "--json"]
PATIENCE_SECONDS = 20
IMPATIENCE_SECONDS = 0.5


@contextmanager
def served(folder: Path, *, before: Sequence[str] = (), **settings: str) -> Iterator[tuple[ServerProcess, ExitStack]]:
    """Run a server, and close what was opened to it before it is stopped."""
    server = ServerProcess(folder / "data", command=[*before, *SERVE], settings=settings)
    server.start()
    try:
        with ExitStack() as opened:
            yield server, opened
    finally:
        assert server.stop() == 0


def connected(server: ServerProcess, opened: ExitStack) -> socket.socket:
    """Open a connection, which stays open."""
    port = urlsplit(server.endpoint).port
    return opened.enter_context(socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE_SECONDS))


def answered(connection: socket.socket, *, within_seconds: float = PATIENCE_SECONDS) -> bool:
    """Say whether an answer has come in time, and take all of it."""
    connection.settimeout(within_seconds)
    try:
        return connection.recv(65_536).startswith(ANSWER)
    except TimeoutError:
        return False


def test_a_crowd_is_answered_again_and_again_on_connections_that_stay_open(tmp_path: Path) -> None:
    with served(tmp_path, ROMAPORT_SERVER_LOG_LEVEL="warning") as (server, opened):
        crowd = [connected(server, opened) for _ in range(CROWD)]
        for _ in range(2):
            for connection in crowd:
                connection.sendall(QUESTION)
            assert all(answered(connection) for connection in crowd)
        assert server.log_path.read_text() == ""


def test_who_comes_when_all_connections_are_taken_is_answered_when_one_has_ended(tmp_path: Path) -> None:
    with served(tmp_path, ROMAPORT_SERVER_CONNECTIONS_MAX="3") as (server, opened):
        first, *others = [connected(server, opened) for _ in range(3)]
        for connection in (first, *others):
            connection.sendall(QUESTION)
            assert answered(connection)
        late = connected(server, opened)
        late.sendall(QUESTION)
        assert not answered(late, within_seconds=IMPATIENCE_SECONDS)
        first.close()
        assert answered(late)


def test_a_server_that_may_open_few_files_holds_fewer_connections_and_says_so(tmp_path: Path) -> None:
    with served(tmp_path, before=WITH_FEW_FILES) as (server, opened):
        lines = [json.loads(line) for line in server.log_path.read_text().splitlines()]
        [line] = [line for line in lines if line["event"] == "connections_limited"]
        assert (line["wanted"], line["files"]) == (10_000, FILES)
        crowd = [connected(server, opened) for _ in range(line["allowed"] + 10)]
        for connection in crowd:
            connection.sendall(QUESTION)
        held, late = crowd[: line["allowed"]], crowd[line["allowed"] :]
        assert all(answered(connection) for connection in held)
        for connection in held:
            connection.close()
        assert all(answered(connection) for connection in late)


@pytest.mark.parametrize("said", [b"", QUESTION[:20]], ids=["nothing", "half a head"])
def test_who_says_nothing_more_for_long_enough_is_let_go_of(tmp_path: Path, said: bytes) -> None:
    with served(tmp_path, ROMAPORT_SERVER_SILENCE_SECONDS="1") as (server, opened):
        connection = connected(server, opened)
        connection.sendall(said)
        assert connection.recv(65_536) == b""


def test_who_has_been_answered_may_be_silent_for_a_while_and_asks_again(tmp_path: Path) -> None:
    with served(tmp_path, ROMAPORT_SERVER_SILENCE_SECONDS="3") as (server, opened):
        connection = connected(server, opened)
        for pause_seconds in (0, 1, 0):
            time.sleep(pause_seconds)
            connection.sendall(QUESTION)
            assert answered(connection)
