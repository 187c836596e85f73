"""kinds.md: every kind of asset, in the order in which an import creates them."""

import inspect
from collections.abc import Iterator

from docs.reference_pages.page import code, first_line, page, sentences, table

from romaport.kinds import KINDS, Kind, Reference, Travel, creation_order


def kinds() -> str:
    """Answer the page of every kind."""
    how = sentences(Travel)
    return page(
        "Kinds",
        "Every kind of asset, each after those it refers to: the order in which an import creates them.\n"
        "The natural key is what an asset is matched by at the target of an import.",
        "How a field travels:\n\n" + table(("word", "means"), [(travel.value, how[travel.value]) for travel in Travel]),
        *map(_kind, creation_order()),
    )


def _kind(kind: Kind) -> str:
    fields = [
        (code(field), travel.value, _target(kind, field), "made up" if field in kind.generate else "")
        for field, travel in kind.travels.items()
    ]
    return "\n\n".join(
        [
            f"## {kind.title} (`{kind.name}`)",
            first_line(inspect.getmodule(kind.create)),
            table(("matter", "what holds"), _matters(kind)).strip(),
            table(("field", "travels as", "refers to", "if not given"), fields).strip(),
        ]
    )


def _matters(kind: Kind) -> Iterator[tuple[str, str]]:
    yield "path", code(f"/v2/{{project_id}}/{kind.path}")
    yield "`resource_type` of a reason", code(kind.word)
    yield "natural key", _natural_key(kind)
    for reference in kind.references:
        owner = ", whose part it is: exported and deleted with it" if reference.owns else ""
        yield f"refers by {code(reference.field)} to", f"{KINDS[reference.to].title}{owner}"
    if kind.secret_paths:
        yield "secret paths", ", ".join(map(code, kind.secret_paths))
    yield "quota", "none" if kind.quota is None else f"{kind.quota:,} in an instance"
    yield "prefix of an import", "put before its name" if kind.is_prefixed else "does not change it"
    if kind.overwrites_if:
        yield "an import that merges", f"leaves an existing one as it is, unless with {code(kind.overwrites_if)}"


def _natural_key(kind: Kind) -> str:
    scope = next((reference for reference in kind.references if reference.in_key), None)
    if scope is None:
        return code(kind.name_field)
    above = KINDS[scope.to].title
    return f"that of its {above}, then {code(kind.name_field)}" if kind.name_field else f"that of its {above}: one each"


def _target(kind: Kind, field: str) -> str:
    found: Reference | None = next((reference for reference in kind.references if reference.field == field), None)
    return KINDS[found.to].title if found else ""
