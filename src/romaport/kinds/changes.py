"""How two states of one asset differ, field by field; pure, and the same for a plan and a comparison."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Change", "changes"]

Change = dict[str, Any]
"""`{"field": dotted path, "before": value, "after": value}`; a side that lacks the field has no value."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Answer every field in which two objects differ, by dotted path, in the order of the paths.

    Lists of equal length are compared element by element, others as a whole.
    """
    return sorted(_changes(before, after, ""), key=lambda change: str(change["field"]))


def _changes(before: object, after: object, path: str) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() | after.keys():
            inner = f"{path}.{name}" if path else str(name)
            if name not in before:
                yield {"field": inner, "after": after[name]}
            elif name not in after:
                yield {"field": inner, "before": before[name]}
            else:
                yield from _changes(before[name], after[name], inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(old, new, f"{path}[{position}]")
    # True is no 1 here, though Python says so.
    elif before != after or type(before) is not type(after):
        yield {"field": path, "before": before, "after": after}
