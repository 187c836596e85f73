"""What stands behind an API, in the vendor's extensions and in the fields."""

from typing import Any

import pytest
from tests.unit.openapi_samples import PAGES, api, body, openapi, operation

HTTP = {
    "address": "example.com:8080",
    "scheme": "http",
    "method": "get",
    "path": "/users",
    "timeout": 30000,
    "retryCount": 3,
}


@pytest.mark.verified(PAGES)
@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (
            {"type": "HTTP", "httpEndpoints": {**HTTP, "enableClientSsl": True}},
            {
                "backend_type": "HTTP",
                "backend_api": {
                    "url_domain": "example.com:8080",
                    "vpc_channel_status": 2,
                    "req_protocol": "HTTP",
                    "req_method": "GET",
                    "req_uri": "/users",
                    "timeout": 30000,
                    "retry_count": "3",
                    "enable_client_ssl": True,
                },
            },
        ),
        (
            {
                "type": "HTTP-VPC",
                "httpVpcEndpoints": {"name": "VPC_1", "scheme": "https", "method": "ANY", "path": "/"},
            },
            {
                "backend_type": "HTTP",
                "backend_api": {
                    "vpc_channel_status": 1,
                    "vpc_channel_info": {"vpc_channel_id": "VPC_1"},
                    "req_protocol": "HTTPS",
                    "req_method": "ANY",
                    "req_uri": "/",
                    "timeout": 5000,
                },
            },
        ),
        (
            {
                "type": "FUNCTION",
                "functionEndpoints": {"function-urn": "urn:x", "version": "v1", "invocation-type": "synchronous"},
            },
            {
                "backend_type": "FUNCTION",
                "func_info": {"function_urn": "urn:x", "version": "v1", "invocation_type": "sync", "timeout": 5000},
            },
        ),
        (
            {"type": "MOCK", "mockEndpoints": {"result-content": "mocked"}},
            {"backend_type": "MOCK", "mock_info": {"result_content": "mocked"}},
        ),
        ({"type": "MOCK"}, {"backend_type": "MOCK", "mock_info": {"result_content": ""}}),
    ],
)
def test_a_backend_is_what_the_extension_says(backend: dict[str, Any], expected: dict[str, Any]) -> None:
    found = api(**{"x-apigateway-backend": backend})
    assert {name: value for name, value in found.items() if name in expected} == expected


@pytest.mark.verified(PAGES)
def test_a_backend_gets_parameters_and_policies() -> None:
    given = [
        {"name": "userId", "value": "userId", "in": "query", "origin": "REQUEST", "description": "Who"},
        {"name": "X-Invoke-User", "value": "apigateway", "in": "header", "origin": "CONSTANT"},
    ]
    conditions = [
        {"type": "equal", "value": "a", "origin": "request", "parameter_name": "q"},
        {"type": "enum", "value": "a,b", "origin": "request_parameter", "parameter": "r"},
        {"type": "pattern", "value": "a.*", "origin": "cookie", "parameter_name": "c"},
        {"value": "10.0.0.0/8", "origin": "source"},
    ]
    policies = [
        {"type": "HTTP", "name": "first", "conditions": conditions, "httpEndpoints": HTTP, "parameters": given[:1]},
        {"type": "MOCK", "name": "second", "conditions": [], "mockEndpoints": {"result-content": "m"}},
    ]
    found = api(
        **{
            "x-apigateway-backend": {"type": "HTTP", "httpEndpoints": HTTP, "parameters": given},
            "x-apigateway-backend-policies": policies,
        }
    )
    parameters = [
        {"name": "userId", "value": "userId", "location": "QUERY", "origin": "REQUEST", "remark": "Who"},
        {"name": "X-Invoke-User", "value": "apigateway", "location": "HEADER", "origin": "CONSTANT"},
    ]
    assert found["backend_params"] == parameters
    (first,) = found["policy_https"]
    assert first["conditions"] == [
        {"condition_type": "exact", "condition_value": "a", "condition_origin": "param", "req_param_name": "q"},
        {"condition_type": "enum", "condition_value": "a,b", "condition_origin": "param", "req_param_name": "r"},
        {"condition_type": "pattern", "condition_value": "a.*", "condition_origin": "cookie", "cookie_param_name": "c"},
        {"condition_value": "10.0.0.0/8", "condition_origin": "source"},
    ]
    assert (first["name"], first["url_domain"], first["backend_params"]) == ("first", HTTP["address"], parameters[:1])
    (second,) = found["policy_mocks"]
    assert second == {"name": "second", "effect_mode": "ALL", "conditions": [], "result_content": "m"}


def test_mocks_can_be_asked_for() -> None:
    tree = openapi({"/a": {"get": operation(**{"x-apigateway-backend": {"type": "HTTP", "httpEndpoints": HTTP}})}})
    found = body(tree, mock_mode=True)
    assert found["backend_type"] == "MOCK"
    assert "backend_api" not in found


def test_no_backend_is_kept_in_the_source() -> None:
    secret = [{"name": "X-Key", "value": "only for us", "in": "header", "origin": "CONSTANT"}]
    found = api(**{"x-apigateway-backend": {"type": "HTTP", "httpEndpoints": HTTP, "parameters": secret}})
    assert "only for us" not in found["openapi"]
    assert str(HTTP["address"]) not in found["openapi"]
