"""References are found by their targets alone: with what refers in it too, the index was twice as large.

Revision 0005. Nothing is taken away, so the release before runs beside it.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_asset_references_target_id", "asset_references"


def upgrade() -> None:
    """Make the index anew."""
    op.drop_index(_NAME, _TABLE)
    op.create_index(_NAME, _TABLE, ["target_id"])
