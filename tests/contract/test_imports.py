"""Contract 2.2: how the package travels and which options there are, a row per published version; then the files."""

import io
import json
import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from tests.contract.workplace import FIELD, Workplace, lines_of, refusal
from tests.support.embedded import Account, EmbeddedServer


@pytest.fixture
def package(work: Workplace) -> bytes:
    """An application with two data sources and a task, exported."""
    return work.exported(work.add_set("orders")["app"])


# the table of versions


@pytest.mark.parametrize(
    "body",
    [
        {"apps": "orders", "tasks": [{"task_id": "a" * 32}]},
        {"apps": "orders"},
        {"tasks": [{"task_id": "a" * 32}]},
        {},
        {"ImportAssetRequestBody": "assetname.zip"},
    ],
    ids=["apps and tasks", "apps", "tasks", "nothing", "the illustration of the field"],
)
def test_row_2022_pages_a_json_body_without_a_file_is_refused(
    server: EmbeddedServer, work: Workplace, body: dict[str, Any]
) -> None:
    work.add_set("orders")
    before = server.written()
    content = json.dumps(body).encode()
    for content_type in ("application/json", "application/json;charset=utf-8"):
        answer = work.http.post(work.roma("assets/import"), content=content, headers={"content-type": content_type})
        said = refusal(answer, 400, "ROMA.13000")
        assert f"{FIELD}: a package comes as this field of a form or as application/zip" in said["error_details"]
    assert server.written() == before


def test_row_h_3_0_73_to_3_0_104_a_raw_body_of_application_zip(
    work: Workplace, elsewhere: Workplace, package: bytes
) -> None:
    answer = elsewhere.http.post(
        elsewhere.roma("assets/import"), content=package, headers={"content-type": "application/zip"}
    )
    assert elsewhere.settled(answer)["status"] == "Success"
    assert elsewhere.names() == work.names()


def test_row_h_3_0_73_to_3_0_104_signed_with_its_payload_left_out(
    server: EmbeddedServer, admin: Account, elsewhere: Workplace, package: bytes
) -> None:
    access_key, secret = server.directory.add_key(admin.id)
    request = SdkRequest(
        method="POST",
        schema="http",
        host="server",
        resource_path=f"/v2/{server.project_id}/{elsewhere.roma('assets/import')}",
        query_params=[],
        header_params={
            "Content-Type": "application/zip",
            "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD",
            "X-Sdk-Date": server.clock().strftime("%Y%m%dT%H%M%SZ"),
            "X-Project-Id": server.project_id,
        },
        body=package,
    )
    done = Signer(SimpleNamespace(ak=access_key, sk=secret)).sign(request)
    answer = server.http().post(f"http://server{done.uri}", content=package, headers=done.header_params)
    assert elsewhere.settled(answer)["status"] == "Success"


def test_row_h_3_0_108_to_p_3_1_219_a_form_with_one_file(work: Workplace, elsewhere: Workplace, package: bytes) -> None:
    boundary = "0123456789abcdef" * 2
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{FIELD}"; filename="lake+side_1.zip"\r\n\r\n'
    answer = elsewhere.http.post(
        elsewhere.roma("assets/import"),
        content=head.encode() + package + f"\r\n--{boundary}--\r\n".encode(),
        headers={"content-type": f"multipart/form-data; boundary={boundary}"},
    )
    assert elsewhere.settled(answer)["status"] == "Success"
    assert elsewhere.names() == work.names()


@pytest.mark.parametrize("option", ["mode", "type"], ids=["D 2023-06-29 mode", "D 2025-03-26 and later type"])
def test_row_option_add_new_or_merge_under_the_name_of_either_version(
    work: Workplace, package: bytes, option: str
) -> None:
    before = work.names()
    assert work.imported(package, **{option: "Merge"})["status"] == "Success"
    assert work.names() == before
    assert work.imported(package, **{option: "AddNew"})["status"] == "Failed"
    assert work.imported(package)["status"] == "Failed", "AddNew is the default"
    assert work.names() == before


def test_row_option_prefix_renames_apps_sources_and_tasks(work: Workplace, package: bytes) -> None:
    assert work.imported(package, prefix="copy-")["status"] == "Success"
    assert work.names() == {
        "apps": ["copy-orders", "orders"],
        "sources": ["copy-orders-in", "copy-orders-out", "orders-in", "orders-out"],
        "tasks": ["copy-orders-run", "orders-run"],
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [({"datasource_overwrite": "false"}, True), ({"datasource_overwrite": "true"}, False), ({}, True)],
    ids=["false", "true", "not given"],
)
def test_row_option_datasource_overwrite(
    work: Workplace, elsewhere: Workplace, package: bytes, given: dict[str, str], *, kept: bool
) -> None:
    assert work.names()["apps"] == ["orders"]
    elsewhere.imported(package)
    sources = elsewhere.http.get(elsewhere.fdi("datasources")).json()["entities"]
    source = next(found for found in sources if found["datasource_name"] == "orders-in")
    body = {name: source[name] for name in ("datasource_name", "datasource_type", "app_id")}
    path = elsewhere.fdi(f"datasources/{source['datasource_id']}")
    changed = {**body, "content": {"host": "other.example", "password": "own-word"}}
    assert elsewhere.http.put(path, json=changed).status_code == 200
    assert elsewhere.imported(package, type="Merge", **given)["status"] == "Success"
    after = elsewhere.http.get(path).json()
    assert after["content"]["host"] == ("other.example" if kept else "db.acme.example")
    assert after["content"]["password"] == "********"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"datasource_overwrite": "true"}, "datasource_overwrite"),
        ({"type": "Replace"}, "type"),
        ({"type": "Merge", "mode": "AddNew"}, "mode"),
        ({"datasource_overwrite": "yes"}, "datasource_overwrite"),
        ({"prefix": "p" * 65}, "prefix"),
    ],
    ids=["overwriting without merging", "no such type", "mode against type", "neither true nor false", "long prefix"],
)
def test_an_option_that_cannot_be_is_refused_by_its_name(
    server: EmbeddedServer, work: Workplace, package: bytes, query: dict[str, str], named: str
) -> None:
    before = server.written()
    assert named in refusal(work.import_package(package, **query), 400, "ROMA.13000")["error_details"]
    assert server.written() == before


# the file


def _damaged(package: bytes) -> bytes:
    at = package.index(b"assets/app.jsonl") + 40
    return package[:at] + bytes([package[at] ^ 0xFF]) + package[at + 1 :]


def _cut_off(package: bytes) -> bytes:
    return package[:-30]


def _of_version_99(package: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = json.dumps({**json.loads(content), "version": 99}).encode()
            written.writestr(name, content)
    return target.getvalue()


def _unchanged(package: bytes) -> bytes:
    return package


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("package.zip", lambda _: b"no zip at all", "ROMA.10011"),
        ("package.zip", _damaged, "ROMA.10011"),
        ("package.zip", _cut_off, "ROMA.10011"),
        ("package.zip", _of_version_99, "ROMAPORT.4002"),
        ("package.txt", _unchanged, "ROMA.10013"),
        ("-package.zip", _unchanged, "ROMA.10013"),
        ("pack age.zip", _unchanged, "ROMA.10013"),
    ],
    ids=["no zip", "damaged", "cut off", "unknown version", "no zip by its name", "begins with a minus", "a space"],
)
def test_file_rules_a_file_that_is_no_good_package_is_refused(
    server: EmbeddedServer, work: Workplace, package: bytes, name: str, change: Callable[[bytes], bytes], code: str
) -> None:
    before = server.written()
    refusal(work.import_package(change(package), name), 400, code)
    assert server.written() == before


@pytest.mark.parametrize("field", ["file", FIELD.lower()])
def test_the_field_s_name_is_case_sensitive_and_no_other(
    server: EmbeddedServer, work: Workplace, package: bytes, field: str
) -> None:
    before = server.written()
    answer = work.http.post(work.roma("assets/import"), files={field: ("package.zip", package)})
    assert FIELD in refusal(answer, 400, "ROMA.13000")["error_details"]
    assert server.written() == before


def test_a_form_without_a_file_is_refused(server: EmbeddedServer, work: Workplace) -> None:
    before = server.written()
    answer = work.http.post(
        work.roma("assets/import"),
        content=b"--edge--\r\n",
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert FIELD in refusal(answer, 400, "ROMA.13000")["error_details"]
    assert server.written() == before


# what comes of it


def test_collisions_are_all_said_and_nothing_is_written(work: Workplace, package: bytes) -> None:
    before = work.names()
    found = work.imported(package)
    names = [reason["resource_name"] for reason in found["reasons"]]
    assert names == ["orders", "orders-in", "orders-out", "orders-run"]
    assert work.names() == before


def test_secrets_stay_and_keys_are_kept_where_they_are_free(work: Workplace, elsewhere: Workplace) -> None:
    app = work.add_app("orders", key="orders-key", secret="quite-a-secret")
    work.add_source(app["id"])
    package = work.exported(app["id"])
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        text = b"".join(opened.read(name) for name in opened.namelist())
    assert b"quite-a-secret" not in text
    assert b"hidden-word" not in text
    assert lines_of(package, "data_source")[0]["holes"] == ["content.password"]
    elsewhere.imported(package)
    (arrived,) = elsewhere.http.get(elsewhere.roma("apps")).json()["apps"]
    assert arrived["key"] == "orders-key"
    secret = elsewhere.http.get(elsewhere.roma(f"apps/{arrived['id']}/secret")).json()["secret"]
    assert secret not in ("", None, "quite-a-secret")
    elsewhere.imported(package, prefix="again-")
    keys = {found["key"] for found in elsewhere.http.get(elsewhere.roma("apps")).json()["apps"]}
    assert len(keys) == 2
