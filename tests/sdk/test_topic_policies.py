"""Who may publish to a topic and subscribe to it, through the vendor's SDK (contract 7.8)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateMqsInstanceTopicReq,
    CreateMqsInstanceTopicRequest,
    DeleteMqsInstanceTopicRequest,
    DeleteRomaAppRequest,
    ListMqsInstanceTopicsRequest,
    ShowMqsInstanceTopicAccessPolicyRequest,
    UpdateTopicAccessPolicyPoliciesObject,
    UpdateTopicAccessPolicyReq,
    UpdateTopicAccessPolicyRequest,
    UpdateTopicAccessPolicyTopicsObject,
)
from tests.sdk.sample import add_app, share
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk


def add(sdk: Sdk, instance: str, app_id: str, name: str = "orders", **fields: Any) -> None:
    body = CreateMqsInstanceTopicReq(**{"name": name, "app_id": app_id, "access_policy": "all", **fields})
    sdk.send(CreateMqsInstanceTopicRequest(instance_id=instance, body=body))


def policy(app_id: str | None, access_policy: str | None, **fields: Any) -> Any:
    return UpdateTopicAccessPolicyPoliciesObject(app_id=app_id, access_policy=access_policy, **fields)


def policies(instance: str, topics: dict[str, list[Any]], **fields: Any) -> Any:
    named = [UpdateTopicAccessPolicyTopicsObject(name=name, policies=found, **fields) for name, found in topics.items()]
    return UpdateTopicAccessPolicyRequest(instance_id=instance, body=UpdateTopicAccessPolicyReq(topics=named))


def shown(sdk: Sdk, instance: str, topic: str = "orders", **query: str) -> list[tuple[Any, ...]]:
    request = ShowMqsInstanceTopicAccessPolicyRequest(instance_id=instance, topic_name=topic, **query)
    found = sdk.send(request)
    assert (found.status_code, found.name) == (200, topic)
    assert found.size == len(found.policies) <= found.total
    return [(one.owner, one.user_name, one.app_name, one.access_policy, one.tag) for one in found.policies]


def test_a_new_topic_is_its_own_applications(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders", key="orders-key")
    add(sdk, instance, app.id, access_policy="all", tag="new||old&old")
    assert shown(sdk, instance) == [(True, "orders-key", "Orders", "all", "new||old&old")]
    add(sdk, instance, app.id, "bare", access_policy="sub")
    assert shown(sdk, instance, "bare") == [(True, "orders-key", "Orders", "sub", "")]
    request = ShowMqsInstanceTopicAccessPolicyRequest(instance_id=instance, topic_name="nowhere")
    sdk.refused(request, 404, "ROMAPORT.3001", r"The topic nowhere does not exist\.")


def test_policies_are_set_whole(sdk: Sdk, instance: str) -> None:
    keys = [add_app(sdk, instance, name, key=f"{name.lower()}-key").key for name in ("Orders", "Billing", "Audit")]
    add(sdk, instance, keys[0])
    request = policies(
        instance,
        {
            "orders": [
                policy("orders-key", "pub", app_name="Orders", owner=True, tag="new"),
                policy("billing-key", "sub", app_name="Billing", tag="old"),
                policy("audit-key", "all", app_name="Audit", owner=False),
            ]
        },
    )
    assert sdk.send(request).status_code == 204
    own = (True, "orders-key", "Orders", "pub", "new")
    audit, billing = (False, "audit-key", "Audit", "all", ""), (False, "billing-key", "Billing", "sub", "old")
    assert shown(sdk, instance) == [own, audit, billing]
    assert shown(sdk, instance, limit="1", offset="1") == [audit]

    # Who is not named any more has no access; the topic's own application keeps what it had.
    sdk.send(policies(instance, {"orders": [policy("billing-key", "all", app_name="Billing")]}))
    assert shown(sdk, instance) == [own, (False, "billing-key", "Billing", "all", "")]
    sdk.send(policies(instance, {"orders": []}))
    assert shown(sdk, instance) == [own]


def test_an_application_is_named_by_key_or_id_or_in_the_newer_field(sdk: Sdk, instance: str) -> None:
    owner = add_app(sdk, instance, "Orders")
    apps = [add_app(sdk, instance, name, key=f"{name}-key") for name in ("by-id", "by-key", "by-new-key")]
    add(sdk, instance, owner.key)
    body = {
        "topics": [
            {
                "name": "orders",
                "policies": [
                    {"app_id": apps[0].id, "access_policy": "sub", "app_name": "by-id", "selected": {"key": "sub"}},
                    {"app_id": apps[1].key, "access_policy": "sub", "app_name": "by-key"},
                    {"app_key": apps[2].key, "access_policy": "sub", "app_name": "by-new-key"},
                ],
            }
        ]
    }
    sdk.send(UpdateTopicAccessPolicyRequest(instance_id=instance, body=body))
    assert [one[1] for one in shown(sdk, instance)[1:]] == ["by-id-key", "by-key-key", "by-new-key-key"]


def test_texts_may_come_with_the_policies(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add(sdk, instance, app.key, description="Old", sensitive_word="name")
    request = policies(instance, {"orders": [policy(app.key, "sub", tag="t")]}, description="New")
    sdk.send(request)
    (topic,) = sdk.send(ListMqsInstanceTopicsRequest(instance_id=instance)).topics
    assert (topic.description, topic.sensitive_word) == ("New", "name")
    assert shown(sdk, instance) == [(True, app.key, "Orders", "sub", "t")]


def test_all_that_is_wrong_is_said_and_nothing_is_done(sdk: Sdk, site: Site, instance: str) -> None:
    keys = [add_app(sdk, instance, name).key for name in ("Orders", "Billing")]
    for name in ("orders", "returns"):
        add(sdk, instance, keys[0], name)
    before = site.written()
    lost = policies(instance, {"orders": [policy(keys[1], "sub")], "nowhere": [], "no-more": []})
    sdk.refused(lost, 404, "ROMAPORT.3002", "2 of the selected assets do not exist: topic nowhere, topic no-more")
    wrong = policies(
        instance,
        {
            "orders": [policy(keys[1], "sub"), policy("nowhere", "sub"), policy(keys[1], "pub")],
            "returns": [policy(keys[1], "all", owner=True), policy(None, "all")],
        },
    )
    details = sdk.refused(wrong, 400, "ROMA.13000", ".*")
    for named in (
        "topics[0].policies[1].app_id: must be the key or the id",
        "topics[0].policies[2].app_id: names an application for the second time",
        "topics[1].policies[0].app_id: is not the owner",
        "topics[1].policies[1].app_id: must be the key or the id",
    ):
        assert named in details
    malformed = policies(instance, {"orders": [policy(keys[1], "none", tag="a&b&c"), policy(keys[1], None)]})
    details = sdk.refused(malformed, 400, "ROMA.13000", ".*")
    for named in (
        "topics[0].policies[0].access_policy: ",
        "topics[0].policies[0].tag: ",
        "topics[0].policies[1].access_policy: is required",
    ):
        assert named in details
    assert site.written() == before


def test_a_topic_takes_its_policies_along_and_an_application_with_access_stays(sdk: Sdk, instance: str) -> None:
    owner, guest = (add_app(sdk, instance, name) for name in ("Orders", "Billing"))
    add(sdk, instance, owner.key)
    sdk.send(policies(instance, {"orders": [policy(guest.key, "sub")]}))
    delete = DeleteRomaAppRequest(instance_id=instance, app_id=guest.id)
    message = r"The application Billing is still used by topic access Billing\."
    sdk.refused(delete, 409, "ROMAPORT.3005", message)
    (gone,) = sdk.send(DeleteMqsInstanceTopicRequest(instance_id=instance, name="orders")).topics
    assert gone.success
    for app in (owner, guest):
        assert sdk.send(DeleteRomaAppRequest(instance_id=instance, app_id=app.id)).status_code == 200


@pytest.mark.parametrize(("role", "is_allowed"), [("read", False), ("modify", False), ("access", True)])
def test_policies_are_set_by_those_who_manage_access(
    client: str, site: Site, instance: str, role: str, *, is_allowed: bool
) -> None:
    maker, other = site.user("ROMA FullAccess"), site.user("ROMA FullAccess")
    with site.sdk(client, maker) as sdk:
        app, hidden = add_app(sdk, instance, "Orders"), add_app(sdk, instance, "Hidden", key="hidden-key")
        add(sdk, instance, app.key)
        sdk.send(policies(instance, {"orders": [policy(hidden.key, "sub")]}))
        share(sdk, instance, app.id, other.id, role)
    with site.sdk(client, other) as sdk:
        own = add_app(sdk, instance, "Own", key="own-key")
        # An application that is not the caller's to see can be kept among the policies, and not be added to them.
        asked = {"orders": [policy(own.key, "all"), policy("hidden-key", "pub")]}
        if not is_allowed:
            sdk.refused(policies(instance, asked), 403, "ROMA.12001", ".*")
            return
        sdk.send(policies(instance, asked))
        assert [one[1:4] for one in shown(sdk, instance)[1:]] == [
            ("hidden-key", "Hidden", "pub"),
            ("own-key", "Own", "all"),
        ]
        sdk.send(policies(instance, {"orders": []}))
        sdk.refused(policies(instance, asked), 400, "ROMA.13000", ".*")
        described = policies(instance, {"orders": []}, description="New")
        sdk.refused(described, 403, "ROMA.12001", ".*")
