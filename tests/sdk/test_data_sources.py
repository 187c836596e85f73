"""FDI data sources through the vendor's SDK (contract 7.5)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    ApiAuthDetail,
    Content,
    CreateDatasourceInfoRequest,
    DatasourceInfo,
    DeleteDatasourceInfoByIdRequest,
    ListDatasourcesRequest,
    MultiOracleAddress,
    UpdateDatasourceInfoRequest,
)
from tests.sdk.sample import add_app, add_source, add_task
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

# What the contract marks as secret (7.5), as fields of the SDK's models.
SECRETS = {
    "password",
    "ssl_password",
    "trust_store_password",
    "key_store",
    "key_store_password",
    "key_store_key_password",
    "ak",
    "sk",
    "config_file_content",
    "snmp_community",
    "connector_params",
}
SECRETS_OF_API = {"password", "app_secret", "secret", "client_secret", "authorization"}
STARS = "********"


def filled(model: Any) -> Any:
    """Fill every field of a model with something of its type."""
    values: dict[str, Any] = {"str": "", "bool": True, "int": 7, "object": {"word": "hush-object"}}
    fields = {name: values.get(type_, type_) for name, type_ in model.openapi_types.items()}
    fields |= {name: f"hush-{name}" for name, value in fields.items() if value == ""}
    if model is Content:
        fields["multi_oracle_address"] = [MultiOracleAddress(oracle_address="10.0.0.9", oracle_port="1521")]
        fields["api_auth_detail"] = filled(ApiAuthDetail)
        fields["url"] = "jdbc:mysql://db.lakeside.example/shop"
    return model(**fields)


def body(app_id: str, **fields: Any) -> Any:
    known = {"datasource_name": "erp", "datasource_type": "MYSQL", "app_id": app_id, "content": Content(host="h")}
    return DatasourceInfo(**{**known, **fields})


def test_a_data_source_takes_every_field_and_hides_its_secrets(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    content = filled(Content)
    request = CreateDatasourceInfoRequest(
        instance_id=instance, body=body(app.id, datasource_type="CUSTOMIZED", description="All", content=content)
    )
    made = sdk.send(request)
    assert made.status_code == 200
    assert (made.datasource_name, made.datasource_type, made.description) == ("erp", "CUSTOMIZED", "All")
    assert (made.app_id, made.app_name, made.instance_id) == (app.id, "Orders", instance)
    assert made.create_time == made.update_time > 1_700_000_000_000
    assert made.app_permission == ["read", "access", "modify", "delete"]

    expected = decoded(content)
    expected |= dict.fromkeys(SECRETS, STARS)
    expected["api_auth_detail"] |= dict.fromkeys(SECRETS_OF_API, STARS)
    assert decoded(made.content) == expected
    for name in sorted((SECRETS | SECRETS_OF_API | {"object"}) - {"connector_params"}):
        assert f'"hush-{name}"'.encode() not in made.raw_content

    (listed,) = sdk.send(ListDatasourcesRequest(instance_id=instance)).entities
    assert decoded(listed) == decoded(made)


def test_what_is_shown_can_be_sent_back_in_an_update(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    made = sdk.send(CreateDatasourceInfoRequest(instance_id=instance, body=body(app.id, content=filled(Content))))
    again = body(app.id, datasource_name="erp-2", content=made.content)
    request = UpdateDatasourceInfoRequest(instance_id=instance, datasource_id=made.datasource_id, body=again)
    changed = sdk.send(request)
    assert changed.status_code == 200
    assert (changed.datasource_id, changed.datasource_name) == (made.datasource_id, "erp-2")
    assert decoded(changed.content) == decoded(made.content)
    assert changed.create_time == made.create_time
    assert changed.update_time >= made.update_time


def test_an_update_gives_the_whole_data_source(sdk: Sdk, instance: str) -> None:
    first, second = add_app(sdk, instance, "Orders"), add_app(sdk, instance, "Billing")
    made = add_source(sdk, instance, first.id, "erp", password="hush")
    request = UpdateDatasourceInfoRequest(
        instance_id=instance, datasource_id=made.datasource_id, body=body(second.id, datasource_name="lake")
    )
    changed = sdk.send(request)
    assert (changed.datasource_name, changed.app_name, changed.description) == ("lake", "Billing", None)
    assert {name: value for name, value in decoded(changed.content).items() if value} == {"host": "h"}


def test_a_password_inside_a_connection_text_is_starred(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    content = Content(mode="professional", url="jdbc:mysql://reader:hush@db.lakeside.example/shop?password=hush")
    made = sdk.send(CreateDatasourceInfoRequest(instance_id=instance, body=body(app.id, content=content)))
    assert made.content.url == f"jdbc:mysql://reader:{STARS}@db.lakeside.example/shop?password={STARS}"
    assert b"hush" not in made.raw_content


def test_data_sources_are_listed_page_by_page_and_by_filters(sdk: Sdk, instance: str) -> None:
    apps = [add_app(sdk, instance, name) for name in ("Orders", "Billing")]
    for number in range(11):
        add_source(sdk, instance, apps[number % 2].id, f"source-{number:02}")
    request = CreateDatasourceInfoRequest(instance_id=instance, body=body(apps[0].id, datasource_type="KAFKA"))
    sdk.send(request)

    def names(**query: Any) -> list[str]:
        found = sdk.send(ListDatasourcesRequest(instance_id=instance, **query))
        assert found.size == len(found.entities) <= found.total
        return [source.datasource_name for source in found.entities]

    assert sdk.send(ListDatasourcesRequest(instance_id=instance)).total == 12
    assert len(names()) == 10
    assert len(names(offset=10, limit=10)) == 2
    assert len(names(limit=5000, offset=-3)) == 12
    assert set(names(limit=10) + names(limit=10, offset=10)) == set(names(limit=999))
    assert names(name="nowhere") == []
    assert names(name="e-1") == ["source-10"]
    assert names(datasource_type="KAFKA") == ["erp"]
    assert len(names(app_id=apps[1].id)) == 5
    assert names(custom_plugin_id="none") == []
    ordered = names(limit=999, sort_field="CREATED_DATE", sort_type="ASC")
    times = [
        source.create_time
        for source in sdk.send(
            ListDatasourcesRequest(instance_id=instance, limit=999, sort_field="CREATED_DATE", sort_type="DESC")
        ).entities
    ]
    assert times == sorted(times, reverse=True)
    assert set(ordered) == set(names(limit=999))


def test_a_deleted_data_source_is_gone(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    made = add_source(sdk, instance, app.id, "erp")
    request = DeleteDatasourceInfoByIdRequest(instance_id=instance, datasource_id=made.datasource_id)
    assert sdk.send(request).status_code == 204
    message = f"The data source {made.datasource_id} does not exist\\."
    sdk.refused(request, 404, "ROMAPORT.3001", message)
    update = UpdateDatasourceInfoRequest(instance_id=instance, datasource_id=made.datasource_id, body=body(app.id))
    sdk.refused(update, 404, "ROMAPORT.3001", message)


def test_a_data_source_in_use_is_not_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    source, target = (add_source(sdk, instance, app.id, name).datasource_id for name in ("erp", "lake"))
    add_task(sdk, instance, "nightly", source, target)
    before = site.written()
    sdk.refused(
        DeleteDatasourceInfoByIdRequest(instance_id=instance, datasource_id=source),
        409,
        "ROMAPORT.3005",
        "The data source erp is still used by task nightly\\.",
    )
    assert site.written() == before


def test_names_are_unique_and_applications_must_exist(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add_source(sdk, instance, app.id, "erp")
    elsewhere = add_app(sdk, site.instance(), "Orders")
    before = site.written()
    taken = CreateDatasourceInfoRequest(instance_id=instance, body=body(app.id))
    sdk.refused(taken, 400, "ROMAPORT.3003", "The data source erp already exists\\.")
    foreign = CreateDatasourceInfoRequest(instance_id=instance, body=body(elsewhere.id, datasource_name="lake"))
    details = sdk.refused(foreign, 400, "ROMAPORT.3004", f"The application {elsewhere.id} named by app_id does not.*")
    assert details.startswith("app_id: ")
    assert site.written() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"datasource_name": None}, ["datasource_name: is required"]),
        ({"datasource_name": "n" * 256}, ["datasource_name: ", "255"]),
        ({"datasource_name": "<erp>"}, ["datasource_name: "]),
        ({"datasource_name": "   "}, ["datasource_name: "]),
        ({"datasource_type": None}, ["datasource_type: is required"]),
        ({"app_id": None}, ["app_id: is required"]),
        ({"app_id": "abc"}, ["app_id: ", "4"]),
        ({"app_id": 12345}, ["app_id: ", "str", "int"]),
        ({"content": None}, ["content: is required"]),
        ({"content": "h"}, ["content: ", "object", "str"]),
        ({"description": "d" * 1025}, ["description: ", "1024"]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_a_wrong_field_of_a_data_source_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, object], named: list[str]
) -> None:
    app = add_app(sdk, instance, "Orders")
    before = site.written()
    request = CreateDatasourceInfoRequest(instance_id=instance, body=body(**{"app_id": app.id, **fields}))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert not [part for part in named if part not in details], details
    assert site.written() == before
