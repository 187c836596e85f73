"""One request on its way through: what an operation is, what it is handed, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from romaport.api.parts import Parts
from romaport.auth import Caller
from romaport.catalog import Actor
from romaport.errors import ParameterInvalid
from romaport.jobs import Owner

__all__ = ["ANYONE", "Call", "FieldKind", "Headers", "Operation", "Reply", "Takes", "Upload", "read_query"]

ANYONE = "*"
"""The action of an operation that needs an identity, but no permission."""

Headers = Mapping[str, str]

_FIELDS_MAX = 100


class Takes(Enum):
    """What an operation does with the request's body."""

    NOTHING = "nothing"
    JSON = "json"
    PACKAGE = "package"
    FORM = "form"


class FieldKind(Enum):
    """What a field of a form holds."""

    FILE = "a file"
    TEXT = "a text"
    EITHER = "a file or a text"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded file, whole, in the scratch folder."""

    path: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose credentials, permission, project and instance are in order."""

    parts: Parts
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Headers
    body: bytes = b""
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    """Files of a form, or of a raw body, by field."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Texts of a form, by field."""

    @property
    def instance_id(self) -> str:
        """The instance of the path."""
        return self.path["instance_id"]

    @property
    def owner(self) -> Owner:
        """Whose jobs the caller's are, here."""
        return Owner(
            project_id=self.caller.project_id,
            instance_id=self.instance_id,
            user_id=self.caller.user_id,
            user_name=self.caller.user_name,
        )

    @property
    def actor(self) -> Actor:
        """The caller as the catalog knows it, now."""
        return Actor(
            user_id=self.caller.user_id,
            user_name=self.caller.user_name,
            sees_all=self.caller.sees_all,
            at=self.parts.desk.clock(),
        )

    def number(self, name: str, *, default: int, at_least: int, at_most: int, cuts: bool = False) -> int:
        """Read a whole number of the query; raise `ParameterInvalid` beyond its bounds, or cut it to them."""
        text = self.query.get(name, "")
        if not text:
            return default
        try:
            value = int(text)
        except ValueError as cause:
            raise ParameterInvalid(name=name, rule="must be a whole number") from cause
        if cuts:
            return min(max(value, at_least), at_most)
        if not at_least <= value <= at_most:
            raise ParameterInvalid(name=name, rule=f"must be {at_least} to {at_most}")
        return value


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an operation answers: a document, a text of its own, or nothing, with headers."""

    status: int = 200
    document: Any = None
    text: bytes | None = None
    """Sent as it is, in place of a document."""
    media_type: str = "application/json"
    headers: Headers = field(default_factory=dict)

    def body(self) -> bytes:
        """Answer the text, or encode the document."""
        if self.text is not None:
            return self.text
        return b"" if self.document is None else msgspec.json.encode(self.document)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One row of the table of operations. There is no route without an action."""

    name: str
    summary: str
    method: str
    path: str
    action: str
    run: Callable[[Call], Reply]
    """Runs in a thread; raises `RomaportError` to refuse."""
    takes: Takes = Takes.NOTHING
    status: int = 200
    request: type[Struct] | None = None
    form: Mapping[str, FieldKind] = field(default_factory=dict)
    """The fields of a form that it takes."""
    contract: str = ""
    """The section that describes it."""


def read_query(query_string: bytes) -> dict[str, str]:
    """Decode a query; a name given twice keeps its last value.

    Raises `ParameterInvalid` for too many fields, and for what no store could hold.
    """
    try:
        found = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError as cause:
        raise ParameterInvalid(name="query", rule=f"must have at most {_FIELDS_MAX} fields") from cause
    for name, value in found.items():
        if "\0" in name + value:
            raise ParameterInvalid(name="query" if "\0" in name else name, rule="must not contain U+0000")
    return found
