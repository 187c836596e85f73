"""The schema's history: numbered, forward only, applied at start."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from romaport.storage.database import Database, Transaction
from romaport.storage.tables import METADATA

__all__ = ["differences", "migrate"]


def migrate(database: Database) -> None:
    """Bring the database's schema to this release's, in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with database.transaction() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "head")


def differences(tx: Transaction) -> list[object]:
    """Answer what distinguishes the database from `tables.py`; empty when they agree."""
    return list(compare_metadata(MigrationContext.configure(tx), METADATA))
