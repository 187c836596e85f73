"""Contract 5.2: who sees an application and what is under it, and what the roles on it allow."""

import pytest
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


# contract 7.3: what the list can be narrowed to by users and roles


def _listed(where: Workplace, **query: str) -> list[str]:
    answer = where.http.get(where.roma("apps"), params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == found["size"] == len(found["apps"])
    return sorted(app["name"] for app in found["apps"])


@pytest.fixture
def shared(work: Workplace, ann: Account, ben: Account) -> tuple[Workplace, Workplace]:
    """Ann and ben in an instance: ann shares one application for reading, one for all, and keeps one."""
    anns, bens = Workplace(ann.http, work.instance_id), Workplace(ben.http, work.instance_id)
    for name, roles in {"read-only": ["read"], "managed": ["admin"], "deletable": ["delete"], "hidden": None}.items():
        app_id = anns.add_app(name)["id"]
        if roles:
            users = {"users": [{"id": ben.id, "roles": roles}]}
            assert anns.http.put(anns.roma(f"apps/{app_id}/users"), json=users).status_code == 200
    bens.add_app("bens")
    return anns, bens


def test_auth_role_keeps_the_applications_on_which_the_caller_has_the_role(
    work: Workplace, shared: tuple[Workplace, Workplace]
) -> None:
    anns, bens = shared
    assert _listed(bens) == ["bens", "deletable", "managed", "read-only"]
    assert _listed(bens, auth_role="read") == _listed(bens)
    assert _listed(bens, auth_role="delete") == ["bens", "deletable", "managed"]
    assert _listed(bens, auth_role="modify") == ["bens", "managed"]
    assert _listed(bens, auth_role="admin", owner="false") == ["managed"]
    assert _listed(anns, auth_role="admin") == ["deletable", "hidden", "managed", "read-only"]
    assert _listed(work, auth_role="admin") == ["bens", "deletable", "hidden", "managed", "read-only"]
    for app in bens.http.get(bens.roma("apps"), params={"auth_role": "delete"}).json()["apps"]:
        assert "delete" in app["roles"]


def test_user_name_keeps_the_applications_of_one_user_as_far_as_the_caller_sees_them(
    work: Workplace, shared: tuple[Workplace, Workplace], ann: Account, ben: Account
) -> None:
    anns, bens = shared
    assert _listed(work, user_name=ann.name) == ["deletable", "hidden", "managed", "read-only"]
    assert _listed(work, user_name=ben.name) == ["bens", "deletable", "managed", "read-only"]
    assert _listed(anns, user_name=ben.name) == ["deletable", "managed", "read-only"]
    assert _listed(bens, user_name=ann.name) == ["deletable", "managed", "read-only"]
    assert _listed(bens, user_name=ann.name, auth_role="delete", name="a") == ["deletable", "managed"]
    for nobody in ("nobody", ann.name[:-1], ann.id, "-", "%"):
        assert _listed(work, user_name=nobody) == []


def test_a_role_that_there_is_not_is_refused(work: Workplace) -> None:
    said = refusal(work.http.get(work.roma("apps"), params={"auth_role": "owner"}), 400, "ROMA.13000")
    assert "auth_role: must be one of read, access, modify, delete, admin" in said["error_details"]
