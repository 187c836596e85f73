"""MQS topics through the vendor's SDK (contract 7.8)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    BatchDeleteMqsInstanceTopicReq,
    BatchDeleteMqsInstanceTopicRequest,
    CreateMqsInstanceTopicReq,
    CreateMqsInstanceTopicRequest,
    DeleteMqsInstanceTopicRequest,
    DeleteRomaAppRequest,
    ListMqsInstanceTopicsRequest,
    ShowMqsInstanceTopicAccessPolicyRequest,
    UpdateMqsInstanceTopicReq,
    UpdateMqsInstanceTopicRequest,
    UpdateTopicObject,
)
from tests.sdk.sample import add_app, share
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

PARTITIONS_MAX = 1800


def body(app_id: str, **fields: Any) -> Any:
    return CreateMqsInstanceTopicReq(**{"name": "orders", "app_id": app_id, "access_policy": "all", **fields})


def add(sdk: Sdk, instance: str, app_id: str, name: str, **fields: Any) -> Any:
    return sdk.send(CreateMqsInstanceTopicRequest(instance_id=instance, body=body(app_id, name=name, **fields)))


def listed(sdk: Sdk, instance: str, **query: str) -> Any:
    found = sdk.send(ListMqsInstanceTopicsRequest(instance_id=instance, **query))
    assert found.size == len(found.topics) <= found.total
    return found


def names(sdk: Sdk, instance: str, **query: str) -> list[str]:
    return [topic.name for topic in listed(sdk, instance, **query).topics]


def test_a_topic_takes_every_field_and_is_listed_without_its_policy(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders", key="orders-key")
    fields = {
        "partition": 5,
        "replication": 2,
        "sync_message_flush": True,
        "sync_replication": True,
        "retention_time": 24,
        "description": "All orders",
        "sensitive_word": "name || number",
    }
    made = add(sdk, instance, app.key, "orders", access_policy="pub", tag="new || old", **fields)
    assert made.status_code == 200
    assert made.raw_content == b'{"name":"orders"}'

    found = listed(sdk, instance)
    (topic,) = found.topics
    assert {name: getattr(topic, name) for name in fields} == fields
    assert (topic.name, topic.app_id, topic.app_name) == ("orders", "orders-key", "Orders")
    assert topic.permissions == ["read", "access", "modify", "delete"]
    assert found.permissions == topic.permissions
    assert (topic.policies_only, topic.topic_type, topic.external_configs) == (False, 0, {})
    assert (found.total, found.max_partitions, found.remain_partitions) == (1, PARTITIONS_MAX, PARTITIONS_MAX - 5)
    assert b'"policiesOnly":false' in found.raw_content
    assert b"access_policy" not in found.raw_content
    assert b"tag" not in found.raw_content


def test_what_is_not_given_has_the_published_defaults(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add(sdk, instance, app.key, "orders")
    (topic,) = listed(sdk, instance).topics
    assert (topic.partition, topic.replication, topic.retention_time) == (3, 3, 72)
    assert (topic.sync_message_flush, topic.sync_replication) == (False, False)
    assert (topic.description, topic.sensitive_word) == ("", "")


def test_an_application_is_named_by_key_or_id_and_the_key_is_answered(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders", key="orders-key")
    add(sdk, instance, "orders-key", "by-key")
    add(sdk, instance, app.id, "by-id")
    for topic in listed(sdk, instance).topics:
        assert topic.app_id == "orders-key"
    missing = CreateMqsInstanceTopicRequest(instance_id=instance, body=body("nowhere"))
    message = r"The application nowhere named by app_id does not exist\."
    assert sdk.refused(missing, 400, "ROMAPORT.3004", message).startswith("app_id: ")


def test_topics_are_listed_all_or_page_by_page_and_by_filters(sdk: Sdk, instance: str) -> None:
    apps = [add_app(sdk, instance, name) for name in ("Orders", "Billing")]
    policies = ("all", "pub", "sub")
    for number in range(12):
        add(sdk, instance, apps[number % 2].key, f"topic-{number:02}", access_policy=policies[number % 3])
    assert len(names(sdk, instance)) == 12
    assert names(sdk, instance, limit="2", offset="3") == ["topic-03", "topic-04"]
    assert listed(sdk, instance, limit="2", offset="11").total == 12
    assert names(sdk, instance, name="c-1") == ["topic-10", "topic-11"]
    assert len(names(sdk, instance, app_name="Billing")) == 6
    assert names(sdk, instance, app_name="Bill") == []
    assert len(names(sdk, instance, access_policy="sub")) == 4
    assert names(sdk, instance, access_policy="sub", app_name="Orders") == ["topic-02", "topic-08"]
    empty = listed(sdk, instance, name="nowhere")
    assert (empty.total, empty.permissions, empty.remain_partitions) == (0, [], PARTITIONS_MAX - 36)
    for query in ({"limit": "0"}, {"limit": "all"}, {"offset": "-1"}):
        sdk.refused(ListMqsInstanceTopicsRequest(instance_id=instance, **query), 400, "ROMA.13000", ".*")


def change(instance: str, *topics: dict[str, Any]) -> Any:
    body = UpdateMqsInstanceTopicReq(topics=[UpdateTopicObject(**fields) for fields in topics])
    return UpdateMqsInstanceTopicRequest(instance_id=instance, body=body)


def test_several_topics_are_changed_at_once(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    for name in ("first", "second", "third"):
        add(sdk, instance, app.key, name, description="Old", tag="a&b", retention_time=10)
    policy = ShowMqsInstanceTopicAccessPolicyRequest(instance_id=instance, topic_name="first")
    before = decoded(sdk.send(policy))
    fields = {"retention_time": 48, "sync_replication": True, "sync_message_flush": True, "sensitive_word": "name"}
    request = change(instance, {"name": "first", **fields}, {"name": "second", "description": ""})
    assert sdk.send(request).status_code == 204
    first, second, third = listed(sdk, instance).topics
    assert {name: getattr(first, name) for name in fields} == fields
    assert (first.description, second.description, third.description) == ("Old", "", "Old")
    assert (second.retention_time, second.partition) == (10, 3)
    assert decoded(sdk.send(policy)) == before


def test_partitions_can_only_become_more(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add(sdk, instance, app.key, "orders", partition=4)

    def resize(partitions: int) -> Any:
        # A field of newer pages that the SDK's model does not have.
        return UpdateMqsInstanceTopicRequest(
            instance_id=instance, body={"topics": [{"name": "orders", "new_partition_numbers": partitions}]}
        )

    assert sdk.send(resize(6)).status_code == 204
    assert listed(sdk, instance).remain_partitions == PARTITIONS_MAX - 6
    before = site.written()
    assert "topics[0].new_partition_numbers: must be at least 6" in sdk.refused(resize(5), 400, "ROMA.13000", ".*")
    assert site.written() == before


def test_a_change_of_several_topics_is_made_whole_or_not_at_all(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add(sdk, instance, app.key, "orders")
    before = site.written()
    lost = change(instance, {"name": "orders", "retention_time": 1}, {"name": "here"}, {"name": "there"})
    message = "2 of the selected assets do not exist: topic here, topic there"
    sdk.refused(lost, 404, "ROMAPORT.3002", message)
    wrong = change(
        instance,
        {"name": "orders", "retention_time": 721},
        {"retention_time": 1},
        {"name": "orders", "description": "d" * 1001, "sync_replication": "yes"},
    )
    details = sdk.refused(wrong, 400, "ROMA.13000", ".*")
    for named in (
        "topics[0].retention_time: ",
        "topics[1].name: is required",
        "topics[2].description: ",
        "topics[2].sync_replication: ",
    ):
        assert named in details
    twice = change(instance, {"name": "orders"}, {"name": "orders"})
    assert "orders" in sdk.refused(twice, 400, "ROMA.13000", ".*")
    assert "topics: " in sdk.refused(change(instance), 400, "ROMA.13000", ".*")
    assert site.written() == before


def deletion(instance: str, *topics: str, in_body: bool) -> Any:
    if in_body:
        asked = BatchDeleteMqsInstanceTopicReq(topics=list(topics))
        return BatchDeleteMqsInstanceTopicRequest(instance_id=instance, body=asked)
    return DeleteMqsInstanceTopicRequest(instance_id=instance, name=",".join(topics))


@pytest.mark.parametrize("in_body", [True, False])
def test_each_deletion_of_several_says_whether_it_was_made(sdk: Sdk, instance: str, *, in_body: bool) -> None:
    app = add_app(sdk, instance, "Orders")
    for name in ("first", "second", "third"):
        add(sdk, instance, app.key, name)
    gone = sdk.send(deletion(instance, "first", "nowhere", "third", in_body=in_body))
    assert gone.status_code == 200
    outcomes = [(topic.id, topic.success) for topic in gone.topics]
    assert outcomes == [("first", True), ("nowhere", False), ("third", True)]
    assert names(sdk, instance) == ["second"]
    sdk.refused(deletion(instance, in_body=in_body), 400, "ROMA.13000", ".*")


def test_names_are_unique_in_an_instance(sdk: Sdk, site: Site, instance: str) -> None:
    apps = [add_app(sdk, instance, name) for name in ("Orders", "Billing")]
    add(sdk, instance, apps[0].key, "orders")
    before = site.written()
    again = CreateMqsInstanceTopicRequest(instance_id=instance, body=body(apps[1].key))
    assert sdk.refused(again, 400, "ROMAPORT.3003", r"The topic orders already exists\.").startswith("name: ")
    assert site.written() == before
    elsewhere = site.instance()
    add(sdk, elsewhere, add_app(sdk, elsewhere, "Orders").key, "orders")


def test_an_instance_has_so_many_partitions(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    for number in range(17):
        add(sdk, instance, app.key, f"topic-{number:02}", partition=100)
    add(sdk, instance, app.key, "last", partition=98)
    assert listed(sdk, instance, limit="1").remain_partitions == 2
    before = site.written()
    one_more = CreateMqsInstanceTopicRequest(instance_id=instance, body=body(app.key))
    details = sdk.refused(one_more, 400, "ROMA.4031001", r"Insufficient quota\.")
    assert details == f"topic partitions: an instance holds {PARTITIONS_MAX} at most"
    assert site.written() == before
    add(sdk, instance, app.key, "orders", partition=2)
    assert listed(sdk, instance).remain_partitions == 0


def test_an_application_with_topics_is_not_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add(sdk, instance, app.key, "orders")
    before = site.written()
    message = r"The application Orders is still used by topic orders\."
    sdk.refused(DeleteRomaAppRequest(instance_id=instance, app_id=app.id), 409, "ROMAPORT.3005", message)
    assert site.written() == before


def test_roles_on_the_application_are_those_on_its_topics(client: str, site: Site, instance: str) -> None:
    maker, reader = site.user("ROMA FullAccess"), site.user("ROMA FullAccess")
    with site.sdk(client, maker) as sdk:
        app = add_app(sdk, instance, "Orders")
        add(sdk, instance, app.key, "orders")
    with site.sdk(client, reader) as sdk:
        unseen = listed(sdk, instance)
        assert (unseen.total, unseen.permissions, unseen.remain_partitions) == (0, [], PARTITIONS_MAX - 3)
        sdk.refused(change(instance, {"name": "orders"}), 404, "ROMAPORT.3002", ".*")
    with site.sdk(client, maker) as sdk:
        share(sdk, instance, app.id, reader.id, "read")
    with site.sdk(client, reader) as sdk:
        seen = listed(sdk, instance)
        assert seen.permissions == seen.topics[0].permissions == ["read"]
        sdk.refused(change(instance, {"name": "orders"}), 403, "ROMA.12001", ".*")
        kept = sdk.send(deletion(instance, "orders", in_body=True)).topics
        assert [(topic.id, topic.success) for topic in kept] == [("orders", False)]
        one_more = CreateMqsInstanceTopicRequest(instance_id=instance, body=body(app.key, name="more"))
        sdk.refused(one_more, 403, "ROMA.12001", ".*")
        assert names(sdk, instance) == ["orders"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": None}, "name: is required"),
        ({"name": "ab"}, "name: "),
        ({"name": "1st-topic"}, "name: "),
        ({"name": "or.ders"}, "name: "),
        ({"name": "n" * 201}, "name: "),
        ({"app_id": None}, "app_id: is required"),
        ({"app_id": 7}, "app_id: "),
        ({"access_policy": None}, "access_policy: is required"),
        ({"access_policy": "none"}, "access_policy: "),
        ({"partition": 0}, "partition: "),
        ({"partition": 101}, "partition: "),
        ({"partition": "3"}, "partition: "),
        ({"replication": 4}, "replication: "),
        ({"retention_time": 0}, "retention_time: "),
        ({"retention_time": 721}, "retention_time: "),
        ({"sync_replication": "no"}, "sync_replication: "),
        ({"tag": "a&b&c"}, "tag: "),
        ({"description": "d" * 1001}, "description: "),
        ({"sensitive_word": 7}, "sensitive_word: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_topic_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, Any], named: str
) -> None:
    app = add_app(sdk, instance, "Orders")
    before = site.written()
    request = CreateMqsInstanceTopicRequest(instance_id=instance, body=body(**{"app_id": app.key, **fields}))
    assert named in sdk.refused(request, 400, "ROMA.13000", ".*")
    assert site.written() == before
