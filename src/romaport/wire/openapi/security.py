"""How callers of an API prove who they are: the field `auth_type`, and the standard's security with its extensions."""

import re
from typing import Any

from romaport.wire.openapi.components import scheme_kind
from romaport.wire.openapi.operations import Component, list_of, object_of
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.source import Source

__all__ = ["auth_fields", "security_of"]

_TYPES = {"AppSigv1": "APP", "IAM": "IAM", "IAM_NONE": "IAM", "AUTHORIZER": "AUTHORIZER"}
"""The vendor's words in documents to its words in fields."""

_NOT_IN_COMPONENT = re.compile(r"[^A-Za-z0-9._-]")
_AUTHORIZER = "x-romaport-authorizer-id"


def auth_fields(source: Source) -> dict[str, Any]:
    """Answer `auth_type` and what belongs to it.

    The first alternative counts, and in it the first scheme that says how the gateway checks it. An operation
    that is protected in another way has APP: what a document protects is not open because we cannot check it.
    """
    alternatives = [object_of(found) for found in list_of(source.operation.get("security"))]
    schemes = [_scheme(source, name) for name in (alternatives[0] if alternatives else {})]
    if not schemes:
        return {"auth_type": "NONE"}
    chosen = next((scheme for scheme in schemes if _type(scheme)), {})
    fields: dict[str, Any] = {"auth_type": _type(chosen) or "APP"}
    if object_of(chosen.get("x-apigateway-auth-opt")).get("appcode-auth-type") == "header":
        fields["auth_opt"] = {"app_code_auth_type": "HEADER"}
    if isinstance(chosen.get(_AUTHORIZER), str):
        fields["authorizer_id"] = chosen[_AUTHORIZER]
    return fields


def _scheme(source: Source, name: str) -> Tree:
    holder = object_of(source.components.get("components")) or source.components
    return source.resolved(object_of(holder.get(scheme_kind(source.version))).get(name))


def _type(scheme: Tree) -> str | None:
    said = scheme.get("x-apigateway-auth-type")
    if isinstance(said, str) and said in _TYPES:
        return _TYPES[said]
    return "AUTHORIZER" if "x-apigateway-authorizer" in scheme else None


def security_of(api: Tree, source: Source) -> tuple[list[Tree], list[tuple[Component, Tree]]]:
    """Answer what an operation requires, and the schemes that it names."""
    kind = api.get("auth_type")
    if kind in {None, "NONE"}:
        return [], []
    name, scheme = _named_scheme(api, str(kind))
    return [{name: []}], [(Component(scheme_kind(source.version), name), scheme)]


def _named_scheme(api: Tree, kind: str) -> tuple[str, Tree]:
    scheme = {"type": "apiKey", "name": "Authorization" if kind == "APP" else "unused", "in": "header"}
    if kind == "IAM":
        return "apig-auth-iam", {**scheme, "x-apigateway-auth-type": "IAM"}
    if kind == "APP" and object_of(api.get("auth_opt")).get("app_code_auth_type") == "HEADER":
        option = {"appcode-auth-type": "header"}
        return "apig-auth-app-header", {
            **scheme,
            "x-apigateway-auth-opt": option,
            "x-apigateway-auth-type": "AppSigv1",
        }
    if kind == "APP":
        return "apig-auth-app", {**scheme, "x-apigateway-auth-type": "AppSigv1"}
    authorizer = str(api.get("authorizer_id") or "unknown")
    return f"apig-auth-authorizer-{_NOT_IN_COMPONENT.sub('_', authorizer)}", {
        **scheme,
        "x-apigateway-auth-type": "AUTHORIZER",
        _AUTHORIZER: authorizer,
    }
