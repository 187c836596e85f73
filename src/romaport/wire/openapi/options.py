"""How large a document with API definitions may be, and everything in it."""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["OpenapiOptions"]

KIB = 1024
MIB = 1024 * KIB


class OpenapiOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an import takes and an export makes at most (contract 6.4)."""

    document_bytes_max: Annotated[int, Meta(ge=KIB, le=4 * MIB, description="Size of a document that comes in.")] = (
        3 * MIB
    )
    depth_max: Annotated[
        int, Meta(ge=10, le=100, description="How deep lists and objects of a document may be nested.")
    ] = 100
    nodes_max: Annotated[
        int,
        Meta(
            ge=1_000,
            le=10_000_000,
            description="Values in a document, counted with everything that aliases and references repeat.",
        ),
    ] = 500_000
    operations_max: Annotated[int, Meta(ge=1, le=100_000, description="Operations in a document.")] = 1_000
    source_bytes_max: Annotated[
        int,
        Meta(ge=KIB, le=16 * MIB, description="Text kept of one operation, with the parts of the document it needs."),
    ] = MIB
    sources_bytes_max: Annotated[
        int, Meta(ge=KIB, le=1024 * MIB, description="Such texts of all operations of a document together.")
    ] = 64 * MIB
    export_bytes_max: Annotated[int, Meta(ge=KIB, le=1024 * MIB, description="Size of a document that goes out.")] = (
        50 * MIB
    )
    problems_max: Annotated[int, Meta(ge=1, le=1_000, description="Problems that one refusal names.")] = 100
