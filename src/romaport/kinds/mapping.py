"""Mappings of composite tasks: from a table of one data source to a table of another (contract 7.6).

The vendor gives a mapping nothing but an id, which differs in every instance. Here its name is made of its two
tables, and its key is that of the task, then those of both data sources, then that name: so a pair of tables is
mapped at most once between two data sources, and the same mapping is known again in another instance.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.clock import milliseconds
from romaport.errors import BodyInvalid
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Reference, Travel, Viewer

_Id = Annotated[str, Meta(min_length=1, max_length=64)]
_Word = Annotated[str, Meta(max_length=256)]
_COLUMNS_MAX = 10_000


class Column(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column of a table."""

    field_name: _Word | None = None
    field_type: _Word | None = None
    field_length: _Word | None = None


class ColumnPair(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column of the source and the column of the target that it goes to."""

    source_column: _Word | None = None
    source_column_type: _Word | None = None
    source_column_length: _Word | None = None
    target_column: _Word | None = None
    target_column_type: _Word | None = None
    target_column_length: _Word | None = None


class Extension(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a source of type MySQL needs besides."""

    server_id: Annotated[str, Meta(max_length=20)] | None = None


class MappingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations; `tables` is made, and none of a request's fields."""

    source_datasource_id: _Id
    target_datasource_id: _Id
    source_table: _Word | None = None
    target_table: _Word | None = None
    source_columns: Annotated[list[Column], Meta(max_length=_COLUMNS_MAX)] | None = None
    target_columns: Annotated[list[Column], Meta(max_length=_COLUMNS_MAX)] | None = None
    mapping_columns: Annotated[list[ColumnPair], Meta(max_length=_COLUMNS_MAX)] | None = None
    ext_info: Extension | None = None
    tables: Annotated[str, Meta(max_length=516)] = ""


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Name a mapping after its tables; raise `BodyInvalid` if the request does."""
    if request.get("tables"):
        raise BodyInvalid(problems="tables: is not a field of this request")
    return {**request, "tables": f"{request.get('source_table', '')} -> {request.get('target_table', '')}"}


def present(mapping: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a mapping as an element of an initialisation, with the data sources that it joins."""
    return {
        "id": mapping.id,
        "source_datasource_id": mapping.references["source_datasource_id"].id,
        "target_datasource_id": mapping.references["target_datasource_id"].id,
        "source_table": mapping.body.get("source_table"),
        "target_table": mapping.body.get("target_table"),
        "source_columns": mapping.body.get("source_columns", []),
        "target_columns": mapping.body.get("target_columns", []),
        "mapping": mapping.body.get("mapping_columns", []),
        "ext_info": mapping.body.get("ext_info"),
        "status": "MANUAL",
        "updated_time": milliseconds(mapping.updated_at),
    }


def acknowledge(mapping: Asset) -> dict[str, Any]:
    """Answer the id of a mapping that was made, changed or deleted."""
    return {"mapping_id": mapping.id}


KIND = Kind(
    name="mapping",
    title="mapping",
    word="task",
    path="fdi/instances/{instance_id}/multi-tasks/{task_id}/mappings",
    id_field="mapping_id",
    name_field="tables",
    create=MappingBody,
    update=MappingBody,
    flatten=flatten,
    travels={
        "source_datasource_id": Travel.REFERENCE,
        "target_datasource_id": Travel.REFERENCE,
        "source_table": Travel.PLAIN,
        "target_table": Travel.PLAIN,
        "source_columns": Travel.PLAIN,
        "target_columns": Travel.PLAIN,
        "mapping_columns": Travel.PLAIN,
        "ext_info": Travel.PLAIN,
        "tables": Travel.NAME,
    },
    references=(
        Reference(field="task_id", to="composite_task", owns=True, part=True, in_key=True),
        Reference(field="source_datasource_id", to="data_source", in_key=True),
        Reference(field="target_datasource_id", to="data_source", in_key=True),
    ),
    parent="task_id",
    present=present,
    acknowledge=acknowledge,
    listing=Listing(
        array="mappings",
        limit_max=1000,
        cuts=True,
        filters=(
            Filter(query="source_datasource_id", matches="reference.source_datasource_id"),
            Filter(query="target_datasource_id", matches="reference.target_datasource_id"),
            Filter(query="source_table", matches="body.source_table"),
            Filter(query="target_table", matches="body.target_table"),
        ),
    ),
    actions={
        "create": "roma:tasks:update",
        "update": "roma:tasks:update",
        "delete": "roma:tasks:update",
        "list": "roma:tasks:get",
    },
)
