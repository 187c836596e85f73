"""Dictionaries: words of an instance that other things are sorted by; never in a package (contract 7.4)."""

from math import inf
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from romaport.clock import iso
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Parts, Reference, Travel, Viewer

# Letters, also Chinese ones, digits, underscores and spaces; not all blank. Codes are without Chinese.
_LETTERS = "A-Za-z0-9_\u4e00-\u9fff"
_Name = Annotated[str, Meta(max_length=64, pattern=f"^[{_LETTERS} ]*[{_LETTERS}][{_LETTERS} ]*\\Z")]
_Code = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_ ]*[A-Za-z0-9_][A-Za-z0-9_ ]*\Z")]
_Extension = Annotated[str, Meta(max_length=256, pattern=f"^[{_LETTERS} ]*\\Z")]
_Remark = Annotated[str, Meta(max_length=1024)]
_Order = Annotated[int, Meta(ge=-2147483648, le=2147483647)]


class DictionaryCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation; without a parent's code it is a dictionary of the top level."""

    name: _Name
    code: _Code
    remark: _Remark | None = None
    order: _Order | None = None
    extend_one: _Extension | None = None
    extend_two: _Extension | None = None
    parent_code: Annotated[str, Meta(max_length=64)] | None = None


class DictionaryUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation; what it does not name stays, and code and parent stay always."""

    name: _Name | None = None
    remark: _Remark | None = None
    order: _Order | None = None
    extend_one: _Extension | None = None
    extend_two: _Extension | None = None


def refine(parts: Parts) -> Parts:
    """Note beside a new dictionary what its list is filtered by: its code, and whether it is of the top level."""
    if "code" not in parts.unique:
        return parts
    noted = {"listed_code": parts.unique["code"], "is_child": bool(parts.references.get("parent_code"))}
    return replace(parts, local={**parts.local, **noted})


def present(dictionary: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a dictionary as its operations do: without its order, which is seen in lists only."""
    parent = dictionary.references.get("parent_code")
    return {
        "id": dictionary.id,
        "name": dictionary.name,
        "remark": dictionary.body.get("remark"),
        "code": dictionary.unique["code"],
        "extend_one": dictionary.body.get("extend_one"),
        "extend_two": dictionary.body.get("extend_two"),
        "parent_code": parent.unique["code"] if parent else None,
        # The vendor's own, `system`, come with the vendor's service.
        "type": "user",
        "create_time": iso(dictionary.created_at),
        "update_time": iso(dictionary.updated_at),
    }


def rank(dictionary: Asset) -> float:
    """Answer by what lists are sorted: the order, lowest first, and last those without one."""
    return float(dictionary.local.get("order", inf))


KIND = Kind(
    name="dictionary",
    title="dictionary",
    word="dictionary",
    path="instances/{instance_id}/dictionaries",
    id_field="dict_id",
    name_field="name",
    create=DictionaryCreate,
    update=DictionaryUpdate,
    replaces=False,
    travels={
        "name": Travel.NAME,
        "code": Travel.UNIQUE,
        "remark": Travel.PLAIN,
        "order": Travel.LOCAL,
        "extend_one": Travel.PLAIN,
        "extend_two": Travel.PLAIN,
        "parent_code": Travel.REFERENCE,
    },
    references=(Reference(field="parent_code", to="dictionary", optional=True, also_by="code"),),
    refine=refine,
    present=present,
    listing=Listing(
        array="dictionaries",
        limit_max=1000,
        filters=(
            Filter(query="parent_code", matches="reference.parent_code", by="code"),
            Filter(query="parent_code", matches="local.is_child", absent="false"),
            Filter(query="code", matches="local.listed_code", fuzzy=True),
            Filter(query="name", matches="name", fuzzy=True),
        ),
        order=rank,
    ),
    is_packed=False,
    # Nothing is published; a list reads them all.
    quota=1000,
    actions={
        "create": "roma:dictionaries:create",
        "show": "roma:dictionaries:get",
        "update": "roma:dictionaries:update",
        "delete": "roma:dictionaries:delete",
        "list": "roma:dictionaries:list",
    },
    statuses={"delete": 204},
)
