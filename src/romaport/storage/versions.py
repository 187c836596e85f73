"""Versions of rows on PostgreSQL: whether what is kept of a row is still what every process sees.

The server itself gives every version of a row the number of the transaction that wrote it (`xmin`). So nothing has
to be counted by those who write, and no two states that anyone could see have the same version. A credential is worth
what all the rows say that decide about it, so its version is made of theirs.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import Connection, FromClause, Select, Text
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from romaport.storage.quick import QuickSession
from romaport.storage.rounds import Rounds
from romaport.storage.sessions import LastingSession

if TYPE_CHECKING:
    from romaport.storage.dialects import DatabaseOptions

__all__ = ["Kept", "Statement", "Versions", "row_version", "version_in"]

# A user's row, every policy that the user has anywhere, and what the operator's own policies say.
_USER = """
u.xmin, (
    SELECT string_agg(concat_ws('.', g.xmin, p.xmin), ' ' ORDER BY g.project_id, g.policy_name)
    FROM grants g LEFT JOIN policies p ON p.name = g.policy_name WHERE g.user_id = u.id
)
"""
# Names as one text with line feeds between, which no name has: a text needs no care, and a list does.
_READ = """
SELECT 'job', id, xmin::text FROM jobs WHERE id = ANY(string_to_array({job}, E'\\n'))
UNION ALL
SELECT 'token', encode(t.digest, 'hex'), concat_ws(' ', t.xmin, {user})
FROM tokens t JOIN users u ON u.id = t.user_id
WHERE t.digest = ANY(ARRAY(SELECT decode(name, 'hex') FROM unnest(string_to_array({token}, E'\\n')) AS name))
UNION ALL
SELECT 'key', k.access_key, concat_ws(' ', k.xmin, {user})
FROM access_keys k JOIN users u ON u.id = k.user_id WHERE k.access_key = ANY(string_to_array({key}, E'\\n'))
"""
_KINDS = ("job", "token", "key")
_READ_OFTEN = _READ.format(job="$1", token="$2", key="$3", user=_USER)  # noqa: S106 - a place
_READ_ONCE = _READ.format(job="%s::text", token="%s::text", key="%s::text", user=_USER)  # noqa: S106 - a place

Statement = Select[*tuple[Any, ...]]
"""What selects rows."""


class Kept(NamedTuple):
    """What may be kept, and confirmed: a job by its id, a token by its digest in hex digits, an access key."""

    kind: Literal["job", "token", "key"]
    name: str


class Versions:
    """Answers versions as of now, to all who ask at once by one read on a session of its own."""

    def __init__(self, options: "DatabaseOptions") -> None:
        self._session = LastingSession(options, "look-ups")
        self._quick = QuickSession(options, "versions", _READ_OFTEN)
        self._rounds: Rounds[Kept, str] = Rounds(self._answers)

    async def of(self, *kept: Kept) -> Mapping[Kept, str]:
        """Answer the versions that one read finds that begins from now on; what is no longer there has none.

        Raises `StoreUnavailable`.
        """
        return await self._rounds.answer(*kept)

    async def rows(self, statement: Statement, values: Mapping[str, object]) -> list[Any]:
        """Answer what a statement selects as of now, by another session; rows have their columns as attributes.

        For what is asked often: neither a thread is waited for nor a connection of the pool. Raises `StoreUnavailable`.
        """
        text, given, made = _compiled(statement)
        return [made(*row) for row in await self._session.rows(text, {**given, **values})]

    async def close(self) -> None:
        """Close the sessions; whoever asks again opens others."""
        await self._session.close()
        await self._quick.close()

    async def _answers(self, asked: Collection[Kept]) -> Mapping[Kept, str]:
        return {Kept(kind, name): version for kind, name, version in await self._quick.rows(*_named(asked))}  # type: ignore[arg-type]


@lru_cache(maxsize=8)
def _compiled(statement: Statement) -> tuple[str, dict[str, Any], Callable[..., Any]]:
    """Answer a statement as its text, the values that it brings, and what makes a row."""
    compiled = statement.compile(dialect=psycopg.dialect())  # type: ignore[no-untyped-call]
    return str(compiled), compiled.params, namedtuple("_Selected", statement.selected_columns.keys())  # noqa: PYI024 - its columns are the statement's


def _named(kept: Collection[Kept]) -> list[str]:
    return ["\n".join([name for kind, name in kept if kind == wanted]) for wanted in _KINDS]


def version_in(tx: Connection, kept: Kept) -> str:
    """Answer the version of what a transaction has just read in one unchanging state; empty on SQLite."""
    if tx.dialect.name != "postgresql":
        return ""
    return str(tx.exec_driver_sql(_READ_ONCE, tuple(_named([kept]))).one()[2])


class row_version(GenericFunction[str]):  # noqa: N801 - used like a function of SQL
    """The version of a table's row; empty on SQLite, where one process sees every change."""

    type = Text()
    inherit_cache = True

    def __init__(self, table: FromClause) -> None:
        # A column stands for its table, so that the statement knows where the row comes from.
        super().__init__(next(iter(table.primary_key)))


@compiles(row_version, "sqlite")
def _sqlite_version(_element: row_version, _compiler: SQLCompiler, **_words: Any) -> str:  # noqa: ANN401 - passed on
    return "''"


@compiles(row_version, "postgresql")
def _postgresql_version(element: row_version, _compiler: SQLCompiler, **_words: Any) -> str:  # noqa: ANN401 - passed on
    (column,) = element.clauses
    return f"CAST({column.table.name}.xmin AS TEXT)"
