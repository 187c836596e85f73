"""Making groups of APIs over HTTP."""

from typing import Any

from tests.contract.workplace import Workplace

__all__ = ["RELEASE", "add_api", "add_group"]

RELEASE = "DEFAULT_ENVIRONMENT_RELEASE_ID"


def add_api(work: Workplace, group_id: str, name: str, uri: str, *, publishes: bool = True, **fields: Any) -> str:
    """Make an API, and publish it in RELEASE; answer its id."""
    apic = f"apic/instances/{work.instance_id}"
    body: dict[str, Any] = {
        "name": name,
        "group_id": group_id,
        "type": 1,
        "req_protocol": "HTTPS",
        "req_method": "GET",
        "req_uri": uri,
        "auth_type": "NONE",
        "backend_type": "MOCK",
        "mock_info": {"result_content": "ok"},
        **fields,
    }
    made = work.http.post(f"{apic}/apis", json=body)
    assert made.status_code == 201, made.text
    api_id: str = made.json()["id"]
    if publishes:
        action = {"action": "online", "api_id": api_id, "env_id": RELEASE}
        assert work.http.post(f"{apic}/apis/action", json=action).status_code == 201
    return api_id


def add_group(work: Workplace, app: str = "orders") -> tuple[str, str]:
    """Make an application with a group of APIs; answer their ids."""
    app_id = work.add_app(app)["id"]
    body = {"name": "Shop", "roma_app_id": app_id, "version": "V2"}
    made = work.http.post(f"apic/instances/{work.instance_id}/api-groups", json=body)
    assert made.status_code == 201, made.text
    return app_id, made.json()["id"]
