"""Response properties: what a command answers; parts of the command (contract 7.9)."""

from romaport.kinds.device_property import property_kind
from romaport.kinds.kind import Reference

KIND = property_kind(
    name="response_property",
    title="response property",
    path="link/instances/{instance_id}/services/{service_id}/commands/{command_id}/responses",
    query="response",
    of=Reference(field="command_id", to="command", owns=True, part=True, in_key=True),
)
