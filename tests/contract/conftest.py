"""A server in this process per module, and a fresh instance in it per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.extras import Extras
from tests.contract.workplace import Workplace
from tests.support.embedded import Account, EmbeddedServer
from tests.support.stores import Store

from romaport.auth import AuthOptions
from romaport.settings import Settings

FULL = "ROMA FullAccess"
ADMINISTRATOR = "Tenant Administrator"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[EmbeddedServer]:
    # Tests let days pass by the hand-set clock; their tokens shall outlive that.
    lasting = Settings(auth=AuthOptions(token_seconds=30 * 86_400))
    found = EmbeddedServer(Path(tmp_path_factory.mktemp("server")) / "data", lasting, store=store)
    found.start()
    yield found
    found.close()


@pytest.fixture(scope="module")
def admin(server: EmbeddedServer) -> Account:
    return server.account(ADMINISTRATOR)


@pytest.fixture(scope="module")
def ann(server: EmbeddedServer) -> Account:
    """A user who may do everything, and sees own and shared applications only."""
    return server.account(FULL)


@pytest.fixture(scope="module")
def ben(server: EmbeddedServer) -> Account:
    return server.account(FULL)


@pytest.fixture
def work(server: EmbeddedServer, admin: Account) -> Workplace:
    """An administrator in an empty instance, and no job of an earlier test that is still writing."""
    server.drain()
    return Workplace(admin.http, server.instance())


@pytest.fixture
def elsewhere(server: EmbeddedServer, admin: Account) -> Workplace:
    """An administrator in another empty instance."""
    return Workplace(admin.http, server.instance())


@pytest.fixture
def extras(work: Workplace) -> Extras:
    """What the administrator asks beyond the contract."""
    return Extras(work)
