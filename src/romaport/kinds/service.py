"""Services: what a product can do, as properties and commands; parts of the product (contract 7.9)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from romaport.kinds.device_model import MADE, PART_ACTIONS, Description, history_of, listed
from romaport.kinds.kind import Asset, Filter, Kind, Reference, Travel, Viewer

# Letters, also Chinese ones, digits, `_` and `-`.
_Name = Annotated[str, Meta(min_length=2, max_length=64, pattern=r"^[A-Za-z0-9\u4e00-\u9fff_\-]+\Z")]


class ServiceCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation."""

    REFUSED: ClassVar[Mapping[str, str]] = {
        "product_template_id": "product templates are not held here; give the product_id of a product"
    }

    product_id: Annotated[int, Meta(ge=1)]
    service_name: _Name
    status: Literal[0, 1]
    description: Description | None = None


class ServiceUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation; a service stays with its product."""

    service_name: _Name
    status: Literal[0, 1]
    description: Description | None = None


def present(found: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a service as its operations do."""
    return {
        "product_id": int(found.references["product_id"].id),
        "service_id": int(found.id),
        "service_name": found.name,
        **found.body,
        **history_of(found),
    }


KIND = Kind(
    name="service",
    title="service",
    word="product",
    path="link/instances/{instance_id}/services",
    id_field="service_id",
    name_field="service_name",
    is_numbered=True,
    create=ServiceCreate,
    update=ServiceUpdate,
    travels={
        "product_id": Travel.REFERENCE,
        "service_name": Travel.NAME,
        "status": Travel.PLAIN,
        "description": Travel.PLAIN,
    },
    references=(Reference(field="product_id", to="product", owns=True, part=True, in_key=True),),
    present=present,
    listing=listed(
        Filter(query="service_id", matches="id", is_number=True),
        Filter(query="service_name", matches="name", fuzzy=True),
        Filter(query="product_id", matches="reference.product_id", is_number=True),
        # No service belongs to a template here.
        Filter(query="product_template_id", matches="body.product_template_id"),
        *MADE,
    ),
    actions=PART_ACTIONS,
    statuses={"create": 201, "delete": 204},
)
