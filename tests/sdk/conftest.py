"""One server for all tests of the SDK that need no special settings; every test has instances of its own."""

from collections.abc import Iterator

import pytest
from tests.sdk.site import Site, running
from tests.sdk.vendor import CLIENTS, Sdk


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("sdk") / "data") as found:
        yield found


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def sdk(site: Site, client: str) -> Iterator[Sdk]:
    with site.sdk(client) as found:
        yield found


@pytest.fixture
def instance(site: Site) -> str:
    return site.instance()
