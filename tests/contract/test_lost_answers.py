"""The database's answer to a commit is lost on its way: whoever asked is told 503, and a job that exists is whole."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url
from tests.contract.extras import Extras
from tests.contract.workplace import Workplace, refusal
from tests.support.beside import Given
from tests.support.embedded import EmbeddedServer
from tests.support.postgres import Postgres
from tests.support.proxy import Proxy, running_proxy
from tests.support.stores import Store

pytestmark = pytest.mark.stores("postgresql")

URL = "ROMAPORT_DATABASE_URL"
STARTS: dict[str, tuple[str, Callable[[Extras, bytes], httpx.Response]]] = {
    "import": ("import.opening", lambda extras, package: extras.work.import_package(package)),
    "plan": ("import.opening", lambda extras, package: extras.ask_plan(package)),
    "comparison": ("compare.opening", lambda extras, package: extras.ask_comparison(package, package)),
}


def distant(store: Store, proxy: Proxy) -> Store:
    """Reach a store's database by way of a proxy."""
    found = store.fresh()
    url = make_url(found[URL]).set(port=make_url(proxy.endpoint).port)
    return Given(found | {URL: url.render_as_string(hide_password=False)})


@pytest.fixture(scope="module")
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    with running_proxy(postgres.port) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, store: Store, proxy: Proxy) -> Iterator[EmbeddedServer]:
    found = EmbeddedServer(Path(tmp_path_factory.mktemp("server")) / "data", store=distant(store, proxy))
    found.start()
    yield found
    found.close()


@pytest.mark.parametrize(("opening", "ask"), STARTS.values(), ids=list(STARTS))
def test_a_job_whose_opening_was_not_answered_has_its_package(
    server: EmbeddedServer,
    elsewhere: Workplace,
    extras: Extras,
    proxy: Proxy,
    opening: str,
    ask: Callable[[Extras, bytes], httpx.Response],
) -> None:
    package = elsewhere.exported(elsewhere.add_set("orders")["app"])
    known = set(server.kept.rows("select id from jobs"))
    with ThreadPoolExecutor(1) as threads:
        with server.gates.held(opening) as reached:
            asking = threads.submit(ask, extras, package)
            assert reached.wait(30)
            proxy.change(down_bytes=0)
        refusal(asking.result(60), 503, "ROMAPORT.5001")
    proxy.change(down_bytes=None)
    ((job_id,),) = set(server.kept.rows("select id from jobs")) - known
    server.drain()
    assert extras.report(job_id)["state"] == "succeeded"
