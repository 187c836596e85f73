"""APIs through the vendor's SDK: their definitions, names, paths and lists (contract 7.7)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    ApiCheckInfoV2,
    CheckApisV2Request,
    CreateApiV2Request,
    DeleteApiV2Request,
    ListApisV2Request,
    ShowDetailsOfApiV2Request,
    UpdateApiV2Request,
    VpcInfo,
)
from tests.sdk.apic import (
    FUNCTION,
    action,
    add_api,
    add_environment,
    add_group,
    api_body,
    constant,
    web_backend,
    whole_api,
)
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

from romaport.storage.tables import assets

MASK = "********"


@pytest.fixture
def app_id(sdk: Sdk, instance: str) -> str:
    found: str = add_app(sdk, instance, "Orders").id
    return found


@pytest.fixture
def group_id(sdk: Sdk, instance: str, app_id: str) -> str:
    found: str = add_group(sdk, instance, "Stock", roma_app_id=app_id).id
    return found


def show(sdk: Sdk, instance: str, api_id: str) -> Any:
    return sdk.send(ShowDetailsOfApiV2Request(instance_id=instance, api_id=api_id))


def update(instance: str, api_id: str, body: Any) -> Any:
    return UpdateApiV2Request(instance_id=instance, api_id=api_id, body=body)


def test_an_api_takes_every_field_and_shows_its_secrets_as_stars(
    sdk: Sdk, instance: str, app_id: str, group_id: str
) -> None:
    asked = whole_api(group_id)
    made = sdk.send(CreateApiV2Request(instance_id=instance, body=asked))
    assert made.status_code == 201
    assert len(made.id) == 32
    for text in (b"hush", FUNCTION.encode()):
        assert text not in made.raw_content
    assert (made.group_name, made.group_version) == ("Stock", "V2")
    assert (made.roma_app_id, made.roma_app_name) == (app_id, "Orders")
    assert (made.status, made.arrange_necessary) == (1, 2)
    assert (made.run_env_id, made.run_env_name, made.publish_id, made.publish_time) == ("", "", "", "")
    assert made.api_group_info.id == group_id
    assert made.register_time == made.update_time

    expected, shown = decoded(asked), decoded(made)
    expected["roma_app_id"] = app_id
    for holder in (expected["backend_params"][1], expected["policy_https"][0]["backend_params"][0]):
        holder["value"] = MASK
    for holder in (expected["func_info"], expected["policy_functions"][0]):
        for field in ("function_urn", "alias_urn"):
            holder[field] = holder[field] and MASK
    for found, required in zip(expected["req_params"], (1, 2, 2), strict=True):
        found["required"] = required
        found["valid_enable"] = found["valid_enable"] or 2
    assert without_absent(expected) == without_absent({name: shown[name] for name in expected})

    assert decoded(show(sdk, instance, made.id)) == decoded(made)


def without_absent(value: Any) -> Any:
    """Answer a decoded model without the fields that it does not have."""
    if isinstance(value, list):
        return [without_absent(item) for item in value]
    if isinstance(value, dict):
        return {name: without_absent(inner) for name, inner in value.items() if inner is not None}
    return value


def secrets_of(site: Site, api_id: str) -> tuple[str, str]:
    """Answer the paths of an API's secrets, and of its holes, as they are written down."""
    ((paths, holes),) = site.kept.rows("select secret_paths, holes from assets where id = ?", api_id)
    return paths, holes


def test_stars_sent_back_mean_as_it_was(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    web = {"backend_type": "HTTP", "backend_api": web_backend()}
    made = add_api(
        sdk,
        instance,
        group_id,
        "keyed",
        **web,
        backend_params=[constant("x-one", "first"), constant("x-two", "second")],
    )
    both = '["backend_params.HEADER.x-one","backend_params.HEADER.x-two"]'
    assert secrets_of(site, made.id) == (both, "[]")

    def change(*parameters: Any) -> tuple[str, str]:
        body = api_body(group_id, "keyed", **web, backend_params=list(parameters) or None)
        assert MASK in sdk.send(update(instance, made.id, body)).raw_content.decode() or not parameters
        return secrets_of(site, made.id)

    assert change(constant("x-one", MASK), constant("x-two", "third")) == (both, "[]")
    assert change(constant("x-one", MASK)) == ('["backend_params.HEADER.x-one"]', "[]")
    # Stars for something that was never told are a hole, until they are replaced or gone.
    hole = '["backend_params.HEADER.x-two"]'
    assert change(constant("x-one", MASK), constant("x-two", MASK)) == ('["backend_params.HEADER.x-one"]', hole)
    assert change(constant("x-one", MASK), constant("x-two", "fourth")) == (both, "[]")
    assert change() == ("[]", "[]")


def test_an_update_gives_the_whole_api(sdk: Sdk, instance: str, group_id: str) -> None:
    made = sdk.send(CreateApiV2Request(instance_id=instance, body=whole_api(group_id)))
    other = add_group(sdk, instance, "Goods", roma_app_id=made.roma_app_id)
    changed = sdk.send(update(instance, made.id, api_body(other.id, "small", req_method="POST")))
    assert changed.status_code == 200
    assert (changed.id, changed.name, changed.req_method, changed.req_uri) == (made.id, "small", "POST", "/small")
    assert (changed.group_id, changed.group_name, changed.match_mode, changed.cors) == (
        other.id,
        "Goods",
        "NORMAL",
        False,
    )
    for gone in ("authorizer_id", "response_id", "domain_name", "remark", "backend_api", "policy_https", "tags"):
        assert getattr(changed, gone) is None, gone
    assert changed.register_time == made.register_time
    assert decoded(show(sdk, instance, made.id)) == decoded(changed)
    add_api(sdk, instance, group_id, "get-stock")


def test_an_api_of_a_global_group_names_its_application(sdk: Sdk, site: Site, instance: str, app_id: str) -> None:
    group = add_group(sdk, instance, "Everyone")
    made = add_api(sdk, instance, group.id, "open", roma_app_id=app_id)
    assert (made.group_version, made.roma_app_id, made.roma_app_name) == ("V1", app_id, "Orders")
    before = site.written()
    request = CreateApiV2Request(instance_id=instance, body=api_body(group.id, "nobodys"))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert details.endswith("roma_app_id: is required in a global group")
    assert site.written() == before


def test_an_api_moves_to_another_applications_group(sdk: Sdk, site: Site, instance: str, group_id: str) -> None:
    made = add_api(sdk, instance, group_id, "list-stock")
    billing = add_app(sdk, instance, "Billing")
    theirs = add_group(sdk, instance, "Bills", roma_app_id=billing.id)
    moved = sdk.send(update(instance, made.id, api_body(theirs.id, "list-stock")))
    assert (moved.group_id, moved.roma_app_id, moved.roma_app_name) == (theirs.id, billing.id, "Billing")
    everyone = add_group(sdk, instance, "Everyone")
    before = site.written()
    request = update(instance, made.id, api_body(everyone.id, "list-stock"))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert details.endswith("roma_app_id: is required in a global group")
    assert site.written() == before


def test_an_api_belongs_to_the_application_of_its_group(sdk: Sdk, site: Site, instance: str, app_id: str) -> None:
    group = add_group(sdk, instance, "Billing", roma_app_id=add_app(sdk, instance, "Billing").id)
    astray = add_group(sdk, site.instance(), "Other")
    before = site.written()
    request = CreateApiV2Request(instance_id=instance, body=api_body(group.id, "astray", roma_app_id=app_id))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert f"roma_app_id: must be the application of the group, {group.roma_app_id}" in details
    request = CreateApiV2Request(instance_id=instance, body=api_body(astray.id, "astray", roma_app_id=app_id))
    sdk.refused(request, 400, "ROMAPORT.3004", rf"The API group {astray.id} named by group_id does not exist\.")
    assert site.written() == before


def test_names_and_paths_are_unique_in_a_group(sdk: Sdk, site: Site, instance: str, app_id: str, group_id: str) -> None:
    made = add_api(sdk, instance, group_id, "get-stock", req_uri="/stock/{sku}")
    for fields in ({"req_method": "PUT"}, {"match_mode": "SWA"}, {"req_uri": "/Stock/{sku}"}):
        add_api(sdk, instance, group_id, f"other-{next(iter(fields))}", **{"req_uri": "/stock/{sku}", **fields})
    elsewhere = add_group(sdk, instance, "Goods", roma_app_id=app_id)
    add_api(sdk, instance, elsewhere.id, "get-stock", req_uri="/stock/{sku}")
    other = add_api(sdk, instance, group_id, "last")
    before = site.written()
    create = CreateApiV2Request(instance_id=instance, body=api_body(group_id, "get-stock"))
    same_name = (create, update(instance, other.id, api_body(group_id, "get-stock")))
    for request in same_name:
        sdk.refused(request, 400, "APIG.3202", "The API name already exists, api_name:get-stock")
    body = api_body(group_id, "last", req_uri="/stock/{sku}")
    create = CreateApiV2Request(instance_id=instance, body=api_body(group_id, "new", req_uri="/stock/{sku}"))
    for request in (create, update(instance, other.id, body)):
        details = sdk.refused(request, 400, "APIG.3301", "The API already exists: get-stock has the same .*")
        assert "req_method, req_uri, match_mode" in details
    assert site.written() == before
    sdk.send(update(instance, made.id, api_body(group_id, "get-stock", req_uri="/stock/{sku}", remark="as before")))


def test_names_and_paths_are_checked_where_they_would_be_given(
    sdk: Sdk, instance: str, app_id: str, group_id: str
) -> None:
    made = add_api(sdk, instance, group_id, "get-stock", req_uri="/stock/{sku}")
    elsewhere = add_group(sdk, instance, "Goods", roma_app_id=app_id)
    path = {"type": "path", "req_method": "GET", "req_uri": "/stock/{sku}", "match_mode": "NORMAL"}

    def check(**fields: Any) -> Any:
        return CheckApisV2Request(instance_id=instance, body=ApiCheckInfoV2(**fields))

    for fields in (
        {"type": "name", "name": "get-stocks"},
        {"type": "name", "name": "get-stock", "group_id": elsewhere.id},
        {"type": "name", "name": "get-stock", "group_id": group_id, "api_id": made.id},
        {**path, "match_mode": "SWA"},
        {**path, "group_id": elsewhere.id},
        {**path, "api_id": made.id},
    ):
        free = sdk.send(check(**fields))
        assert (free.status_code, free.raw_content) == (204, b"")
    for scope in ({}, {"group_id": group_id}, {"roma_app_id": app_id}):
        request = check(type="name", name="get-stock", **scope)
        sdk.refused(request, 400, "APIG.3202", "The API name already exists, api_name:get-stock")
        sdk.refused(check(**path, **scope), 400, "APIG.3301", "The API already exists: get-stock .*")
    details = sdk.refused(check(type="path", req_uri="/a"), 400, "ROMA.13000", "Invalid parameters: .*")
    assert "req_method: is required when type is path; match_mode: is required when type is path" in details
    request = check(type="name", name="get-stock", group_id="nowhere")
    sdk.refused(request, 404, "APIG.3001", "API group nowhere does not exist")


def test_apis_are_listed_page_by_page_and_by_filters(sdk: Sdk, instance: str, app_id: str, group_id: str) -> None:
    everyone = add_group(sdk, instance, "Everyone")
    made = [
        add_api(
            sdk,
            instance,
            group_id if number % 3 else everyone.id,
            f"api-{number:02}",
            roma_app_id=app_id,
            req_method="PUT" if number % 2 else "GET",
            req_protocol="HTTP" if number % 2 else "BOTH",
            auth_type="IAM" if number % 2 else "NONE",
            type=1 + number % 2,
        )
        for number in range(22)
    ]
    channel = VpcInfo(vpc_channel_id="channel-1")
    web = web_backend(vpc_channel_status=1, vpc_channel_info=channel)
    billing = add_app(sdk, instance, "Billing")
    add_api(sdk, instance, everyone.id, "through-channel", roma_app_id=billing.id, backend_type="HTTP", backend_api=web)

    def total(**query: Any) -> int:
        found = sdk.send(ListApisV2Request(instance_id=instance, **query))
        assert found.size == len(found.apis) <= found.total
        number: int = found.total
        return number

    first = sdk.send(ListApisV2Request(instance_id=instance))
    assert (first.total, first.size) == (23, 20)
    assert [api.id for api in first.apis] == [api.id for api in made[:20]]
    shown, whole = decoded(first.apis[1]), decoded(show(sdk, instance, made[1].id))
    assert shown == {name: whole[name] for name in shown}
    rest = sdk.send(ListApisV2Request(instance_id=instance, offset=20, limit=2))
    assert [api.id for api in rest.apis] == [api.id for api in made[20:]]
    assert sdk.send(ListApisV2Request(instance_id=instance, offset=-1, limit=1000)).size == 23
    assert total(name="api-1") == 10
    assert total(name="api-1", precise_search="name") == 0
    assert total(req_uri="/api-0") == 10
    assert total(req_uri="/api-01", precise_search="name,req_uri") == 1
    assert total(req_uri="/api-0", precise_search="req_uri") == 0
    assert total(id=made[4].id) == 1
    assert total(group_id=everyone.id) == 9
    assert total(req_protocol="HTTP") == 11
    assert total(req_method="PUT", auth_type="IAM", type=2) == 11
    assert total(type=1) == 12
    assert total(vpc_channel_id="channel-1") == 1
    assert total(vpc_channel_id="channel") == 0
    assert total(vpc_channel_name="lakeside") == 0
    assert total(roma_app_id=app_id) == 22
    assert total(roma_app_name="Billing") == 1
    assert total(roma_app_name="Bill") == 0


def test_apis_are_listed_by_the_environment_they_are_published_in(sdk: Sdk, instance: str, group_id: str) -> None:
    environment = add_environment(sdk, instance, "DEV")
    apis = [add_api(sdk, instance, group_id, f"api-{number}") for number in range(3)]
    sdk.send(action(instance, apis[0].id))
    sdk.send(action(instance, apis[1].id, env_id=environment.id))
    for env_id, expected in (("DEFAULT_ENVIRONMENT_RELEASE_ID", apis[0]), (environment.id, apis[1])):
        found = sdk.send(ListApisV2Request(instance_id=instance, env_id=env_id))
        assert [api.id for api in found.apis] == [expected.id]


def test_a_deleted_api_is_gone(sdk: Sdk, instance: str, group_id: str) -> None:
    made = add_api(sdk, instance, group_id, "short-lived")
    request = DeleteApiV2Request(instance_id=instance, api_id=made.id)
    assert sdk.send(request).status_code == 204
    gone = (
        request,
        ShowDetailsOfApiV2Request(instance_id=instance, api_id=made.id),
        update(instance, made.id, api_body(group_id, "short-lived")),
    )
    for again in gone:
        sdk.refused(again, 404, "APIG.3002", f"API {made.id} does not exist")


def test_apis_are_seen_by_those_who_see_their_application(sdk: Sdk, site: Site, instance: str, app_id: str) -> None:
    everyone = add_group(sdk, instance, "Everyone")
    made = add_api(sdk, instance, everyone.id, "open", roma_app_id=app_id)
    with site.sdk("sync", site.user("ROMA FullAccess")) as guest:
        assert guest.send(ListApisV2Request(instance_id=instance)).total == 0
        request = ShowDetailsOfApiV2Request(instance_id=instance, api_id=made.id)
        guest.refused(request, 404, "APIG.3002", f"API {made.id} does not exist")
        own = add_app(guest, instance, "Guest")
        add_api(guest, instance, everyone.id, "mine", roma_app_id=own.id)
        assert [api.name for api in guest.send(ListApisV2Request(instance_id=instance)).apis] == ["mine"]


def test_a_group_holds_a_thousand_apis(sdk: Sdk, site: Site, instance: str, app_id: str, group_id: str) -> None:
    api = add_api(sdk, instance, group_id, "list-stock")
    columns = list(assets.columns.keys())
    new_id = f"'{instance[:27]}-' || n"
    copied = ", ".join({"id": new_id, "key": "'[\"copy-' || n || '\"]'"}.get(name, name) for name in columns)
    numbers = "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 999)"
    # Written past the server, which would take its time for so many.
    site.kept.change(
        f"{numbers} insert into assets ({', '.join(columns)}) select {copied} from assets, numbers where id = ?",
        api.id,
    )
    site.kept.change(
        f"{numbers} insert into asset_references (asset_id, field, target_id, owns) "
        f"select {new_id}, field, target_id, owns from asset_references, numbers where asset_id = ?",
        api.id,
    )
    before = site.written()
    request = CreateApiV2Request(instance_id=instance, body=api_body(group_id, "one-more"))
    details = sdk.refused(request, 400, "ROMA.4031001", r"Insufficient quota\.")
    assert "API: the API group Stock holds 1000 at most" in details
    assert site.written() == before
    elsewhere = add_group(sdk, instance, "Goods", roma_app_id=app_id)
    add_api(sdk, instance, elsewhere.id, "one-more")
