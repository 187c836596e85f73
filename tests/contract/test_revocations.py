"""Three processes' worth of servers on one database: once a credential's end was answered, none of them accepts it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import pytest
from tests.contract.auth_system import signed
from tests.contract.workplace import Workplace
from tests.support.beside import running_beside
from tests.support.embedded import Account, EmbeddedServer
from tests.support.stores import Store

from romaport.auth import AuthOptions
from romaport.settings import Settings

pytestmark = pytest.mark.stores("postgresql")

ROUNDS = 6
BEFORE_SECONDS, AFTER_SECONDS = 0.05, 0.15
POLICY = "Tenant Administrator"
REFUSED = {401, 403}
BOTH = ("token", "key")
# Longer than the test: nothing is forgotten by itself.
REMEMBERING = AuthOptions(cache_seconds=300)


def ended(server: EmbeddedServer, user: Account) -> None:
    headers = {"x-auth-token": user.token, "x-subject-token": user.token}
    assert server.http().delete("/v3/auth/tokens", headers=headers).status_code == 204


End = Callable[[EmbeddedServer, Account], object]
ENDS: dict[str, tuple[tuple[str, ...], End]] = {
    "token": (("token",), ended),
    "password": (("token",), lambda server, user: server.directory.set_password(user.id, "another password")),
    "disabled": (BOTH, lambda server, user: server.directory.disable_user(user.id)),
    "removed": (BOTH, lambda server, user: server.directory.remove_user(user.id)),
    "permission": (BOTH, lambda server, user: server.directory.revoke_grant(user.id, user.project_id, POLICY)),
    "key": (BOTH, lambda server, user: server.directory.remove_key(server.directory.keys(user.id)[0].access_key)),
}


@dataclass(frozen=True)
class Asked:
    """One request and its answer."""

    began_at: float
    status: int


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[list[EmbeddedServer]]:
    folder = Path(tmp_path_factory.mktemp("servers"))
    with running_beside(folder, store, 3, Settings(auth=REMEMBERING)) as found:
        yield found


@pytest.fixture(scope="module")
def job_path(servers: list[EmbeddedServer]) -> str:
    """A job that every administrator may see."""
    work = Workplace(servers[0].account(POLICY).http, servers[0].instance())
    job = work.settled(work.export({"apps": [{"id": work.add_app()["id"]}]}))
    return f"/v2/{servers[0].project_id}/{work.roma('assets/jobs')}/{job['id']}"


def asked_until(stop: Event, client: httpx.Client, requests: list[httpx.Request]) -> list[Asked]:
    """Ask again and again, one after the other, and once more when it is time to stop."""
    found = []
    is_last = False
    while not is_last:
        is_last = stop.is_set()
        for request in requests:
            began_at = time.monotonic()
            found.append(Asked(began_at, client.send(request).status_code))
    return found


def requests_of(server: EmbeddedServer, user: Account, paths: list[str], credential: str) -> list[httpx.Request]:
    if credential == "token":
        return [httpx.Request("GET", f"http://server{path}", headers={"x-auth-token": user.token}) for path in paths]
    key = server.directory.add_key(user.id)
    return [
        httpx.Request("GET", f"http://localhost:8080{path}", headers=signed(key, server.clock(), path=path).headers)
        for path in paths
    ]


@pytest.mark.parametrize(("credentials", "end"), ENDS.values(), ids=list(ENDS))
def test_no_process_accepts_a_credential_whose_end_another_has_answered(
    servers: list[EmbeddedServer], job_path: str, credentials: tuple[str, ...], end: End
) -> None:
    for number in range(ROUNDS):
        first, *others = servers[number % 3 :] + servers[: number % 3]
        user = servers[0].account(POLICY)
        paths = [job_path, f"/v2/{user.project_id}/instances"]
        asks = [requests_of(first, user, paths, credential) for credential in credentials]
        lanes = [(server.http(), requests) for server in others for requests in asks]
        assert {client.send(request).status_code for client, requests in lanes for request in requests} == {200}
        stop = Event()
        with ThreadPoolExecutor(len(lanes)) as threads:
            asking = [threads.submit(asked_until, stop, client, requests) for client, requests in lanes]
            time.sleep(BEFORE_SECONDS)
            end(first, user)
            ended_at = time.monotonic()
            time.sleep(AFTER_SECONDS)
            stop.set()
            for lane in asking:
                late = [asked.status for asked in lane.result(30) if asked.began_at > ended_at]
                assert late
                assert set(late) <= REFUSED, late
