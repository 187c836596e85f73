"""The items of plans and comparisons, said like a diff."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from romaport.client import Item

__all__ = ["item_lines"]

_SIGNS = {"create": "+", "update": "~", "keep": "=", "refuse": "!", "left": "-", "right": "+", "differs": "~"}
_VALUE_LENGTH_MAX = 200


def item_lines(item: "Item") -> Iterator[str]:
    """Answer the lines for one asset: what becomes of it, then field by field."""
    yield f"{_SIGNS.get(item.step, '?')} {item.kind.replace('_', ' ')} {item.name}"
    for change in item.changes:
        yield f"    {change.get('field')}: {_change(change)}"


def _change(change: dict[str, Any]) -> str:
    if "before" not in change:
        return f"+ {_said(change['after'])}"
    if "after" not in change:
        return f"- {_said(change['before'])}"
    return f"{_said(change['before'])} -> {_said(change['after'])}"


def _said(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _VALUE_LENGTH_MAX else text[: _VALUE_LENGTH_MAX - 3] + "..."
