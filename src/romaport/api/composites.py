"""What composite tasks have beyond the operations of every kind: initialisation and reset (contract 7.6)."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, to_builtins

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.resources import viewer_of
from romaport.errors import BodyInvalid, ReferenceMissing
from romaport.ids import new_id
from romaport.kinds import KINDS, Asset, Viewer
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS"]

_TASK = KINDS["composite_task"]
_MAPPING = KINDS["mapping"]
_OF_TASK = next(found for found in _MAPPING.references if found.to == _TASK.name)
_ENDS = ("source_datasource_id", "target_datasource_id")
_MANY = "/v2/{project_id}/fdi/instances/{instance_id}/multi-tasks"
_MAPPINGS_SHOWN = 10

_Id = Annotated[str, Meta(min_length=1, max_length=64)]


class Extension(Struct, frozen=True, omit_defaults=True):
    """What a source of type MySQL needs besides."""

    server_id: Annotated[str, Meta(max_length=20)] | None = None


class Initialisation(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the initialisation; without a task's id one is assigned."""

    source_datasource_id: _Id | None = None
    target_datasource_id: _Id | None = None
    task_id: Annotated[str, Meta(max_length=64)] | None = None
    auto_mapping: bool = False
    ext_info: Extension | None = None


class Reset(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the reset: from when on a task is to read again, in milliseconds since the epoch."""

    date_from: Annotated[int, Meta(ge=0, le=9223372036854775807)] | None = None


def initialise(call: Call) -> Reply:
    """Answer what a composite task maps, one element for each pair of data sources; nothing is written."""
    asked = decode(Initialisation, call.body)
    if asked.auto_mapping:
        raise BodyInvalid(problems="auto_mapping: must be false, since this server does not look into data sources")
    with call.parts.desk.database.snapshot() as tx:
        ends = _ends(call, tx, asked)
        pairs: dict[tuple[str, ...], list[Asset]] = {}
        for mapping in _mappings(call, tx, asked.task_id or ""):
            joined = {field: mapping.references[field].id for field in _ENDS}
            if all(joined[field] == source.id for field, source in ends.items()):
                pairs.setdefault(tuple(joined.values()), []).append(mapping)
        viewer = viewer_of(call, tx)
        task_id = asked.task_id or new_id()
        found = [_element(mappings[0].references, mappings, viewer) for mappings in pairs.values()]
        elements = [{"task_id": task_id, **element} for element in found or [_element(ends, [], viewer)]]
    if asked.ext_info is not None:
        elements = [{**element, "ext_info": to_builtins(asked.ext_info)} for element in elements]
    return Reply(document=elements)


def _ends(call: Call, tx: Transaction, asked: Initialisation) -> dict[str, Asset]:
    """Answer the data sources that a request names; raise `ReferenceMissing` for one that does not exist."""
    found: dict[str, Asset] = {}
    for reference in _MAPPING.references:
        named = getattr(asked, reference.field) if reference.field in _ENDS else None
        if named is None:
            continue
        source = call.parts.desk.catalog.find(tx, reference, call.instance_id, named, call.actor)
        if source is None:
            raise ReferenceMissing(field=reference.field, kind=KINDS[reference.to].title, asset_id=named)
        found[reference.field] = source
    return found


def _mappings(call: Call, tx: Transaction, task_id: str) -> list[Asset]:
    """Answer the mappings of a task; none for an id that is assigned and not yet used."""
    catalog = call.parts.desk.catalog
    task = catalog.find(tx, _OF_TASK, call.instance_id, task_id, call.actor)
    return catalog.parts(tx, _MAPPING, task) if task else []


def _element(ends: Mapping[str, Asset], mappings: list[Asset], viewer: Viewer) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "mappings": [_MAPPING.present(mapping, viewer) for mapping in mappings[:_MAPPINGS_SHOWN]],
        "mappings_total_count": len(mappings),
        "ext_info": next((mapping.body["ext_info"] for mapping in mappings if "ext_info" in mapping.body), None),
    }
    for end in ("source", "target"):
        source = ends.get(f"{end}_datasource_id")
        if source is not None:
            shown[f"{end}_datasource_id"] = shown[f"{end}_ds_id"] = source.id
            shown[f"{end}_datasource_name"] = source.name
            shown[f"{end}_datasource_type"] = source.body["datasource_type"]
            shown[f"{end}_app_id"] = source.references["app_id"].id
            shown[f"{end}_instance_id"] = source.instance_id
    return shown


def reset(call: Call) -> Reply:
    """Note from when on a composite task is to read again; nothing was read yet, since nothing runs here."""
    asked = decode(Reset, call.body or b"{}")
    catalog = call.parts.desk.catalog
    with call.parts.desk.deciding(call.instance_id) as tx:
        task = catalog.show(tx, _TASK, call.instance_id, call.path["task_id"], call.actor)
        catalog.note(tx, task, call.actor, date_from=asked.date_from)
    return Reply(document={"message": "Reset Success"})


OPERATIONS = (
    Operation(
        name="InstallMultiTasks",
        summary="Initialise a composite task: assign an id, and answer what it maps.",
        method="POST",
        path=f"{_MANY}/init",
        action="roma:tasks:create",
        run=initialise,
        takes=Takes.JSON,
        request=Initialisation,
        contract="7.6",
    ),
    Operation(
        name="ResetMultiTaskOffset",
        summary="Reset the progress of a composite task.",
        method="POST",
        path=f"{_MANY}/{{task_id}}/reset",
        action="roma:tasks:operate",
        run=reset,
        takes=Takes.JSON,
        request=Reset,
        contract="7.6",
    ),
)
