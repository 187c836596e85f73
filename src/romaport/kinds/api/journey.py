"""What becomes of an API's fields: which are secret, which belong to the instance, and what follows from the group."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from romaport.errors import BodyInvalid
from romaport.kinds.kind import Asset, Parts
from romaport.kinds.parts import MASK

__all__ = ["flatten", "refine", "settle", "stars", "with_instance_fields"]

_POLICIES = ("policy_https", "policy_mocks", "policy_functions")
# A function's address names the account it belongs to (contract 7.11).
_URNS = ("function_urn", "alias_urn")
_OF_INSTANCE = ("authorizer_id", "vpc_channel_info")
_PATH = "PATH"
_YES, _NO = 1, 2

Body = dict[str, Any]


def flatten(request: Body) -> Body:
    """Leave out empty texts, which say nothing, and write down what holds when a field is not given."""
    given = {name: value for name, value in request.items() if value != ""}
    flat = {"match_mode": "NORMAL", "cors": False, **given}
    if "req_params" in flat:
        flat["req_params"] = [
            {"required": _YES if found["location"] == _PATH else _NO, "valid_enable": _NO, **found}
            for found in flat["req_params"]
        ]
    if "backend_api" in flat:
        flat["backend_api"] = {"retry_count": "-1", "vpc_channel_status": _NO, **flat["backend_api"]}
    return flat


def refine(parts: Parts) -> Parts:
    """Lift constants and function addresses out of the body, leaving stars; and what policies hold of the instance."""
    body = copy.deepcopy(parts.body)
    secrets = dict(parts.secrets)
    for path, holder, field in _secret_places(body):
        if holder[field] not in ("", MASK):
            secrets[path] = holder[field]
            holder[field] = MASK
    local = dict(parts.local)
    for prefix, policy in _policies(body):
        for field in _OF_INSTANCE:
            value = policy.pop(field, None)
            if value not in ("", None):
                local[prefix + field] = value
    return replace(parts, body=body, secrets=secrets, local=local)


def stars(body: Mapping[str, Any]) -> list[str]:
    """Answer the paths at which a body has stars for a secret."""
    return [path for path, holder, field in _secret_places(body) if holder[field] == MASK]


def _secret_places(body: Mapping[str, Any]) -> Iterator[tuple[str, Body, str]]:
    """Yield every place of a secret: its path for people, what holds it, and under which name."""
    yield from _constants(body, "")
    yield from _addresses(body.get("func_info", {}), "func_info.")
    for prefix, policy in _policies(body):
        yield from _constants(policy, prefix)
        yield from _addresses(policy, prefix)


def _policies(body: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
    for name in _POLICIES:
        yield from ((f"{name}.{policy['name']}.", policy) for policy in body.get(name, ()))


def _constants(holder: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Body, str]]:
    for parameter in holder.get("backend_params", ()):
        if parameter["origin"] == "CONSTANT":
            yield f"{prefix}backend_params.{parameter['location']}.{parameter['name']}", parameter, "value"


def _addresses(holder: Body, prefix: str) -> Iterator[tuple[str, Body, str]]:
    yield from ((f"{prefix}{field}", holder, field) for field in _URNS if field in holder)


def with_instance_fields(body: Body, local: Mapping[str, Any]) -> Body:
    """Answer a body whose policies hold what belongs to the instance again."""
    shown = copy.deepcopy(body)
    for prefix, policy in _policies(shown):
        policy.update({field: local[prefix + field] for field in _OF_INSTANCE if prefix + field in local})
    return shown


def settle(targets: dict[str, Asset]) -> dict[str, Asset]:
    """Let an API of an application's group belong to that application; one of a global group must name its own.

    Raises `BodyInvalid` without an application, or with another than the group's.
    """
    group_app = targets["group_id"].references.get("roma_app_id")
    app = targets.get("roma_app_id")
    if group_app is None and app is None:
        raise BodyInvalid(problems="roma_app_id: is required in a global group")
    if group_app is not None and app is not None and app.id != group_app.id:
        raise BodyInvalid(problems=f"roma_app_id: must be the application of the group, {group_app.id}")
    return targets if group_app is None else {**targets, "roma_app_id": group_app}
