"""Products: models of devices, made of services and topics (contract 7.9)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from romaport.ids import new_password
from romaport.kinds.device_model import MADE, Description, history_of, listed
from romaport.kinds.kind import Asset, Filter, Kind, Reference, Travel, Viewer
from romaport.kinds.parts import MASK

# Letters, also Chinese ones, digits, `_` and `-`.
_Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9\u4e00-\u9fff_\-]+\Z")]
_ManufacturerId = Annotated[str, Meta(min_length=2, max_length=50, pattern=r"^[A-Za-z0-9_\-]+\Z")]
_ManufacturerName = Annotated[str, Meta(min_length=2, max_length=64)]
# Spaces at both ends are taken, and then left out.
_Model = Annotated[
    str, Meta(min_length=2, max_length=50, pattern=r"^ *[A-Za-z0-9_\-][A-Za-z0-9_\- ]*[A-Za-z0-9_\-] *\Z")
]
_DeviceType = Annotated[str, Meta(min_length=1, max_length=32)]
_Version = Annotated[str, Meta(max_length=64)]

_DEVICE_TYPE = "Default"
_SERIAL = re.compile(r"P([0-9]{11,})\Z")


class ProductCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation."""

    REFUSED: ClassVar[Mapping[str, str]] = {"template_id": "product templates are not held here; leave it out"}

    app_id: Annotated[str, Meta(min_length=1, max_length=64)]
    name: _Name
    manufacturer_id: _ManufacturerId
    manufacturer_name: _ManufacturerName
    model: _Model
    product_type: Literal[0, 1]
    protocol_type: Literal[0, 1, 2, 4, 5]
    device_type: _DeviceType = _DEVICE_TYPE
    data_format: Literal[0, 1] = 0
    description: Description | None = None
    version: _Version | None = None


class ProductUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation; what a product is at heart, its types, stays."""

    name: _Name
    manufacturer_id: _ManufacturerId
    manufacturer_name: _ManufacturerName
    model: _Model
    device_type: _DeviceType
    description: Description | None = None
    version: _Version | None = None


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Leave out the spaces around the model."""
    return {**request, "model": request["model"].strip()}


def _serial_of(product_id: str) -> str:
    # Unique in the system because ids are, and so new at every target.
    return f"P{product_id.zfill(11)}"


def _id_of(serial: str) -> str:
    found = _SERIAL.match(serial)
    return found[1].lstrip("0") if found else ""


def present(product: Asset, viewer: Viewer) -> dict[str, Any]:
    """Answer a product as the operations show it, its password as stars.

    The user name with which its devices sign in is its serial, unless it was given another one in this instance.
    """
    app = product.references["app_id"]
    serial = _serial_of(product.id)
    return {
        "id": int(product.id),
        "product_serial": serial,
        "name": product.name,
        "app_id": app.id,
        "app_name": app.name,
        "device_type": _DEVICE_TYPE,
        "data_format": 0,
        **product.body,
        "permissions": [role for role in viewer.roles(app.id) if role != "admin"],
        "authentication": {"user_name": product.local.get("user_name", serial), "password": MASK},
        **history_of(product),
    }


KIND = Kind(
    name="product",
    title="product",
    word="product",
    path="link/instances/{instance_id}/products",
    id_field="product_id",
    name_field="name",
    is_numbered=True,
    create=ProductCreate,
    update=ProductUpdate,
    keeps=("product_type", "protocol_type", "data_format"),
    flatten=flatten,
    travels={
        "app_id": Travel.REFERENCE,
        "name": Travel.NAME,
        "manufacturer_id": Travel.PLAIN,
        "manufacturer_name": Travel.PLAIN,
        "model": Travel.PLAIN,
        "product_type": Travel.PLAIN,
        "protocol_type": Travel.PLAIN,
        "device_type": Travel.PLAIN,
        "data_format": Travel.PLAIN,
        "description": Travel.PLAIN,
        "version": Travel.PLAIN,
        "password": Travel.SECRET,
    },
    generate={"password": new_password},
    references=(Reference(field="app_id", to="app", owns=True),),
    present=present,
    listing=listed(
        Filter(query="app_id", matches="reference.app_id"),
        Filter(query="app_name", matches="reference.app_id.name"),
        Filter(query="id", matches="id"),
        Filter(query="name", matches="name", fuzzy=True),
        Filter(query="manufacturer_id", matches="body.manufacturer_id"),
        Filter(query="manufacturer_name", matches="body.manufacturer_name"),
        Filter(query="model", matches="body.model"),
        Filter(query="device_type", matches="body.device_type"),
        Filter(query="product_type", matches="body.product_type", is_number=True),
        Filter(query="protocol_type", matches="body.protocol_type", is_number=True),
        Filter(query="product_serial", matches="id", reads=_id_of),
        *MADE,
    ),
    is_prefixed=True,
    quota=500,
    actions={
        "create": "roma:products:create",
        "show": "roma:products:get",
        "update": "roma:products:update",
        "delete": "roma:products:delete",
        "list": "roma:products:list",
    },
    statuses={"create": 201, "delete": 204},
)
