"""errors.md: every refusal, by code."""

from docs.reference_pages.page import code, first_line, page, table

from romaport.errors import RomaportError, catalogue


def errors() -> str:
    """Answer the page of every error, by code."""
    rows = [
        (code(kind.code), code(kind.__name__), kind.fault.value, kind.message, first_line(kind))
        for kind in sorted(catalogue(), key=_order)
    ]
    return page(
        "Errors",
        "Every refusal, by code.\n"
        "A code that begins with `ROMAPORT.` is ours; the others are published by the vendor and used as published.\n"
        "A word in braces is filled in by the case at hand.",
        table(("code", "name", "fault", "`error_msg`", "when"), rows),
    )


def _order(kind: type[RomaportError]) -> tuple[str, int, str]:
    prefix, _, number = kind.code.rpartition(".")
    return prefix, int(number), kind.__name__
