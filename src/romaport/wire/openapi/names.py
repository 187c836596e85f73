"""Texts of a document made into what the fields of an API take (contract 7.7)."""

import re
from collections.abc import Iterable

__all__ = ["TEXT_LENGTH_MAX", "api_name", "group_name", "is_parameter_name", "plain_text", "tag_names", "unique_name"]

TEXT_LENGTH_MAX = 255
"""Longest name, description, default or example of an API or a parameter, in characters."""

_NAME_LENGTH_MIN = 3
_TAGS_MAX = 10
_TAG_LENGTH_MAX = 128

_HAN = "\u4e00-\u9fff"
_NOT_IN_NAME = re.compile(rf"[^A-Za-z0-9{_HAN}\-_./():]+")
_NOT_FIRST_IN_NAME = re.compile(rf"^[^A-Za-z0-9{_HAN}]+")
_NOT_IN_TAG = re.compile(rf"[^A-Za-z0-9{_HAN}\-*#%.:_]+")
_NOT_FIRST_IN_TAG = re.compile(rf"^[^A-Za-z{_HAN}]+")
_NOT_IN_TEXT = re.compile(r"[<>\x00-\x08\x0b-\x1f\x7f]")
_PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,31}")


def api_name(operation_id: str | None, *, method: str, path: str) -> str:
    """Answer a name for an operation: its own as far as the rule for names allows, else its method and path."""
    spoken = f"{method.lower()}-{path.replace('{', '').replace('}', '')}"
    named = _name(operation_id or "")
    return named if len(named) >= _NAME_LENGTH_MIN else _name(f"{named}-{spoken}".lstrip("-"))


def group_name(title: str) -> str:
    """Answer a name for a group of APIs, made of a document's title."""
    named = _name(title)
    return named if len(named) >= _NAME_LENGTH_MIN else f"API-{named}".rstrip("-").ljust(_NAME_LENGTH_MIN, "-")


def _name(text: str) -> str:
    return _NOT_FIRST_IN_NAME.sub("", _NOT_IN_NAME.sub("_", text.strip()))[:TEXT_LENGTH_MAX]


def unique_name(name: str, taken: Iterable[str]) -> str:
    """Answer the name, with the first number behind it that makes it one not yet taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        ending = f"_{number}"
        found = name[: TEXT_LENGTH_MAX - len(ending)] + ending
    return found


def plain_text(text: object) -> str | None:
    """Answer a description without what the fields do not take, cut to their length; None if nothing is left."""
    if not isinstance(text, str):
        return None
    plain = _NOT_IN_TEXT.sub("", text).strip()
    return plain if len(plain) <= TEXT_LENGTH_MAX else plain[: TEXT_LENGTH_MAX - 3].rstrip() + "..."


def tag_names(tags: Iterable[object]) -> list[str]:
    """Answer the first tags, each as far as the rule for tags allows."""
    named = (_NOT_FIRST_IN_TAG.sub("", _NOT_IN_TAG.sub("_", str(tag).strip()))[:_TAG_LENGTH_MAX] for tag in tags)
    return list(dict.fromkeys(tag for tag in named if tag))[:_TAGS_MAX]


def is_parameter_name(name: str) -> bool:
    """Say whether a parameter of an API can have this name."""
    return _PARAMETER_NAME.fullmatch(name) is not None
