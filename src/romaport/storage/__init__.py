"""Where things are kept: the database, the archive store, the vault for secrets."""

from romaport.storage.archives import ArchiveOptions, Archives
from romaport.storage.database import (
    Database,
    DatabaseOptions,
    Transaction,
    TransactionConflict,
    after_commit,
    streamed,
)
from romaport.storage.dialects import hold, json_field, load
from romaport.storage.feed import Feed, Topic, announce
from romaport.storage.rounds import Rounds
from romaport.storage.vault import Vault, key_from_file
from romaport.storage.versions import Versions, row_version

__all__ = [
    "ArchiveOptions",
    "Archives",
    "Database",
    "DatabaseOptions",
    "Feed",
    "Rounds",
    "Topic",
    "Transaction",
    "TransactionConflict",
    "Vault",
    "Versions",
    "after_commit",
    "announce",
    "hold",
    "json_field",
    "key_from_file",
    "load",
    "row_version",
    "streamed",
]
