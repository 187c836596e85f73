"""Packages of invented assets, made the way a stranger would: by the format alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from romaport.packages import PackageSource, PackageWriter, encode_entry, key_text

_SOURCE = PackageSource(project_id="p1", instance_id="i1", instance_name="Lakeside test")
_AS_OF = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Cargo:
    """How many assets a package has, and of which kind; an application's tasks use its own data sources only."""

    apps: int = 5
    data_sources: int = 20
    tasks: int = 620
    schedules: int = 40
    remark: str = "first"
    """Goes into every body: two packages that differ in it have the same assets with other content."""
    detail_bytes: int = 0
    """How much noise each task carries along: what makes a package large although it is deflated."""

    @property
    def totals(self) -> dict[str, int]:
        """The assets that have lists of their own, as those lists count them."""
        return {"apps": self.apps, "datasources": self.data_sources, "tasks": self.tasks}

    def write(self, path: Path) -> Path:
        """Write the package, its lines in the order of their keys."""
        kinds = {
            "app": self._apps(),
            "data_source": self._data_sources(),
            "task": self._tasks(),
            "schedule": self._schedules(),
        }
        sorted_lines = {
            kind: [line for _, line in sorted((key_text(key), line) for key, line in lines)]
            for kind, lines in kinds.items()
        }
        counts = {kind: len(lines) for kind, lines in sorted_lines.items() if lines}
        with PackageWriter(path, source=_SOURCE, counts=counts) as writer:
            for kind in counts:
                writer.add(kind, sorted_lines[kind])
            writer.finish(as_of=_AS_OF)
        return path

    def _apps(self) -> Iterator[tuple[tuple[str, ...], bytes]]:
        for number in range(self.apps):
            key = (_app(number),)
            body = json.dumps({"remark": self.remark})
            yield key, encode_entry(key, body, None, {"key": f"lakeside-{number}"}, ("secret",))

    def _data_sources(self) -> Iterator[tuple[tuple[str, ...], bytes]]:
        for number in range(self.data_sources):
            key = (_data_source(number),)
            content = {"host": f"db{number}.lakeside.example", "user_name": "reader"}
            body = json.dumps({"datasource_type": "MYSQL", "content": content, "description": self.remark})
            yield key, encode_entry(key, body, {"app_id": (_app(number % self.apps),)}, None, ("content.password",))

    def _tasks(self) -> Iterator[tuple[tuple[str, ...], bytes]]:
        chance = Random(2026)  # noqa: S311 - noise that repeats, not a secret
        for number in range(self.tasks):
            key = (_task(number),)
            detail = json.dumps({"note": self.remark, "noise": chance.randbytes(self.detail_bytes // 2).hex()})
            body = json.dumps({"task_type": "TIMING", "description": self.remark, "task_detail": detail})
            ends = (number % self.data_sources, (number + self.apps) % self.data_sources)
            fields = ("source_datasource_id", "target_datasource_id")
            references = {field: (_data_source(end),) for field, end in zip(fields, ends, strict=True)}
            yield key, encode_entry(key, body, references)

    def _schedules(self) -> Iterator[tuple[tuple[str, ...], bytes]]:
        for number in range(self.schedules):
            key = (_task(number),)
            body = json.dumps({"period": "DAY", "dispatch_interval": 1, "remark": self.remark})
            yield key, encode_entry(key, body, {"task_id": key})


def _app(number: int) -> str:
    return f"orders-{number}"


def _data_source(number: int) -> str:
    return f"stock-{number:02}"


def _task(number: int) -> str:
    return f"carry-{number:04}"
