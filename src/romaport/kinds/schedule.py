"""Schedules: when a task runs; at most one per task, and part of it (contract 7.6)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.clock import milliseconds
from romaport.kinds.kind import Asset, Kind, Reference, Travel, Viewer


class ScheduleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations."""

    start_datetime: Annotated[int, Meta(ge=0)] | None = None
    period: Annotated[str, Meta(pattern=r"^(MIN|HOUR|DAY|WEEK|MON|)\Z")] | None = None
    dispatch_interval: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    remark: Annotated[str, Meta(max_length=1024)] | None = None
    use_quartz_cron: bool | None = None
    cron: Annotated[str, Meta(max_length=255, pattern=r"^(\S+( \S+){5}|)\Z")] | None = None


def present(schedule: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a schedule as its operations do."""
    return {
        "dispatch_id": schedule.id,
        "task_id": schedule.references["task_id"].id,
        **schedule.body,
        "created_date": milliseconds(schedule.created_at),
        "last_modified_date": milliseconds(schedule.updated_at),
    }


KIND = Kind(
    name="schedule",
    title="schedule",
    word="task",
    path="fdi/instances/{instance_id}/tasks/{task_id}/dispatches",
    id_field="dispatch_id",
    name_field="",
    create=ScheduleBody,
    update=ScheduleBody,
    travels={
        "start_datetime": Travel.PLAIN,
        "period": Travel.PLAIN,
        "dispatch_interval": Travel.PLAIN,
        "remark": Travel.PLAIN,
        "use_quartz_cron": Travel.PLAIN,
        "cron": Travel.PLAIN,
    },
    references=(Reference(field="task_id", to="task", owns=True, part=True, in_key=True),),
    parent="task_id",
    present=present,
    actions={
        "create": "roma:tasks:update",
        "show": "roma:tasks:get",
        "update": "roma:tasks:update",
    },
)
