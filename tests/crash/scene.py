"""One data folder, a server on it that dies as told, and what is true of it from outside and inside."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.support.server_process import Place, ServerProcess
from tests.support.stores import HIDDEN, LIE_IN, Store
from tests.support.waiting import remaining

from romaport.assembly import open_directory
from romaport.client import AccessKey, Client, Secret, is_final
from romaport.errors import Refused, Unreachable
from romaport.packages import PackageLimits, PackageReader, PackageSource, PackageWriter, encode_entry
from romaport.wire.assets import JobAnswer

SETTINGS = {"ROMAPORT_JOBS_PROGRESS_SECONDS": "0", "ROMAPORT_API_POLL_SECONDS": "0"}
TASKS = 620
_SECONDS = 60
_SWEEP_SECONDS = 40


@dataclass
class Watcher:
    """Polls a job for as long as it is watched, over restarts, and remembers what it saw."""

    scene: "Scene"
    instance_id: str
    job_id: str
    seen: list[tuple[str, float]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Poll until told to end."""
        # While the server is away, every try costs a client of its own.
        while not self._ended.wait(0.05):
            try:
                self._poll()
            except (Unreachable, Refused):
                continue

    def _poll(self) -> None:
        with self.scene.client(self.instance_id) as client:
            while not self._ended.wait(0.003):
                answer = client.job(self.job_id)
                self.seen.append((answer.status, answer.progress_percent))

    def end(self) -> None:
        """Stop polling."""
        self._ended.set()

    def check(self) -> None:
        """Progress never fell, and no state was left for an earlier one."""
        rank = {"Running": 0, "Failed": 1, "Success": 1, "Finished": 2}
        percents = [percent for _, percent in self.seen]
        assert percents == sorted(percents)
        ranks = [rank[status] for status, _ in self.seen]
        assert ranks == sorted(ranks)
        assert all(percent < 1 for status, percent in self.seen if status == "Running")


class Scene:
    """The server of one test module."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.order_path = folder / "order.json"
        self.passed_path = folder / "passed.txt"
        launcher = str(Path(__file__).parent / "launcher.py")
        self.server = ServerProcess(
            folder / "data",
            settings={**SETTINGS, **store.prompt},
            command=[sys.executable, launcher, str(self.order_path), str(self.passed_path)],
            store=store,
            is_forked=True,
        )
        self.place: Place = self.server.start()
        self.package = folder / "sample.zip"
        write_sample(self.package, self.place)
        self._number = 0

    def close(self) -> None:
        """End the server."""
        if self.server.is_running:
            self.server.stop()

    @contextmanager
    def client(self, instance_id: str) -> Iterator[Client]:
        """Open a client for an instance."""
        key = AccessKey(access_key=self.place.access_key, secret=Secret(self.place.secret_key))
        with Client(self.server.endpoint, key, project_id=self.place.project_id, instance_id=instance_id) as client:
            yield client

    def instance(self) -> str:
        """Add an instance that is empty."""
        self._number += 1
        with open_directory(self.server.settings) as directory:
            return directory.add_instance(self.place.project_id, f"crash-{self._number}")

    def filled(self) -> str:
        """Add an instance that holds the sample."""
        instance_id = self.instance()
        with self.client(instance_id) as client:
            job = self.settled(instance_id, client.import_package(self.package))
        assert job.status == "Success"
        return instance_id

    def order(self, **order: Any) -> None:
        """Tell the server at which checkpoint to die, or to pause."""
        whole = self.order_path.with_suffix(".new")
        whole.write_text(json.dumps(order))
        whole.replace(self.order_path)

    def pardon(self) -> None:
        """Take the order back."""
        self.order_path.unlink(missing_ok=True)

    def recorded(self) -> Counter[str]:
        """Answer the checkpoints passed since the last time, with how often."""
        text = self.passed_path.read_text() if self.passed_path.exists() else ""
        self.passed_path.unlink(missing_ok=True)
        return Counter(text.split())

    def settled(self, instance_id: str, job_id: str) -> JobAnswer:
        """Follow a job to its end."""
        until = time.monotonic() + _SECONDS
        with self.client(instance_id) as client:
            answer = client.job(job_id)
            while not is_final(answer):
                assert time.monotonic() < until, answer
                time.sleep(0.01)
                answer = client.job(job_id)
        return answer

    @contextmanager
    def watched(self, instance_id: str, job_id: str) -> Iterator[Watcher]:
        """Poll a job beside what the block does."""
        watcher = Watcher(self, instance_id, job_id)
        thread = threading.Thread(target=watcher.run)
        thread.start()
        try:
            yield watcher
        finally:
            watcher.end()
            thread.join(_SECONDS)
        watcher.check()

    def rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        return self.server.kept.rows(statement, *values)

    def last_job(self, instance_id: str) -> tuple[str, str, int] | None:
        """Answer id, state and attempt of the newest job in an instance."""
        found = self.rows(
            "select id, state, attempt from jobs where instance_id = ? order by created_at desc, id desc",
            instance_id,
        )
        return (str(found[0][0]), str(found[0][1]), int(found[0][2])) if found else None

    def asset_count(self, instance_id: str) -> int:
        """Count what an instance holds."""
        return int(self.rows(f"select count(*) from assets where {LIE_IN}", instance_id)[0][0])

    def check_nothing_left(self) -> None:
        """Files and rows name each other, and nothing in the making is left, now or once it was swept."""
        assert remaining(self.leftovers, _SWEEP_SECONDS) == []

    def leftovers(self) -> list[str]:
        """Answer what names nothing, what nothing names, and what is in the making."""
        kept = {
            f"archives/{found}.zip"
            for (found,) in self.rows(
                "select a.id from archives a join jobs j on j.id = a.job_id where j.state = 'succeeded'"
            )
        } | {
            f"uploads/{found}.zip"
            for (found,) in self.rows("select id from jobs where type = 'planAsset' and kept_until is not null")
        }
        making = [str(path) for path in (self.server.data / "scratch").glob("*/*")]
        tables = ("staged_assets", "staged_references", "staged_uniques")
        staged = [table for table in tables if self.rows(f"select 1 from {table} limit 1")]
        placed = [f"space {found}" for (found,) in self.rows(HIDDEN)]
        files = kept.symmetric_difference(self.server.kept.packages.names())
        return [*files, *making, *staged, *placed, *self.server.kept.mistold()]

    def digests(self, package: Path) -> dict[str, str]:
        """Answer the digest of every kind's file in a package."""
        with PackageReader.open(package, PackageLimits()) as reader:
            reader.verify()
            return {found.kind: found.sha256 for found in reader.manifest.files}

    def exported(self, instance_id: str) -> dict[str, str]:
        """Export all of an instance, and answer the digest of every kind's file."""
        target = self.folder / f"{instance_id}.zip"
        with self.client(instance_id) as client:
            job = self.settled(instance_id, client.export(apps=[app.id for app in client.apps()]))
            assert isinstance(job.archive_id, str)
            client.download(job.archive_id, target)
        return self.digests(target)

    def raw(self) -> httpx.Client:
        """Open a plain client with a token."""
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": self.place.user,
                            "password": self.place.password,
                            "domain": {"name": self.place.domain},
                        }
                    },
                },
                "scope": {"project": {"id": self.place.project_id}},
            }
        }
        answer = httpx.post(f"{self.server.endpoint}/v3/auth/tokens", json=body)
        token = {"x-auth-token": answer.headers["x-subject-token"]}
        return httpx.Client(base_url=self.server.endpoint, headers=token, timeout=_SECONDS)


def kill_points(passed: Mapping[str, int], *prefixes: str) -> list[tuple[str, int]]:
    """Answer every checkpoint of an undisturbed run, and the second passing of those that come again."""
    names = [name for name in passed if name.startswith(prefixes)]
    return [(name, nth) for name in names for nth in (1, 2) if nth <= passed[name]]


def write_sample(path: Path, place: Place) -> None:
    """Write a package with more tasks than are counted at once."""
    source = PackageSource(project_id=place.project_id, instance_id=place.source, instance_name="sample")
    counts = {"app": 2, "data_source": 3, "task": TASKS, "schedule": 5}
    tasks = [f"carry-{number:04}" for number in range(TASKS)]
    ends = {"source_datasource_id": ("lake",), "target_datasource_id": ("orders",)}
    body = '{"task_detail":"{}","task_type":"TIMING"}'
    with PackageWriter(path, source=source, counts=counts) as writer:
        writer.add("app", [encode_entry((name,), "{}", {}, {"key": f"key-{name}"}, ("secret",)) for name in ("a", "b")])
        writer.add(
            "data_source",
            [
                encode_entry((name,), '{"content":{"host":"h"},"datasource_type":"MYSQL"}', {"app_id": (app,)}, {}, ())
                for name, app in (("lake", "a"), ("orders", "b"), ("spare", "b"))
            ],
        )
        writer.add("task", [encode_entry((name,), body, ends, {}, ()) for name in tasks])
        writer.add(
            "schedule", [encode_entry((name,), '{"period":"DAY"}', {"task_id": (name,)}, {}, ()) for name in tasks[:5]]
        )
        writer.finish(as_of=datetime(2026, 1, 1, tzinfo=UTC))
