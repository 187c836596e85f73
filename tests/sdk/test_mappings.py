"""Mappings of composite tasks, and their initialisation, through the vendor's SDK (contract 7.6)."""

import json
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateMultiTasksRequest,
    DeleteDatasourceInfoByIdRequest,
    DeleteMultiTaskMappingRequest,
    DeleteTaskRequest,
    InstallMultiTasksRequest,
    MappingInfo,
    MultiTaskColumnInfo,
    MultiTaskInitBody,
    MultiTaskInitBodyExtInfo,
    MultiTaskInitElementExtInfo,
    MultiTaskResetBody,
    ResetMultiTaskOffsetRequest,
    ShowTaskRequest,
)
from tests.sdk.composites import Ends, add, body, ends_of, initialised, map_tables, shown
from tests.sdk.sample import share
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


@pytest.fixture
def ends(sdk: Sdk, instance: str) -> Ends:
    return ends_of(sdk, instance)


def test_a_mapping_takes_every_field(sdk: Sdk, ends: Ends) -> None:
    task_id = add(sdk, ends.instance)
    fields = {
        "source_columns": [MultiTaskColumnInfo(field_name="ID", field_type="INT", field_length="11")],
        "target_columns": [MultiTaskColumnInfo(field_name="NO", field_type="VARCHAR", field_length="20")],
        "mapping_columns": [
            MappingInfo(
                source_column="ID",
                source_column_type="INT",
                source_column_length="11",
                target_column="NO",
                target_column_type="VARCHAR",
                target_column_length="20",
            )
        ],
    }
    extension = MultiTaskInitElementExtInfo(server_id="4711")
    made = sdk.send(map_tables(ends, task_id, "shop.orders", "lake.orders", ext_info=extension, **fields))
    assert (made.status_code, list(json.loads(made.raw_content))) == (200, ["mapping_id"])
    (element,) = initialised(sdk, ends.instance, task_id=task_id)
    assert (element.task_id, element.mappings_total_count, element.ext_info.server_id) == (task_id, 1, "4711")
    assert (element.source_datasource_id, element.source_ds_id) == (ends.source, ends.source)
    assert (element.source_datasource_name, element.source_datasource_type) == ("erp", "MYSQL")
    assert (element.target_datasource_id, element.target_ds_id) == (ends.target, ends.target)
    assert (element.target_datasource_name, element.target_datasource_type) == ("lake", "MYSQL")
    assert (element.source_app_id, element.target_app_id) == ends.app_ids
    assert element.source_instance_id == element.target_instance_id == ends.instance
    (mapping,) = element.mappings
    assert (mapping.id, mapping.status) == (made.mapping_id, "MANUAL")
    assert (mapping.source_table, mapping.target_table) == ("shop.orders", "lake.orders")
    assert mapping.updated_time > 1_700_000_000_000
    assert decoded(mapping.source_columns) == decoded(fields["source_columns"])
    assert decoded(mapping.target_columns) == decoded(fields["target_columns"])
    assert decoded(mapping.mapping) == decoded(fields["mapping_columns"])


def test_a_pair_of_tables_is_mapped_once(sdk: Sdk, site: Site, ends: Ends) -> None:
    task_id, other = add(sdk, ends.instance), add(sdk, ends.instance, task_name="other")
    sdk.send(map_tables(ends, task_id, "orders", "orders"))
    before = site.written()
    again = map_tables(ends, task_id, "orders", "orders")
    sdk.refused(again, 400, "ROMAPORT.3003", r"The mapping orders -> orders already exists\.")
    assert site.written() == before
    turned = {"source_datasource_id": ends.target, "target_datasource_id": ends.source}
    for more in (
        map_tables(ends, task_id, "orders", "returns"),
        map_tables(ends, task_id, "returns", "orders"),
        map_tables(ends, task_id, "orders", "orders", **turned),
        map_tables(ends, other, "orders", "orders"),
        map_tables(ends, task_id, None, None),
    ):
        sdk.send(more)
    pairs = initialised(sdk, ends.instance, task_id=task_id)
    assert [(pair.source_datasource_name, pair.mappings_total_count) for pair in pairs] == [("erp", 4), ("lake", 1)]


def test_an_initialisation_assigns_an_id_that_the_task_then_has(sdk: Sdk, site: Site, ends: Ends) -> None:
    before = site.written()
    extension = MultiTaskInitBodyExtInfo(server_id="7")
    (element,) = initialised(sdk, ends.instance, auto_mapping=False, ext_info=extension, **ends.pair())
    assert site.written() == before
    assert (element.mappings, element.mappings_total_count, element.ext_info.server_id) == ([], 0, "7")
    assert (element.source_datasource_name, element.target_datasource_name) == ("erp", "lake")
    assert add(sdk, ends.instance, task_id=element.task_id) == element.task_id
    assert shown(sdk, ends.instance, element.task_id).task.task_name == "sync"

    taken = CreateMultiTasksRequest(instance_id=ends.instance, body=body(task_name="more", task_id=element.task_id))
    details = sdk.refused(taken, 400, "ROMAPORT.3003", f"The composite task {element.task_id} already exists\\.")
    assert details.startswith("task_id: ")
    (bare,) = initialised(sdk, ends.instance)
    assert (len(bare.task_id), bare.source_datasource_id) == (32, None)


def test_an_initialisation_shows_the_first_ten_mappings(sdk: Sdk, ends: Ends) -> None:
    task_id = add(sdk, ends.instance)
    for number in range(12):
        sdk.send(map_tables(ends, task_id, f"table-{number:02}", "all"))
    (element,) = initialised(sdk, ends.instance, task_id=task_id, source_datasource_id=ends.source)
    assert element.mappings_total_count == 12
    assert [mapping.source_table for mapping in element.mappings] == [f"table-{number:02}" for number in range(10)]
    (none,) = initialised(sdk, ends.instance, task_id=task_id, source_datasource_id=ends.target)
    assert (none.mappings_total_count, none.source_datasource_name) == (0, "lake")


def test_an_initialisation_refuses_what_it_cannot_do(sdk: Sdk, ends: Ends) -> None:
    def refused(code: str, **fields: Any) -> str:
        request = InstallMultiTasksRequest(instance_id=ends.instance, body=MultiTaskInitBody(**fields))
        return sdk.refused(request, 400, code, ".*")

    assert "auto_mapping: must be false" in refused("ROMA.13000", auto_mapping=True, **ends.pair())
    assert refused("ROMAPORT.3004", source_datasource_id="nowhere").startswith("source_datasource_id: ")


def test_a_mapping_is_deleted(sdk: Sdk, ends: Ends) -> None:
    task_id, other = add(sdk, ends.instance), add(sdk, ends.instance, task_name="other")
    mapping_id = sdk.send(map_tables(ends, task_id, "orders", "orders")).mapping_id
    message = f"The mapping {mapping_id} does not exist\\."
    place = {"instance_id": ends.instance, "mapping_id": mapping_id}
    sdk.refused(DeleteMultiTaskMappingRequest(**place, task_id=other), 404, "ROMAPORT.3001", message)
    gone = sdk.send(DeleteMultiTaskMappingRequest(**place, task_id=task_id))
    assert (gone.status_code, gone.mapping_id) == (200, mapping_id)
    sdk.refused(DeleteMultiTaskMappingRequest(**place, task_id=task_id), 404, "ROMAPORT.3001", message)
    assert initialised(sdk, ends.instance, task_id=task_id)[0].mappings_total_count == 0


def test_a_data_source_that_is_mapped_is_not_deleted_and_a_task_takes_its_mappings_along(sdk: Sdk, ends: Ends) -> None:
    task_id = add(sdk, ends.instance)
    sdk.send(map_tables(ends, task_id, "orders", "orders"))
    delete = DeleteDatasourceInfoByIdRequest(instance_id=ends.instance, datasource_id=ends.source)
    sdk.refused(delete, 409, "ROMAPORT.3005", r"The data source erp is still used by mapping orders -> orders\.")
    assert sdk.send(DeleteTaskRequest(instance_id=ends.instance, task_id=task_id)).status_code == 204
    gone = ShowTaskRequest(instance_id=ends.instance, task_id=task_id)
    sdk.refused(gone, 404, "ROMAPORT.3001", f"The task {task_id} does not exist\\.")
    assert sdk.send(delete).status_code == 204


def test_who_may_only_read_a_task_maps_nothing(client: str, site: Site, instance: str) -> None:
    maker, reader = site.user("ROMA FullAccess"), site.user("ROMA FullAccess")
    with site.sdk(client, maker) as sdk:
        ends = ends_of(sdk, instance)
        task_id = add(sdk, instance, source_app_id=ends.app_ids[0], target_app_id=ends.app_ids[1])
        for app_id in ends.app_ids:
            share(sdk, instance, app_id, reader.id, "read")
    with site.sdk(client, reader) as sdk:
        assert shown(sdk, instance, task_id).task.task_name == "sync"
        sdk.refused(map_tables(ends, task_id, "orders", "orders"), 403, "ROMA.12001", ".*")
        reset = ResetMultiTaskOffsetRequest(instance_id=instance, task_id=task_id, body=MultiTaskResetBody())
        sdk.refused(reset, 403, "ROMA.12001", ".*")
        sdk.refused(DeleteTaskRequest(instance_id=instance, task_id=task_id), 403, "ROMA.12001", ".*")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"source_datasource_id": None}, "source_datasource_id: is required"),
        ({"target_datasource_id": 7}, "target_datasource_id: "),
        ({"source_table": "t" * 257}, "source_table: "),
        ({"source_columns": "ID"}, "source_columns: "),
        ({"source_columns": [{"field_name": 7}]}, "source_columns[0].field_name: "),
        ({"mapping_columns": [{}, {"source": "ID"}]}, "mapping_columns[1].source: is not a field"),
        ({"ext_info": {"server_id": 4711}}, "ext_info"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_a_mapping_is_named(
    sdk: Sdk, site: Site, ends: Ends, fields: dict[str, Any], named: str
) -> None:
    task_id = add(sdk, ends.instance)
    before = site.written()
    request = map_tables(ends, task_id, "orders", "orders", **fields)
    assert named in sdk.refused(request, 400, "ROMA.13000", ".*")
    assert site.written() == before
