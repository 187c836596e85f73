"""Contract 6.3: APIs whose paths conflict are a known cause of failure; each is a finding, and nothing is written."""

import pytest
from tests.contract.apis import RELEASE, add_api, add_group
from tests.contract.workplace import Workplace
from tests.support.embedded import EmbeddedServer


@pytest.mark.parametrize("publishes", [True, False])
def test_a_path_that_another_api_of_the_group_has_is_a_finding(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, *, publishes: bool
) -> None:
    app_id, group_id = add_group(work)
    add_api(work, group_id, "list-orders", "/orders")
    add_api(work, group_id, "list-parcels", "/parcels")
    package = work.exported(app_id)
    add_api(elsewhere, add_group(elsewhere)[1], "all-orders", "/orders", publishes=publishes)
    before = {name: rows for name, rows in server.written().items() if name.startswith("asset")}
    job = elsewhere.imported(package, type="Merge")
    assert [(found["resource_name"], found["error_code"]) for found in job["reasons"]] == [
        ("orders / Shop / list-orders", "APIG.3301")
    ]
    after = {name: rows for name, rows in server.written().items() if name.startswith("asset")}
    assert after == before


def test_a_path_that_an_import_frees_can_be_taken_by_the_same_import(work: Workplace, elsewhere: Workplace) -> None:
    app_id, group_id = add_group(work)
    moved = add_api(work, group_id, "list-orders", "/orders")
    assert elsewhere.imported(work.exported(app_id))["status"] == "Success"
    # The old API moves to another path, and a new one takes its place.
    url = f"apic/instances/{work.instance_id}/apis/{moved}"
    shown = work.http.get(url).json()
    fields = ("name", "group_id", "type", "req_protocol", "req_method", "auth_type", "backend_type", "mock_info")
    answer = work.http.put(url, json={**{field: shown[field] for field in fields}, "req_uri": "/old-orders"})
    assert answer.status_code == 200, answer.text
    action = {"action": "online", "api_id": moved, "env_id": RELEASE}
    assert work.http.post(f"apic/instances/{work.instance_id}/apis/action", json=action).status_code == 201
    add_api(work, group_id, "list-orders-2", "/orders")
    assert elsewhere.imported(work.exported(app_id), type="Merge")["status"] == "Success"
