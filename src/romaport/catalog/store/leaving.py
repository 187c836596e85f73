"""Reading assets in the order of a package: as they are stored, or as the lines they become."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
)

from romaport.catalog.store.selection import SELECTED
from romaport.catalog.store.spaces import lies_in
from romaport.kinds import Kind, Travel
from romaport.storage import Transaction, asked_often, streamed_in_parts, utf8
from romaport.storage.tables import asset_uniques, assets

__all__ = ["NOTHING", "Leaving", "Lines"]

_BODY = func.coalesce(assets.c.published, assets.c.body)
_LACKING = assets.c.holes + "\n" + assets.c.secret_paths
NOTHING = "[]\n[]"
"""What is lacking where nothing is."""
_HAS_NO_HOLES, _HAS_NO_SECRETS = (paths == "[]" for paths in (assets.c.holes, assets.c.secret_paths))
# Both lists are in order. What they have together is not at hand here, where both have something.
_END = case(
    (and_(_HAS_NO_HOLES, _HAS_NO_SECRETS), "}\n"),
    (_HAS_NO_SECRETS, literal(',"holes":') + assets.c.holes + "}\n"),
    (_HAS_NO_HOLES, literal(',"holes":') + assets.c.secret_paths + "}\n"),
)
_AFTER = assets.c.key > bindparam("after", "")
_BEFORE_KEY, _BEFORE_BODY = '{"key":', ',"body":'
# In so many a statement of its own costs little beside reading them, and their text little memory.
_LINES_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Whole lines in UTF-8, each the JSON text of an object and a line feed."""

    text: bytes
    count: int
    newest_at: int
    """The newest change among them, in milliseconds."""


# To give a table another name takes longer than all else that makes a statement of it.
@cache
def _unique(field: str) -> FromClause:
    """Name the unique values of a field, for a statement that joins those of several."""
    return asset_uniques.alias(f"unique_{field}")


def _key_of(line: bytes) -> str:
    # No list of texts has what comes before a body, so a key ends there. The largest key of many, told by the database,
    # would take a twentieth of the time it needs to read them.
    return line[len(_BEFORE_KEY) : line.index(_BEFORE_BODY.encode())].decode()


class Leaving:
    """The assets of a kind in an instance that are selected, or all that travels, in the order of their keys."""

    def __init__(self, kind: Kind, instance_id: str, *, is_whole: bool = False) -> None:
        """Take what is selected, or with `is_whole` everything that travels."""
        self._kind = kind
        self._is_whole = is_whole
        self._source: Any = assets
        self._where = [lies_in(instance_id), assets.c.kind == kind.name]
        if not is_whole:
            self._source = assets.join(SELECTED, SELECTED.c.asset_id == assets.c.id)
        elif kind.arrive is not None:
            self._where.append(assets.c.published.is_not(None))
        self._values = [self._value(field) for field in kind.of(Travel.UNIQUE)]

    def _value(self, field: str) -> ColumnElement[str]:
        value = _unique(field)
        self._source = self._source.outerjoin(value, and_(value.c.asset_id == assets.c.id, value.c.field == field))
        return value.c.value

    def entries(self, tx: Transaction) -> Iterator[list[tuple[Any, ...]]]:
        """Yield many assets at a time.

        Each is (key, body, references, holes, secret paths, and the unique values in the order of their fields). The
        first five are JSON texts as they are stored, the references None where there are none.
        """
        columns = (assets.c.key, _BODY, assets.c.reference_keys, assets.c.holes, assets.c.secret_paths)
        return streamed_in_parts(tx, self._selected(*columns))

    def lines(self, tx: Transaction) -> Iterator[Lines | list[tuple[Any, ...]]]:
        """Yield many assets at a time: whole lines or, where some have an end that is not at hand, their beginnings.

        Those are (key, body and references; lacking; when it changed; unique values): the JSON text of an object that
        is not closed, holes and secret paths as two JSON lists with a line feed between, milliseconds, and values as
        in `entries`.
        """
        # Of many statements over what is selected, PostgreSQL might find another way for each, and the wrong one.
        if not self._values and (self._is_whole or tx.dialect.name == "sqlite"):
            return self._joined(tx)
        return streamed_in_parts(tx, self._beginnings())

    def _joined(self, tx: Transaction) -> Iterator[Lines | list[tuple[Any, ...]]]:
        lines = asked_often(tx, self._lines_joined())
        after, count = "", _LINES_AT_ONCE
        while count == _LINES_AT_ONCE and (found := lines({"after": after})):
            text, ended_count, count, newest_at = found
            if ended_count < count:
                apart = self._beginnings().where(_AFTER).limit(_LINES_AT_ONCE)
                rows = [tuple(row) for row in tx.execute(apart, {"after": after})]
                yield rows
                after = _key_of(rows[-1][0].encode())
            elif count:
                yield Lines(text=text, count=count, newest_at=newest_at)
                after = _key_of(text[text.rfind(b"\n", 0, -1) + 1 :])

    def _lines_joined(self) -> Select[*tuple[Any, ...]]:
        """Have the database join lines too, which spares Python a thousand turns for each that it takes."""
        line = (self._line() + _END).label("line")
        # It keeps their order: what it joins is what it is given, and an ordered query is not merged with another.
        part = self._selected(line, assets.c.updated_at).where(_AFTER).limit(_LINES_AT_ONCE).subquery().c
        return select(
            utf8(func.aggregate_strings(part.line, "")).label("text"),
            func.count(part.line).label("ended_count"),
            func.count().label("count"),
            func.max(part.updated_at).label("newest_at"),
        )

    def _line(self) -> ColumnElement[str]:
        line = literal(_BEFORE_KEY) + assets.c.key + _BEFORE_BODY + (_BODY if self._kind.arrive else assets.c.body)
        if self._kind.references:
            line += func.coalesce(literal(',"references":') + assets.c.reference_keys, "")
        return line

    def _beginnings(self) -> Select[*tuple[Any, ...]]:
        return self._selected(self._line(), _LACKING, assets.c.updated_at)

    def _selected(self, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        chosen = select(*columns, *self._values).select_from(self._source)
        return chosen.where(*self._where).order_by(assets.c.key)
