"""Contract 5.2: who sees an application and what is under it, and what the roles on it allow."""

from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import Account


def test_other_users_applications_do_not_exist_until_they_are_shared(
    work: Workplace, ann: Account, ben: Account
) -> None:
    anns, bens = Workplace(ann.http, work.instance_id), Workplace(ben.http, work.instance_id)
    made = anns.add_set("anns")
    assert bens.names() == {"apps": [], "sources": [], "tasks": []}
    refusal(bens.http.get(bens.roma(f"apps/{made['app']}")), 404, "ROMAPORT.3001")
    refusal(bens.export({"apps": [{"id": made["app"]}]}), 404, "ROMAPORT.3002")
    shared = {"users": [{"id": ben.id, "roles": ["read"]}]}
    assert anns.http.put(anns.roma(f"apps/{made['app']}/users"), json=shared).status_code == 200
    assert bens.names()["tasks"] == ["anns-run"]
    refusal(bens.http.put(bens.roma(f"apps/{made['app']}"), json={"remark": "x"}), 403, "ROMA.12001")
