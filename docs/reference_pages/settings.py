"""settings.md: every option of the server, by group."""

from itertools import groupby

from docs.reference_pages.page import code, page, table

from romaport.settings import Settings, described


def settings() -> str:
    """Answer the page of every setting, by group."""
    parts = []
    for group, members in groupby(described(Settings(), {}), key=lambda found: found.name.split("_")[1].lower()):
        rows = [(code(found.name), code(found.default) or "empty", found.description) for found in members]
        parts.append(f"## {group}\n\n{table(('variable', 'default', 'meaning'), rows)}")
    return page(
        "Settings",
        "Every option of the server is one environment variable, read once at start.\n"
        "A variable that begins with `ROMAPORT_` and is not known stops the start, because a misspelt limit must not be"
        " a silent default.\n"
        "`romaport settings` prints the values in effect and where each came from.",
        *parts,
    )
