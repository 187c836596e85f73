"""A store that stays ill: a job is tried again for as long as it may be, then says what it met and leaves nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.contract.extras import Extras, assets_of, found
from tests.contract.workplace import Workplace
from tests.support.beside import Given
from tests.support.embedded import EmbeddedServer
from tests.support.proxy import Proxy, Weather, running_proxy
from tests.support.stores import Store, Stores
from tests.support.waiting import until

from romaport.assets import sweep
from romaport.jobs import JobOptions
from romaport.settings import Settings

PATIENCE_SECONDS = 60
ILL = Weather(status=503)
STARTS = "select attempt, strikes from jobs where id = ?"

Begin = Callable[[Extras, bytes, str], httpx.Response]
JOBS: dict[str, tuple[str, Begin]] = {
    "export": ("export.written", lambda extras, _, app: extras.work.export({"apps": [{"id": app}]})),
    "import": ("import.fetching", lambda extras, package, _: extras.work.import_package(package)),
    "plan": ("import.fetching", lambda extras, package, _: extras.ask_plan(package)),
    "comparison": (
        "compareAsset.started",
        lambda extras, package, _: extras.ask_comparison(extras.work.instance_id, package),
    ),
}


@pytest.fixture(scope="module")
def proxy(stores: Stores) -> Iterator[Proxy]:
    with running_proxy(stores.s3.port) as found:
        yield found


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, store: Store, stores: Stores, proxy: Proxy
) -> Iterator[EmbeddedServer]:
    bucket = stores.s3.environment(stores.s3.bucket(), endpoint=proxy.endpoint)
    patient = Settings(jobs=JobOptions(patience_seconds=PATIENCE_SECONDS, retry_seconds=0.1))
    folder = Path(tmp_path_factory.mktemp("server"))
    found = EmbeddedServer(folder / "data", patient, store=Given(store.fresh() | bucket))
    found.start()
    yield found
    found.close()


@pytest.mark.parametrize(("met", "begin"), JOBS.values(), ids=list(JOBS))
def test_a_job_that_meets_an_ill_store_for_longer_than_it_may_wait_fails_and_names_it(
    server: EmbeddedServer,
    extras: Extras,
    elsewhere: Workplace,
    proxy: Proxy,
    met: str,
    begin: Begin,
) -> None:
    package = elsewhere.exported(elsewhere.add_set("orders")["app"])
    app = extras.work.add_app("own")["id"]
    before, files = assets_of(server), server.kept.files()
    with server.gates.held(met) as reached:
        started = begin(extras, package, app)
        assert reached.wait(30)
        ill = proxy.weather(ILL)
        ill.__enter__()
    job_id = started.json()["job_id"]
    try:
        # Tried again and again, and not held against it, before its time is over.
        until(lambda: server.kept.rows(STARTS, job_id)[0][0] > 2, seconds=60)
        assert server.kept.rows(STARTS, job_id)[0][1] <= 1
        server.clock.advance(PATIENCE_SECONDS)
        report = extras.told(started)
    finally:
        ill.__exit__(None, None, None)
    assert (report["state"], found(report)) == ("failed", [("job", job_id, "ROMAPORT.5001")])
    assert "The archive store is not available" in report["findings"]["items"][0]["message"]
    assert assets_of(server) == before
    # As if every package were old: their clock is the machine's, not the test's.
    sweep(server.system.parts.desk, grace=-timedelta(days=36_500))
    assert server.kept.files() == files
    assert extras.told(begin(extras, package, app))["state"] == "succeeded"
