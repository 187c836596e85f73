"""The parts of the running system that HTTP operations work with."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

from romaport.api.handover import HandOvers
from romaport.assets import Desk
from romaport.auth import Directory, Gate, Keystone
from romaport.wire.dialects import Dialect
from romaport.wire.openapi import OpenapiOptions

__all__ = ["ApiOptions", "Parts"]


class ApiOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the HTTP face allows."""

    dialect: Annotated[Dialect, Meta(description="Which published version of the contract is spoken.")] = Dialect.D2022
    body_bytes_max: Annotated[
        int, Meta(ge=1024, le=1_073_741_824, description="The longest JSON body, and the longest signed package body.")
    ] = 12_582_912
    poll_seconds: Annotated[
        int, Meta(ge=0, le=60, description="Retry-After of a running job's progress; 0 leaves it out.")
    ] = 1
    threads: Annotated[int, Meta(ge=2, le=128, description="Requests that are worked on at once.")] = 16


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the operations are handed."""

    desk: Desk
    gate: Gate
    keystone: Keystone
    directory: Directory
    options: ApiOptions
    openapi: OpenapiOptions = field(default_factory=OpenapiOptions)
    handovers: HandOvers = field(default_factory=HandOvers)
