"""What environments, API groups and APIs share: where an API is published, and under which domain it is called.

Only what is published in RELEASE travels; publications and domains belong to the instance (contract 6.1).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from romaport.clock import iso
from romaport.ids import new_id
from romaport.kinds.kind import Asset

__all__ = [
    "DOMAIN_ENDING",
    "RELEASE_ID",
    "RELEASE_NAME",
    "Publication",
    "arrived",
    "group_outline",
    "publications",
    "published",
    "shown",
    "withdrawn",
]

RELEASE_ID = "DEFAULT_ENVIRONMENT_RELEASE_ID"
"""The id of the environment that is there without being made (contract 7.7)."""
RELEASE_NAME = "RELEASE"
"""Its name; no other environment has it."""

DOMAIN_ENDING = ".apic.invalid"
"""Follows a group's id in its sub-domain. The ending is reserved for names that lead nowhere: no API is served here."""

_VALID = 1
_UNLISTED = 2

_FIELD = "publications"
_ENVIRONMENTS = "run_env_id"
_SEPARATOR = "|"


class Publication(Struct, frozen=True, kw_only=True):
    """One publication of an API, in one environment."""

    env_id: str
    env_name: str
    publish_id: str
    version_id: str
    publish_time: str
    remark: str = ""
    definition: dict[str, Any] | None = None
    """The body as it was then, where it is kept here: RELEASE's is kept as what travels."""


def publications(local: Mapping[str, Any]) -> dict[str, Publication]:
    """Answer an API's publications by environment, RELEASE first, the others by id."""
    kept: dict[str, dict[str, Any]] = local.get(_FIELD, {})
    order = sorted(kept, key=lambda env_id: (env_id != RELEASE_ID, env_id))
    return {env_id: Publication(env_id=env_id, **kept[env_id]) for env_id in order}


def published(local: Mapping[str, Any], added: Publication) -> dict[str, Any]:
    """Answer an API's local fields with one more publication, or a newer one for its environment."""
    return _with(local, {**publications(local), added.env_id: added})


def withdrawn(local: Mapping[str, Any], env_id: str) -> dict[str, Any]:
    """Answer an API's local fields without its publication in an environment."""
    return _with(local, {found: kept for found, kept in publications(local).items() if found != env_id})


def _with(local: Mapping[str, Any], held: Mapping[str, Publication]) -> dict[str, Any]:
    rest = {name: value for name, value in local.items() if name not in (_FIELD, _ENVIRONMENTS)}
    if not held:
        return rest
    # The environments stand a second time as a text, which is what a list is filtered by.
    return {**rest, _FIELD: {env_id: _fields(kept) for env_id, kept in held.items()}, _ENVIRONMENTS: _joined(held)}


def _fields(kept: Publication) -> dict[str, Any]:
    return {
        name: value
        for name in Publication.__struct_fields__
        if name != "env_id" and (value := getattr(kept, name)) not in ("", None)
    }


def _joined(values: Iterable[str]) -> str:
    return _SEPARATOR.join(values)


def shown(local: Mapping[str, Any]) -> dict[str, str]:
    """Answer the publications as an API shows them: several joined by a bar (contract 7.7)."""
    held = publications(local).values()
    return {
        "run_env_name": _joined(kept.env_name for kept in held),
        "run_env_id": _joined(kept.env_id for kept in held),
        "publish_id": _joined(kept.publish_id for kept in held),
        "publish_time": _joined(kept.publish_time for kept in held),
    }


def arrived(local: Mapping[str, Any], at_ms: int) -> dict[str, Any]:
    """Answer the local fields of an API that an import has just published in RELEASE, made from those it had."""
    return published(
        local,
        Publication(
            env_id=RELEASE_ID,
            env_name=RELEASE_NAME,
            publish_id=new_id(),
            version_id=new_id(),
            publish_time=iso(datetime.fromtimestamp(at_ms / 1000, UTC)),
        ),
    )


def group_outline(group: Asset) -> dict[str, Any]:
    """Answer a group as it is shown within its APIs too."""
    return {
        "id": group.id,
        "name": group.name,
        "status": _VALID,
        "sl_domain": f"{group.id}{DOMAIN_ENDING}",
        "register_time": iso(group.created_at),
        "update_time": iso(group.updated_at),
        "on_sell_status": _UNLISTED,
        "url_domains": [],
    }
