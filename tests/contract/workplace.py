"""What a user of one instance does over HTTP, in the words of the contract."""

import io
import json
import time
import zipfile
from dataclasses import dataclass
from typing import Any

import httpx

__all__ = ["FIELD", "FINAL", "Workplace", "lines_of", "manifest_of", "refusal", "refusal_body"]

FIELD = "ImportAssetRequestBody"
FINAL = ("Success", "Failed", "Finished", "SUCCEEDED", "FAILED")
_SECONDS = 60.0


@dataclass(frozen=True)
class Workplace:
    """One user in one instance; `http` asks relative to `/v2/{project_id}/`."""

    http: httpx.Client
    instance_id: str

    def roma(self, path: str) -> str:
        """Name a public resource of the instance."""
        return f"instances/{self.instance_id}/{path}"

    def fdi(self, path: str) -> str:
        """Name a resource of data integration of the instance."""
        return f"fdi/instances/{self.instance_id}/{path}"

    def add_app(self, name: str = "orders", **fields: Any) -> dict[str, Any]:
        """Create an application."""
        return _good(self.http.post(self.roma("apps"), json={"name": name, **fields}), 201)

    def add_source(self, app_id: str, name: str = "orders-db", **fields: Any) -> dict[str, Any]:
        """Create a data source."""
        content = {"host": "db.acme.example", "port": "3306", "user_name": "reader", "password": "hidden-word"}
        body = {"datasource_name": name, "datasource_type": "MYSQL", "app_id": app_id, "content": content, **fields}
        return _good(self.http.post(self.fdi("datasources"), json=body))

    def add_task(self, source_id: str, target_id: str, name: str = "carry", **fields: Any) -> dict[str, Any]:
        """Create a task; answer the inner part of the answer."""
        answer = _good(self.http.post(self.fdi("tasks"), json=task_body(source_id, target_id, name, **fields)))
        found: dict[str, Any] = answer["task"]
        return found

    def add_set(self, name: str = "orders") -> dict[str, str]:
        """Create an application, two data sources and a task; answer their ids by role."""
        app = self.add_app(name)["id"]
        source = self.add_source(app, f"{name}-in")["datasource_id"]
        target = self.add_source(app, f"{name}-out")["datasource_id"]
        return {
            "app": app,
            "in": source,
            "out": target,
            "task": self.add_task(source, target, f"{name}-run")["task_id"],
        }

    def names(self) -> dict[str, list[str]]:
        """List the names of everything there is, by kind."""
        apps = _good(self.http.get(self.roma("apps"), params={"limit": 500}))["apps"]
        sources = _good(self.http.get(self.fdi("datasources"), params={"limit": 999}))["entities"]
        tasks = _good(self.http.get(self.fdi("tasks"), params={"limit": 999}))["entities"]
        return {
            "apps": sorted(app["name"] for app in apps),
            "sources": sorted(source["datasource_name"] for source in sources),
            "tasks": sorted(task["task_name"] for task in tasks),
        }

    # the five operations

    def export(self, body: Any) -> httpx.Response:
        """Ask for an export."""
        return self.http.post(self.roma("assets/export"), json=body)

    def delete(self, body: Any) -> httpx.Response:
        """Ask for a deletion."""
        return self.http.post(self.roma("assets/delete"), json=body)

    def import_package(self, package: bytes, name: str = "package.zip", **query: str) -> httpx.Response:
        """Upload a package the way the newer SDKs do."""
        return self.http.post(self.roma("assets/import"), params=query, files={FIELD: (name, package)})

    def progress(self, job_id: str) -> httpx.Response:
        """Ask for the progress of a job."""
        return self.http.get(self.roma(f"assets/jobs/{job_id}"))

    def download(self, archive_id: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask for an archive."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, self.roma(f"assets/archives/{archive_id}"), headers=names)

    # whole stories

    def settled(self, started: httpx.Response) -> dict[str, Any]:
        """Follow a job that was just begun to a state after which it does no more work."""
        assert started.status_code == 200, started.text
        job_id = started.json()["job_id"]
        until = time.monotonic() + _SECONDS
        found = _good(self.progress(job_id))
        while found["status"] not in FINAL:
            assert time.monotonic() < until, found
            time.sleep(0.005)
            found = _good(self.progress(job_id))
        return found

    def archive(self, body: Any) -> str:
        """Export, and answer the id of the archive."""
        found = self.settled(self.export(body))
        assert "archive_id" in found, found
        archive_id: str = found["archive_id"]
        return archive_id

    def exported(self, *app_ids: str, tasks: tuple[str, ...] = ()) -> bytes:
        """Export and download."""
        chosen = {"apps": [{"id": found} for found in app_ids], "tasks": [{"id": found} for found in tasks]}
        answer = self.download(self.archive({name: ids for name, ids in chosen.items() if ids}))
        assert answer.status_code == 200, answer.text
        return answer.content

    def imported(self, package: bytes, **query: str) -> dict[str, Any]:
        """Import, and answer the final state."""
        return self.settled(self.import_package(package, **query))


def task_body(source_id: str, target_id: str, name: str = "carry", **fields: Any) -> dict[str, Any]:
    """Make the body of a task's create operation."""
    task = {
        "task_name": name,
        "task_type": "TIMING",
        "source_datasource_id": source_id,
        "target_datasource_id": target_id,
    }
    detail = fields.pop("task_detail", '{"sourceSelectedDatasource":{"sourceParams":[]}}')
    return {"task": task | fields, "task_detail": detail}


def _good(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, (answer.status_code, answer.text)
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: httpx.Response, status: int, code: str) -> dict[str, str]:
    """Check that an answer is this refusal, in the contract's shape."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    body = refusal_body(answer)
    assert body["error_code"] == code, body
    return body


def refusal_body(answer: httpx.Response) -> dict[str, str]:
    """Check that an answer is a refusal as the contract has it: four texts, and the id in the header too."""
    assert answer.status_code >= 400, (answer.status_code, answer.text)
    body: dict[str, str] = answer.json()
    assert list(body) == ["error_code", "error_msg", "error_details", "request_id"]
    assert all(body.values())
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def manifest_of(package: bytes) -> dict[str, Any]:
    """Read the manifest of a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        found: dict[str, Any] = json.loads(opened.read("manifest.json"))
    return found


def lines_of(package: bytes, kind: str) -> list[dict[str, Any]]:
    """Read the assets of a kind in a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        name = f"assets/{kind}.jsonl"
        if name not in opened.namelist():
            return []
        return [json.loads(line) for line in opened.read(name).splitlines()]
