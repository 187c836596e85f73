"""API groups through the vendor's SDK (contract 7.7)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    ApiGroupBase,
    ApiGroupCheck,
    ApiGroupCreate,
    CheckApiGroupsV2Request,
    CreateApiGroupV2Request,
    DeleteApiGroupV2Request,
    DeleteRomaAppRequest,
    ListApiGroupsV2Request,
    ShowDetailsOfApiGroupV2Request,
    ShowDetailsOfApiV2Request,
    UpdateApiGroupV2Request,
)
from tests.sdk.apic import add_api, add_group
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


def update(instance: str, group_id: str, **fields: Any) -> Any:
    return UpdateApiGroupV2Request(instance_id=instance, group_id=group_id, body=ApiGroupBase(**fields))


def test_a_group_of_an_application_shows_every_field(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    made = add_group(sdk, instance, "Stock(北)/v1.2_a-b:c", remark="All stock", roma_app_id=app.id, version="V2")
    assert made.status_code == 201
    assert len(made.id) == 32
    assert (made.name, made.remark) == ("Stock(北)/v1.2_a-b:c", "All stock")
    assert (made.version, made.roma_app_id, made.roma_app_name) == ("V2", app.id, "Orders")
    assert (made.status, made.on_sell_status, made.is_default, made.url_domains) == (1, 2, 2, [])
    assert made.sl_domain == f"{made.id}.apic.invalid"
    assert made.sl_domains == [made.sl_domain]
    assert made.register_time == made.update_time
    shown = sdk.send(ShowDetailsOfApiGroupV2Request(instance_id=instance, group_id=made.id))
    assert shown.status_code == 200
    assert decoded(shown) == decoded(made)


def test_a_global_group_belongs_to_no_application(sdk: Sdk, instance: str) -> None:
    for fields in ({}, {"version": "V1"}):
        made = add_group(sdk, instance, f"Stock{len(fields)}", **fields)
        assert (made.version, made.roma_app_id, made.roma_app_name) == ("V1", None, None)


def test_an_update_renames_a_group_and_what_it_holds_follows(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Stock", remark="Old", roma_app_id=app.id)
    api = add_api(sdk, instance, group.id, "list-stock")
    changed = sdk.send(update(instance, group.id, name="Goods"))
    assert changed.status_code == 200
    assert (changed.id, changed.name, changed.remark, changed.version) == (group.id, "Goods", "Old", "V2")
    assert sdk.send(update(instance, group.id, name="Goods", remark="New")).remark == "New"
    assert sdk.send(ShowDetailsOfApiV2Request(instance_id=instance, api_id=api.id)).group_name == "Goods"
    add_group(sdk, instance, "Stock", roma_app_id=app.id)


def test_names_are_unique_among_global_groups_and_within_an_application(sdk: Sdk, site: Site, instance: str) -> None:
    apps = [add_app(sdk, instance, name) for name in ("Orders", "Billing")]
    add_group(sdk, instance, "Stock")
    for app in apps:
        add_group(sdk, instance, "Stock", roma_app_id=app.id)
    other = add_group(sdk, instance, "Other", roma_app_id=apps[0].id)
    before = site.written()
    for fields in ({}, {"roma_app_id": apps[0].id}):
        request = CreateApiGroupV2Request(instance_id=instance, body=ApiGroupCreate(name="Stock", **fields))
        assert "Stock" in sdk.refused(request, 400, "APIG.3201", "The API group name already exists")
    sdk.refused(update(instance, other.id, name="Stock"), 400, "APIG.3201", "The API group name already exists")
    assert site.written() == before


def test_a_name_is_checked_where_it_would_be_given(sdk: Sdk, instance: str) -> None:
    apps = [add_app(sdk, instance, name) for name in ("Orders", "Billing")]
    add_group(sdk, instance, "Stock", roma_app_id=apps[0].id)
    add_group(sdk, instance, "Global")

    def check(name: str, **fields: Any) -> Any:
        return CheckApiGroupsV2Request(instance_id=instance, body=ApiGroupCheck(group_name=name, **fields))

    for name, fields in (
        ("Stock", {}),
        ("Stock", {"roma_app_id": apps[1].id}),
        ("Global", {"roma_app_id": apps[0].id}),
    ):
        free = sdk.send(check(name, **fields))
        assert (free.status_code, free.raw_content) == (200, b"")
    for name, fields in (("Stock", {"roma_app_id": apps[0].id}), ("Global", {})):
        sdk.refused(check(name, **fields), 400, "APIG.3201", "The API group name already exists")
    sdk.refused(
        check("Stock", roma_app_id="nowhere"), 404, "ROMAPORT.3001", r"The application nowhere does not exist\."
    )


def test_groups_are_listed_page_by_page_and_by_filters(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    made = [
        add_group(
            sdk, instance, f"Group {number:02}".replace(" ", "-"), **({"roma_app_id": app.id} if number % 2 else {})
        )
        for number in range(22)
    ]

    def total(**query: Any) -> int:
        found = sdk.send(ListApiGroupsV2Request(instance_id=instance, **query))
        assert found.size == len(found.groups) <= found.total
        number: int = found.total
        return number

    first = sdk.send(ListApiGroupsV2Request(instance_id=instance))
    assert (first.total, first.size) == (22, 20)
    assert decoded(first.groups) == [decoded(group) for group in made[:20]]
    rest = sdk.send(ListApiGroupsV2Request(instance_id=instance, offset=20, limit=5))
    assert [group.id for group in rest.groups] == [group.id for group in made[20:]]
    assert sdk.send(ListApiGroupsV2Request(instance_id=instance, offset=-3, limit=501)).size == 22
    assert total(name="oup-1") == 10
    assert total(name="Group-1", precise_search="name") == 0
    assert total(name="Group-11", precise_search="name,domain_name") == 1
    assert total(id=made[3].id) == 1
    assert total(roma_app_id=app.id) == 11
    assert total(roma_app_id=app.id, name="Group-0") == 5
    assert total(domain_name=made[3].sl_domain) == 1
    assert total(domain_name="elsewhere.example") == 0


def test_a_group_with_apis_is_not_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Stock", roma_app_id=app.id)
    add_api(sdk, instance, group.id, "list-stock")
    before = site.written()
    request = DeleteApiGroupV2Request(instance_id=instance, group_id=group.id)
    details = sdk.refused(request, 409, "APIG.3415", "The API group cannot be deleted because it contains APIs")
    assert "API list-stock" in details
    request = DeleteRomaAppRequest(instance_id=instance, app_id=app.id)
    sdk.refused(request, 409, "ROMAPORT.3005", "The application Orders is still used by .*")
    assert site.written() == before


def test_a_deleted_group_is_gone(sdk: Sdk, instance: str) -> None:
    group = add_group(sdk, instance, "Stock")
    request = DeleteApiGroupV2Request(instance_id=instance, group_id=group.id)
    assert sdk.send(request).status_code == 204
    for gone in (request, ShowDetailsOfApiGroupV2Request(instance_id=instance, group_id=group.id)):
        sdk.refused(gone, 404, "APIG.3001", f"API group {group.id} does not exist")
    assert sdk.send(ListApiGroupsV2Request(instance_id=instance)).total == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["name: is required"]),
        ({"name": "ab"}, ["name: "]),
        ({"name": "a" * 256}, ["name: ", "255"]),
        ({"name": "-abc"}, ["name: "]),
        ({"name": "a<bc"}, ["name: "]),
        ({"name": "abc", "remark": "r" * 1001}, ["remark: ", "1000"]),
        ({"name": "abc", "version": "V3"}, ["version: "]),
        ({"name": "abc", "version": "V2"}, ["roma_app_id: is required when version is V2"]),
        ({"name": "abc", "version": "V1", "roma_app_id": "x"}, ["roma_app_id: must be absent when version is V1"]),
        ({"name": "a", "remark": 1, "version": "V2"}, ["name: ", "remark: ", "roma_app_id: "]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_a_wrong_field_of_a_group_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, Any], named: list[str]
) -> None:
    before = site.written()
    request = CreateApiGroupV2Request(instance_id=instance, body=ApiGroupCreate(**fields))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert not [part for part in named if part not in details], details
    assert site.written() == before


def test_the_application_of_a_group_must_exist(sdk: Sdk, site: Site, instance: str) -> None:
    before = site.written()
    body = ApiGroupCreate(name="Stock", roma_app_id="nowhere")
    details = sdk.refused(
        CreateApiGroupV2Request(instance_id=instance, body=body),
        400,
        "ROMAPORT.3004",
        r"The application nowhere named by roma_app_id does not exist\.",
    )
    assert details.startswith("roma_app_id: ")
    assert site.written() == before
