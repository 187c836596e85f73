"""API groups: what APIs belong to; global, or an application's own (contract 7.7)."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from romaport.errors import ApiGroupMissing, ApiGroupNameTaken, ApiGroupUsed
from romaport.kinds.apic import DOMAIN_ENDING, group_outline
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Reference, Refusals, Travel, Viewer

_Name = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=255,
        pattern="^[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff\uff08\uff09\uff1a\u3001:._()/\\-]*\\Z",
    ),
]
_Remark = Annotated[str, Meta(max_length=1000)]
_ORDINARY = 2


class GroupCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation; V1 is a global group, V2 one of an application."""

    name: _Name
    remark: _Remark | None = None
    roma_app_id: Annotated[str, Meta(max_length=64)] | None = None
    version: Annotated[str, Meta(pattern=r"^(V1|V2|)\Z")] | None = None


class GroupUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation; a group stays where it is."""

    name: _Name
    remark: _Remark | None = None


def rules(fields: Mapping[str, Any]) -> list[str]:
    """Answer what does not fit together: a version says whose a group is, and the application must agree."""
    app_id, version = fields.get("roma_app_id"), fields.get("version")
    if UNSET in (app_id, version) or not version or bool(app_id) == (version == "V2"):
        return []
    return [f"roma_app_id: {'is required' if version == 'V2' else 'must be absent'} when version is {version}"]


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Leave out the version, which follows from the application."""
    return {name: value for name, value in request.items() if name != "version"}


def present(group: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a group as its operations do."""
    app = group.references.get("roma_app_id")
    return {
        **group_outline(group),
        "sl_domains": [f"{group.id}{DOMAIN_ENDING}"],
        "remark": group.body.get("remark"),
        "is_default": _ORDINARY,
        "version": "V1" if app is None else "V2",
        "roma_app_id": None if app is None else app.id,
        "roma_app_name": None if app is None else app.name,
    }


KIND = Kind(
    name="api_group",
    title="API group",
    word="apigroup",
    path="apic/instances/{instance_id}/api-groups",
    id_field="group_id",
    name_field="name",
    create=GroupCreate,
    update=GroupUpdate,
    replaces=False,
    rules=rules,
    flatten=flatten,
    travels={
        "name": Travel.NAME,
        "remark": Travel.PLAIN,
        "roma_app_id": Travel.REFERENCE,
        "version": Travel.PLAIN,
    },
    references=(Reference(field="roma_app_id", to="app", owns=True, in_key=True, optional=True),),
    present=present,
    listing=Listing(
        array="groups",
        limit_default=20,
        limit_max=500,
        cuts=True,
        filters=(
            Filter(query="name", matches="name", fuzzy=True),
            Filter(query="id", matches="id"),
            Filter(query="roma_app_id", matches="reference.roma_app_id"),
            # The only domain a group has here is made of its id.
            Filter(query="domain_name", matches="id", reads=lambda asked: asked.removesuffix(DOMAIN_ENDING)),
        ),
    ),
    is_prefixed=True,
    quota=1500,
    actions={
        "create": "roma:apigroups:create",
        "show": "roma:apigroups:get",
        "update": "roma:apigroups:update",
        "delete": "roma:apigroups:delete",
        "list": "roma:apigroups:list",
    },
    statuses={"create": 201, "delete": 204},
    refusals=Refusals(missing=ApiGroupMissing, taken=ApiGroupNameTaken, used=ApiGroupUsed),
)
