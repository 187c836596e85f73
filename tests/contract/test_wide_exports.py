"""Exports of more assets of a kind than are read at a time, a few of them with an end of line of their own."""

import io
import json
import zipfile

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


def source(name: str) -> bytes:
    return encode_entry((name,), '{"content":{"host":"db","port":"1"},"datasource_type":"MYSQL"}', {"app_id": ("a",)})


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
