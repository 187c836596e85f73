"""What users do meanwhile: each lane takes two instances of its own through all types of jobs, and checks them."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.asking import Asked, Followed
from tests.contract.workplace import FIELD
from tests.crash.cargo import Cargo

__all__ = ["JOBS_PER_LANE", "Lane", "Packages"]

JOBS_PER_LANE = 18
"""As many as a lane begins at least: every step, and an export after each that changes something."""

Content = dict[str, list[Any]]
_MERGE = {"type": "Merge", "datasource_overwrite": "true"}
_SETTLE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Two packages of the same assets with other content, and their content."""

    first: bytes
    second: bytes

    @classmethod
    def made(cls, folder: Path) -> "Packages":
        """Make both."""
        cargoes = (Cargo(tasks=300, schedules=20, remark=remark) for remark in ("first", "second"))
        first, second = (cargo.write(folder / f"{cargo.remark}.zip").read_bytes() for cargo in cargoes)
        return cls(first=first, second=second)


def content(package: bytes) -> Content:
    """Read what a package holds, kind by kind."""
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return {
            name: [json.loads(line) for line in opened.read(name).splitlines()]
            for name in opened.namelist()
            if name.startswith("assets/")
        }


class Lane:
    """One user's work in two instances."""

    def __init__(self, asked: Asked, project_id: str, instances: tuple[str, str], packages: Packages) -> None:
        self._asked = asked
        self._verdict = asked.verdict
        self._project_id = project_id
        self._left, self._right = instances
        self._packages = packages

    def run(self) -> None:
        """Take both instances through everything."""
        first, second = content(self._packages.first), content(self._packages.second)
        self._import(self._left, self._packages.first, {"type": "AddNew"})
        exported = self._expect(self._left, first, "an import of new assets")
        self._plan(self._left, self._packages.second)
        self._expect(self._left, first, "a plan")
        merged = self._import(self._left, self._packages.second, _MERGE)
        self._expect(self._left, second, "a merge")
        self._take_back(merged, exported)
        self._expect(self._left, first, "a rollback")
        self._compare(self._left, exported)
        planned = self._plan(self._left, self._packages.second)
        self._execute(planned)
        self._expect(self._left, second, "an execution")
        self._import(self._right, exported, {"type": "AddNew"})
        self._expect(self._right, first, "an import of an export")
        self._delete(self._right)
        self._expect(self._right, {}, "a deletion")

    # addresses

    def _roma(self, instance: str, path: str) -> str:
        return f"/v2/{self._project_id}/instances/{instance}/{path}"

    def _extra(self, instance: str, path: str) -> str:
        return f"/romaport/v1/{self._project_id}/instances/{instance}/{path}"

    # steps

    def _finish(self, instance: str, begun: tuple[str | None, bool], what: str) -> str | None:
        """Follow a job to its end; answer its id if it alone did what was asked."""
        job_id, is_repeated = begun
        if job_id is None:
            return None
        answer = Followed(self._asked, self._roma(instance, f"assets/jobs/{job_id}")).end()
        if answer["status"] == "Failed" and not is_repeated:
            self._verdict.blame(f"{what} failed: {answer}")
        return job_id if answer["status"] != "Failed" and not is_repeated else None

    def _import(self, instance: str, package: bytes, query: dict[str, str]) -> str | None:
        path = self._roma(instance, "assets/import")
        begun = self._asked.begin("POST", path, params=query, files={FIELD: ("package.zip", package)})
        return self._finish(instance, begun, "import")

    def _plan(self, instance: str, package: bytes) -> str | None:
        path = self._extra(instance, "assets/plan")
        begun = self._asked.begin("POST", path, params=_MERGE, files={"package": ("package.zip", package)})
        # A plan changes nothing, so one that was begun twice is as good as one.
        self._finish(instance, (begun[0], False), "plan")
        return begun[0]

    def _execute(self, plan_id: str | None) -> None:
        if plan_id is None:
            self._import(self._left, self._packages.second, _MERGE)
            return
        begun = self._asked.begin("POST", self._extra(self._left, f"jobs/{plan_id}/execute"))
        self._finish(self._left, begun, "execution")

    def _take_back(self, job_id: str | None, before: bytes) -> None:
        """Roll a job back; what cannot be said to have been one job is undone by a merge."""
        if job_id is None:
            self._import(self._left, before, _MERGE)
            return
        begun = self._asked.begin("POST", self._extra(self._left, f"jobs/{job_id}/rollback"))
        self._finish(self._left, begun, "rollback")

    def _compare(self, instance: str, package: bytes) -> None:
        form = {"left": (None, instance.encode()), "right": ("right.zip", package)}
        begun = self._asked.begin("POST", self._extra(instance, "assets/compare"), files=form)
        job_id = self._finish(instance, (begun[0], False), "comparison")
        if job_id is None:
            return
        items = self._asked.ask("GET", self._extra(instance, f"jobs/{job_id}/items")).response.json()
        if items["total"]:
            self._verdict.blame(f"comparison {job_id} found {items['total']} differences: {str(items)[:300]}")

    def _delete(self, instance: str) -> None:
        listed = self._asked.ask("GET", self._roma(instance, "apps"), params={"limit": 500}).response.json()
        body = {"apps": [{"id": app["id"]} for app in listed["apps"]]}
        begun = self._asked.begin("POST", self._roma(instance, "assets/delete"), json=body)
        self._finish(instance, begun, "deletion")

    # content

    def _expect(self, instance: str, wanted: Content, after: str) -> bytes:
        """Export until the instance holds what it must; what a job that nobody knows does may take a moment."""
        until = time.monotonic() + _SETTLE_SECONDS
        while True:
            package = self._exported(instance)
            found = content(package) if package else {}
            if found == wanted:
                return package
            if time.monotonic() > until:
                self._verdict.blame(f"after {after}, {instance} holds {list(_differences(wanted, found))[:5]}")
                return package
            time.sleep(1)

    def _exported(self, instance: str) -> bytes:
        """Export everything and download it; empty if there is nothing."""
        while True:
            found = self._asked.ask("POST", self._extra(instance, "assets/export"), json={"everything": True})
            answer = found.response
            if answer.status_code == 400 and answer.json()["error_code"] != "ROMA.10012":
                return b""
            if not answer.is_success:
                time.sleep(0.1)
                continue
            self._verdict.count("jobs")
            job = Followed(self._asked, self._roma(instance, f"assets/jobs/{answer.json()['job_id']}")).end()
            if job["status"] == "Failed":
                return b""
            package = self._downloaded(instance, str(job.get("archive_id", "")))
            if package:
                return package

    def _downloaded(self, instance: str, archive_id: str) -> bytes:
        """Download an archive; empty if an answer that broke off at its very end has used it up."""
        found = self._asked.ask("GET", self._roma(instance, f"assets/archives/{archive_id}"))
        if found.response.is_success:
            return found.response.content
        if not (found.is_repeated and found.response.status_code == 410):
            self._verdict.blame(f"archive {archive_id}: {found.response.status_code} {found.response.text[:200]}")
        return b""


def _differences(wanted: Content, found: Content) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        left, right = wanted.get(name, []), found.get(name, [])
        if left != right:
            other = next((pair for pair in zip(left, right, strict=False) if pair[0] != pair[1]), None)
            yield f"{name}: {len(left)} wanted, {len(right)} found, first difference {str(other)[:400]}"
