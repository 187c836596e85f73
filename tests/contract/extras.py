"""What a user of one instance asks beyond the contract: plans, values, rollbacks, comparisons, reports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from tests.contract.workplace import Workplace, task_body
from tests.support.embedded import Account, EmbeddedServer

from romaport.assets import sweep

__all__ = [
    "MERGE",
    "Extras",
    "Query",
    "Values",
    "altered",
    "assets_of",
    "change_source",
    "found",
    "held",
    "named",
    "remark",
    "scheduled",
    "share",
    "swept",
]

Query = Mapping[str, str]
Values = dict[str, dict[str, dict[str, Any]]]

MERGE = {"type": "Merge", "datasource_overwrite": "true"}
"""The query of an import that overwrites all that it meets."""

# What says that a job was, as opposed to what it did.
_ABOUT_JOBS = {"jobs", "job_findings", "job_items", "archives", "counters", "files"}


@dataclass(frozen=True)
class Extras:
    """What a workplace offers below `/romaport/v1`."""

    work: Workplace

    def at(self, path: str) -> str:
        """Name a whole address of the instance."""
        base = self.work.http.base_url
        project_id = base.path.strip("/").split("/")[-1]
        return str(base.copy_with(path=f"/romaport/v1/{project_id}/instances/{self.work.instance_id}/{path}"))

    # the operations, as asked

    def ask_plan(
        self, package: bytes, query: Query | None = None, *, values: Values | str | None = None
    ) -> httpx.Response:
        """Ask for a plan of an import."""
        return self._upload("assets/plan", package, values, query or {})

    def ask_import(
        self, package: bytes, query: Query | None = None, *, values: Values | str | None = None
    ) -> httpx.Response:
        """Ask for an import with values."""
        return self._upload("assets/import", package, values, query or {})

    def ask_execution(self, plan_id: str) -> httpx.Response:
        """Ask for the import that a plan has shown."""
        return self.work.http.post(self.at(f"jobs/{plan_id}/execute"))

    def ask_rollback(self, job_id: str, *, overwrite: bool | None = None) -> httpx.Response:
        """Ask for a job to be taken back."""
        body = None if overwrite is None else {"overwrite": overwrite}
        return self.work.http.post(self.at(f"jobs/{job_id}/rollback"), json=body)

    def ask_export(self, **body: Any) -> httpx.Response:
        """Ask for an export by names, tags, or of everything."""
        return self.work.http.post(self.at("assets/export"), json=body)

    def ask_comparison(self, left: str | bytes, right: str | bytes) -> httpx.Response:
        """Ask for a comparison of instances, by id, and packages."""
        sides = {"left": left, "right": right}
        form = {
            name: (f"{name}.zip", side) if isinstance(side, bytes) else (None, side.encode())
            for name, side in sides.items()
        }
        return self.work.http.post(self.at("assets/compare"), files=form)

    def ask_report(self, job_id: str, **query: str | int) -> httpx.Response:
        """Ask for a report."""
        return self.work.http.get(self.at(f"jobs/{job_id}/report"), params=query)

    def ask_items(self, job_id: str, **query: str | int) -> httpx.Response:
        """Ask for the items of a plan or a comparison."""
        return self.work.http.get(self.at(f"jobs/{job_id}/items"), params=query)

    def _upload(self, path: str, package: bytes, values: Values | str | None, query: Query) -> httpx.Response:
        form: dict[str, Any] = {"package": ("package.zip", package)}
        if values is not None:
            form["values"] = (None, values if isinstance(values, str) else json.dumps(values))
        return self.work.http.post(self.at(path), params=query, files=form)

    # whole stories: a job is begun, awaited, and told by its report

    def report(self, job_id: str, **query: str | int) -> dict[str, Any]:
        """Answer a report."""
        return _good(self.ask_report(job_id, **query))

    def items(self, job_id: str, **query: str | int) -> list[dict[str, Any]]:
        """Answer the items of a plan or a comparison."""
        items: list[dict[str, Any]] = _good(self.ask_items(job_id, **query))["items"]
        return items

    def told(self, started: httpx.Response) -> dict[str, Any]:
        """Follow a job that was just begun, and answer its report."""
        return self.report(self.work.settled(started)["id"])

    def planned(self, package: bytes, query: Query | None = None, *, values: Values | None = None) -> dict[str, Any]:
        """Plan, and answer the report."""
        return self.told(self.ask_plan(package, query, values=values))

    def imported(self, package: bytes, query: Query | None = None, *, values: Values | None = None) -> dict[str, Any]:
        """Import, and answer the report."""
        return self.told(self.ask_import(package, query, values=values))

    def executed(self, plan_id: str) -> dict[str, Any]:
        """Execute a plan, and answer the report of the import."""
        return self.told(self.ask_execution(plan_id))

    def rolled_back(self, job_id: str, *, overwrite: bool | None = None) -> dict[str, Any]:
        """Take a job back, and answer the report of the rollback."""
        return self.told(self.ask_rollback(job_id, overwrite=overwrite))

    def compared(self, left: str | bytes, right: str | bytes) -> dict[str, Any]:
        """Compare, and answer the report."""
        return self.told(self.ask_comparison(left, right))

    def deleted(self, *app_ids: str, tasks: Sequence[str] = ()) -> dict[str, Any]:
        """Delete, and answer the report."""
        chosen = {"apps": list(app_ids), "tasks": list(tasks)}
        return self.told(self.work.delete({name: ids for name, ids in chosen.items() if ids}))

    def exported(self, **body: Any) -> tuple[bytes, dict[str, Any]]:
        """Export by names, tags, or everything; answer the package and the report before the download."""
        report = self.told(self.ask_export(**body))
        assert report["state"] == "succeeded", report
        answer = self.work.download(report["archive"]["id"])
        assert answer.status_code == 200, answer.text
        return answer.content, report


def _good(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, (answer.status_code, answer.text)
    document: dict[str, Any] = answer.json()
    return document


def found(report: dict[str, Any], what: str = "findings") -> list[tuple[str, str, str]]:
    """Answer kind, name and code of the findings, holes or notes of a report, sorted; none may lack its sentence."""
    page = report[what]
    assert page["size"] == len(page["items"]) == page["total"], page
    assert all(item["message"] for item in page["items"])
    return sorted((item["kind"], item["name"], item["code"]) for item in page["items"])


def assets_of(server: EmbeddedServer) -> dict[str, object]:
    """Answer everything that is written down of assets: every row, also what jobs have put aside or keep."""
    return {name: rows for name, rows in server.written().items() if name not in _ABOUT_JOBS}


def swept(server: EmbeddedServer) -> None:
    """Sweep as if every stored package were old: their clock is the machine's, not the test's."""
    sweep(server.system.parts.desk, grace=-timedelta(days=36_500))


def held(server: EmbeddedServer, *texts: str) -> list[str]:
    """Answer which of the texts can be read in the database, its journal, or a stored file's bytes."""
    server.drain()
    everything = server.kept.content()
    return [text for text in texts if text.encode() in everything]


def share(work: Workplace, app_id: str, *users: Account, roles: tuple[str, ...] = ("read",)) -> None:
    """Share an application with users, and with nobody else."""
    body = {"users": [{"id": user.id, "roles": list(roles)} for user in users]}
    assert work.http.put(work.roma(f"apps/{app_id}/users"), json=body).status_code == 200


def remark(work: Workplace, app_id: str, text: str = "mine now") -> None:
    """Change an application."""
    assert work.http.put(work.roma(f"apps/{app_id}"), json={"remark": text}).status_code == 200


def named(work: Workplace, name: str) -> str:
    """Answer the id of an application."""
    apps = work.http.get(work.roma("apps"), params={"name": name}).json()["apps"]
    return next(str(app["id"]) for app in apps if app["name"] == name)


def change_source(work: Workplace, source_id: str, app_id: str, name: str, **content: Any) -> None:
    """Replace the content of a data source."""
    content |= {"password": "hidden-word"}
    body = {"datasource_name": name, "datasource_type": "MYSQL", "app_id": app_id, "content": content}
    answer = work.http.put(work.fdi(f"datasources/{source_id}"), json=body)
    assert answer.status_code == 200, answer.text


def scheduled(work: Workplace) -> bytes:
    """An application with two data sources, a task and its schedule, exported."""
    made = work.add_set("orders")
    schedule = {"period": "DAY", "dispatch_interval": 1}
    answer = work.http.post(work.fdi(f"tasks/{made['task']}/dispatches"), json=schedule)
    assert answer.status_code == 200, answer.text
    return work.exported(made["app"])


def altered(work: Workplace, ben: Account) -> dict[str, str]:
    """Make an instance that has what the package has, but otherwise: other fields, other ends, members, own secrets."""
    made = work.add_set("orders")
    remark(work, made["app"], "before the import")
    share(work, made["app"], ben, roles=("read", "modify"))
    other = work.add_app("billing")["id"]
    turned = task_body(made["out"], made["in"], "orders-run", task_detail='{"old":1}')
    assert work.http.put(work.fdi(f"tasks/{made['task']}"), json=turned).status_code == 200
    return made | {"other": other}
