"""MQS topics: named, partitioned queues of messages (contract 7.8)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.errors import BodyInvalid
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Reference, Travel, Viewer

_App = Annotated[str, Meta(min_length=1, max_length=64)]


class TopicBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation; `app_id` takes the application's key or its id (product decision 25)."""

    name: Annotated[str, Meta(min_length=3, max_length=200, pattern=r"^[A-Za-z][A-Za-z0-9_\-]*\Z")]
    access_policy: Annotated[str, Meta(pattern=r"^(all|pub|sub)\Z")]
    app_id: _App | None = None
    app_key: _App | None = None
    partition: Annotated[int, Meta(ge=1, le=100)] = 3
    replication: Annotated[int, Meta(ge=1, le=3)] = 3
    sync_message_flush: bool = False
    sync_replication: bool = False
    retention_time: Annotated[int, Meta(ge=1, le=720)] = 72
    tag: Annotated[str, Meta(max_length=1024, pattern=r"^[^&]*(&[^&]*)?\Z")] | None = None
    description: Annotated[str, Meta(max_length=1000)] | None = None
    sensitive_word: Annotated[str, Meta(max_length=1024)] | None = None


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Take `app_key`, which newer pages have, where there is no `app_id`; raise `BodyInvalid` without both."""
    named = request.get("app_id") or request.get("app_key")
    if not named:
        raise BodyInvalid(problems="app_id: is required")
    return {field: value for field, value in request.items() if field != "app_key"} | {"app_id": named}


# A package of someone else's making may leave out what the create operation fills in.
_DEFAULTS = {
    "partition": 3,
    "replication": 3,
    "retention_time": 72,
    "sync_message_flush": False,
    "sync_replication": False,
    "description": "",
    "sensitive_word": "",
}


def present(topic: Asset, viewer: Viewer) -> dict[str, Any]:
    """Answer a topic as the list does: its application by key, and no policy, which is another operation's."""
    app = topic.references["app_id"]
    return {
        "name": topic.name,
        "app_id": app.unique["key"],
        "app_key": app.unique["key"],
        "app_name": app.name,
        **{field: topic.body.get(field, default) for field, default in _DEFAULTS.items()},
        "permissions": [role for role in viewer.roles(app.id) if role != "admin"],
        "topic_type": 0,
        "external_configs": {},
        "policiesOnly": False,
    }


def acknowledge(topic: Asset) -> dict[str, Any]:
    """Answer a new topic: its name is its id."""
    return {"name": topic.name}


KIND = Kind(
    name="topic",
    title="topic",
    word="topic",
    path="mqs/instances/{instance_id}/topics",
    id_field="topic_name",
    name_field="name",
    create=TopicBody,
    update=TopicBody,
    replaces=False,
    flatten=flatten,
    travels={
        "name": Travel.NAME,
        "app_id": Travel.REFERENCE,
        # Another way to say app_id, which it becomes.
        "app_key": Travel.REFERENCE,
        "access_policy": Travel.PLAIN,
        "partition": Travel.PLAIN,
        "replication": Travel.PLAIN,
        "sync_message_flush": Travel.PLAIN,
        "sync_replication": Travel.PLAIN,
        "retention_time": Travel.PLAIN,
        "tag": Travel.PLAIN,
        "description": Travel.PLAIN,
        "sensitive_word": Travel.PLAIN,
    },
    references=(Reference(field="app_id", to="app", owns=True, also_by="key"),),
    present=present,
    acknowledge=acknowledge,
    listing=Listing(
        array="topics",
        limit_default=None,
        limit_max=10_000,
        filters=(
            Filter(query="app_name", matches="reference.app_id.name"),
            Filter(query="name", matches="name", fuzzy=True),
            Filter(query="access_policy", matches="body.access_policy"),
        ),
    ),
    is_prefixed=True,
    tags="tag",
    quota=1800,
    quota_of="partition",
    # The other operations take many topics at once and name them; see `romaport.api.topics`.
    actions={"create": "roma:topics:create"},
)
