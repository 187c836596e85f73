"""Integration applications: what everything else belongs to (contract 7.3)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.clock import iso
from romaport.ids import new_access_key, new_secret
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Travel, Viewer

# Letters, also Chinese ones, digits, `-_.`, spaces and parentheses of both widths; not all blank.
_NAME_CHARACTERS = "A-Za-z0-9\u4e00-\u9fff\uff08\uff09_.()\\-"
_Name = Annotated[
    str,
    Meta(min_length=1, max_length=256, pattern=f"^[{_NAME_CHARACTERS} ]*[{_NAME_CHARACTERS}][{_NAME_CHARACTERS} ]*\\Z"),
]
_Remark = Annotated[str, Meta(max_length=1024)]


class AppCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation."""

    name: _Name
    remark: _Remark | None = None
    key: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9\-_@.]*\Z")] | None = None
    secret: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9!@#$%+=.\-/]+\Z")] | None = None
    favorite: bool | None = None


class AppUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation; what it does not name stays."""

    name: _Name | None = None
    remark: _Remark | None = None
    favorite: bool | None = None


def present(app: Asset, viewer: Viewer) -> dict[str, Any]:
    """Answer an application as the operations show it: never with its secret."""
    return {
        "id": app.id,
        "name": app.name,
        "remark": app.body.get("remark"),
        "key": app.unique["key"],
        "favorite": bool(app.local.get("favorite", False)),
        "roles": list(viewer.roles(app.id)),
        "owner": app.created_by[0] == viewer.user_id,
        "create_time": iso(app.created_at),
        "update_time": iso(app.updated_at),
        "created_user": {"user_id": app.created_by[0], "user_name": app.created_by[1]},
        "last_updated_user": {"user_id": app.updated_by[0], "user_name": app.updated_by[1]},
    }


KIND = Kind(
    name="app",
    title="application",
    word="application",
    path="instances/{instance_id}/apps",
    id_field="app_id",
    name_field="name",
    create=AppCreate,
    update=AppUpdate,
    replaces=False,
    travels={
        "name": Travel.NAME,
        "remark": Travel.PLAIN,
        "key": Travel.UNIQUE,
        "secret": Travel.SECRET,
        "favorite": Travel.LOCAL,
    },
    generate={"key": new_access_key, "secret": new_secret},
    present=present,
    listing=Listing(
        array="apps",
        limit_max=500,
        filters=(
            Filter(query="name", matches="name", fuzzy=True),
            Filter(query="favorite", matches="local.favorite"),
        ),
    ),
    is_prefixed=True,
    quota=100,
    actions={
        "create": "roma:applications:create",
        "show": "roma:applications:get",
        "update": "roma:applications:update",
        "delete": "roma:applications:delete",
        "list": "roma:applications:list",
    },
    statuses={"create": 201},
)
