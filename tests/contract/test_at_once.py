"""What many ask at the same time is decided one after the other: names, paths, imports, job slots."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.apis import add_api, add_group
from tests.contract.workplace import Workplace
from tests.support.embedded import Account, EmbeddedServer
from tests.support.stores import Store
from tests.support.waiting import at_once

from romaport.jobs import JobOptions
from romaport.settings import Settings

MANY = 20
IMPORTS = 8
SLOTS = 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[EmbeddedServer]:
    settings = Settings(jobs=JobOptions(workers=IMPORTS, running_per_user=SLOTS))
    found = EmbeddedServer(Path(tmp_path_factory.mktemp("at-once")) / "data", settings, store=store)
    found.start()
    yield found
    found.close()


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_many_who_give_an_application_the_same_name_one_succeeds(work: Workplace) -> None:
    answers = at_once(MANY, lambda _: work.http.post(work.roma("apps"), json={"name": "orders"}))
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(refused) == MANY - 1, statuses(answers)
    assert len({(answer.status_code, answer.json()["error_code"]) for answer in refused}) == 1
    assert {answer.status_code for answer in refused} <= {400, 409}
    assert work.names()["apps"] == ["orders"]


def test_of_many_apis_on_one_method_and_path_one_is_made(work: Workplace) -> None:
    _, group_id = add_group(work)
    add_api(work, group_id, "another", "/another")
    body = {
        "group_id": group_id,
        "type": 1,
        "req_protocol": "HTTPS",
        "req_method": "GET",
        "req_uri": "/orders",
        "auth_type": "NONE",
        "backend_type": "MOCK",
        "mock_info": {"result_content": "ok"},
    }
    url = f"apic/instances/{work.instance_id}/apis"
    answers = at_once(MANY, lambda number: work.http.post(url, json={**body, "name": f"list-{number}"}))
    assert statuses(answers)[201] == 1
    assert {answer.json()["error_code"] for answer in answers if answer.status_code != 201} == {"APIG.3301"}
    assert work.http.get(url).json()["total"] == 2


def test_of_many_imports_of_one_package_one_arrives_and_the_others_say_what_is_taken(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace
) -> None:
    package = elsewhere.exported(elsewhere.add_set("orders")["app"])
    users = [Workplace(server.account("Tenant Administrator").http, work.instance_id) for _ in range(IMPORTS)]
    jobs = at_once(IMPORTS, lambda number: users[number].imported(package))
    assert Counter(job["status"] for job in jobs) == {"Success": 1, "Failed": IMPORTS - 1}
    assert {len(job["reasons"]) for job in jobs if job["status"] == "Failed"} == {4}
    assert work.names() == elsewhere.names()


def test_an_import_into_what_is_being_deleted_is_whole_or_refused(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace
) -> None:
    package = elsewhere.exported(elsewhere.add_set("orders")["app"])
    other = Workplace(server.account("Tenant Administrator").http, work.instance_id)
    for _ in range(5):
        app_id = work.add_set("orders")["app"]
        asks: list[Callable[[], Any]] = [
            lambda app=app_id: work.settled(work.delete({"apps": [{"id": app}]})),  # type: ignore[misc]
            lambda: other.imported(package),
        ]
        deleted, imported = at_once(2, lambda number: asks[number]())  # noqa: B023 - asked before the next turn
        assert deleted["status"] == "Success"
        if imported["status"] == "Success":
            assert work.names() == elsewhere.names()
            found = work.http.get(work.roma("apps")).json()["apps"][0]["id"]
            work.settled(work.delete({"apps": [{"id": found}]}))
        assert work.names() == {"apps": [], "sources": [], "tasks": []}


def test_as_many_jobs_as_a_user_may_run_are_begun_at_once_and_no_more(
    server: EmbeddedServer, work: Workplace, ann: Account
) -> None:
    user = Workplace(ann.http, work.instance_id)
    app_id = user.add_app("orders")["id"]
    with server.gates.held("export.selected"):
        answers = at_once(SLOTS, lambda _: user.export({"apps": [{"id": app_id}]}))
        assert statuses(answers) == {200: SLOTS}
        assert set(statuses(at_once(SLOTS, lambda _: user.export({"apps": [{"id": app_id}]})))) == {400}
    server.drain()


def test_an_export_does_not_wait_for_who_decides_about_its_instance(server: EmbeddedServer, work: Workplace) -> None:
    app_id = work.add_app("orders")["id"]
    desk = server.system.parts.desk
    if not desk.database.is_shared:
        # One file has one writer, and a job begins by writing that it has.
        return
    with desk.deciding(work.instance_id):
        assert work.settled(work.export({"apps": [{"id": app_id}]}))["status"] == "Success"
