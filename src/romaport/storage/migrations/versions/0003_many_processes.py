"""Many processes on one database: texts in the order of their bytes on every server, and facts that all must share.

Revision 0003. Nothing is taken away, so the release before runs beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of facts, and order texts by their bytes."""
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _order_by_bytes()


def _order_by_bytes() -> None:
    """Take the "C" collation, which is SQLite's only one: a package has one order of keys, wherever it is made."""
    found = sa.inspect(op.get_bind())
    for table in sorted(found.get_table_names()):
        texts = [column for column in found.get_columns(table) if isinstance(column["type"], sa.String)]
        changes = ", ".join(
            f'ALTER COLUMN {column["name"]} TYPE {column["type"].compile(op.get_bind().dialect)} COLLATE "C"'
            for column in texts
        )
        if changes and table != "alembic_version":
            op.execute(f"ALTER TABLE {table} {changes}")
