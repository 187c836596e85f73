"""The schema's history: numbered, forward only, applied at start.

Alembic takes a quarter of a second to load, and most starts find nothing to do: it is imported where it is used.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import column, inspect, select, table

from romaport.storage.database import Database, Transaction
from romaport.storage.queue import install_queue
from romaport.storage.tables import METADATA
from romaport.storage.turns import turn

__all__ = ["Migrated", "differences", "migrate"]

_log = logging.getLogger("romaport.storage")

_HERE = Path(__file__).parent
_REVISIONS = sorted(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*.py"))
_VERSION = table("alembic_version", column("version_num"))


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
    with database.transaction() as tx:
        was = _revision(tx)
        if not _is_known(was):
            _log.warning("database_newer", extra={"revision": was})
            return Migrated(was=was, now=was)
        if was != _REVISIONS[-1]:
            _upgrade(tx)
        return Migrated(was=was, now=_REVISIONS[-1])


def _revision(tx: Transaction) -> str | None:
    """Answer where alembic has noted that the database is."""
    if not inspect(tx).has_table(_VERSION.name):
        return None
    return tx.execute(select(_VERSION.c.version_num)).scalar()


def _upgrade(tx: Transaction) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _is_known(revision: str | None) -> bool:
    return revision is None or revision in _REVISIONS


def differences(tx: Transaction) -> list[object]:
    """Answer what distinguishes the database from `tables.py`; empty when they agree.

    The queue's tables are PgQueuer's, which keeps them itself.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("pgqueuer")}
    return list(compare_metadata(MigrationContext.configure(tx, opts=options), METADATA))
