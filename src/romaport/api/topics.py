"""What topics have beyond their creation: many at once and by name, and who may use them (contract 7.8)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.resources import listed, viewer_of
from romaport.catalog import ROLES, used
from romaport.errors import AssetMissing, AssetsMissing, BodyInvalid, ParameterInvalid, RoleMissing
from romaport.kinds import KINDS, Asset, split
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS"]

_TOPIC = KINDS["topic"]
_ACCESS = KINDS["topic_access"]
_APP_OF_ACCESS = next(found for found in _ACCESS.references if found.field == "app_id")
_MANY = "/v2/{project_id}/mqs/instances/{instance_id}/topics"
_TOPICS_MAX = 1_000
_PARTITIONS_MAX = 100
_LISTED_CHARACTERS = 8_000

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Description = Annotated[str, Meta(max_length=1000)]
_Words = Annotated[str, Meta(max_length=1024)]


class TopicChange(Struct, frozen=True, forbid_unknown_fields=True, rename={"partition": "new_partition_numbers"}):
    """What is to change of one topic; what it does not name stays."""

    name: _Name
    retention_time: Annotated[int, Meta(ge=1, le=720)] | None = None
    sync_replication: bool | None = None
    sync_message_flush: bool | None = None
    description: _Description | None = None
    sensitive_word: _Words | None = None
    partition: Annotated[int, Meta(ge=1, le=_PARTITIONS_MAX)] | None = None

    def fields(self) -> dict[str, Any]:
        """Answer the fields of the topic that are to change."""
        return {name: value for name, value in structs.asdict(self).items() if name != "name" and value is not None}


class TopicChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation."""

    topics: Annotated[list[TopicChange], Meta(min_length=1, max_length=_TOPICS_MAX)]


class TopicNames(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the batch deletion."""

    topics: Annotated[list[_Name], Meta(min_length=1, max_length=_TOPICS_MAX)]


class Policy(Struct, frozen=True):
    """What one application may do with a topic; the page's own example carries more than its table."""

    access_policy: Annotated[str, Meta(pattern=r"^(all|pub|sub)\Z")]
    app_id: Annotated[str, Meta(max_length=64)] = ""
    app_key: Annotated[str, Meta(max_length=64)] = ""
    owner: bool = False
    tag: Annotated[str, Meta(max_length=1024, pattern=r"^[^&]*(&[^&]*)?\Z")] = ""

    @property
    def app(self) -> str:
        """The application, by its key or its id."""
        return self.app_id or self.app_key


class TopicPolicies(Struct, frozen=True, forbid_unknown_fields=True):
    """All who may use one topic; its own application keeps its policy if it is not among them."""

    name: _Name
    policies: Annotated[list[Policy], Meta(max_length=_TOPICS_MAX)]
    description: _Description | None = None
    sensitive_word: _Words | None = None


class PolicyChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the operation that sets policies."""

    topics: Annotated[list[TopicPolicies], Meta(min_length=1, max_length=_TOPICS_MAX)]


def _visible(call: Call, tx: Transaction, name: str) -> Asset | None:
    catalog = call.parts.desk.catalog
    topic = catalog.by_unique(tx, _TOPIC, call.instance_id, "name", name)
    return topic if topic is not None and catalog.roles(tx, topic, call.actor) else None


def _named(call: Call, tx: Transaction, names: Iterable[str]) -> dict[str, Asset]:
    """Answer topics by name; raise `BodyInvalid` for a name given twice, `AssetsMissing` with all that do not exist."""
    counted = Counter(names)
    twice = [name for name, times in counted.items() if times > 1]
    if twice:
        raise BodyInvalid(problems=f"topics: each may be named once; {', '.join(twice)[:_LISTED_CHARACTERS]} is not")
    found = {name: _visible(call, tx, name) for name in counted}
    missing = [f"topic {name}" for name, topic in found.items() if topic is None]
    if missing:
        raise AssetsMissing(count=len(missing), listed=", ".join(missing)[:_LISTED_CHARACTERS])
    return {name: topic for name, topic in found.items() if topic is not None}


def list_topics(call: Call) -> Reply:
    """List topics, with what the caller may do with those of the page, and the instance's partitions."""
    with call.parts.desk.database.snapshot() as tx:
        document = listed(_TOPIC, call, tx)
        partitions = used(tx, _TOPIC, call.instance_id)
    limit = _TOPIC.quota or 0
    held = {role for topic in document["topics"] for role in topic["permissions"]}
    document["permissions"] = [role for role in ROLES if role in held]
    document["max_partitions"] = limit
    document["remain_partitions"] = max(limit - partitions, 0)
    return Reply(document=document)


def update_topics(call: Call) -> Reply:
    """Change topics, all of them or none."""
    asked = decode(TopicChanges, call.body)
    desk = call.parts.desk
    with desk.deciding(call.instance_id) as tx:
        topics = _named(call, tx, [change.name for change in asked.topics])
        problems = [
            f"topics[{position}].new_partition_numbers: must be at least {held}, since partitions are never taken away"
            for position, change in enumerate(asked.topics)
            if (change.partition or _PARTITIONS_MAX) < (held := topics[change.name].body.get("partition", 0))
        ]
        if problems:
            raise BodyInvalid(problems="; ".join(problems))
        for change in asked.topics:
            desk.catalog.update(tx, _TOPIC, topics[change.name], split(_TOPIC, change.fields()), call.actor)
    return Reply(status=204)


def delete_named_topics(call: Call) -> Reply:
    """Delete the topics that the query names, joined by commas."""
    names = [name for name in call.query.get("name", "").split(",") if name]
    if not 1 <= len(names) <= _TOPICS_MAX:
        raise ParameterInvalid(name="name", rule=f"must be 1 to {_TOPICS_MAX} names of topics, joined by commas")
    return _deleted(call, names)


def delete_listed_topics(call: Call) -> Reply:
    """Delete the topics that the body names."""
    return _deleted(call, decode(TopicNames, call.body).topics)


def _deleted(call: Call, names: Iterable[str]) -> Reply:
    with call.parts.desk.deciding(call.instance_id) as tx:
        outcomes = [{"id": name, "success": _is_deleted(call, tx, name)} for name in dict.fromkeys(names)]
    return Reply(document={"topics": outcomes})


def _is_deleted(call: Call, tx: Transaction, name: str) -> bool:
    topic = _visible(call, tx, name)
    if topic is None:
        return False
    try:
        call.parts.desk.catalog.delete(tx, _TOPIC, call.instance_id, topic.id, call.actor)
    except RoleMissing:
        return False
    return True


def show_policies(call: Call) -> Reply:
    """List who may use a topic, its own application first."""
    catalog = call.parts.desk.catalog
    name = call.path["topic_name"]
    offset = call.number("offset", default=0, at_least=0, at_most=_TOPICS_MAX)
    limit = call.number("limit", default=_TOPICS_MAX, at_least=1, at_most=_TOPICS_MAX)
    with call.parts.desk.database.snapshot() as tx:
        topic = _visible(call, tx, name)
        if topic is None:
            raise AssetMissing(kind=_TOPIC.title, asset_id=name)
        viewer = viewer_of(call, tx)
        others = sorted(catalog.parts(tx, _ACCESS, topic), key=lambda access: access.references["app_id"].name)
        # The topic says of its own application what an access says of another.
        own = {**_ACCESS.present(topic, viewer), "owner": True}
        policies = [own, *(_ACCESS.present(access, viewer) for access in others)]
    page = policies[offset:][:limit]
    return Reply(document={"name": name, "total": len(policies), "size": len(page), "policies": page})


def set_policies(call: Call) -> Reply:
    """Set who may use topics, for all of them or for none."""
    asked = decode(PolicyChanges, call.body)
    catalog = call.parts.desk.catalog
    with call.parts.desk.deciding(call.instance_id) as tx:
        topics = _named(call, tx, [change.name for change in asked.topics])
        catalog.permit_all(tx, [topic.id for topic in topics.values()], call.actor, "access")
        granted: list[dict[str, Policy]] = []
        problems: list[str] = []
        for position, change in enumerate(asked.topics):
            policies, found = _by_app(call, tx, topics[change.name], change.policies)
            granted.append(policies)
            problems.extend(f"topics[{position}].{problem}" for problem in found)
        if problems:
            raise BodyInvalid(problems="; ".join(problems))
        for change, policies in zip(asked.topics, granted, strict=True):
            _describe(call, tx, topics[change.name], change)
            _grant(call, tx, topics[change.name], policies)
    return Reply(status=204)


def _by_app(
    call: Call, tx: Transaction, topic: Asset, policies: Iterable[Policy]
) -> tuple[dict[str, Policy], list[str]]:
    """Answer the policies of a topic by the id of their application, and all that is wrong with them."""
    catalog = call.parts.desk.catalog
    owner = topic.references["app_id"]
    # Who may use the topic already can be named again, even by someone who does not see that application.
    apps = [owner, *(access.references["app_id"] for access in catalog.parts(tx, _ACCESS, topic))]
    known = {name: app for app in apps for name in (app.id, app.unique["key"])}
    found: dict[str, Policy] = {}
    problems: list[str] = []
    for position, policy in enumerate(policies):
        app = known.get(policy.app) or catalog.find(tx, _APP_OF_ACCESS, call.instance_id, policy.app, call.actor)
        rule = "must be the key or the id of an application of this instance"
        if app is not None:
            rule = "names an application for the second time" if app.id in found else ""
            rule = rule or ("is not the owner of the topic" if policy.owner and app.id != owner.id else "")
            found[app.id] = policy
        if rule:
            problems.append(f"policies[{position}].app_id: {rule}")
    return found, problems


def _describe(call: Call, tx: Transaction, topic: Asset, change: TopicPolicies) -> None:
    """Change the texts of a topic that came with its policies, if they are other than they were."""
    given = {"description": change.description, "sensitive_word": change.sensitive_word}
    texts = {name: text for name, text in given.items() if text is not None and text != topic.body.get(name, "")}
    if texts:
        call.parts.desk.catalog.update(tx, _TOPIC, topic, split(_TOPIC, texts), call.actor)


def _grant(call: Call, tx: Transaction, topic: Asset, policies: Mapping[str, Policy]) -> None:
    """Give a topic these policies, by the id of their application, and no others."""
    catalog = call.parts.desk.catalog
    # The right to manage access was asked for; what it comes to is not a change of the topic by the caller.
    actor = replace(call.actor, sees_all=True)
    held = {access.references["app_id"].id: access for access in catalog.parts(tx, _ACCESS, topic)}
    for app_id in held.keys() - policies.keys():
        catalog.delete(tx, _ACCESS, call.instance_id, held[app_id].id, actor)
    holders = held | {topic.references["app_id"].id: catalog.show(tx, _TOPIC, call.instance_id, topic.id, actor)}
    for app_id, policy in policies.items():
        fields = {"access_policy": policy.access_policy, "tag": policy.tag}
        holder = holders.get(app_id)
        if holder is None:
            parts = split(_ACCESS, {**fields, "app_id": app_id})
            parts.references["topic"] = topic.id
            catalog.create(tx, _ACCESS, call.instance_id, parts, actor)
        elif any(holder.body.get(name, "") != value for name, value in fields.items()):
            kind = KINDS[holder.kind]
            catalog.update(tx, kind, holder, split(kind, fields), actor)


OPERATIONS = (
    Operation(
        name="ListMqsInstanceTopics",
        summary="List topics, and the partitions the instance has and has left.",
        method="GET",
        path=_MANY,
        action="roma:topics:list",
        run=list_topics,
        contract="7.8",
    ),
    Operation(
        name="UpdateMqsInstanceTopic",
        summary="Change topics.",
        method="PUT",
        path=_MANY,
        action="roma:topics:update",
        run=update_topics,
        takes=Takes.JSON,
        status=204,
        request=TopicChanges,
        contract="7.8",
    ),
    Operation(
        name="DeleteMqsInstanceTopic",
        summary="Delete topics by their names in the query.",
        method="DELETE",
        path=_MANY,
        action="roma:topics:delete",
        run=delete_named_topics,
        contract="7.8",
    ),
    Operation(
        name="BatchDeleteMqsInstanceTopic",
        summary="Delete topics by their names in the body.",
        method="POST",
        path=f"{_MANY}/delete",
        action="roma:topics:delete",
        run=delete_listed_topics,
        takes=Takes.JSON,
        request=TopicNames,
        contract="7.8",
    ),
    Operation(
        name="UpdateTopicAccessPolicy",
        summary="Set which applications may publish to topics and subscribe to them.",
        method="POST",
        path=f"{_MANY}/accesspolicy",
        action="roma:topics:update",
        run=set_policies,
        takes=Takes.JSON,
        status=204,
        request=PolicyChanges,
        contract="7.8",
    ),
    Operation(
        name="ShowMqsInstanceTopicAccessPolicy",
        summary="List which applications may publish to a topic and subscribe to it.",
        method="GET",
        path=f"{_MANY}/{{topic_name}}/accesspolicy",
        action="roma:topics:get",
        run=show_policies,
        contract="7.8",
    ),
)
