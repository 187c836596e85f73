"""One asset as one line of a package."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from romaport.errors import PackageUnreadable
from romaport.packages.names import quoted

__all__ = ["Entry", "EntryDecoder", "encode_entry", "end_entry", "key_text"]

# Enough for every name and scope of the contract (contract 7), and a bound for what a caller stores in an index.
Name = Annotated[str, Meta(min_length=1, max_length=1024)]
Key = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=8)]
Value = Annotated[str, Meta(max_length=1024)]
Field = Annotated[str, Meta(min_length=1, max_length=256)]

encoder = msgspec.json.Encoder(order="deterministic")


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One asset without what belongs to the instance it came from."""

    key: Key
    """The names of the assets that scope this one, then its own."""
    body: Raw
    """A JSON object: the plain fields. Its text is not taken apart here."""
    references: dict[Field, Key] = {}
    """The keys of other assets, by the field that refers to them."""
    unique: dict[Field, Value] = {}
    """Values that no other asset of the kind may have, by field."""
    holes: tuple[Field, ...] = ()
    """The secret fields that were left out and are to be filled in the target, as dotted paths."""


def key_text(key: Sequence[str]) -> bytes:
    """Answer the text by which lines are ordered: the key as compact JSON in UTF-8."""
    return encoder.encode(key)


def encode_entry(
    key: Sequence[str],
    body: str,
    references: Mapping[str, Sequence[str]] | None = None,
    unique: Mapping[str, str] | None = None,
    holes: Sequence[str] = (),
) -> bytes:
    """Answer an asset's line, line feed included. The body is JSON text without line feeds, and is copied unseen."""
    line = f'{{"key":{encoder.encode(key).decode()},"body":{body}'
    if references:
        line += f',"references":{encoder.encode(references).decode()}'
    return end_entry(line, unique, holes).encode()


def end_entry(line: str, unique: Mapping[str, str] | None = None, holes: Sequence[str] = ()) -> str:
    """Complete a line that has its key, its body and its references, if it has any, just as `encode_entry` does."""
    if unique:
        line += f',"unique":{encoder.encode(unique).decode()}'
    if holes:
        line += f',"holes":{encoder.encode(sorted(holes)).decode()}'
    return line + "}\n"


class EntryDecoder:
    """Parses the lines of one file in their order."""

    def __init__(self, file: str, *, line_number: int = 0) -> None:
        """Begin after the given line of the named file."""
        self._file = file
        self._line_number = line_number
        self._key_text = b""
        self._decoder = msgspec.json.Decoder(Entry)

    def decode(self, line: bytes) -> Entry:
        """Parse the next line, given without its line feed.

        Raises PackageUnreadable naming the file, the line and the rule.
        """
        self._line_number += 1
        try:
            # The decoder does not look into the strings of a raw body, so the encoding is checked here.
            line.decode()
            entry = self._decoder.decode(line)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(quoted(str(error))) from error
        if bytes(entry.body)[:1] != b"{":
            raise self._unreadable("body must be a JSON object")
        # No database we know stores this character in text.
        if b"\\u0000" in line and has_nul(entry):
            raise self._unreadable("key, references and unique must not contain U+0000")
        text = encoder.encode(entry.key)
        if text <= self._key_text:
            known = "the same as" if text == self._key_text else "less than"
            raise self._unreadable(f"the key is {known} the one before; lines must be ordered by key, each key once")
        self._key_text = text
        return entry

    def _unreadable(self, rule: str) -> PackageUnreadable:
        return PackageUnreadable(problem=f"{self._file} line {self._line_number}: {rule}")


def has_nul(entry: Entry) -> bool:
    """Answer whether one of the texts that a database indexes contains U+0000."""
    texts = [*entry.key, *entry.references, *entry.unique, *entry.unique.values(), *entry.holes]
    texts.extend(name for key in entry.references.values() for name in key)
    return any("\0" in text for text in texts)
