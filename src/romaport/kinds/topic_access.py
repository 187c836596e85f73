"""The access of further applications to a topic; that of its own application is the topic's (contract 7.8)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.kinds.kind import Asset, Kind, Reference, Travel, Viewer


class TopicAccessBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What one application may do with a topic."""

    app_id: Annotated[str, Meta(min_length=1, max_length=64)]
    access_policy: Annotated[str, Meta(pattern=r"^(all|pub|sub)\Z")]
    tag: Annotated[str, Meta(max_length=1024, pattern=r"^[^&]*(&[^&]*)?\Z")] | None = None


def present(access: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer an access as the operation that shows a topic's policies does."""
    app = access.references["app_id"]
    return {
        "owner": False,
        "user_name": app.unique["key"],
        "app_name": app.name,
        "access_policy": access.body["access_policy"],
        "tag": access.body.get("tag", ""),
    }


KIND = Kind(
    name="topic_access",
    title="topic access",
    word="topic",
    path="mqs/instances/{instance_id}/topics/{topic_name}/accesspolicy",
    id_field="access_id",
    name_field="",
    create=TopicAccessBody,
    update=TopicAccessBody,
    travels={
        "app_id": Travel.REFERENCE,
        "access_policy": Travel.PLAIN,
        "tag": Travel.PLAIN,
    },
    references=(
        Reference(field="topic", to="topic", owns=True, part=True, in_key=True),
        Reference(field="app_id", to="app", in_key=True, also_by="key"),
    ),
    parent="topic",
    present=present,
    tags="tag",
)
