"""What romaport's own servers add to the contract: plans, values, exports by name, rollbacks, comparisons, reports.

Everything here is asked below `/romaport/v1`; how far its jobs are is asked as ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from romaport.client.answers import Json, as_text
from romaport.client.client import Client, ImportOptions, query_of
from romaport.errors import AnswerUnreadable, ParameterInvalid

__all__ = ["Extras", "Finding", "FindingPage", "Item", "Receipt", "Report", "Values"]

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Secrets for the holes of a package: by kind, by the asset's name, by the path of the field."""

_Shape = TypeVar("_Shape", bound=Struct)

_LISTS = ("findings", "holes", "notes")
"""What of a report comes in pages."""

_PAGE_ITEMS = 1_000
_PAGES_MAX = 10_000


class Finding(Struct, frozen=True):
    """What is wrong with, or worth knowing of, one asset of a job."""

    kind: str
    name: str
    code: str
    message: str
    advice: str = ""
    """What to do about it."""


class FindingPage(Struct, frozen=True):
    """Some findings of a job, and how many there are in all."""

    total: int
    items: list[Finding]


class Receipt(Struct, frozen=True):
    """What became of the archive of an export."""

    file_name: str
    size_bytes: int
    sha256: str
    expires_at: str
    taken_at: str | None = None
    taken_by: str | None = None


class Report(Struct, frozen=True):
    """Everything there is to say about a job."""

    id: str
    type: str
    state: str
    user: dict[str, str]
    begin_time: str
    duration_seconds: float
    outcome: dict[str, dict[str, int]]
    """How many assets became what, by kind: `{"created": {"app": 2}}`."""
    findings: FindingPage
    holes: FindingPage
    notes: FindingPage
    end_time: str | None = None
    kept_until: str | None = None
    """Until when it can be rolled back, or executed."""
    rolled_back_by: str | None = None
    archive: Receipt | None = None


class Item(Struct, frozen=True):
    """One asset in the result of a plan or a comparison."""

    kind: str
    name: str
    step: str
    """`create`, `update`, `keep`, `refuse`; or `left`, `right`, `differs`."""
    changes: list[dict[str, Any]] = []
    """Field by field: `{"field": path, "before": value, "after": value}`, secrets as stars."""


class Extras:
    """What a client may ask of a romaport server beyond the contract; raises what the client raises."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def import_package(self, path: Path, options: ImportOptions | None = None, *, values: Values) -> str:
        """Send a package with secrets for its holes, start its import, and answer the job's id."""
        return self._send_package("import", path, options, values)

    def plan(self, path: Path, options: ImportOptions | None = None, *, values: Values | None = None) -> str:
        """Send a package, start to find out what its import would do, and answer the job's id."""
        return self._send_package("plan", path, options, values or {})

    def execute(self, plan_id: str) -> str:
        """Start the import that a plan has shown, and answer the job's id."""
        return self._started(self._client.post_at(self._place("jobs", plan_id, "execute")))

    def export(
        self,
        *,
        select: Mapping[str, Sequence[str]] | None = None,
        tags: Sequence[str] = (),
        everything: bool = False,
        dependencies: bool = True,
    ) -> str:
        """Start an export of what fits names by kind, with wildcards, and tags, or of everything."""
        chosen = {kind: list(names) for kind, names in (select or {}).items()}
        body = {"select": chosen, "tags": list(tags), "everything": everything, "dependencies": dependencies}
        return self._started(self._client.post_at(self._place("assets", "export"), body=body))

    def roll_back(self, job_id: str, *, overwrite: bool = False) -> str:
        """Start to take an import or a deletion back, and answer the job's id."""
        return self._started(
            self._client.post_at(self._place("jobs", job_id, "rollback"), body={"overwrite": overwrite})
        )

    def compare(self, left: str | Path, right: str | Path) -> str:
        """Start to compare two sides, each the id of an instance or the file of a package; answer the job's id."""
        with ExitStack() as stack:
            files: dict[str, Any] = {}
            for name, side in (("left", left), ("right", right)):
                if isinstance(side, Path):
                    files[name] = (side.name, stack.enter_context(side.open("rb")), "application/zip")
                else:
                    # Without a file's name it is a text of the form.
                    files[name] = (None, side)
            return self._started(self._client.send_form(self._place("assets", "compare"), files))

    def report(self, job_id: str) -> Report:
        """Answer everything there is to say about a job, with every finding, hole and note."""
        pages = list(self._report_pages(job_id))
        lists = {
            name: msgspec.structs.replace(
                getattr(pages[0], name), items=[item for page in pages for item in getattr(page, name).items]
            )
            for name in _LISTS
        }
        return msgspec.structs.replace(pages[-1], **lists)

    def _report_pages(self, job_id: str) -> Iterator[Report]:
        for number in range(_PAGES_MAX):
            query = {"offset": str(number * _PAGE_ITEMS), "limit": str(_PAGE_ITEMS)}
            page = self._converted(self._client.get_at(self._place("jobs", job_id, "report"), query=query), Report)
            yield page
            if all(len(getattr(page, name).items) < _PAGE_ITEMS for name in _LISTS):
                return
        raise AnswerUnreadable(endpoint=self._client.endpoint, problem="the list of findings has no end")

    def items(self, job_id: str, *, steps: Sequence[str] = ()) -> Iterator[Item]:
        """Yield what a plan would do, or where a comparison found a difference, page by page."""
        for number in range(_PAGES_MAX):
            query = {"offset": str(number * _PAGE_ITEMS), "limit": str(_PAGE_ITEMS), "step": ",".join(steps)}
            page = self._converted(self._client.get_at(self._place("jobs", job_id, "items"), query=query), _ItemPage)
            yield from page.items
            if len(page.items) < _PAGE_ITEMS:
                return
        raise AnswerUnreadable(endpoint=self._client.endpoint, problem="the list of items has no end")

    def _send_package(self, operation: str, path: Path, options: ImportOptions | None, values: Values) -> str:
        with path.open("rb") as file:
            parts: dict[str, Any] = {"package": (path.name, file, "application/zip")}
            if values:
                parts["values"] = (None, msgspec.json.encode(values))
            place = self._place("assets", operation)
            return self._started(self._client.send_form(place, parts, query_of(options or ImportOptions())))

    def _place(self, *segments: str) -> tuple[str, ...]:
        client = self._client
        if not client.instance_id:
            raise ParameterInvalid(name="instance", rule="is needed for this operation")
        return ("romaport", "v1", client.project_id, "instances", client.instance_id, *segments)

    def _started(self, answer: Json) -> str:
        return as_text(answer, "job_id", endpoint=self._client.endpoint)

    def _converted(self, answer: Json, shape: type[_Shape]) -> _Shape:
        try:
            return msgspec.convert(answer, shape)
        except msgspec.ValidationError as cause:
            raise AnswerUnreadable(endpoint=self._client.endpoint, problem=str(cause)) from cause


class _ItemPage(Struct, frozen=True):
    items: list[Item]
