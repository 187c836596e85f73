"""How an API is shown: whole, in a list, and as it is called where it is published (contract 7.7)."""

from collections.abc import Mapping
from typing import Any

from romaport.clock import iso
from romaport.kinds.api.journey import with_instance_fields
from romaport.kinds.apic import DOMAIN_ENDING, Publication, group_outline, shown
from romaport.kinds.kind import Asset, Viewer
from romaport.kinds.parts import with_local

__all__ = [
    "BACK",
    "FRONT",
    "LOCAL_PATHS",
    "OF_INSTANCE",
    "api_definition",
    "present",
    "runtime_definition",
    "summarise",
]

LOCAL_PATHS = (
    "backend_api.authorizer_id",
    "backend_api.vpc_channel_info",
    "mock_info.authorizer_id",
    "func_info.authorizer_id",
)
"""What belongs to the instance inside an API's plain fields; its policies hold more of it."""

FRONT = (
    "type",
    "version",
    "req_protocol",
    "req_method",
    "req_uri",
    "auth_type",
    "auth_opt",
    "cors",
    "match_mode",
    "backend_type",
    "remark",
    "body_remark",
    "result_normal_sample",
    "result_failure_sample",
    "tags",
    "tag",
    "content_type",
    "req_params",
)
"""The plain fields that a list shows as they are."""
OF_INSTANCE = ("authorizer_id", "response_id", "domain_name")
"""The fields that belong to the instance."""
BACK = ("backend_params", "mock_info", "func_info", "policy_https", "policy_mocks", "policy_functions")
"""The plain fields that a list leaves out."""
_VALID = 1
_UNARRANGED = 2


def present(api: Asset, viewer: Viewer) -> dict[str, Any]:
    """Answer an API with all of its definition, its secrets as stars."""
    body = _whole(api)
    return {**summarise(api, viewer), **{name: body[name] for name in BACK if name in body}}


def summarise(api: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer an API as a list does: without parameters of the backend, mocks, functions and policies."""
    group = api.references["group_id"]
    return {
        **_named(api, _whole(api)),
        **{name: api.local[name] for name in OF_INSTANCE if name in api.local},
        "status": _VALID,
        "arrange_necessary": _UNARRANGED,
        "register_time": iso(api.created_at),
        "update_time": iso(api.updated_at),
        "group_version": "V2" if "roma_app_id" in group.references else "V1",
        **_of_app(api),
        "api_group_info": group_outline(group),
        **shown(api.local),
    }


def api_definition(api: Asset, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer all that a request would give for an API whose body is this one, its group and application apart."""
    local = {name: api.local[name] for name in OF_INSTANCE if name in api.local}
    return {"name": api.name, **_with_instance(body, api.local), **local}


def runtime_definition(api: Asset, where: Publication, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what callers see of an API in one environment: its front as it was published there."""
    group = api.references["group_id"]
    domain = f"{group.id}{DOMAIN_ENDING}"
    front = {name: value for name, value in _named(api, definition).items() if name != "backend_api"}
    return {
        **front,
        "roma_app_id": _of_app(api)["roma_app_id"],
        "run_env_name": where.env_name,
        "run_env_id": where.env_id,
        "publish_id": where.publish_id,
        "sl_domain": domain,
        "sl_domains": [domain],
    }


def _of_app(api: Asset) -> dict[str, Any]:
    # A package of someone else's making may bring an API of a global group without an application.
    app = api.references.get("roma_app_id")
    return {"roma_app_id": None if app is None else app.id, "roma_app_name": None if app is None else app.name}


def _named(api: Asset, body: Mapping[str, Any]) -> dict[str, Any]:
    group = api.references["group_id"]
    return {
        "id": api.id,
        "name": api.name,
        "group_id": group.id,
        "group_name": group.name,
        **{name: body[name] for name in (*FRONT, "backend_api") if name in body},
    }


def _whole(api: Asset) -> dict[str, Any]:
    return _with_instance(api.body, api.local)


def _with_instance(body: Mapping[str, Any], local: Mapping[str, Any]) -> dict[str, Any]:
    # What was published may have other backends than the API has now, to which the local fields belong.
    paths = tuple(path for path in LOCAL_PATHS if path.split(".")[0] in body)
    return with_instance_fields(with_local(body, local, paths), local)
