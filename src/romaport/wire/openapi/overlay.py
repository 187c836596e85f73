"""An API as an operation: its source as it stands, with what the fields say otherwise written over it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from romaport.wire.openapi.backends import backend_extensions
from romaport.wire.openapi.definitions import fields_of
from romaport.wire.openapi.operations import Component, list_of
from romaport.wire.openapi.parameters import described_parameters
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.samples import with_samples
from romaport.wire.openapi.security import security_of
from romaport.wire.openapi.source import Source
from romaport.wire.openapi.standard import Version

__all__ = ["Scope", "Written", "written_operation"]


class Scope(StrEnum):
    """How much of an API a document tells, in the vendor's words for `define`."""

    SPEC = "spec"
    """What callers see."""
    PROXY = "proxy"
    """And what stands behind it."""
    ALL = "all"
    """And the policies that the document it came from had for it."""
    DEV = "dev"
    """As `proxy`, for APIs that are not published."""


_POLICIES = frozenset(
    {
        "x-apigateway-access-control",
        "x-apigateway-plugins",
        "x-apigateway-ratelimit",
        "x-apigateway-response",
        "x-apigateway-responses",
    }
)
_AUTH = ("auth_type", "auth_opt", "authorizer_id")
_PRIVATE = 2
_PROTOCOLS = {"HTTP": ["http"], "HTTPS": ["https"], "BOTH": ["http", "https"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """An operation object, in the version of its source, and the components that are new with it."""

    operation: Tree
    components: list[tuple[Component, Tree]]


def written_operation(api: Tree, source: Source, scope: Scope) -> Written:
    """Write an API's fields over its source."""
    before = fields_of(source, path=str(api.get("req_uri")), method=str(api.get("req_method")))
    operation = {name: value for name, value in source.operation.items() if scope is Scope.ALL or name not in _POLICIES}
    _put_texts(operation, api, before)
    components: list[tuple[Component, Tree]] = []
    if any(_differs(api, before, field) for field in _AUTH):
        operation["security"], components = security_of(api, source)
    parameters = described_parameters(api, source)
    if parameters or "parameters" in operation:
        operation["parameters"] = parameters
    if api.get("req_protocol") and _differs(api, before, "req_protocol"):
        _put_protocol(operation, str(api["req_protocol"]), source.version)
    operation = with_samples({**operation, **_extensions(api)}, api, source)
    if scope is not Scope.SPEC:
        operation |= backend_extensions(api)
    return Written(operation=operation, components=components)


def _differs(api: Tree, before: Tree, field: str) -> bool:
    return (api.get(field) or None) != (before.get(field) or None)


def _put_texts(operation: Tree, api: Tree, before: Tree) -> None:
    if _differs(api, before, "name"):
        operation["operationId"] = api.get("name")
    if _differs(api, before, "remark") and api.get("remark"):
        operation["description"] = str(api["remark"])
    elif _differs(api, before, "remark"):
        operation.pop("description", None)
        operation.pop("summary", None)
    if _differs(api, before, "tags"):
        operation["tags"] = [str(tag) for tag in list_of(api.get("tags"))]


def _put_protocol(operation: Tree, protocol: str, version: Version) -> None:
    if version is Version.V2_0:
        operation["schemes"] = _PROTOCOLS.get(protocol, ["https"])
    else:
        operation["x-romaport-request-protocol"] = protocol


def _extensions(api: Tree) -> Tree:
    found: dict[str, Any] = {
        "x-apigateway-request-type": "private" if api.get("type") == _PRIVATE else "public",
        "x-apigateway-match-mode": "SWA" if api.get("match_mode") == "SWA" else "NORMAL",
        "x-apigateway-cors": api.get("cors") is True,
    }
    return found
