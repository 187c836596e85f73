"""Dictionaries through the vendor's SDK (contract 7.4)."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CheckDictionaryRequest,
    CreateDictionary,
    CreateDictionaryRequest,
    DeleteDictionaryRequest,
    ListDictionaryRequest,
    UpdateDictionary,
    UpdateDictionaryRequest,
    ValidateDictionaryRequest,
)
from tests.sdk.sample import add_app, export_request, exported
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


def add(sdk: Sdk, instance: str, name: str, code: str, **fields: Any) -> Any:
    body = CreateDictionary(name=name, code=code, **fields)
    return sdk.send(CreateDictionaryRequest(instance_id=instance, body=body))


def names(sdk: Sdk, instance: str, **query: str) -> list[str]:
    found = sdk.send(ListDictionaryRequest(instance_id=instance, **query))
    assert found.size == len(found.dictionaries) <= found.total
    return [dictionary.name for dictionary in found.dictionaries]


def test_a_dictionary_takes_every_field_and_shows_all_but_its_order(sdk: Sdk, instance: str) -> None:
    add(sdk, instance, "Gateway", "gateway")
    fields = {"remark": "All of them", "extend_one": "first 1", "extend_two": "第二", "parent_code": "gateway"}
    made = add(sdk, instance, "Backend types 类型", "backend_types 1", order=7, **fields)
    assert made.status_code == 200
    assert (made.name, made.code, made.type) == ("Backend types 类型", "backend_types 1", "user")
    assert {name: getattr(made, name) for name in fields} == fields
    assert made.create_time == made.update_time
    assert made.create_time.endswith("Z")
    assert b"order" not in made.raw_content
    shown = sdk.send(CheckDictionaryRequest(instance_id=instance, dict_id=made.id))
    assert decoded(shown) == decoded(made)


def test_an_update_keeps_what_it_does_not_name(sdk: Sdk, instance: str) -> None:
    add(sdk, instance, "Gateway", "gateway")
    made = add(sdk, instance, "Types", "types", remark="Old", extend_one="one", parent_code="gateway")

    def change(**fields: Any) -> Any:
        body = UpdateDictionary(**fields)
        return sdk.send(UpdateDictionaryRequest(instance_id=instance, dict_id=made.id, body=body))

    changed = change(name="Kinds", extend_two="two", order=3)
    assert changed.status_code == 200
    assert (changed.id, changed.name, changed.code, changed.parent_code) == (made.id, "Kinds", "types", "gateway")
    assert (changed.remark, changed.extend_one, changed.extend_two) == ("Old", "one", "two")
    assert change(remark="").remark == ""
    assert names(sdk, instance, parent_code="gateway", code="typ") == ["Kinds"]


def test_a_list_shows_one_level_page_by_page(sdk: Sdk, instance: str) -> None:
    for number in range(12):
        add(sdk, instance, f"Top {number:02}", f"top_{number:02}")
    for name in ("Left", "Right"):
        add(sdk, instance, name, name.lower(), parent_code="top_03")
    add(sdk, instance, "Far left", "far_left", parent_code="left")

    first = sdk.send(ListDictionaryRequest(instance_id=instance))
    assert (first.total, first.size) == (12, 10)
    assert names(sdk, instance, limit="5", offset="10") == ["Top 10", "Top 11"]
    assert names(sdk, instance, parent_code="top_03") == ["Left", "Right"]
    assert names(sdk, instance, parent_code="left") == ["Far left"]
    assert names(sdk, instance, parent_code="right") == []
    assert names(sdk, instance, parent_code="Top_03") == []
    assert names(sdk, instance, parent_code="nowhere") == []
    assert names(sdk, instance, name="p 0", limit="3") == ["Top 00", "Top 01", "Top 02"]
    assert names(sdk, instance, code="_1") == ["Top 10", "Top 11"]
    assert names(sdk, instance, code="left", parent_code="top_03") == ["Left"]


def test_a_list_is_sorted_by_the_order(sdk: Sdk, instance: str) -> None:
    for name, order in (("None", None), ("Second", 2), ("Below", -1), ("First", 1), ("None either", None)):
        add(sdk, instance, name, name.lower(), **({} if order is None else {"order": order}))
    assert names(sdk, instance) == ["Below", "First", "Second", "None", "None either"]
    assert names(sdk, instance, offset="1", limit="2") == ["First", "Second"]


def test_the_list_refuses_pages_that_are_none(sdk: Sdk, instance: str) -> None:
    for query in ({"limit": "0"}, {"limit": "1001"}, {"limit": "ten"}, {"offset": "-1"}):
        details = sdk.refused(ListDictionaryRequest(instance_id=instance, **query), 400, "ROMA.13000", ".*")
        assert next(iter(query)) in details


def test_names_and_codes_are_unique_and_parents_must_exist(sdk: Sdk, site: Site, instance: str) -> None:
    add(sdk, instance, "Gateway", "gateway")
    add(sdk, instance, "Other", "other")
    other = sdk.send(ListDictionaryRequest(instance_id=instance, name="Other")).dictionaries[0]
    before = site.written()

    def refused(name: str, code: str, message: str, **fields: str) -> str:
        body = CreateDictionary(name=name, code=code, **fields)
        number = "ROMAPORT.3004" if fields else "ROMAPORT.3003"
        return sdk.refused(CreateDictionaryRequest(instance_id=instance, body=body), 400, number, message)

    assert refused("Gateway", "new", r"The dictionary Gateway already exists\.").startswith("name: ")
    assert refused("New", "gateway", r"The dictionary gateway already exists\.").startswith("code: ")
    lost = refused("New", "new", r"The dictionary nowhere named by parent_code does not exist\.", parent_code="nowhere")
    assert lost.startswith("parent_code: ")
    rename = UpdateDictionaryRequest(instance_id=instance, dict_id=other.id, body=UpdateDictionary(name="Gateway"))
    sdk.refused(rename, 400, "ROMAPORT.3003", r"The dictionary Gateway already exists\.")
    assert site.written() == before
    add(sdk, site.instance(), "Gateway", "gateway")


def test_a_name_and_a_code_can_be_looked_up(sdk: Sdk, instance: str) -> None:
    add(sdk, instance, "Gateway", "gateway_1")
    for query in ({"name": "Gateway"}, {"code": "gateway_1"}):
        found = sdk.send(ValidateDictionaryRequest(instance_id=instance, **query))
        assert (found.status_code, found.name, found.code) == (200, "Gateway", "gateway_1")
    for query in ({"name": "gateway_1"}, {"code": "Gateway"}):
        message = f"The dictionary {next(iter(query.values()))} does not exist\\."
        sdk.refused(ValidateDictionaryRequest(instance_id=instance, **query), 404, "ROMAPORT.3001", message)
    for query in ({}, {"name": "Gateway", "code": "gateway_1"}):
        sdk.refused(ValidateDictionaryRequest(instance_id=instance, **query), 400, "ROMA.13000", ".*exactly one.*")


def test_a_dictionary_with_children_is_not_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    parent = add(sdk, instance, "Gateway", "gateway")
    child = add(sdk, instance, "Types", "types", parent_code="gateway")
    delete = DeleteDictionaryRequest(instance_id=instance, dict_id=parent.id)
    before = site.written()
    message = r"The dictionary Gateway is still used by dictionary Types\."
    sdk.refused(delete, 409, "ROMAPORT.3005", message)
    assert site.written() == before
    assert sdk.send(DeleteDictionaryRequest(instance_id=instance, dict_id=child.id)).status_code == 204
    assert sdk.send(delete).status_code == 204
    gone = f"The dictionary {parent.id} does not exist\\."
    sdk.refused(delete, 404, "ROMAPORT.3001", gone)
    sdk.refused(CheckDictionaryRequest(instance_id=instance, dict_id=parent.id), 404, "ROMAPORT.3001", gone)
    assert names(sdk, instance) == []


def test_everyone_sees_a_dictionary_and_its_maker_changes_it(client: str, site: Site, instance: str) -> None:
    maker, other = site.user("ROMA FullAccess"), site.user("ROMA FullAccess")
    with site.sdk(client, maker) as sdk:
        made = add(sdk, instance, "Gateway", "gateway")
    with site.sdk(client, other) as sdk:
        assert names(sdk, instance) == ["Gateway"]
        add(sdk, instance, "Types", "types", parent_code="gateway")
        change = UpdateDictionaryRequest(instance_id=instance, dict_id=made.id, body=UpdateDictionary(remark="Mine"))
        sdk.refused(change, 403, "ROMA.12001", ".*")
        sdk.refused(DeleteDictionaryRequest(instance_id=instance, dict_id=made.id), 403, "ROMA.12001", ".*")


def test_dictionaries_are_in_no_package(sdk: Sdk, instance: str, tmp_path: Path) -> None:
    app = add_app(sdk, instance, "Orders")
    made = add(sdk, instance, "Gateway", "gateway")
    path = tmp_path / "orders.zip"
    exported(sdk, instance, path, apps=[app.id])
    with zipfile.ZipFile(path) as package:
        assert package.namelist() == ["manifest.json", "assets/app.jsonl"]
    unknown = export_request(instance, apps=[made.id])
    sdk.refused(unknown, 404, "ROMAPORT.3002", f"1 of the selected assets do not exist: application {made.id}")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": None}, "name: is required"),
        ({"code": None}, "code: is required"),
        ({"name": "  "}, "name: "),
        ({"name": "a-b"}, "name: "),
        ({"name": "n" * 65}, "name: "),
        ({"name": 7}, "name: "),
        ({"code": "类型"}, "code: "),
        ({"code": "a.b"}, "code: "),
        ({"extend_one": "a-b"}, "extend_one: "),
        ({"extend_two": "a/b"}, "extend_two: "),
        ({"remark": "r" * 1025}, "remark: "),
        ({"order": "first"}, "order: "),
        ({"order": 2**31}, "order: "),
        ({"parent_code": 7}, "parent_code: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_dictionary_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, Any], named: str
) -> None:
    before = site.written()
    body = CreateDictionary(**{"name": "Gateway", "code": "gateway", **fields})
    details = sdk.refused(CreateDictionaryRequest(instance_id=instance, body=body), 400, "ROMA.13000", ".*")
    assert named in details
    assert site.written() == before
