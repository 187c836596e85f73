"""One server on each store for all tests of the SDK that need no special settings, an instance for every test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.sdk.site import Site, running
from tests.sdk.vendor import CLIENTS, Sdk
from tests.support.stores import Store, Stores


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[Callable[[Store], Site]]:  # noqa: ARG001 - they outlive what is on them
    """The sites of this process: one on each store, for all files."""
    found: dict[str, Site] = {}
    with ExitStack() as stack:

        def on(store: Store) -> Site:
            if store.name not in found:
                found[store.name] = stack.enter_context(running(tmp_path_factory.mktemp("sdk") / "data", store=store))
            return found[store.name]

        yield on


@pytest.fixture(scope="session")
def site(sites: Callable[[Store], Site], store: Store) -> Site:
    return sites(store)


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
