"""Inserting many rows, the fastest way each database has: COPY on PostgreSQL, many rows a statement on SQLite."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import lru_cache
from itertools import chain, count
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, String, Table, Text
from sqlalchemy.exc import DBAPIError

__all__ = ["load"]

# In a statement that inserts, on SQLite: the longest while there are as many, the others for what is left. With each
# the interpreter's lock may go to a thread that computes; still longer ones take more memory, and no less time.
_ROWS_AT_ONCE = (500, 50, 5)
# What a column has to be told in its binary form as, on PostgreSQL.
_TYPES = {String: "varchar", Text: "text", Integer: "int4", BigInteger: "int8", LargeBinary: "bytea"}


def load(tx: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert many rows, no two of them the same, each with a value for every column named."""
    if not rows:
        return
    place = f"{table.name} ({', '.join(columns)})"
    if tx.dialect.name != "postgresql":
        _insert(tx, f"INSERT INTO {place}", rows)
        return
    with _wrapped(tx), _cursor(tx) as cursor, cursor.copy(f"COPY {place} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([_TYPES[type(table.c[name].type)] for name in columns])
        for row in rows:
            copy.write_row(row)


def _insert(tx: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert many rows by statements of many each, which takes a third off the time of a statement for every row.

    A value that a column has in all of them is given once: most columns of what is staged have.
    """
    start = 0
    for number in _ROWS_AT_ONCE:
        while len(rows) - start >= number:
            columns = list(zip(*rows[start : start + number], strict=True))
            is_same = tuple(column.count(column[0]) == number for column in columns)
            once = [column[0] for column, same in zip(columns, is_same, strict=True) if same]
            each = [column for column, same in zip(columns, is_same, strict=True) if not same]
            values = (*once, *chain.from_iterable(zip(*each, strict=True)))
            tx.exec_driver_sql(f"{statement} {_selection(number, is_same)}", values)
            start += number
    if start < len(rows):
        tx.exec_driver_sql(f"{statement} VALUES ({', '.join('?' * len(rows[0]))})", rows[start:])


@lru_cache(maxsize=64)
def _selection(number: int, is_same: tuple[bool, ...]) -> str:
    """Select many rows of values: first those of columns that are the same in all, then those of each row."""
    # Without numbers: from Python 3.12 on, the driver looks the name of a numbered place up for every value.
    each = count(1)
    columns = ", ".join("?" if same else f"column{next(each)}" for same in is_same)
    row = f"({', '.join('?' * is_same.count(False))})"
    return f"SELECT {columns} FROM (VALUES {', '.join([row] * number)})"  # noqa: S608 - places alone


def _cursor(tx: Connection) -> AbstractContextManager[Any]:
    return closing(tx.connection.cursor())


@contextmanager
def _wrapped(tx: Connection) -> Iterator[None]:
    """Raise what the driver raises as SQLAlchemy would."""
    from psycopg import Error

    try:
        yield
    except Error as cause:
        found: Any = cause
        is_cut: bool = tx.dialect.is_disconnect(found, None, None)
        raise DBAPIError.instance(
            None, None, found, Error, connection_invalidated=is_cut, dialect=tx.dialect
        ) from cause
