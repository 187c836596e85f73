"""The schema's history: numbered, forward only, applied at start."""

import logging
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from romaport.storage.database import Database, Transaction
from romaport.storage.queue import install_queue
from romaport.storage.tables import METADATA
from romaport.storage.turns import turn

__all__ = ["Migrated", "differences", "migrate"]

_log = logging.getLogger("romaport.storage")


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """From which revision a database was brought to which; None is an empty one."""

    was: str | None
    now: str | None


def migrate(database: Database) -> Migrated:
    """Bring the database's schema to this release's, in one transaction; one process at a time does so.

    A database of a newer release is left as it is: until the last process of this one is replaced, both work on it.
    """
    with turn(database, "migrate"):
        migrated = _migrate(database)
        if database.is_shared and _is_known(migrated.was):
            install_queue(database.options)
    if migrated.was != migrated.now:
        _log.info("database_migrated", extra={"was": migrated.was, "now": migrated.now})
    return migrated


def _migrate(database: Database) -> Migrated:
    config = _config()
    with database.transaction() as tx:
        context = MigrationContext.configure(tx)
        was = context.get_current_revision()
        if not _is_known(was):
            _log.warning("database_newer", extra={"revision": was})
            return Migrated(was=was, now=was)
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        return Migrated(was=was, now=ScriptDirectory.from_config(config).get_current_head())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _is_known(revision: str | None) -> bool:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is None or revision in known


def differences(tx: Transaction) -> list[object]:
    """Answer what distinguishes the database from `tables.py`; empty when they agree.

    The queue's tables are PgQueuer's, which keeps them itself.
    """
    options = {"include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("pgqueuer")}
    return list(compare_metadata(MigrationContext.configure(tx, opts=options), METADATA))
