"""Properties: what a device reports through a service, or can be set to; parts of the service (contract 7.9)."""

from romaport.kinds.device_property import property_kind
from romaport.kinds.kind import Reference

KIND = property_kind(
    name="property",
    title="property",
    path="link/instances/{instance_id}/services/{service_id}/properties",
    query="property",
    of=Reference(field="service_id", to="service", owns=True, part=True, in_key=True),
)
