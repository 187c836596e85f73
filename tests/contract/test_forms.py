"""Contract 7.7: the form that brings API definitions in, and what of an API no request may name."""

import json
from typing import Any

import pytest
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import EmbeddedServer

DOCUMENT = {
    "swagger": "2.0",
    "info": {"title": "Stock", "version": "1"},
    "paths": {"/things": {"get": {"operationId": "listThings", "responses": {"200": {"description": "found"}}}}},
}
FILE = ("apis.json", json.dumps(DOCUMENT).encode())
PATH = "apic/instances/{}/openapi/import"


def send(work: Workplace, **form: Any) -> Any:
    return work.http.post(PATH.format(work.instance_id), **form)


def test_7_7_import_takes_every_spelling_of_its_fields(work: Workplace) -> None:
    app = work.add_app()["id"]
    fields = {"is_create_group": "True", "roma_app_id": app, "simple_mode": "FALSE", "mock_mode": "false"}
    answer = send(work, files={"file_name": FILE}, data=fields)
    assert answer.status_code == 200, answer.text
    assert [found["path"] for found in answer.json()["success"]] == ["/things"]


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"content": b""}, "Content-Type"),
        ({"content": b"{}", "headers": {"content-type": "application/json"}}, "Content-Type"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, "Content-Type"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, "multipart form"),
        ({"files": {"file": FILE}}, "file: is not a field of this form"),
        ({"files": {"file_name": FILE, "other": (None, b"1")}}, "other: is not a field of this form"),
        ({"files": [("file_name", FILE), ("file_name", FILE)]}, "file_name: must be given once"),
        ({"files": {"file_name": FILE, "group_id": (None, b"\xff")}}, "group_id: must be UTF-8"),
        ({"files": {"group_id": (None, b"1")}}, "file_name: the form needs a file of this name"),
    ],
)
def test_7_7_import_refuses_forms(server: EmbeddedServer, work: Workplace, form: dict[str, Any], named: str) -> None:
    before = server.written()
    answer = send(work, **form)
    assert named in refusal(answer, 400, "ROMA.13000")["error_details"]
    assert server.written() == before


def test_7_7_what_is_kept_of_a_document_is_on_no_wire(server: EmbeddedServer, work: Workplace) -> None:
    app = work.add_app()["id"]
    done = send(work, files={"file_name": FILE}, data={"app_id": app}).json()
    path = f"apic/instances/{work.instance_id}/apis/{done['success'][0]['id']}"
    shown = work.http.get(path).json()
    assert "openapi" not in shown
    before = server.written()
    fields = ("name", "type", "req_protocol", "req_method", "req_uri", "auth_type", "backend_type", "group_id")
    body = {"openapi": "{}", **{name: shown[name] for name in fields}, "mock_info": {}}
    details = refusal(work.http.put(path, json=body), 400, "ROMA.13000")["error_details"]
    assert details == "Invalid parameters: openapi: is not a field of this request"
    assert server.written() == before
