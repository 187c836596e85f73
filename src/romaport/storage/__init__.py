"""Where things are kept: the database, the archive store, the vault for secrets."""

from romaport.storage.archives import Archives, archives_of
from romaport.storage.buckets import ArchiveOptions
from romaport.storage.database import (
    Database,
    DatabaseOptions,
    Transaction,
    TransactionConflict,
    after_commit,
    streamed,
)
from romaport.storage.dialects import hold, json_field, load
from romaport.storage.vault import Vault, key_from_file

__all__ = [
    "ArchiveOptions",
    "Archives",
    "Database",
    "DatabaseOptions",
    "Transaction",
    "TransactionConflict",
    "Vault",
    "after_commit",
    "archives_of",
    "hold",
    "json_field",
    "key_from_file",
    "load",
    "streamed",
]
