"""The vendor's extensions that say what stands behind an operation: their shape, and what is wrong with one.

As published for ROMA Connect ("Extended Swagger Definition of APIs") and for API Gateway ("Extended Definition").
Attributes are called as the fields of an API, members as the vendor calls them in documents; what the vendor has
fields but no members for has members of ours, which begin with `x-romaport-`.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from romaport.wire.openapi.references import Tree, joined

__all__ = [
    "BACKEND",
    "POLICIES",
    "Backend",
    "Condition",
    "Endpoint",
    "FunctionEndpoint",
    "HttpEndpoint",
    "MockEndpoint",
    "Parameter",
    "Policy",
    "backend_problems",
    "read_extension",
]

BACKEND = "x-apigateway-backend"
"""The extension that names an operation's backend."""
POLICIES = "x-apigateway-backend-policies"
"""The extension that names further backends, each with the conditions under which it is used."""

_TIMEOUT_MS = 5000
"""The published default of every backend's time limit."""
_PART = re.compile(r"[^.\[\]$`]+")

_Shape = TypeVar("_Shape", bound=Struct)
_Text = str | UnsetType


class Parameter(Struct, kw_only=True):
    """A parameter that the backend receives."""

    name: str
    location: Literal["path", "query", "header", "PATH", "QUERY", "HEADER"] = field(name="in")
    origin: Literal["REQUEST", "CONSTANT", "SYSTEM", "request", "constant", "system"]
    value: str
    remark: _Text = field(default=UNSET, name="description")


class Endpoint(Struct, kw_only=True):
    """What every kind of backend has."""

    authorizer_id: _Text = field(default=UNSET, name="x-romaport-authorizer-id")


class HttpEndpoint(Endpoint, kw_only=True):
    """A web backend: at an address, or behind the channel of a name."""

    url_domain: str | list[str] | UnsetType = field(default=UNSET, name="address")
    channel: str | list[str] | UnsetType = field(default=UNSET, name="name")
    req_protocol: Literal["http", "https", "HTTP", "HTTPS"] = field(name="scheme")
    req_method: str = field(name="method")
    req_uri: str = field(name="path")
    timeout: int = _TIMEOUT_MS
    retry_count: int | str | UnsetType = field(default=UNSET, name="retryCount")
    enable_client_ssl: bool | UnsetType = field(default=UNSET, name="enableClientSsl")


class FunctionEndpoint(Endpoint, kw_only=True):
    """A function as backend."""

    function_urn: str = field(name="function-urn")
    version: _Text = UNSET
    invocation_type: Literal["async", "sync", "asynchronous", "synchronous"] = field(name="invocation-type")
    timeout: int = _TIMEOUT_MS
    alias_urn: _Text = field(default=UNSET, name="x-romaport-alias-urn")
    network_type: _Text = UNSET


class MockEndpoint(Endpoint, kw_only=True):
    """An answer that is always the same."""

    result_content: str = field(default="", name="result-content")
    status_code: int | UnsetType = field(default=UNSET, name="x-romaport-status-code")
    header: _Text = field(default=UNSET, name="x-romaport-header")


class Condition(Struct, kw_only=True):
    """When a policy's backend is used."""

    condition_type: Literal["equal", "enum", "pattern"] | UnsetType = field(default=UNSET, name="type")
    condition_value: _Text = field(default=UNSET, name="value")
    condition_origin: Literal["source", "request", "request_parameter", "system", "cookie"] = field(name="origin")
    parameter_name: _Text = UNSET
    parameter: _Text = UNSET
    """What one page has for `parameter_name`."""


class Backend(Struct, kw_only=True):
    """What stands behind an operation."""

    type: Literal["HTTP", "HTTP-VPC", "FUNCTION", "MOCK"]
    backend_params: list[Parameter] | UnsetType = field(default=UNSET, name="parameters")
    http: HttpEndpoint | UnsetType = field(default=UNSET, name="httpEndpoints")
    channel: HttpEndpoint | UnsetType = field(default=UNSET, name="httpVpcEndpoints")
    function: FunctionEndpoint | UnsetType = field(default=UNSET, name="functionEndpoints")
    mock: MockEndpoint | UnsetType = field(default=UNSET, name="mockEndpoints")

    @property
    def endpoint(self) -> Endpoint | UnsetType:
        """The endpoint that belongs to the type."""
        match self.type:
            case "HTTP":
                return self.http
            case "HTTP-VPC":
                return self.channel
            case "FUNCTION":
                return self.function
            case "MOCK":
                return MockEndpoint() if self.mock is UNSET else self.mock


class Policy(Backend, kw_only=True):
    """A further backend with its conditions."""

    name: str
    effect_mode: Literal["ALL", "ANY"] = field(default="ALL", name="x-romaport-effect-mode")
    conditions: list[Condition] = []


def read_extension(value: Any, shape: type[_Shape]) -> _Shape:
    """Read an extension; raise msgspec.ValidationError if it is not of the published shape."""
    found = msgspec.convert(value, shape)
    if isinstance(found, Backend) and found.endpoint is UNSET:
        raise msgspec.ValidationError(f"Expected `object` with endpoints of type {found.type}")
    return found


def backend_problems(operation: Tree, place: str) -> Iterator[str]:
    """Yield what is wrong with an operation's backends, each as `pointer: rule`."""
    if BACKEND in operation:
        yield from _problems(operation[BACKEND], Backend, joined(place, BACKEND))
    policies = operation.get(POLICIES, [])
    if not isinstance(policies, list):
        yield f"{joined(place, POLICIES)}: must be of type array"
        return
    for position, policy in enumerate(policies):
        yield from _problems(policy, Policy, joined(place, POLICIES, position))


def _problems(value: Any, shape: type[Struct], place: str) -> Iterator[str]:
    try:
        read_extension(value, shape)
    except msgspec.ValidationError as refusal:
        rule, _, path = str(refusal).partition(" - at ")
        yield f"{joined(place, *_PART.findall(path))}: {rule.replace('Expected', 'must be', 1)}"
