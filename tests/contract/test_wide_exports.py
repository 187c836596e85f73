"""Exports of more assets of a kind than are read at a time, some of them with holes, with secrets, or with both."""

import io
import json
import zipfile
from typing import Any

import pytest
from tests.contract.extras import Extras
from tests.contract.handmade import handmade
from tests.contract.workplace import Workplace

from romaport.catalog.store import leaving
from romaport.packages import encode_entry

READ_AT_ONCE = 20
HIDING = (0, READ_AT_ONCE - 1, READ_AT_ONCE, 2 * READ_AT_ONCE + 7)
"""Which of the tasks hide a password: at both sides of a border, and not in every part."""
NUMBER = 3 * READ_AT_ONCE + 5


def task(number: int) -> bytes:
    detail = {"table": f"orders_{number}", "note": "caf\u00e9"}
    is_hiding = number in HIDING
    if is_hiding:
        detail["password"] = "********"
    body = {"task_detail": json.dumps(detail, ensure_ascii=False, separators=(",", ":")), "task_type": "TIMING"}
    ends = {"source_datasource_id": ("in",), "target_datasource_id": ("out",)}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return encode_entry((f"task-{number:05}",), text, ends, holes=("task_detail",) if is_hiding else ())


HOLES = [(), ("content.password",), ("content.api_auth_detail.secret", "content.password")]
"""What data sources lack in turn."""


def source(name: str, holes: tuple[str, ...] = ()) -> bytes:
    lacking = {path.split(".")[1] for path in holes}
    content: dict[str, Any] = {"host": "db", "port": "1"}
    if "password" in lacking:
        content["password"] = "********"
    if "api_auth_detail" in lacking:
        content["api_auth_detail"] = {"secret": "********"}
    body = {"content": content, "datasource_type": "MYSQL"}
    return encode_entry((name,), json.dumps(body, separators=(",", ":")), {"app_id": ("a",)}, holes=holes)


def test_every_line_comes_out_as_it_came_in_whichever_way_it_is_chosen(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_LINES_AT_ONCE", READ_AT_ONCE)
    tasks = [task(number) for number in range(NUMBER)]
    app = encode_entry(("a",), "{}", {}, {"key": "k"})
    job = work.imported(handmade(app=[app], data_source=[source("in"), source("out")], task=tasks))
    assert job["status"] == "Success", job["reasons"]
    whole, report = Extras(work).exported(everything=True)
    chosen, _ = Extras(work).exported(select={"task": ["*"]})
    assert report["outcome"]["exported"]["task"] == NUMBER
    for package in (whole, chosen):
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            assert opened.read("assets/task.jsonl").splitlines(keepends=True) == tasks


def test_a_line_names_what_it_lacks_and_what_it_hides_in_one_order(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_LINES_AT_ONCE", READ_AT_ONCE)
    names = [f"source-{number:05}" for number in range(NUMBER)]
    # Every other part has no asset with both.
    chosen = [HOLES[number % (2 + number // READ_AT_ONCE % 2)] for number in range(NUMBER)]
    sources = [source(name, holes) for name, holes in zip(names, chosen, strict=True)]
    filled = [name for number, name in enumerate(names) if number % 4 < 2 and chosen[number]]
    values = {name: {"content.password": "w"} for name in filled}
    app = encode_entry(("a",), "{}", {}, {"key": "k"})
    extras = Extras(work)
    report = extras.imported(handmade(app=[app], data_source=sources), values={"data_source": values})
    assert report["state"] == "succeeded", report
    package, _ = extras.exported(everything=True)
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        assert opened.read("assets/data_source.jsonl").splitlines(keepends=True) == sources
