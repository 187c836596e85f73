"""Contract 5.2 for imports: what one operation on one asset would refuse its user, a package does not do either."""

from dataclasses import dataclass

import pytest
from tests.contract.extras import MERGE, Extras, assets_of, found, scheduled
from tests.contract.workplace import Workplace
from tests.support.embedded import Account, EmbeddedServer


@dataclass(frozen=True)
class Shared:
    """Ann's application and what is in it, and ben, who has some role on it, both in one instance."""

    anns: Workplace
    ben: Account
    app: str

    @property
    def bens(self) -> Extras:
        return Extras(Workplace(self.ben.http, self.anns.instance_id))

    def give(self, *roles: str) -> None:
        """Give ben these roles, and no others."""
        users = [{"id": self.ben.id, "roles": list(roles)}] if roles else []
        answer = self.anns.http.put(self.anns.roma(f"apps/{self.app}/users"), json={"users": users})
        assert answer.status_code == 200, answer.text


@pytest.fixture
def shared(work: Workplace, ann: Account, ben: Account) -> Shared:
    anns = Workplace(ann.http, work.instance_id)
    return Shared(anns, ben, anns.add_set("orders")["app"])


@pytest.fixture
def changed(elsewhere: Workplace) -> bytes:
    """The same application with another remark, exported elsewhere."""
    made = elsewhere.add_set("orders")
    assert elsewhere.http.put(elsewhere.roma(f"apps/{made['app']}"), json={"remark": "changed"}).status_code == 200
    return elsewhere.exported(made["app"])


@pytest.mark.parametrize("roles", [("read",), ("read", "access", "delete")])
def test_who_may_not_change_an_application_does_not_merge_into_it(
    server: EmbeddedServer, shared: Shared, changed: bytes, roles: tuple[str, ...]
) -> None:
    shared.give(*roles)
    before = assets_of(server)
    report = shared.bens.imported(changed, MERGE)
    assert report["state"] == "failed"
    assert found(report) == [("app", "orders", "ROMA.12001")]
    assert "role" in report["findings"]["items"][0]["advice"]
    assert assets_of(server) == before


@pytest.mark.parametrize("roles", [("modify",), ("admin",)])
def test_who_may_change_an_application_merges_into_it(shared: Shared, changed: bytes, roles: tuple[str, ...]) -> None:
    shared.give(*roles)
    assert shared.bens.imported(changed, MERGE)["outcome"]["updated"] == {"app": 1}


def test_who_may_read_an_application_puts_nothing_into_it(
    server: EmbeddedServer, shared: Shared, elsewhere: Workplace
) -> None:
    shared.give("read")
    app = elsewhere.add_app("orders")["id"]
    elsewhere.add_source(app, "smuggled")
    before = assets_of(server)
    report = shared.bens.imported(elsewhere.exported(app), MERGE)
    assert found(report) == [("data_source", "smuggled", "ROMA.12001")]
    assert assets_of(server) == before
    shared.give("modify")
    assert shared.bens.imported(elsewhere.exported(app), MERGE)["outcome"]["created"] == {"data_source": 1}


def test_a_part_is_put_into_what_may_be_changed_only(
    server: EmbeddedServer, shared: Shared, elsewhere: Workplace
) -> None:
    shared.give("read")
    scheduled(elsewhere)
    package, _ = Extras(elsewhere).exported(select={"schedule": ["*"]}, dependencies=False)
    before = assets_of(server)
    assert found(shared.bens.imported(package)) == [("schedule", "orders-run", "ROMA.12001")]
    assert assets_of(server) == before
    shared.give("modify")
    assert shared.bens.imported(package)["outcome"] == {"created": {"schedule": 1}}


def test_who_may_read_an_application_uses_its_data_sources(shared: Shared, elsewhere: Workplace) -> None:
    shared.give("read")
    theirs, own = elsewhere.add_set("orders"), elsewhere.add_app("bens")["id"]
    source = elsewhere.add_source(own, "bens-db")["datasource_id"]
    elsewhere.add_task(source, theirs["in"], "bens-run")
    package, _ = Extras(elsewhere).exported(select={"app": ["bens"]}, dependencies=False)
    report = shared.bens.imported(package)
    assert report["outcome"] == {"created": {"app": 1, "data_source": 1, "task": 1}}, report


def test_what_a_user_cannot_see_is_neither_changed_nor_shown_nor_used(
    server: EmbeddedServer, shared: Shared, changed: bytes
) -> None:
    before = assets_of(server)
    plan = shared.bens.planned(changed, MERGE)
    refused = [("app", "orders"), ("data_source", "orders-in"), ("data_source", "orders-out"), ("task", "orders-run")]
    assert found(plan) == [(*asset, "ROMA.12001") for asset in refused]
    items = shared.bens.items(plan["id"])
    assert [(item["step"], item["changes"]) for item in items] == [("refuse", [])] * 4
    assert found(shared.bens.imported(changed, MERGE)) == found(plan)
    assert assets_of(server) == before


def test_a_user_who_lost_the_role_takes_nothing_back(server: EmbeddedServer, shared: Shared, changed: bytes) -> None:
    shared.give("modify", "delete")
    job = shared.bens.imported(changed, MERGE)
    shared.give("read")
    before = assets_of(server)
    report = shared.bens.rolled_back(job["id"], overwrite=True)
    assert (report["state"], found(report)) == ("failed", [("app", "orders", "ROMA.12001")])
    assert assets_of(server) == before
    shared.give("modify")
    assert shared.bens.rolled_back(job["id"], overwrite=True)["state"] == "succeeded"


def test_a_user_who_lost_the_role_puts_nothing_back_into_an_application(server: EmbeddedServer, shared: Shared) -> None:
    shared.give("admin")
    task = shared.anns.http.get(shared.anns.fdi("tasks")).json()["entities"][0]["task_id"]
    job = shared.bens.deleted(tasks=[task])
    assert job["state"] == "succeeded"
    shared.give()
    before = assets_of(server)
    report = shared.bens.rolled_back(job["id"])
    assert (report["state"], found(report)) == ("failed", [("task", "orders-run", "ROMA.12001")])
    assert assets_of(server) == before
    # A task only uses data sources, which takes no more than to read them.
    shared.give("read")
    assert shared.bens.rolled_back(job["id"])["state"] == "succeeded"
