"""Spaces: instances whose assets an import has brought all at once, out of sight.

Revision 0004. Nothing is taken away, so the release before runs beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add where the assets of an instance lie, and for which instance a space is."""
    # In the collation of the ids that they are compared with.
    text = sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation="C"), "postgresql")
    for name in ("space_id", "space_of"):
        op.add_column("instances", sa.Column(name, text, nullable=True))
