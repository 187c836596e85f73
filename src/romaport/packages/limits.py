"""How large a package may be, and everything in it."""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["PackageLimits"]

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB


class PackageLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader accepts at most; every limit holds for real bytes, whatever the package says of itself."""

    package_bytes_max: Annotated[int, Meta(ge=KIB, le=16 * TIB, description="Size of a package file.")] = GIB
    inflated_bytes_max: Annotated[
        int, Meta(ge=KIB, le=64 * TIB, description="Size of all files in a package together, when inflated.")
    ] = 8 * GIB
    entry_bytes_max: Annotated[int, Meta(ge=KIB, le=GIB, description="Size of one asset, a line of a file.")] = 16 * MIB
    assets_max: Annotated[int, Meta(ge=1, le=1_000_000_000, description="Number of assets in a package.")] = 2_000_000
    files_max: Annotated[int, Meta(ge=2, le=1024, description="Number of files in a package, manifest included.")] = 64
    manifest_bytes_max: Annotated[int, Meta(ge=KIB, le=64 * MIB, description="Size of the manifest.")] = MIB
