"""What lies in a server's data folder and its database, read by nobody's code but the drivers'.

A killed server's database is copied first, log and all: looking at it must not be what repairs it.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.stores import HIDDEN, LIE_IN, Written

Content = list[tuple[Any, ...]]

_ASSETS = f"""
select kind, key, body, secret_paths, holes, revision from assets where {LIE_IN} order by kind, key
"""
_REFERENCES = f"""
select a.kind, a.key, r.field, r.owns, t.kind, t.key, t.instance_id = a.instance_id
from assets a join asset_references r on r.asset_id = a.id join assets t on t.id = r.target_id
where a.{LIE_IN} order by a.kind, a.key, r.field
"""
_UNIQUE = f"""
select a.kind, a.key, u.field, u.value from assets a join asset_uniques u on u.asset_id = a.id
where a.{LIE_IN} order by a.kind, a.key, u.field
"""
_FINDINGS = "select severity, kind, name, code, message from job_findings where job_id = ? order by position"


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A job as it lies in the database."""

    id: str
    state: str
    attempt: int
    strikes: int
    done: int
    total: int

    def __str__(self) -> str:
        return f"{self.state} {self.done}/{self.total}"


class DataFolder:
    """One data folder and its database; `is_copied` says that no server has them open."""

    def __init__(self, path: Path, kept: Written, *, is_copied: bool = False) -> None:
        self._path = path
        self._kept = kept
        self._is_copied = is_copied

    def contents(self, instance_id: str) -> Content:
        """Answer every asset of an instance without what is new in every instance: ids, times, made-up secrets."""
        return [row for part in (_ASSETS, _REFERENCES, _UNIQUE) for row in self._rows(part, instance_id)]

    def jobs(self, instance_id: str) -> list[JobRow]:
        """Answer the jobs of an instance, oldest first."""
        statement = (
            "select id, state, attempt, strikes, done, total from jobs where instance_id = ? order by created_at, id"
        )
        fields = ("id", "state", "attempt", "strikes", "done", "total")
        return [JobRow(**dict(zip(fields, row, strict=True))) for row in self._rows(statement, instance_id)]

    def job(self, job_id: str) -> JobRow:
        """Answer one job."""
        (row,) = self._rows("select instance_id from jobs where id = ?", job_id)
        return next(job for job in self.jobs(row[0]) if job.id == job_id)

    def findings(self, job_id: str) -> Content:
        """Answer the findings of a job in their order."""
        return self._rows(_FINDINGS, job_id)

    def aside_count(self) -> int:
        """Count the rows that imports have put aside, or placed and not shown."""
        tables = ("staged_assets", "staged_references", "staged_uniques")
        staged = sum(self._rows(f"select count(*) from {table}")[0][0] for table in tables)
        return int(staged) + len(self._rows(f"select id from assets where instance_id in ({HIDDEN})"))

    def disorder(self) -> list[str]:
        """Answer what should not be: files or rows without their counterpart, and anything left over."""
        ended = "type = 'exportAsset' and state in ('succeeded', 'finished')"
        archived: dict[str, str] = dict(self._rows("select job_id, id from archives"))
        exports: dict[str, str] = dict(self._rows(f"select id, state from jobs where {ended}"))
        offered = {f"{archived.get(job)}.zip" for job, state in exports.items() if state == "succeeded"}
        archives = self._names("archives/")
        found = {
            "archive files without a job": archives - offered,
            "archives of jobs without a file": offered - archives,
            "exports without an archive": exports.keys() - archived.keys(),
            "archives without an export": archived.keys() - exports.keys(),
            "uploads": self._names("uploads/"),
            "files in the making": {path.name for path in (self._path / "scratch").glob("*/*")},
        }
        return [f"{what}: {sorted(names)}" for what, names in found.items() if names] + (
            ["rows put aside"] if self.aside_count() else []
        )

    def _names(self, folder: str) -> set[str]:
        return {name.removeprefix(folder) for name in self._kept.packages.names() if name.startswith(folder)}

    def _rows(self, statement: str, *values: str) -> Content:
        if not (self._is_copied and self._kept.is_in_folder):
            return self._kept.rows(statement, *values)
        with TemporaryDirectory() as folder:
            for name in ("romaport.db", "romaport.db-wal"):
                if (self._path / name).exists():
                    shutil.copyfile(self._path / name, Path(folder) / name)
            return Written(Path(folder)).rows(statement, *values)
