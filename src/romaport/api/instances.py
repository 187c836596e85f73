"""Instances as the SDK lists and shows them; operators create them (contract 7.2)."""

from typing import Any

from romaport.api.call import Call, Operation, Reply
from romaport.auth import Instance
from romaport.clock import iso, milliseconds
from romaport.kinds import KINDS

__all__ = ["OPERATIONS"]

_FLAVOR = "ROMA_BASIC"
_RUNNING_STATUS = 6
_OFFSET_MAX = 100
_LIMIT_MAX = 100


def list_instances(call: Call) -> Reply:
    """List the instances of the project."""
    offset = call.number("offset", default=0, at_least=0, at_most=_OFFSET_MAX)
    limit = call.number("limit", default=10, at_least=0, at_most=_LIMIT_MAX)
    status = call.query.get("status", "RUNNING")
    found = call.parts.directory.instances(call.caller.project_id) if status.upper() == "RUNNING" else []
    page = [_listed(instance) for instance in found[offset : offset + limit]]
    return Reply(document={"total": len(found), "size": len(page), "instances": page})


def show_instance(call: Call) -> Reply:
    """Show an instance in the APIC form, which has other names for the same things."""
    instance = call.parts.directory.instance(call.caller.project_id, call.instance_id)
    return Reply(
        document={
            "id": instance.id,
            "project_id": instance.project_id,
            "instance_name": instance.name,
            "status": "Running",
            "instance_status": _RUNNING_STATUS,
            "spec": _FLAVOR,
            "create_time": milliseconds(instance.created_at),
            "description": instance.description,
            "supported_features": [],
            "available_zone_ids": "",
        }
    )


def list_mqs_instances(call: Call) -> Reply:
    """List the instances of the project as message queues."""
    found = call.parts.directory.instances(call.caller.project_id)
    return Reply(document={"instances": [_queue(instance) for instance in found], "instance_num": len(found)})


def show_mqs_instance(call: Call) -> Reply:
    """Show an instance as a message queue."""
    return Reply(document=_queue(call.parts.directory.instance(call.caller.project_id, call.instance_id)))


def _queue(instance: Instance) -> dict[str, Any]:
    # Addresses, engine and storage are those of a broker, and there is none: topics are kept, not run.
    return {
        "instance_id": instance.id,
        "name": instance.name,
        "description": instance.description,
        "status": "RUNNING",
        "type": "cluster",
        "partition_num": str(KINDS["topic"].quota),
        "created_at": str(milliseconds(instance.created_at)),
    }


def _listed(instance: Instance) -> dict[str, Any]:
    return {
        "id": instance.id,
        "name": instance.name,
        "description": instance.description,
        "flavor_id": _FLAVOR,
        "flavor_type": "basic",
        "status": "RUNNING",
        "publicip_enable": False,
        "project_id": instance.project_id,
        "create_time": iso(instance.created_at),
        "update_time": iso(instance.created_at),
        "available_zone_ids": [],
    }


OPERATIONS = (
    Operation(
        name="ListRomaInstances",
        summary="List the instances of the project.",
        method="GET",
        path="/v2/{project_id}/instances",
        action="roma:instances:list",
        run=list_instances,
        contract="7.2",
    ),
    Operation(
        name="ShowDetailsOfInstanceV2",
        summary="Show an instance.",
        method="GET",
        path="/v2/{project_id}/apic/instances/{instance_id}",
        action="roma:instances:get",
        run=show_instance,
        contract="7.2",
    ),
    Operation(
        name="ListMqsInstance",
        summary="List the instances of the project as message queues.",
        method="GET",
        path="/v2/{project_id}/mqs/instances",
        action="roma:instances:list",
        run=list_mqs_instances,
        contract="7.2",
    ),
    Operation(
        name="ShowMqsInstance",
        summary="Show an instance as a message queue.",
        method="GET",
        path="/v2/{project_id}/mqs/instances/{instance_id}",
        action="roma:instances:get",
        run=show_mqs_instance,
        contract="7.2",
    ),
)
