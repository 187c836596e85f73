"""api.md: every operation of the server, by the family it belongs to."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from docs.reference_pages.page import code, first_line, page, table

from romaport.api import OPERATIONS, downloads, iam, progress
from romaport.api.call import ANYONE

FAMILIES = {
    "/v2/{project_id}/instances": "Public resources",
    "/v2/{project_id}/fdi": "Data integration (FDI)",
    "/v2/{project_id}/apic": "APIs (APIC)",
    "/v2/{project_id}/mqs": "Messages (MQS)",
    "/v2/{project_id}/link": "Devices (LINK)",
    "/v3": "Identity (IAM)",
    "/romaport/v1": "Ours",
}
"""Beginning of a path to the family's name; a family without a name is shown by its beginning."""
_STEPS = {"v2": 3, "v3": 1}
_STEPS_OTHERWISE = 2


@dataclass(frozen=True)
class Row:
    """One operation as the page shows it."""

    method: str
    path: str
    name: str
    summary: str
    permission: str
    status: str
    contract: str


def operations() -> str:
    """Answer the page of every operation."""
    families: dict[str, list[Row]] = {beginning: [] for beginning in FAMILIES}
    for row in _rows():
        families.setdefault(_beginning(row.path), []).append(row)
    return page(
        "Operations",
        "Every operation, by family.\n"
        "A request carries a token in `X-Auth-Token` or a signature in `Authorization`, and its caller needs the"
        " permission; the operations of IAM need none.\n"
        "A value in a path is percent-encoded, a slash in it too.\n"
        "A refusal is one of [these](errors.md); the fields of what is created are those of its [kind](kinds.md).\n"
        "The last column is the section of the contract, as the code and the errors cite it.",
        *(_family(beginning, rows) for beginning, rows in families.items() if rows),
    )


def _rows() -> Iterator[Row]:
    for found in OPERATIONS:
        permission = "any caller" if found.action == ANYONE else code(found.action)
        yield Row(found.method, found.path, found.name, found.summary, permission, str(found.status), found.contract)
    # These two have ways of their own through the server, and so no row in its table.
    told, taken = code(progress.ACTION), code(downloads.ACTION)
    yield Row("GET", progress.PATH, "CheckAssetJobStatus", "Say how far a job is.", told, "200", "1")
    yield Row("GET", downloads.PATH, "DownloadAssetArchive", "Download a package, once.", taken, "200", "2.4")
    for own in iam.OPERATIONS:
        yield Row(own.method, own.path, own.name, first_line(own.run), "", str(own.status), own.contract)


def _beginning(path: str) -> str:
    steps = path.split("/")[1:]
    return "/" + "/".join(steps[: _STEPS.get(steps[0], _STEPS_OTHERWISE)])


def _family(beginning: str, rows: list[Row]) -> str:
    shown = [
        (*map(code, astuple(row)[:3]), *astuple(row)[3:])
        for row in sorted(rows, key=lambda row: (row.path, row.method))
    ]
    heads = ("method", "path", "name", "what it does", "permission", "success", "contract")
    return f"## {FAMILIES.get(beginning, beginning)}\n\n{table(heads, shown)}"
