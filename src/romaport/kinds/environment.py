"""Environments: where APIs are published; RELEASE is always there, the others are made (contract 7.7)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.clock import iso
from romaport.errors import EnvironmentMissing, EnvironmentNameTaken
from romaport.kinds.apic import RELEASE_NAME
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Parts, Refusals, Travel, Viewer


class EnvironmentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations."""

    name: Annotated[str, Meta(min_length=3, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_]*\Z")]
    remark: Annotated[str, Meta(max_length=255)] | None = None


def refine(parts: Parts) -> Parts:
    """Leave an environment as it is; raise `EnvironmentNameTaken` for the name of the one that is always there."""
    if parts.name == RELEASE_NAME:
        raise EnvironmentNameTaken(name=parts.name)
    return parts


def present(environment: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer an environment as its operations do."""
    return {
        "id": environment.id,
        "name": environment.name,
        "remark": environment.body.get("remark"),
        "create_time": iso(environment.created_at),
    }


KIND = Kind(
    name="environment",
    title="environment",
    word="environment",
    path="apic/instances/{instance_id}/envs",
    id_field="env_id",
    name_field="name",
    create=EnvironmentBody,
    update=EnvironmentBody,
    travels={"name": Travel.NAME, "remark": Travel.PLAIN},
    refine=refine,
    present=present,
    listing=Listing(
        array="envs",
        limit_default=20,
        limit_max=500,
        cuts=True,
        filters=(Filter(query="name", matches="name", fuzzy=True),),
    ),
    is_packed=False,
    quota=10,
    # Its operations are in `api/environments.py`: they know of RELEASE, and of what is published.
    statuses={"create": 201, "delete": 204},
    refusals=Refusals(missing=EnvironmentMissing, taken=EnvironmentNameTaken),
)
