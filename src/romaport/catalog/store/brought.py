"""What a package has brought, wherever its rows lie: staged, or in their place already, out of sight."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, FromClause, String, and_, func, literal, literal_column, null, select, type_coerce

from romaport.ids import ID_LENGTH
from romaport.storage.tables import asset_references, assets, staged_assets, staged_references

__all__ = ["STAGED", "Brought", "Into", "Step", "brought"]


class Step(StrEnum):
    """What becomes of an asset that is brought."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Into:
    """Which package goes into which instance, for whom and when."""

    job_id: str
    instance_id: str
    user_id: str
    user_name: str
    at: int
    """Milliseconds since the epoch."""
    is_placed: bool = False
    """Whether what it brings lies in the space of the job, instead of being staged."""


@dataclass(frozen=True)
class Brought:
    """Tables to be asked what came: the assets and their references, as far as these lead anywhere."""

    assets: FromClause
    """With the columns of `staged_assets` that say what came and what becomes of it."""
    references: FromClause
    """With `job_id`, `kind`, `field`, `target_id` and `target_key`."""
    same: ColumnElement[bool]
    """Joins references to the assets that have them."""


STAGED = Brought(
    staged_assets,
    staged_references,
    and_(
        staged_assets.c.job_id == staged_references.c.job_id,
        staged_assets.c.kind == staged_references.c.kind,
        staged_assets.c.position == staged_references.c.position,
    ),
)


def _placed() -> Brought:
    # A space has the id of its job. What lies in it meets nobody, and came in the order of its ids, of which those
    # that are numbers are shorter.
    position = func.substr(literal("0" * ID_LENGTH).concat(assets.c.id), func.length(assets.c.id) + 1)
    nobody = type_coerce(null(), String)
    there = select(
        assets.c.instance_id.label("job_id"),
        assets.c.kind,
        position.label("position"),
        assets.c.id.label("new_id"),
        assets.c.key,
        assets.c.body,
        assets.c.holes,
        nobody.label("met_id"),
        literal_column(f"'{Step.CREATE.value}'", String).label("step"),
    ).subquery()
    own, target = assets.alias(), assets.alias()
    edges = (
        select(
            own.c.instance_id.label("job_id"),
            own.c.kind,
            asset_references.c.asset_id,
            asset_references.c.field,
            asset_references.c.target_id,
            target.c.key.label("target_key"),
        )
        .join(asset_references, asset_references.c.asset_id == own.c.id)
        .join(target, target.c.id == asset_references.c.target_id)
        .subquery()
    )
    return Brought(there, edges, there.c.new_id == edges.c.asset_id)


_PLACED = _placed()


def brought(into: Into) -> Brought:
    """Answer where the rows of a package lie."""
    return _PLACED if into.is_placed else STAGED
