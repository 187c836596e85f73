"""Turns that one process at a time has, and sessions that others can end by their names.

SQLite knows none of it: there, one process has the data folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, text

from romaport.storage.database import Database, Transaction

__all__ = ["end_sessions", "name_session", "turn"]

_END_MILLISECONDS = 5_000


def name_session(tx: Transaction, name: str) -> None:
    """Give the session a name for as long as the transaction lasts, by which others can end it."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.set_config("application_name", name, True)))  # noqa: FBT003 - PostgreSQL's own signature


def end_sessions(tx: Transaction, name: str) -> None:
    """End every other session that has a name now: what it had not committed is undone, and its locks are free."""
    if tx.dialect.name == "postgresql":
        tx.execute(
            text(
                "SELECT pg_terminate_backend(pid, :patience) FROM pg_stat_activity"
                " WHERE application_name = :name AND pid <> pg_backend_pid()"
            ),
            {"name": name, "patience": _END_MILLISECONDS},
        )


@contextmanager
def turn(database: Database, name: str, *, waits: bool = True) -> Iterator[bool]:
    """Be the only process that has a turn, until the block ends; say whether it was had.

    Who does not wait is told False when another has it. A process that dies gives its turn back.
    """
    if not database.is_shared:
        yield True
        return
    key = func.hashtextextended(f"turn:{name}", 0)
    with database.session() as connection:
        if waits:
            connection.execute(select(func.pg_advisory_lock(key)))
        elif not connection.execute(select(func.pg_try_advisory_lock(key))).scalar_one():
            yield False
            return
        try:
            yield True
        finally:
            connection.execute(select(func.pg_advisory_unlock(key)))
