"""What alembic runs for every command: our open transaction, our tables."""

from alembic import context

from romaport.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
