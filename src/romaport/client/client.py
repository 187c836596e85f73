"""The client: one caller's view of one instance, in the published contract's own operations."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from romaport.client.answers import App, Instance, Json, Task, as_items, as_job, as_text, retry_seconds
from romaport.client.credentials import Credentials, authentication
from romaport.client.downloads import Advance, ArchiveAddress, Download, download
from romaport.client.transport import ClientOptions, Transport, endpoint_of
from romaport.client.waiting import follow
from romaport.clock import Clock, system_clock
from romaport.errors import AnswerUnreadable, ParameterInvalid
from romaport.wire.assets import ExportRequest, JobAnswer, SelectedApp, SelectedTask

__all__ = ["Client", "ImportOptions", "query_of"]

_IMPORT_FIELD = "ImportAssetRequestBody"
# The longest pages that every published version allows (contract 7.1).
_PAGE_ITEMS = {"instances": 100, "apps": 500, "entities": 999}
_PAGES_MAX = 1000
_PROJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_Item = TypeVar("_Item")


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a package is imported (contract 2.2, 6.2)."""

    type: str = "AddNew"
    """`AddNew`: everything is new; `Merge`: what exists is kept or changed."""
    prefix: str = ""
    """Put before names."""
    datasource_overwrite: bool = False
    """Whether imported data sources replace those of the same name; with `Merge`."""


class Client:
    """Asks one server about one project, and mostly about one instance of it.

    Every method raises `Refused` with the server's own code and sentence, `Unreachable` if there is no
    answer, and `AnswerUnreadable` if the answer is not the contract's. Close it, or use it in a `with`.
    """

    def __init__(  # noqa: PLR0913 - what identifies a caller and an instance, and how to behave
        self,
        endpoint: str,
        credentials: Credentials,
        *,
        project_id: str,
        instance_id: str = "",
        options: ClientOptions | None = None,
        clock: Clock = system_clock,
    ) -> None:
        if _PROJECT_ID.fullmatch(project_id) is None:
            raise ParameterInvalid(name="project_id", rule="must be 1 to 64 letters, digits, - or _")
        self.endpoint = endpoint_of(endpoint)
        self.project_id = project_id
        self.instance_id = instance_id
        self._options = options or ClientOptions()
        self._clock = clock
        auth = authentication(credentials, endpoint=self.endpoint, project_id=project_id, clock=clock)
        self._transport = Transport(self.endpoint, auth, options=self._options, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # The asset operations (contract 1 and 2)

    def export(self, *, apps: Iterable[str] = (), tasks: Iterable[str] = ()) -> str:
        """Start an export of applications and tasks, by id, and answer the job's id."""
        return self._start("export", apps=apps, tasks=tasks)

    def delete(self, *, apps: Iterable[str] = (), tasks: Iterable[str] = ()) -> str:
        """Start a deletion of applications and tasks, by id, and answer the job's id."""
        return self._start("delete", apps=apps, tasks=tasks)

    def _start(self, operation: str, *, apps: Iterable[str], tasks: Iterable[str]) -> str:
        selected = ExportRequest(
            apps=[SelectedApp(id=found) for found in apps] or None,
            tasks=[SelectedTask(id=found) for found in tasks] or None,
        )
        body = {name: chosen for name, chosen in msgspec.to_builtins(selected).items() if chosen is not None}
        answer = self.post(*self._assets(operation), body=body)
        return as_text(answer, "job_id", endpoint=self.endpoint)

    def import_package(self, path: Path, options: ImportOptions | None = None) -> str:
        """Send a package, streamed from the disk, start its import, and answer the job's id."""
        chosen = options or ImportOptions()
        place = self._below_project(self._assets("import"))
        with path.open("rb") as file:
            answer = self.send_form(place, {_IMPORT_FIELD: (path.name, file, "application/zip")}, query_of(chosen))
        return as_text(answer, "job_id", endpoint=self.endpoint)

    def job(self, job_id: str) -> JobAnswer:
        """Answer how far a job is."""
        return self._poll(job_id)[0]

    def wait(self, job_id: str) -> Iterator[JobAnswer]:
        """Follow a job to its end: every answer, the last one final (see `waiting.follow`)."""
        return follow(lambda: self._poll(job_id), options=self._options)

    def _poll(self, job_id: str) -> tuple[JobAnswer, float | None]:
        segments = self._below_project(self._assets("jobs", job_id))
        answer, headers = self._transport.json("GET", segments)
        return as_job(answer, endpoint=self.endpoint), retry_seconds(headers, now=self._clock())

    def download(self, archive_id: str, path: Path, *, advance: Advance = lambda _size, _total: None) -> Download:
        """Fetch an archive into a file that appears when it is whole (see `downloads.download`)."""
        archive = ArchiveAddress(id=archive_id, url=self._url(self._assets("archives", archive_id)))
        return download(self._transport, archive, path, attempts=self._options.download_attempts, advance=advance)

    # What there is (contract 7.2, 7.3, 7.6)

    def instances(self) -> list[Instance]:
        """List the project's instances."""
        return list(self._list(("instances",), "instances", Instance))

    def apps(self, name: str = "") -> list[App]:
        """List the instance's applications, or those whose name contains a text."""
        return list(self._list(("instances", self._instance(), "apps"), "apps", App, filters={"name": name}))

    def tasks(self, name: str = "") -> list[Task]:
        """List the instance's tasks, or those whose name contains a text."""
        # The SDK and the pages spell the filter differently (contract 7.6).
        query = {"name": name, "task_name": name}
        return list(self._list(("fdi", "instances", self._instance(), "tasks"), "entities", Task, filters=query))

    def find_app(self, name: str) -> App | None:
        """Find the application of exactly this name."""
        return next((app for app in self.apps(name) if app.name == name), None)

    def find_task(self, name: str) -> Task | None:
        """Find the task of exactly this name."""
        return next((task for task in self.tasks(name) if task.name == name), None)

    def _list(
        self, segments: tuple[str, ...], array: str, item: type[_Item], *, filters: Mapping[str, str] | None = None
    ) -> Iterator[_Item]:
        given = {name: value for name, value in (filters or {}).items() if value}
        offset = 0
        for _ in range(_PAGES_MAX):
            query = {**given, "offset": str(offset), "limit": str(_PAGE_ITEMS[array])}
            items, total = as_items(self.get(*segments, query=query), array, item, endpoint=self.endpoint)
            yield from items
            offset += len(items)
            if not items or offset >= total:
                return
        raise AnswerUnreadable(endpoint=self.endpoint, problem=f"the list of {array} has no end")

    # Any resource: path segments below `/v2/{project_id}`, each encoded whole

    def get(self, *segments: str, query: Mapping[str, str] | None = None) -> Json:
        """Read a resource."""
        return self._call("GET", segments, query=query)

    def post(self, *segments: str, body: object, query: Mapping[str, str] | None = None) -> Json:
        """Create a resource, or start what an operation starts."""
        return self._call("POST", segments, body=body, query=query)

    def put(self, *segments: str, body: object, query: Mapping[str, str] | None = None) -> Json:
        """Change a resource."""
        return self._call("PUT", segments, body=body, query=query)

    def delete_resource(self, *segments: str, query: Mapping[str, str] | None = None) -> Json:
        """Delete one resource at once, without a job."""
        return self._call("DELETE", segments, query=query)

    def _call(
        self, method: str, segments: tuple[str, ...], *, body: object = None, query: Mapping[str, str] | None = None
    ) -> Json:
        content = None if body is None else msgspec.json.encode(body)
        return self._transport.json(method, self._below_project(segments), query=query, body=content)[0]

    # Anything else a server may offer: whole paths

    def get_at(self, segments: tuple[str, ...], *, query: Mapping[str, str] | None = None) -> Json:
        """Read what lies at a whole path."""
        return self._transport.json("GET", segments, query=query)[0]

    def post_at(self, segments: tuple[str, ...], *, body: object = None) -> Json:
        """Start what an operation at a whole path starts."""
        content = None if body is None else msgspec.json.encode(body)
        return self._transport.json("POST", segments, body=content)[0]

    def send_form(
        self, segments: tuple[str, ...], parts: Mapping[str, object], query: Mapping[str, str] | None = None
    ) -> Json:
        """Send a form to a whole path, its files streamed from the disk."""
        request = self._transport.build("POST", self._transport.url(segments, query), files=parts)
        return self._transport.answer(request)[0]

    def _url(self, segments: tuple[str, ...], query: Mapping[str, str] | None = None) -> str:
        return self._transport.url(self._below_project(segments), query)

    def _below_project(self, segments: tuple[str, ...]) -> tuple[str, ...]:
        return ("v2", self.project_id, *segments)

    def _assets(self, *segments: str) -> tuple[str, ...]:
        return ("instances", self._instance(), "assets", *segments)

    def _instance(self) -> str:
        if not self.instance_id:
            raise ParameterInvalid(name="instance", rule="is needed for this operation")
        return self.instance_id


def query_of(options: ImportOptions) -> dict[str, str]:
    """Write options as a query. What is the default goes unsaid: some published versions know no options."""
    given = msgspec.structs.asdict(options)
    return {name: _text(value) for name, value in given.items() if _differs(name, value)}


def _differs(name: str, value: object) -> bool:
    return bool(value != getattr(ImportOptions(), name))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
