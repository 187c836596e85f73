"""What the definition of an API may not say, through the vendor's SDK; everything is said at once (contract 7.7)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    ApiConditionCreate,
    ApiFuncCreate,
    ApiMockCreate,
    ApiPolicyHttpCreate,
    ApiPolicyMockCreate,
    AuthOpt,
    BackendParamBase,
    CreateApiV2Request,
    ReqParamBase,
    VpcInfo,
)
from tests.sdk.apic import add_group, api_body, web_backend
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk

_CONDITION = {"condition_origin": "source", "condition_value": "10.0.0.0/8"}


def asked(name: str, location: str = "QUERY", **fields: Any) -> Any:
    return ReqParamBase(**{"name": name, "type": "STRING", "location": location, **fields})


def sent(name: str, location: str = "QUERY", **fields: Any) -> Any:
    return BackendParamBase(**{"name": name, "location": location, "origin": "CONSTANT", "value": "v", **fields})


def web(**fields: Any) -> dict[str, Any]:
    return {"backend_type": "HTTP", "backend_api": web_backend(**fields)}


def mocked(name: str = "mocked", **fields: Any) -> Any:
    known = {"name": name, "effect_mode": "ALL", "conditions": [ApiConditionCreate(**_CONDITION)]}
    return ApiPolicyMockCreate(**{**known, **fields})


def under(**condition: Any) -> Any:
    return {"policy_mocks": [mocked(conditions=[ApiConditionCreate(**condition)])]}


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "ab"}, ["name: "]),
    ({"name": "_abc"}, ["name: "]),
    ({"name": "a" * 256}, ["name: ", "255"]),
    ({"type": 3}, ["type: "]),
    ({"version": "v" * 17}, ["version: ", "16"]),
    ({"req_protocol": "FTP"}, ["req_protocol: "]),
    ({"req_method": "get"}, ["req_method: "]),
    ({"req_uri": "stock"}, ["req_uri: "]),
    ({"req_uri": "/with space"}, ["req_uri: "]),
    ({"req_uri": "/" + "a" * 512}, ["req_uri: ", "512"]),
    ({"req_uri": "/{sku"}, ["req_uri: parameters are written {name}"]),
    ({"req_uri": "/{1a}"}, ["req_uri: parameters are written {name}"]),
    ({"req_uri": "/{a}/{a}"}, ["req_uri: {a} must stand in it once"]),
    ({"req_uri": "/apic/health_check"}, ["req_uri: GET /apic/health_check is the service's own"]),
    ({"auth_type": "BASIC"}, ["auth_type: "]),
    ({"auth_type": "AUTHORIZER"}, ["authorizer_id: is required when auth_type is AUTHORIZER"]),
    ({"auth_opt": AuthOpt(app_code_auth_type="QUERY")}, ["auth_opt.app_code_auth_type: "]),
    ({"match_mode": "PREFIX"}, ["match_mode: "]),
    ({"remark": "a < b"}, ["remark: "]),
    ({"remark": "r" * 1001}, ["remark: ", "1000"]),
    ({"body_remark": "r" * 20481}, ["body_remark: ", "20480"]),
    ({"tags": ["-a"]}, ["tags[0]: "]),
    ({"tags": [f"t{number}" for number in range(11)]}, ["tags: ", "10"]),
    ({"content_type": "text/html"}, ["content_type: "]),
    ({"backend_type": "GRPC"}, ["backend_type: "]),
    ({"backend_type": "HTTP"}, ["backend_api: is required when backend_type is HTTP"]),
    ({"backend_type": "FUNCTION"}, ["func_info: is required when backend_type is FUNCTION"]),
    ({"mock_info": None}, ["mock_info: is required when backend_type is MOCK"]),
    (web(url_domain=None), ["backend_api.url_domain: is required unless vpc_channel_status is 1"]),
    (web(url_domain="a b"), ["backend_api.url_domain: "]),
    (web(timeout=600_001), ["backend_api.timeout: ", "600000"]),
    (web(timeout=0), ["backend_api.timeout: "]),
    (web(retry_count="11"), ["backend_api.retry_count: "]),
    (web(req_uri="/{a}/{a}"), ["backend_api.req_uri: {a} must stand in it once"]),
    (web(vpc_channel_status=1), ["backend_api.vpc_channel_info: is required when vpc_channel_status is 1"]),
    (web(vpc_channel_info=VpcInfo(vpc_channel_port=1)), ["backend_api.vpc_channel_info.vpc_channel_id: is required"]),
    ({"mock_info": ApiMockCreate(status_code=99)}, ["mock_info.status_code: "]),
    ({"mock_info": ApiMockCreate(header='{"a": 1}')}, ["mock_info.header: must be JSON"]),
    ({"mock_info": ApiMockCreate(header='[{"key": "a"}]')}, ["mock_info.header: must be JSON"]),
    (
        {"func_info": ApiFuncCreate(invocation_type="later", timeout=1)},
        ["func_info.function_urn: is required", "func_info.invocation_type: "],
    ),
    ({"req_params": [asked("1a")]}, ["req_params[0].name: "]),
    ({"req_params": [asked("a" * 33)]}, ["req_params[0].name: ", "32"]),
    ({"req_params": [asked("a", type="DATE")]}, ["req_params[0].type: "]),
    ({"req_params": [asked("a", "COOKIE")]}, ["req_params[0].location: "]),
    ({"req_params": [asked("a", "PATH")]}, ["req_params[0].name: must stand in req_uri as {a}"]),
    ({"req_params": [asked("a"), asked("a")]}, ["req_params[1].name: a is there twice in QUERY"]),
    ({"req_params": [asked("A", "HEADER"), asked("a", "HEADER")]}, ["req_params[1].name: a is there twice in HEADER"]),
    ({"req_params": [asked("a", min_size=2, max_size=1)]}, ["req_params[0].min_size: must not be more than max_size"]),
    ({"req_params": [asked(f"a{number}") for number in range(51)]}, ["req_params: ", "50"]),
    ({"backend_params": [sent("a", origin="GUESS")]}, ["backend_params[0].origin: "]),
    ({"backend_params": [sent("a"), sent("a")]}, ["backend_params[1].name: a is there twice in QUERY"]),
    (
        {"backend_params": [sent("a", origin="REQUEST", value="b")]},
        ["backend_params[0].value: must be the name of one"],
    ),
    (
        {"backend_params": [sent("a", origin="SYSTEM", value="b")]},
        ["backend_params[0].value: must begin with $context."],
    ),
    (
        {**web(), "backend_params": [sent("a", "PATH")]},
        ["backend_params[0].name: must stand in the backend's req_uri as {a}"],
    ),
    ({"policy_mocks": [mocked("a!b")]}, ["policy_mocks[0].name: "]),
    ({"policy_mocks": [mocked(effect_mode="SOME")]}, ["policy_mocks[0].effect_mode: "]),
    ({"policy_mocks": [mocked(conditions=[])]}, ["policy_mocks[0].conditions: "]),
    ({"policy_mocks": [mocked(), mocked()]}, ["policy_mocks[0].name: mocked is there twice", "policy_mocks[1].name: "]),
    ({"policy_mocks": [mocked(f"mock{number}") for number in range(6)]}, ["policy_mocks: ", "5"]),
    (
        {"policy_mocks": [mocked(backend_params=[sent("a", origin="REQUEST", value="b")])]},
        ["policy_mocks[0].backend_params[0].value: must be the name of one of req_params"],
    ),
    (under(condition_origin="moon", condition_value="1"), ["policy_mocks[0].conditions[0].condition_origin: "]),
    (under(condition_origin="source"), ["conditions[0].condition_value: is required when condition_origin is source"]),
    (
        under(condition_origin="param", condition_value="1"),
        ["conditions[0].req_param_name: is required", "conditions[0].condition_type: is required"],
    ),
    (
        under(condition_origin="param", condition_value="1", condition_type="exact", req_param_name="a"),
        ["conditions[0].req_param_name: must be the name of one of req_params"],
    ),
    (under(condition_origin="system"), ["conditions[0].sys_param_name: is required when condition_origin is system"]),
    (under(condition_origin="cookie", condition_value="1"), ["conditions[0].cookie_param_name: is required"]),
    (
        {
            "policy_https": [
                ApiPolicyHttpCreate(
                    name="web", effect_mode="ALL", conditions=[], req_protocol="HTTP", req_method="GET", req_uri="x"
                )
            ]
        },
        ["policy_https[0].conditions: ", "policy_https[0].req_uri: "],
    ),
    (
        {
            "name": "a",
            "type": "public",
            "req_params": [asked("sku", "PATH"), asked("1")],
            "backend_params": [sent("a", origin="REQUEST", value="sku"), sent("b", origin="SYSTEM", value="b")],
            "tags": ["ok", "1"],
            **web(timeout="long", url_domain=None),
        },
        [
            "name: ",
            "type: ",
            "req_params[1].name: ",
            "backend_params[1].value: must begin with $context.",
            "tags[1]: ",
            "backend_api.timeout: ",
        ],
    ),
]


@pytest.fixture(scope="module")
def place(site: Site) -> tuple[str, str]:
    instance = site.instance()
    with site.sdk("sync") as sdk:
        app = add_app(sdk, instance, "Orders")
        return instance, add_group(sdk, instance, "Stock", roma_app_id=app.id).id


@pytest.mark.parametrize(
    ("fields", "named"), WRONG, ids=[f"{number}-{named[0][:40]}" for number, (_, named) in enumerate(WRONG)]
)
def test_what_is_wrong_with_an_api_is_named(
    sdk: Sdk, site: Site, place: tuple[str, str], fields: dict[str, Any], named: list[str]
) -> None:
    instance, group_id = place
    before = site.written()
    request = CreateApiV2Request(instance_id=instance, body=api_body(group_id, **{"name": "list-stock", **fields}))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert not [part for part in named if part not in details], details
    assert site.written() == before


def test_a_field_that_is_wrong_by_itself_is_not_said_to_be_absent(sdk: Sdk, place: tuple[str, str]) -> None:
    instance, group_id = place
    body = api_body(
        group_id,
        "list-stock",
        req_uri="stock",
        req_params=[asked("a", "PATH"), asked("1")],
        backend_params=[sent("b", origin="REQUEST", value="c")],
        **web(timeout="long"),
    )
    details = sdk.refused(CreateApiV2Request(instance_id=instance, body=body), 400, "ROMA.13000", ".*")
    assert [problem.partition(":")[0] for problem in details.removeprefix("Invalid parameters: ").split("; ")] == [
        "req_uri",
        "req_params[1].name",
        "backend_api.timeout",
    ]


def test_a_body_without_anything_lacks_every_required_field(sdk: Sdk, place: tuple[str, str]) -> None:
    from huaweicloudsdkroma.v2 import ApiCreate  # noqa: PLC0415 - only an empty one is wanted here

    details = sdk.refused(CreateApiV2Request(instance_id=place[0], body=ApiCreate()), 400, "ROMA.13000", ".*")
    for name in ("name", "type", "req_protocol", "req_method", "req_uri", "auth_type", "backend_type", "group_id"):
        assert f"{name}: is required" in details
