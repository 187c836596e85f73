"""JSON of strangers, looked at field by field so that everything wrong is found at once."""

from typing import cast

import msgspec

__all__ = ["as_list", "as_object", "as_text", "decoded"]


def decoded(text: str | bytes) -> object:
    """Read JSON; None if it is none, which every look at it then reports."""
    try:
        return cast("object", msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
        return None


def as_object(value: object, where: str, findings: list[str]) -> dict[str, object]:
    """Answer the JSON object that stands there; an empty one, and a finding, if none does."""
    if isinstance(value, dict) and value:
        return value
    findings.append(f"{where}: must be a JSON object with content")
    return {}


def as_list(value: object, where: str, findings: list[str]) -> list[object]:
    """Answer the JSON array that stands there; an empty one, and a finding, if none does."""
    if isinstance(value, list) and value:
        return value
    findings.append(f"{where}: must be a JSON array with at least one element")
    return []


def as_text(value: object, where: str, findings: list[str], *, length_max: int = 64) -> str:
    """Answer the text that stands there; an empty one, and a finding, if none of 1 to `length_max` does."""
    if isinstance(value, str) and 0 < len(value) <= length_max and "\0" not in value:
        return value
    findings.append(f"{where}: must be a text of 1 to {length_max} characters, none of them U+0000")
    return ""
