"""Import and export of 100,000 assets over HTTP, with peak memory, against the same work without anything else."""

import hashlib
import io
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from isal import isal_zlib

from benchmarks.figures import Figure
from benchmarks.place import Served, served, settled
from romaport.packages import PackageLimits, PackageReader, PackageSource, PackageWriter, encode_entry

ASSETS = 100_000
_APPS, _SOURCES = 50, 2_000
_TASKS = ASSETS - _APPS - _SOURCES
_MIB = 1024 * 1024


def measure() -> list[Figure]:
    """Answer assets per second and peak memory of an import and an export, and their limits."""
    with tempfile.TemporaryDirectory(prefix="romaport-bench-") as folder:
        package, fetched = Path(folder, "in.zip"), Path(folder, "out.zip")
        with served(ROMAPORT_CATALOG_QUOTAS_ENFORCED="false") as server:
            _write(package, server)
            rows = _rows(package)
            imported, import_peak = _imported(server, package)
            exported, export_peak = _exported(server, fetched)
        insert = ASSETS / _timed(lambda: _insert(Path(folder, "bare.db"), rows))
        lines = [f"{key}{body}\n".encode() for _, key, body in rows]
        deflate = ASSETS / _timed(lambda: _deflate(lines))
        standard = ASSETS / _timed(lambda: _zip(lines))
    return [
        _figure("import of 100,000", imported, ("bare executemany, same rows and indexes", insert)),
        Figure(name="import of 100,000, peak memory above idle", value=import_peak, unit="MiB"),
        _figure("export of 100,000", exported, ("hash and deflate (isal 1) of the same lines", deflate)),
        _figure("export of 100,000", exported, ("standard zipfile, level 6, same lines", standard)),
        Figure(name="export of 100,000, peak memory above idle", value=export_peak, unit="MiB"),
    ]


def _figure(name: str, value: float, limit: tuple[str, float]) -> Figure:
    return Figure(
        name=name,
        value=round(value, 1),
        unit="assets/s",
        limit=limit[0],
        limit_value=round(limit[1], 1),
        ratio=round(value / limit[1], 3),
    )


def _timed(work: object) -> float:
    assert callable(work)
    began_at = time.perf_counter()
    work()
    return time.perf_counter() - began_at


def _write(path: Path, server: Served) -> None:
    source = PackageSource(project_id=server.credentials["project_id"], instance_id="bench", instance_name="bench")
    counts = {"app": _APPS, "data_source": _SOURCES, "task": _TASKS}
    content = '{"content":{"host":"db.example","port":"3306","note":"%s"},"datasource_type":"MYSQL"}' % ("x" * 380)
    detail = '{"description":"%s","task_detail":"{}","task_type":"TIMING"}' % ("y" * 430)
    with PackageWriter(path, source=source, as_of=datetime(2026, 1, 1, tzinfo=UTC), counts=counts) as writer:
        writer.add("app", (encode_entry((f"app-{n:03}",), "{}", {}, {"key": f"key-{n}"}, ()) for n in range(_APPS)))
        writer.add(
            "data_source",
            (
                encode_entry((f"source-{n:05}",), content, {"app_id": (f"app-{n % _APPS:03}",)}, {}, ())
                for n in range(_SOURCES)
            ),
        )
        writer.add("task", (encode_entry((f"task-{n:06}",), detail, _ends(n), {}, ()) for n in range(_TASKS)))
        writer.finish()


def _ends(number: int) -> dict[str, tuple[str, ...]]:
    return {
        "source_datasource_id": (f"source-{number % _SOURCES:05}",),
        "target_datasource_id": (f"source-{(number + 1) % _SOURCES:05}",),
    }


def _imported(server: Served, package: Path) -> tuple[float, float]:
    with server.client("development") as client:
        idle = server.memory_bytes("VmRSS")
        server.forget_peak()
        began_at = time.perf_counter()
        job, _ = settled(client, client.import_package(package))
        seconds = time.perf_counter() - began_at
    assert job.status == "Success", job
    return ASSETS / seconds, round((server.memory_bytes("VmHWM") - idle) / _MIB, 1)


def _exported(server: Served, target: Path) -> tuple[float, float]:
    with server.client("development") as client:
        ids = [app.id for app in client.apps()]
        idle = server.memory_bytes("VmRSS")
        server.forget_peak()
        began_at = time.perf_counter()
        job, _ = settled(client, client.export(apps=ids))
        seconds = time.perf_counter() - began_at
        peak = server.memory_bytes("VmHWM")
        assert job.status == "Success", job
        client.download(str(job.archive_id), target)
    with PackageReader.open(target, PackageLimits()) as reader:
        assert sum(reader.manifest.counts.values()) == ASSETS
    return ASSETS / seconds, round((peak - idle) / _MIB, 1)


def _rows(package: Path) -> list[tuple[str, str, str]]:
    with PackageReader.open(package, PackageLimits()) as reader:
        return list(_entries(reader))


def _entries(reader: PackageReader) -> Iterator[tuple[str, str, str]]:
    for kind in reader.manifest.counts:
        for entry in reader.entries(kind):
            yield kind, entry.key[-1], bytes(entry.body).decode()


def _insert(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode=wal")
        database.execute(
            "create table assets (id text primary key, kind text, key text, body text, unique (kind, key))"
        )
        numbered = ((f"{number:032x}", *row) for number, row in enumerate(rows))
        database.executemany("insert into assets values (?, ?, ?, ?)", numbered)
        database.commit()


def _deflate(lines: list[bytes]) -> None:
    packer, digest = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15), hashlib.sha256()
    for start in range(0, len(lines), 400):
        block = b"".join(lines[start : start + 400])
        digest.update(block)
        zlib.crc32(block)
        packer.compress(block)
    packer.flush()


def _zip(lines: list[bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        package.writestr("assets.jsonl", b"".join(lines))
