"""`romaport migrate-store`: an embedded data folder becomes the PostgreSQL and the archive store of the settings."""

from collections.abc import Callable
from pathlib import Path

from romaport.auth import Directory
from romaport.cli.serving import alone_in
from romaport.clock import system_clock
from romaport.errors import MoveRefused, SettingInvalid
from romaport.settings import Settings
from romaport.storage import ArchiveOptions, Database, DatabaseOptions, Holding, Move, Vault, archives_of
from romaport.storage.migrations import migrate

__all__ = ["move_folder"]

_DATABASE = "romaport.db"
_KEY = "secrets.key"


def move_folder(folder: Path, settings: Settings, report: Callable[[str], None]) -> None:
    """Move all of a data folder to where the settings say; may be interrupted anywhere and begun again.

    Raises `SettingInvalid` for settings that name no other place or another key, `MoveRefused` for a place that
    holds anything else, `StoreUnavailable` when one of the stores breaks.
    """
    _check(folder, settings)
    with alone_in(folder):
        source = Database(folder / _DATABASE, DatabaseOptions())
        target = Database(folder / _DATABASE, settings.database)
        try:
            migrate(source)
            _check_key(folder, settings, source)
            migrate(target)
            move = Move(
                Holding(database=source, archives=archives_of(folder / "store", ArchiveOptions())),
                Holding(database=target, archives=archives_of(settings.data / "store", settings.archives)),
                report,
            )
            report("Everything has arrived." if move.run() else "Everything had arrived before.")
        finally:
            target.close()
            source.close()


def _check(folder: Path, settings: Settings) -> None:
    if not (folder / _DATABASE).is_file():
        raise MoveRefused(reason=f"{folder} holds no {_DATABASE}")
    if not settings.database.url:
        raise SettingInvalid(name="ROMAPORT_DATABASE_URL", rule="must name the database to move to")
    if not settings.archives.url:
        raise SettingInvalid(name="ROMAPORT_ARCHIVES_URL", rule="must name the archive store to move to")
    if not settings.secrets.key:
        raise SettingInvalid(name="ROMAPORT_SECRETS_KEY", rule=f"must be set, to what the folder's {_KEY} has")


def _check_key(folder: Path, settings: Settings, source: Database) -> None:
    """Raise `SettingInvalid` unless the settings' key opens what the folder holds."""
    file = folder / _KEY
    if file.is_file() and file.read_text().strip().lower() != settings.secrets.key.lower():
        raise SettingInvalid(name="ROMAPORT_SECRETS_KEY", rule=f"is not the key in {file}")
    Directory(source, Vault(bytes.fromhex(settings.secrets.key)), system_clock).check_vault()
