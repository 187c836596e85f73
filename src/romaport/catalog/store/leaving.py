"""Reading assets in the order of a package: as they are stored, or as the lines they become."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
)

from romaport.catalog.store.selection import SELECTED
from romaport.catalog.store.spaces import lies_in
from romaport.kinds import Kind, Travel
from romaport.storage import Transaction, can_read_beside, read_beside, streamed_in_parts
from romaport.storage.tables import asset_references, asset_uniques, assets

__all__ = ["NOTHING", "Leaving", "Lines"]

_BODY = func.coalesce(assets.c.published, assets.c.body)
_LACKING = assets.c.holes + "\n" + assets.c.secret_paths
NOTHING = "[]\n[]"
"""What is lacking where nothing is."""
_AFTER = assets.c.key > bindparam("after")
_UP_TO = assets.c.key <= bindparam("last")
# In so many a statement of its own costs little beside reading them, and their text little memory.
_LINES_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Whole lines, each the JSON text of an object and a line feed."""

    text: str
    count: int
    newest_at: int
    """The newest change among them, in milliseconds."""


# To give a table another name takes longer than all else that makes a statement of it.
@cache
def _ends(field: str) -> tuple[FromClause, FromClause]:
    """Name the references of a field, and the assets that they lead to, for a statement that joins several of each."""
    return asset_references.alias(f"reference_{field}"), assets.alias(f"target_{field}")


@cache
def _targets(fields: tuple[str, ...]) -> FromClause:
    """Find the keys of all that an asset refers to at once, in a column for each field."""
    edge, target = asset_references.alias("reference"), assets.alias("target")
    keys = (func.max(case((edge.c.field == field, target.c.key))).label(field) for field in fields)
    found = select(*keys).select_from(edge.join(target, target.c.id == edge.c.target_id))
    return found.where(edge.c.asset_id == assets.c.id).lateral("targets")


@cache
def _unique(field: str) -> FromClause:
    """Name the unique values of a field, as `_ends` does references."""
    return asset_uniques.alias(f"unique_{field}")


class Leaving:
    """The assets of a kind in an instance that are selected, or all that travels, in the order of their keys."""

    def __init__(self, kind: Kind, instance_id: str, *, is_whole: bool = False, is_lateral: bool = False) -> None:
        """Take what is selected, or with `is_whole` everything that travels.

        With `is_lateral`, references are looked up asset by asset, all of one at once; not on SQLite.
        """
        self._kind, self._instance_id = kind, instance_id
        self._is_whole = is_whole
        self._source: Any = assets
        self._where = [lies_in(instance_id), assets.c.kind == kind.name]
        if not is_whole:
            self._source = assets.join(SELECTED, SELECTED.c.asset_id == assets.c.id)
        elif kind.arrive is not None:
            self._where.append(assets.c.published.is_not(None))
        self._values = [self._value(field) for field in kind.of(Travel.UNIQUE)]
        fields = tuple(sorted(found.field for found in kind.references))
        keys = self._keys_gathered(fields) if is_lateral and fields else [self._key(field) for field in fields]
        named = [func.coalesce(literal(f',"{field}":') + key, "") for field, key in zip(fields, keys, strict=True)]
        self._is_referring = bool(named)
        self._references = reduce(add, named) if named else literal("")
        # Of other kinds most lines have an end of their own.
        self._is_plain = not (self._values or kind.of(Travel.SECRET) or kind.secret_paths)

    def _key(self, field: str) -> ColumnElement[str]:
        edge, target = _ends(field)
        self._source = self._source.outerjoin(edge, and_(edge.c.asset_id == assets.c.id, edge.c.field == field))
        self._source = self._source.outerjoin(target, target.c.id == edge.c.target_id)
        return target.c.key

    def _keys_gathered(self, fields: tuple[str, ...]) -> list[ColumnElement[str]]:
        targets = _targets(fields)
        # There is always one row of them.
        self._source = self._source.join(targets, true())
        return list(targets.c)

    def _value(self, field: str) -> ColumnElement[str]:
        value = _unique(field)
        self._source = self._source.outerjoin(value, and_(value.c.asset_id == assets.c.id, value.c.field == field))
        return value.c.value

    def entries(self, tx: Transaction) -> Iterator[list[tuple[Any, ...]]]:
        """Yield many assets at a time.

        Each is (key, body, references, holes, secret paths, and the unique values in the order of their fields). The
        first five are JSON texts as they are stored; the references those of the members of an object, in order of
        the fields, each with a comma before it.
        """
        columns = (assets.c.key, _BODY, self._references, assets.c.holes, assets.c.secret_paths)
        return streamed_in_parts(tx, self._selected(*columns))

    def lines(self, tx: Transaction) -> Iterator[Lines | list[tuple[Any, ...]]]:
        """Yield many assets at a time: whole lines or, where some have an end of their own, their beginnings.

        Those are (key, body and references; lacking; when it changed; unique values): the JSON text of an object that
        is not closed, holes and secret paths as two JSON lists with a line feed between, milliseconds, and values as
        in `entries`.
        """
        if not self._is_plain:
            return streamed_in_parts(tx, self._beginnings())
        is_sqlite = tx.dialect.name == "sqlite"
        # What is selected, only the transaction that selected it can see.
        if self._is_whole and self._are_read_beside(tx):
            apart = self if is_sqlite else Leaving(self._kind, self._instance_id, is_whole=True, is_lateral=True)
            return apart.joined_by_twins(tx)
        # Of many statements in place of one, PostgreSQL might find another way for each, and the wrong one.
        return self._joined_in_turn(tx) if is_sqlite else streamed_in_parts(tx, self._beginnings())

    def _are_read_beside(self, tx: Transaction) -> bool:
        # On PostgreSQL sessions are opened for it, which few lines are not worth.
        has_many = tx.dialect.name == "sqlite" or tx.execute(self._next_border(), {"after": ""}).first() is not None
        return has_many and can_read_beside(tx)

    def joined_by_twins(self, tx: Transaction) -> Iterator[Lines | list[tuple[Any, ...]]]:
        """Yield as `lines` does what twins of a transaction read, which has to have them."""
        joined = self._joined(self._parts().where(_UP_TO))

        def read(twin: Transaction, span: dict[str, str]) -> Lines | list[tuple[Any, ...]]:
            return self._found(twin, twin.execute(joined, span).one(), span["after"])

        return read_beside(tx, read, self._spans(tx))

    def _joined_in_turn(self, tx: Transaction) -> Iterator[Lines | list[tuple[Any, ...]]]:
        joined = self._joined(self._parts().limit(_LINES_AT_ONCE))
        after = ""
        while (row := tx.execute(joined, {"after": after}).one()).last is not None:
            yield self._found(tx, row, after)
            after = row.last

    def _spans(self, tx: Transaction) -> Iterator[dict[str, str]]:
        """Yield after which keys, and up to which, there are some lines each."""
        some = self._next_border()
        rest = select(func.max(self._keys_left().subquery().c.key))
        after = ""
        while last := tx.execute(some, {"after": after}).scalar():
            yield {"after": after, "last": last}
            after = last
        if last := tx.execute(rest, {"after": after}).scalar():
            yield {"after": after, "last": last}

    def _next_border(self) -> Select[str]:
        return self._keys_left().order_by(assets.c.key).offset(_LINES_AT_ONCE - 1).limit(1)

    def _keys_left(self) -> Select[str]:
        return select(assets.c.key).where(*self._where, _AFTER)

    def _parts(self) -> Select[*tuple[Any, ...]]:
        has_end = case((or_(*(lacking != "[]" for lacking in (assets.c.holes, assets.c.secret_paths))), 1), else_=0)
        line = (self._line() + "}\n").label("line")
        return self._selected(line, has_end.label("has_end"), assets.c.updated_at, assets.c.key).where(_AFTER)

    def _joined(self, parts: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """Have the database join lines too, which spares Python a thousand turns for each that it takes."""
        # It keeps their order: what it joins is what it is given, and an ordered query is not merged with another.
        part = parts.subquery().c
        return select(
            func.aggregate_strings(part.line, "").label("text"),
            func.count().label("number"),
            func.max(part.updated_at).label("newest_at"),
            func.sum(part.has_end).label("ends"),
            func.max(part.key).label("last"),
        )

    def _found(self, tx: Transaction, row: Row[*tuple[Any, ...]], after: str) -> Lines | list[tuple[Any, ...]]:
        if not row.ends:
            return Lines(text=row.text, count=row.number, newest_at=row.newest_at)
        apart = self._beginnings().where(_AFTER, _UP_TO)
        return [tuple(found) for found in tx.execute(apart, {"after": after, "last": row.last})]

    def _line(self) -> ColumnElement[str]:
        line = literal('{"key":') + assets.c.key + ',"body":' + _BODY
        if self._is_referring:
            # Named once: a database would join the texts anew for every mention.
            named = func.nullif(func.substr(self._references, 2), "")
            line += func.coalesce(literal(',"references":{') + named + "}", "")
        return line

    def _beginnings(self) -> Select[*tuple[Any, ...]]:
        return self._selected(self._line(), _LACKING, assets.c.updated_at)

    def _selected(self, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        chosen = select(*columns, *self._values).select_from(self._source)
        return chosen.where(*self._where).order_by(assets.c.key)
