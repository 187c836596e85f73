"""The keys of what an asset refers to stand beside its body, as they travel: an export reads assets alone.

Revision 0006. Nothing is taken away, but a process of the release before would not write these keys: none of them may
write any more.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ASSETS = sa.table("assets", sa.column("id"), sa.column("key"), sa.column("reference_keys"))
_REFERENCES = sa.table("asset_references", sa.column("asset_id"), sa.column("field"), sa.column("target_id"))
_PLACE = ("job_id", "kind", "position")
_STAGED = sa.table("staged_assets", *map(sa.column, _PLACE), sa.column("reference_keys"))
_STAGED_REFERENCES = sa.table("staged_references", *map(sa.column, _PLACE), sa.column("field"), sa.column("target_key"))


def upgrade() -> None:
    """Add the column where assets are kept, and fill it where it is read."""
    # In the collation of the other texts.
    text = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
    for name in ("assets", "kept_assets", "staged_assets"):
        op.add_column(name, sa.Column("reference_keys", text, nullable=True))
    edge, target = _REFERENCES.c, _ASSETS.alias().c
    mine = (edge.asset_id == _ASSETS.c.id, target.id == edge.target_id)
    _fill(_ASSETS, edge.field, target.key, mine)
    staged = _STAGED_REFERENCES.c
    _fill(_STAGED, staged.field, staged.target_key, [staged[name] == _STAGED.c[name] for name in _PLACE])
    # Said when an asset is staged, by now.
    op.execute("UPDATE staged_assets SET step = 'create' WHERE step IS NULL")


def _fill(
    table: sa.TableClause,
    field: sa.ColumnElement[str],
    key: sa.ColumnElement[str],
    mine: Iterable[sa.ColumnElement[bool]],
) -> None:
    member = (sa.literal('"') + field + sa.literal('":') + key).label("member")
    members = sa.select(member).where(*mine).order_by(field).correlate(table).subquery()
    told = sa.select(sa.literal("{") + sa.func.aggregate_strings(members.c.member, ",") + sa.literal("}"))
    op.execute(sa.update(table).values(reference_keys=told.scalar_subquery()))
