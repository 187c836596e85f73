"""Request properties: what a command takes; parts of the command (contract 7.9)."""

from romaport.kinds.device_property import property_kind
from romaport.kinds.kind import Reference

KIND = property_kind(
    name="request_property",
    title="request property",
    path="link/instances/{instance_id}/services/{service_id}/commands/{command_id}/requests",
    query="request",
    of=Reference(field="command_id", to="command", owns=True, part=True, in_key=True),
)
