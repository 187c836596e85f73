"""Groups, APIs and environments made through the vendor's SDK."""

from typing import Any

from huaweicloudsdkroma.v2 import (
    ApiActionInfo,
    ApiConditionCreate,
    ApiCreate,
    ApiFuncCreate,
    ApiGroupCreate,
    ApiMockCreate,
    ApiPolicyFunctionCreate,
    ApiPolicyHttpCreate,
    ApiPolicyMockCreate,
    AuthOpt,
    BackendApiCreate,
    BackendParamBase,
    CreateApiGroupV2Request,
    CreateApiV2Request,
    CreateEnvironmentV2Request,
    CreateOrDeletePublishRecordForApiV2Request,
    EnvCreate,
    ReqParamBase,
    VpcInfo,
)
from tests.sdk.vendor import Sdk

__all__ = [
    "FUNCTION",
    "RELEASE",
    "action",
    "add_api",
    "add_environment",
    "add_group",
    "api_body",
    "constant",
    "web_backend",
    "whole_api",
]

RELEASE = "DEFAULT_ENVIRONMENT_RELEASE_ID"
FUNCTION = "urn:fss:region-1:73d69ae0cfcf460190522d06b60f05ad:function:default:stock"


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


def constant(name: str, value: str, location: str = "HEADER") -> Any:
    """Make a parameter that is the same in every call of the backend."""
    return BackendParamBase(name=name, location=location, origin="CONSTANT", value=value, remark="fixed")


def whole_api(group_id: str) -> Any:
    """Make a body with every field that an API may have."""
    return api_body(
        group_id,
        "get-stock",
        version="v1.2",
        req_uri="/stock/{sku}",
        auth_type="AUTHORIZER",
        authorizer_id="auth-1",
        auth_opt=AuthOpt(app_code_auth_type="DISABLE"),
        cors=True,
        match_mode="SWA",
        remark="Stock of one thing",
        body_remark="none",
        result_normal_sample='{"count": 3}',
        result_failure_sample='{"error": "none"}',
        response_id="response-1",
        domain_name="stock.lakeside.example",
        tags=["stock", "北1"],
        tag="old",
        content_type="application/json",
        req_params=[
            ReqParamBase(name="sku", type="STRING", location="PATH", remark="Which", min_size=1, max_size=32),
            ReqParamBase(name="count", type="NUMBER", location="QUERY", min_num=0, max_num=9, default_value="1"),
            ReqParamBase(name="X-Depot", type="STRING", location="HEADER", enumerations="north,south", valid_enable=1),
        ],
        backend_type="HTTP",
        **_backends(),
        **_policies(),
    )


def _backends() -> dict[str, Any]:
    return {
        "backend_api": web_backend(
            req_uri="/things/{id}/#stage#",
            authorizer_id="auth-3",
            vpc_channel_status=1,
            vpc_channel_info=VpcInfo(vpc_channel_id="channel-1", vpc_channel_proxy_host="inner.example"),
            retry_count="3",
            enable_client_ssl=False,
            version="v9",
            remark="behind",
        ),
        "mock_info": ApiMockCreate(
            result_content="3", status_code=202, header='[{"key": "X-Made", "value": "up"}]', authorizer_id="auth-4"
        ),
        "func_info": ApiFuncCreate(
            function_urn=FUNCTION, alias_urn=f"{FUNCTION}:!a1", invocation_type="sync", timeout=3000, network_type="V2"
        ),
        "backend_params": [
            BackendParamBase(name="id", location="PATH", origin="REQUEST", value="sku"),
            constant("x-api-key", "hush-hush"),
            BackendParamBase(name="caller", location="QUERY", origin="SYSTEM", value="$context.appId"),
        ],
    }


def _policies() -> dict[str, Any]:
    condition = ApiConditionCreate(
        condition_origin="param", req_param_name="X-Depot", condition_type="exact", condition_value="north"
    )
    conditional = {"effect_mode": "ALL", "conditions": [condition], "authorizer_id": "auth-2"}
    north = ApiPolicyHttpCreate(
        name="north",
        req_protocol="HTTP",
        req_method="ANY",
        req_uri="/north",
        url_domain="#depot#",
        vpc_channel_status=2,
        vpc_channel_info=VpcInfo(vpc_channel_id="channel-2"),
        backend_params=[constant("x-api-key", "other-hush")],
        **conditional,
    )
    counted = ApiPolicyFunctionCreate(name="counted", function_urn=FUNCTION, invocation_type="async", **conditional)
    return {
        "policy_https": [north],
        "policy_mocks": [ApiPolicyMockCreate(name="mocked", result_content="0", **conditional)],
        "policy_functions": [counted],
    }
