"""Product topics: what the devices of a product publish to or subscribe to; parts of the product (contract 7.9)."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from romaport.errors import BodyInvalid
from romaport.kinds.device_model import PART_ACTIONS, Description, listed
from romaport.kinds.kind import Asset, Kind, Reference, Travel, Viewer

_LAST_MAX = 64
_VERSION_MAX = 64
_BEGINNING = "/{version}/${{deviceId}}/"
_TOPIC_MAX = len(_BEGINNING.format(version="")) + _VERSION_MAX + _LAST_MAX


class ProductTopicBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations; the name is the last part of the topic, or the whole of it."""

    permission: Literal[0, 1]
    # No blanks, and no wildcards of MQTT.
    name: Annotated[str, Meta(min_length=1, max_length=_TOPIC_MAX, pattern=r"^[^\s+#]+\Z")]
    version: Annotated[
        str, Meta(min_length=1, max_length=_VERSION_MAX, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/\\\-]*[A-Za-z0-9])?\Z")
    ]
    description: Description | None = None


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Put the whole topic in the place of its last part; raise `BodyInvalid` if that is too long."""
    beginning = _BEGINNING.format(version=request["version"])
    last = request["name"].removeprefix(beginning)
    if not 0 < len(last) <= _LAST_MAX:
        raise BodyInvalid(problems=f"name: must have 1 to {_LAST_MAX} characters after {beginning}")
    return {**request, "name": beginning + last}


def present(topic: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a topic as its operations do: under its whole name, the id a text (contract 7.9)."""
    return {
        "product_id": int(topic.references["product_id"].id),
        "topic_id": topic.id,
        "topic_name": topic.name,
        **topic.body,
    }


KIND = Kind(
    name="product_topic",
    title="product topic",
    word="product",
    path="link/instances/{instance_id}/products/{product_id}/topics",
    id_field="topic_id",
    name_field="name",
    is_numbered=True,
    create=ProductTopicBody,
    update=ProductTopicBody,
    flatten=flatten,
    travels={
        "permission": Travel.PLAIN,
        "name": Travel.NAME,
        "version": Travel.PLAIN,
        "description": Travel.PLAIN,
    },
    references=(Reference(field="product_id", to="product", owns=True, part=True, in_key=True),),
    parent="product_id",
    present=present,
    listing=listed(),
    # The contract has no operation that shows one topic.
    actions={verb: action for verb, action in PART_ACTIONS.items() if verb != "show"},
    statuses={"delete": 204},
)
