"""FDI composite tasks: the changes of many tables carried at once, as its mappings say (contract 7.6)."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from romaport.clock import iso, milliseconds
from romaport.kinds.kind import Asset, Kind, Parts, Reference, Travel, Viewer

_AppId = Annotated[str, Meta(min_length=1, max_length=64)]
_Description = Annotated[str, Meta(min_length=1, max_length=1024)]
_Tag = Annotated[str, Meta(min_length=4, max_length=64, pattern=r"^[A-Za-z0-9\-_]+\Z")]
_Operations = Annotated[list[Literal["INSERT", "UPDATE", "DELETE"]], Meta(min_length=1, max_length=3)]


class CompositeTaskCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create operation; `task_id` is the one that an initialisation has assigned, if there was one."""

    task_name: Annotated[str, Meta(min_length=3, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*\Z")]
    task_type: Annotated[str, Meta(pattern=r"^(REALTIME|realtime)\Z")]
    operation_types: _Operations
    source_app_id: _AppId | None = None
    target_app_id: _AppId | None = None
    description: _Description | None = None
    task_tag: _Tag | None = None
    task_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")] | None = None


class CompositeTaskUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the update operation; what it does not name stays."""

    operation_types: _Operations | None = None
    description: _Description | None = None
    task_tag: _Tag | None = None
    repulling_snapshot: bool | None = None


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is said to a running task, and operations that are named twice."""
    fields = {name: value for name, value in request.items() if name != "repulling_snapshot"}
    if "operation_types" in fields:
        fields["operation_types"] = list(dict.fromkeys(fields["operation_types"]))
    return fields


def refine(parts: Parts) -> Parts:
    """Take the id that was assigned beforehand for the id of the task."""
    local = {name: value for name, value in parts.local.items() if name != "task_id"}
    return replace(parts, local=local, asset_id=parts.local.get("task_id"))


def _fields(task: Asset) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "task_id": task.id,
        "task_name": task.name,
        "task_type": str(task.body["task_type"]).lower(),
        "ext_type": "CDC",
        "operation_types": task.body["operation_types"],
        "description": task.body.get("description"),
        "task_tag": task.body.get("task_tag"),
    }
    for end in ("source", "target"):
        app = task.references.get(f"{end}_app_id")
        shown[f"{end}_app_id"] = app.id if app else None
        shown[f"{end}_app_name"] = app.name if app else None
    return shown


def present(task: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a composite task in the form in which common ones are shown."""
    shown = {
        **_fields(task),
        "project_id": task.project_id,
        "status": "running" if task.local.get("is_started") else "stopped",
        "date_from": task.local.get("date_from"),
        "created_date": milliseconds(task.created_at),
        "last_modified_date": milliseconds(task.updated_at),
    }
    return {"task": shown, "task_detail": None}


def summarise(task: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a composite task in the form in which common ones are listed."""
    return {
        **_fields(task),
        "status": int(task.local.get("is_started", False)),
        "execute_status": "WAITING" if task.local.get("is_started") else "UNSTARTED",
        "created_date": iso(task.created_at),
        "last_modified_time": milliseconds(task.updated_at),
        "version": str(task.revision),
        "source_instance_id": task.instance_id,
        "target_instance_id": task.instance_id,
    }


def acknowledge(task: Asset) -> dict[str, Any]:
    """Answer the id of a task that was made or changed."""
    return {"task_id": task.id}


KIND = Kind(
    name="composite_task",
    title="composite task",
    word="task",
    path="fdi/instances/{instance_id}/multi-tasks",
    id_field="task_id",
    name_field="task_name",
    create=CompositeTaskCreate,
    update=CompositeTaskUpdate,
    replaces=False,
    flatten=flatten,
    refine=refine,
    travels={
        "task_name": Travel.NAME,
        "task_type": Travel.PLAIN,
        "operation_types": Travel.PLAIN,
        "source_app_id": Travel.REFERENCE,
        "target_app_id": Travel.REFERENCE,
        "description": Travel.PLAIN,
        "task_tag": Travel.PLAIN,
        "task_id": Travel.LOCAL,
    },
    references=tuple(
        Reference(field=f"{end}_app_id", to="app", owns=True, optional=True) for end in ("source", "target")
    ),
    present=present,
    summarise=summarise,
    acknowledge=acknowledge,
    joins="task",
    is_prefixed=True,
    tags="task_tag",
    quota=1000,
    actions={
        "create": "roma:tasks:create",
        "update": "roma:tasks:update",
    },
)
