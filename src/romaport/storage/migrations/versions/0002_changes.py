"""Assets that say what wrote them, what jobs changed, what plans would change; ids that are numbers.

Revision 0002. Everything is added and nothing taken away, so the release before runs beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "kept_app_members",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("app_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "app_id", "user_id", name=op.f("pk_kept_app_members")),
    )
    op.create_table(
        "kept_asset_references",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("asset_id", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("owns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "asset_id", "field", name=op.f("pk_kept_asset_references")),
    )
    op.create_table(
        "kept_asset_uniques",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("asset_id", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "asset_id", "field", name=op.f("pk_kept_asset_uniques")),
    )
    op.execute("INSERT INTO counters (name, last) VALUES ('ids', 0)")
    op.create_table(
        "kept_assets",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("local", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("secret_paths", sa.Text(), nullable=False),
        sa.Column("holes", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_by_name", sa.String(length=64), nullable=False),
        sa.Column("updated_by", sa.String(length=32), nullable=False),
        sa.Column("updated_by_name", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("published", sa.Text(), nullable=True),
        sa.Column("change_id", sa.String(length=32), nullable=False),
        sa.Column("origin_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "id", name=op.f("pk_kept_assets")),
    )
    op.create_table(
        "job_items",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("changes", sa.Text(), server_default="[]", nullable=False),
        sa.Column("change_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_items_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_items")),
    )
    op.add_column("assets", sa.Column("published", sa.Text(), nullable=True))
    op.add_column("assets", sa.Column("change_id", sa.String(length=32), server_default="", nullable=False))
    op.add_column("assets", sa.Column("origin_id", sa.String(length=32), nullable=True))
    op.create_index(
        "ix_assets_origin_id",
        "assets",
        ["origin_id"],
        unique=False,
        sqlite_where=sa.text("origin_id IS NOT NULL"),
        postgresql_where=sa.text("origin_id IS NOT NULL"),
    )
    op.add_column("job_findings", sa.Column("advice", sa.Text(), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("outcome", sa.Text(), server_default="{}", nullable=False))
    op.add_column("jobs", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("jobs", sa.Column("kept_until", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_jobs_kept_until",
        "jobs",
        ["kept_until"],
        unique=False,
        sqlite_where=sa.text("kept_until IS NOT NULL"),
        postgresql_where=sa.text("kept_until IS NOT NULL"),
    )
    op.add_column("jobs", sa.Column("undone_by", sa.String(length=32), nullable=True))
    op.add_column("staged_assets", sa.Column("local", sa.Text(), server_default="{}", nullable=False))
    op.add_column("staged_assets", sa.Column("published", sa.Text(), nullable=True))
    op.add_column("staged_assets", sa.Column("filled", sa.LargeBinary(), nullable=True))
    op.add_column("staged_assets", sa.Column("step", sa.String(length=16), nullable=True))
