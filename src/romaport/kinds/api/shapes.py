"""The shapes of an API definition: what each field may be by itself (contract 7.7)."""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = [
    "ApiBody",
    "AuthOption",
    "BackendParameter",
    "Channel",
    "Condition",
    "FunctionBackend",
    "FunctionPolicy",
    "MockBackend",
    "MockPolicy",
    "RequestParameter",
    "WebBackend",
    "WebPolicy",
]

_Id = Annotated[str, Meta(max_length=65, pattern=r"^[A-Za-z0-9_\-]*\Z")]
_Remark = Annotated[str, Meta(max_length=255)]
_Sample = Annotated[str, Meta(max_length=20480)]
_Yes = Annotated[int, Meta(ge=1, le=2)]
"""1 for yes, 2 for no."""

_Method = Annotated[str, Meta(pattern=r"^(GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS|ANY)\Z")]
_Location = Annotated[str, Meta(pattern=r"^(PATH|QUERY|HEADER)\Z")]
_Milliseconds = Annotated[int, Meta(ge=1, le=600_000)]
# As large as every client's JSON tells one from the next: documents of others bound their numbers so.
_Number = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_Size = Annotated[int, Meta(ge=0, le=2**53)]
_ParameterName = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z][A-Za-z0-9._\-]*\Z")]
_PolicyName = Annotated[
    str, Meta(min_length=3, max_length=64, pattern="^[A-Za-z\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*\\Z")
]

# What a path may hold by the rules of URIs, and `{parameter}`.
_PATH_CHARACTERS = r"A-Za-z0-9\-._~%!$&'()*+,;=:@/{}"
_Path = Annotated[str, Meta(min_length=1, max_length=512, pattern=rf"^/[{_PATH_CHARACTERS}]*\Z")]
# A backend's path and address may hold `#environment-variable#` as well.
_BackendPath = Annotated[str, Meta(min_length=1, max_length=512, pattern=rf"^[/#][{_PATH_CHARACTERS}#]*\Z")]
_Address = Annotated[str, Meta(max_length=255, pattern=r"^[A-Za-z0-9\-._:\[\]#]*\Z")]
_Retries = Annotated[str, Meta(pattern=r"^(-1|[0-9]|10)\Z")]
_Urn = Annotated[str, Meta(min_length=1, max_length=1024)]
_WebProtocol = Annotated[str, Meta(pattern=r"^(HTTP|HTTPS)\Z")]
_Invocation = Annotated[str, Meta(pattern=r"^(async|sync)\Z")]
_Network = Annotated[str, Meta(pattern=r"^V[12]\Z")]
_Status = Annotated[int, Meta(ge=200, le=599)]
_Tag = Annotated[
    str, Meta(min_length=1, max_length=128, pattern="^[A-Za-z\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff\\-*#%.:_]*\\Z")
]


class AuthOption(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How else a caller may prove who it is."""

    app_code_auth_type: Annotated[str, Meta(pattern=r"^(DISABLE|HEADER)\Z")] | None = None


class RequestParameter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One parameter that a caller sends."""

    name: _ParameterName
    type: Annotated[str, Meta(pattern=r"^(STRING|NUMBER)\Z")]
    location: _Location
    default_value: _Remark | None = None
    sample_value: _Remark | None = None
    required: _Yes | None = None
    valid_enable: _Yes | None = None
    remark: _Remark | None = None
    enumerations: _Sample | None = None
    min_num: _Number | None = None
    max_num: _Number | None = None
    min_size: _Size | None = None
    max_size: _Size | None = None
    regular: _Sample | None = None
    json_schema: _Sample | None = None
    pass_through: _Yes | None = None
    orchestrations: Annotated[list[_Id], Meta(max_length=50)] | None = None


class BackendParameter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One parameter that the backend is sent: a request's, a constant, or one of the system's."""

    name: _ParameterName
    location: _Location
    origin: Annotated[str, Meta(pattern=r"^(REQUEST|CONSTANT|SYSTEM)\Z")]
    value: _Remark
    remark: _Remark | None = None


class Channel(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A load-balance channel, which belongs to its instance."""

    vpc_channel_id: Annotated[str, Meta(min_length=1, max_length=65)]
    vpc_channel_proxy_host: _Remark | None = None
    vpc_channel_port: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    ecs_id: _Remark | None = None
    ecs_name: _Remark | None = None
    cascade_flag: bool | None = None


class WebBackend(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A backend that speaks HTTP."""

    req_protocol: _WebProtocol
    req_method: _Method
    req_uri: _BackendPath
    timeout: _Milliseconds
    url_domain: _Address | None = None
    authorizer_id: _Id | None = None
    remark: _Remark | None = None
    version: Annotated[str, Meta(max_length=16)] | None = None
    enable_client_ssl: bool | None = None
    retry_count: _Retries | None = None
    vpc_channel_info: Channel | None = None
    vpc_channel_status: _Yes | None = None


class MockBackend(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A made-up answer."""

    result_content: _Sample | None = None
    status_code: _Status | None = None
    header: Annotated[str, Meta(max_length=1_000_000)] | None = None
    version: Annotated[str, Meta(max_length=64)] | None = None
    remark: _Remark | None = None
    authorizer_id: _Id | None = None


class FunctionBackend(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A function that is called."""

    function_urn: _Urn
    invocation_type: _Invocation
    timeout: _Milliseconds
    network_type: _Network | None = None
    version: Annotated[str, Meta(max_length=64)] | None = None
    alias_urn: _Urn | None = None
    remark: _Remark | None = None
    authorizer_id: _Id | None = None


class Condition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a policy's backend is taken instead of the ordinary one."""

    condition_origin: Annotated[str, Meta(pattern=r"^(param|source|system|cookie)\Z")]
    condition_value: Annotated[str, Meta(max_length=1024)] | None = None
    condition_type: Annotated[str, Meta(pattern=r"^(exact|enum|pattern)\Z")] | None = None
    req_param_name: Annotated[str, Meta(max_length=32)] | None = None
    sys_param_name: Annotated[str, Meta(pattern=r"^(req_path|req_method|reqPath|reqMethod|)\Z")] | None = None
    cookie_param_name: Annotated[str, Meta(max_length=255, pattern=r"^[A-Za-z0-9._\-]*\Z")] | None = None


_Conditions = Annotated[list[Condition], Meta(min_length=1, max_length=5)]
_BackendParameters = Annotated[list[BackendParameter], Meta(max_length=50)]
_Effect = Annotated[str, Meta(pattern=r"^(ALL|ANY)\Z")]


class WebPolicy(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A backend that speaks HTTP, under conditions."""

    name: _PolicyName
    effect_mode: _Effect
    conditions: _Conditions
    req_protocol: _WebProtocol
    req_method: _Method
    req_uri: _BackendPath
    url_domain: _Address | None = None
    timeout: _Milliseconds | None = None
    enable_client_ssl: bool | None = None
    retry_count: _Retries | None = None
    vpc_channel_info: Channel | None = None
    vpc_channel_status: _Yes | None = None
    backend_params: _BackendParameters | None = None
    authorizer_id: _Id | None = None


class MockPolicy(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A made-up answer, under conditions."""

    name: _PolicyName
    effect_mode: _Effect
    conditions: _Conditions
    result_content: _Sample | None = None
    status_code: _Status | None = None
    header: Annotated[str, Meta(max_length=1_000_000)] | None = None
    backend_params: _BackendParameters | None = None
    authorizer_id: _Id | None = None


class FunctionPolicy(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A function that is called, under conditions."""

    name: _PolicyName
    effect_mode: _Effect
    conditions: _Conditions
    function_urn: _Urn
    invocation_type: _Invocation
    network_type: _Network | None = None
    timeout: _Milliseconds | None = None
    version: Annotated[str, Meta(max_length=64)] | None = None
    alias_urn: _Urn | None = None
    backend_params: _BackendParameters | None = None
    authorizer_id: _Id | None = None


class ApiBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Body of the create and update operations; an update gives the whole API."""

    name: Annotated[
        str,
        Meta(
            min_length=3,
            max_length=255,
            pattern="^[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff\uff08\uff09\uff1a\u3001:._()/\\-]*\\Z",
        ),
    ]
    type: _Yes
    """1 for public, 2 for private."""
    req_protocol: Annotated[str, Meta(pattern=r"^(HTTP|HTTPS|BOTH)\Z")]
    req_method: _Method
    req_uri: _Path
    auth_type: Annotated[str, Meta(pattern=r"^(NONE|APP|IAM|AUTHORIZER)\Z")]
    backend_type: Annotated[str, Meta(pattern=r"^(HTTP|FUNCTION|MOCK)\Z")]
    group_id: Annotated[str, Meta(min_length=1, max_length=65)]
    roma_app_id: Annotated[str, Meta(max_length=64)] | None = None
    version: Annotated[str, Meta(max_length=16)] | None = None
    auth_opt: AuthOption | None = None
    cors: bool | None = None
    match_mode: Annotated[str, Meta(pattern=r"^(NORMAL|SWA)\Z")] | None = None
    remark: Annotated[str, Meta(max_length=1000, pattern=r"^[^<>]*\Z")] | None = None
    body_remark: _Sample | None = None
    result_normal_sample: _Sample | None = None
    result_failure_sample: _Sample | None = None
    authorizer_id: _Id | None = None
    response_id: _Id | None = None
    domain_name: _Remark | None = None
    tags: Annotated[list[_Tag], Meta(max_length=10)] | None = None
    tag: Annotated[str, Meta(max_length=128)] | None = None
    content_type: (
        Annotated[str, Meta(pattern=r"^(application/(json|xml)|multipart/form-data|text/plain|)\Z")] | None
    ) = None
    req_params: Annotated[list[RequestParameter], Meta(max_length=50)] | None = None
    backend_params: _BackendParameters | None = None
    backend_api: WebBackend | None = None
    mock_info: MockBackend | None = None
    func_info: FunctionBackend | None = None
    policy_https: Annotated[list[WebPolicy], Meta(max_length=5)] | None = None
    policy_mocks: Annotated[list[MockPolicy], Meta(max_length=5)] | None = None
    policy_functions: Annotated[list[FunctionPolicy], Meta(max_length=5)] | None = None
    openapi: Annotated[str, Meta(max_length=16_777_216)] | None = None
    """What is kept of the document that the API came from, and no field says; ours alone, so never on the wire."""
