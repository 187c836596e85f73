"""Commands: what can be asked of a device through a service; parts of the service (contract 7.9)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.kinds.device_model import PART_ACTIONS, Description, listed
from romaport.kinds.kind import Asset, Filter, Kind, Reference, Travel, Viewer


class CommandBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations."""

    name: Annotated[str, Meta(min_length=2, max_length=50, pattern=r"^[A-Za-z0-9_\-]+\Z")]
    description: Description | None = None


def present(command: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a command as its operations do, where its name has another field than in the request."""
    return {
        "service_id": int(command.references["service_id"].id),
        "command_id": int(command.id),
        "command_name": command.name,
        **command.body,
    }


KIND = Kind(
    name="command",
    title="command",
    word="product",
    path="link/instances/{instance_id}/services/{service_id}/commands",
    id_field="command_id",
    name_field="name",
    is_numbered=True,
    create=CommandBody,
    update=CommandBody,
    travels={"name": Travel.NAME, "description": Travel.PLAIN},
    references=(Reference(field="service_id", to="service", owns=True, part=True, in_key=True),),
    parent="service_id",
    present=present,
    listing=listed(
        Filter(query="command_id", matches="id", is_number=True),
        Filter(query="command_name", matches="name", fuzzy=True),
    ),
    actions=PART_ACTIONS,
    statuses={"delete": 204},
)
