"""What a package brings, as the rows that are staged of it."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Table

from romaport.storage import Transaction, load
from romaport.storage.tables import staged_assets, staged_references, staged_uniques

__all__ = ["StagedAsset", "StagedReference", "StagedUnique", "stage"]


# There are millions of them, of texts and numbers alone: the collector of cycles has nothing to find there.
class _Row(Struct, kw_only=True, gc=False):
    job_id: str
    kind: str
    position: int


class StagedAsset(_Row, kw_only=True, gc=False):
    """A row of `staged_assets`, as it is before anyone knows whom it meets."""

    step: str
    new_id: str
    key: str
    name: str
    body: str
    reference_keys: str | None
    published: str | None
    local: str
    secrets: bytes | None
    secret_paths: str
    holes: str
    filled: bytes | None


class StagedReference(_Row, kw_only=True, gc=False):
    """A row of `staged_references`."""

    field: str
    target_kind: str
    target_key: str
    target_key_bare: str
    target_id: str | None
    owns: int


class StagedUnique(_Row, kw_only=True, gc=False):
    """A row of `staged_uniques`."""

    field: str
    value: str
    spare: str


def stage(
    tx: Transaction,
    assets: Sequence[StagedAsset],
    references: Sequence[StagedReference],
    unique: Sequence[StagedUnique],
) -> None:
    """Insert a batch of staged assets with their references and unique values."""
    batches: tuple[tuple[Table, Sequence[_Row]], ...] = (
        (staged_assets, assets),
        (staged_references, references),
        (staged_uniques, unique),
    )
    for table, rows in batches:
        if rows:
            load(tx, table, rows[0].__struct_fields__, [astuple(row) for row in rows])
