"""Groups, APIs and environments made through the vendor's SDK."""

from typing import Any

from huaweicloudsdkroma.v2 import (
    ApiActionInfo,
    ApiCreate,
    ApiGroupCreate,
    ApiMockCreate,
    BackendApiCreate,
    CreateApiGroupV2Request,
    CreateApiV2Request,
    CreateEnvironmentV2Request,
    CreateOrDeletePublishRecordForApiV2Request,
    EnvCreate,
)
from tests.sdk.vendor import Sdk

__all__ = ["RELEASE", "action", "add_api", "add_environment", "add_group", "api_body", "web_backend"]

RELEASE = "DEFAULT_ENVIRONMENT_RELEASE_ID"


def add_group(sdk: Sdk, instance_id: str, name: str, **fields: Any) -> Any:
    """Add an API group."""
    return sdk.send(CreateApiGroupV2Request(instance_id=instance_id, body=ApiGroupCreate(name=name, **fields)))


def api_body(group_id: str, name: str, **fields: Any) -> Any:
    """Make the body of a small API with a made-up answer; its path follows from its name."""
    known: dict[str, Any] = {
        "name": name,
        "type": 1,
        "req_protocol": "HTTPS",
        "req_method": "GET",
        "req_uri": f"/{name}",
        "auth_type": "NONE",
        "backend_type": "MOCK",
        "mock_info": ApiMockCreate(result_content="ok"),
        "group_id": group_id,
    }
    return ApiCreate(**{**known, **fields})


def web_backend(**fields: Any) -> Any:
    """Make a backend that speaks HTTP."""
    known = {
        "url_domain": "stock.lakeside.example:8443",
        "req_protocol": "HTTPS",
        "req_method": "GET",
        "req_uri": "/stock",
        "timeout": 5000,
    }
    return BackendApiCreate(**{**known, **fields})


def add_api(sdk: Sdk, instance_id: str, group_id: str, name: str, **fields: Any) -> Any:
    """Add an API."""
    return sdk.send(CreateApiV2Request(instance_id=instance_id, body=api_body(group_id, name, **fields)))


def add_environment(sdk: Sdk, instance_id: str, name: str, **fields: Any) -> Any:
    """Add an environment."""
    return sdk.send(CreateEnvironmentV2Request(instance_id=instance_id, body=EnvCreate(name=name, **fields)))


def action(instance_id: str, api_id: str, *, env_id: str = RELEASE, offline: bool = False, **fields: Any) -> Any:
    """Make the request that publishes an API, or takes it offline."""
    body = ApiActionInfo(action="offline" if offline else "online", api_id=api_id, env_id=env_id, **fields)
    return CreateOrDeletePublishRecordForApiV2Request(instance_id=instance_id, body=body)
