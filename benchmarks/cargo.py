"""Packages to carry: applications, data sources and tasks, about 600 bytes each, of texts that pack like real ones."""

import os
import random
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from romaport.packages import PackageSource, PackageWriter, encode_entry

__all__ = ["blocks_of", "counts_of", "sizes", "write_package"]

_SIZES = "1000,100000,1000000"
_TEXTS = 499
_BLOCK_BYTES = 256 * 1024


def sizes() -> list[int]:
    """Answer how many assets to measure with: `ASSETS=1000,100000` in the environment leaves out what takes long."""
    return [int(size) for size in os.environ.get("ASSETS", _SIZES).replace("_", "").split(",")]


def counts_of(number: int) -> dict[str, int]:
    """Divide a number of assets among kinds: one application for 2,000, one data source for 50, tasks."""
    apps, sources = max(1, number // 2_000), number // 50
    return {"app": apps, "data_source": sources, "task": number - apps - sources}


def write_package(path: Path, number: int) -> None:
    """Write a package of so many assets, the same whenever it is written."""
    counts = counts_of(number)
    apps, sources = counts["app"], counts["data_source"]
    source = PackageSource(project_id="bench", instance_id="bench", instance_name="bench")
    texts = _texts()
    with PackageWriter(path, source=source, counts=counts) as writer:
        writer.add("app", (encode_entry((f"app-{n:06}",), "{}", {}, {"key": f"key-{n}"}) for n in range(apps)))
        writer.add("data_source", (_data_source(n, apps, texts) for n in range(sources)))
        writer.add("task", (_task(n, sources, texts) for n in range(counts["task"])))
        writer.finish(as_of=datetime(2026, 1, 1, tzinfo=UTC))


def _data_source(number: int, apps: int, texts: list[str]) -> bytes:
    note = texts[number % _TEXTS]
    content = '{"content":{"host":"db-%d.example","port":"3306","note":"%s"},"datasource_type":"MYSQL"}'
    return encode_entry((f"source-{number:06}",), content % (number, note), {"app_id": (f"app-{number % apps:06}",)})


def _task(number: int, sources: int, texts: list[str]) -> bytes:
    detail = {"note": texts[number % _TEXTS], "offset": number, "table": f"orders_{number % 97}"}
    body = {
        "description": f"carries orders, number {number}",
        "task_detail": msgspec.json.encode(detail).decode(),
        "task_type": "TIMING",
    }
    ends = {
        "source_datasource_id": (f"source-{number % sources:06}",),
        "target_datasource_id": (f"source-{(number * 7 + 1) % sources:06}",),
    }
    return encode_entry((f"task-{number:07}",), msgspec.json.encode(body).decode(), ends)


def _texts() -> list[str]:
    chance = random.Random(7)  # noqa: S311 - the same texts every time
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 10))) for _ in range(2_000)]
    return [" ".join(chance.choices(words, k=40))[:285] for _ in range(_TEXTS)]


def blocks_of(package: Path) -> list[bytes]:
    """Read the lines of a package, joined to the blocks that a writer deflates at a time."""
    blocks: list[bytes] = []
    with zipfile.ZipFile(package) as opened:
        for name in opened.namelist()[1:]:
            with opened.open(name) as member:
                blocks += iter(partial(member.read, _BLOCK_BYTES), b"")
    return blocks
