"""Where things are kept: the database, the archive store, the vault for secrets."""

from romaport.storage.archives import Archives, archives_of
from romaport.storage.buckets import ArchiveOptions
from romaport.storage.database import (
    Database,
    DatabaseOptions,
    Transaction,
    TransactionConflict,
    after_commit,
    asked_often,
    streamed,
    streamed_in_parts,
)
from romaport.storage.dialects import hold, json_field, survey, utf8
from romaport.storage.facts import check_key
from romaport.storage.feed import Feed, Topic, announce
from romaport.storage.loading import load
from romaport.storage.marks import Marks
from romaport.storage.memory import keep_freed, spare_bookkeeping
from romaport.storage.moving import Holding, Move, check_moved
from romaport.storage.queue import QUEUE
from romaport.storage.rounds import Rounds
from romaport.storage.scratch import Scratch, writing_scratch
from romaport.storage.sessions import LastingSession, lost_causes, open_session
from romaport.storage.turns import end_sessions, name_session, turn
from romaport.storage.vault import Vault, key_from_file
from romaport.storage.versions import Kept, Statement, Versions, row_version, version_in

__all__ = [
    "QUEUE",
    "ArchiveOptions",
    "Archives",
    "Database",
    "DatabaseOptions",
    "Feed",
    "Holding",
    "Kept",
    "LastingSession",
    "Marks",
    "Move",
    "Rounds",
    "Scratch",
    "Statement",
    "Topic",
    "Transaction",
    "TransactionConflict",
    "Vault",
    "Versions",
    "after_commit",
    "announce",
    "archives_of",
    "asked_often",
    "check_key",
    "check_moved",
    "end_sessions",
    "hold",
    "json_field",
    "keep_freed",
    "key_from_file",
    "load",
    "lost_causes",
    "name_session",
    "open_session",
    "row_version",
    "spare_bookkeeping",
    "streamed",
    "streamed_in_parts",
    "survey",
    "turn",
    "utf8",
    "version_in",
    "writing_scratch",
]
