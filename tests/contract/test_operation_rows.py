"""Contract 2 and 3: what each version's page sends to the operations, what they refuse, and how."""

import io
import json
import zipfile
from typing import Any

import pytest
from tests.contract.workplace import FIELD, Workplace, lines_of, manifest_of, refusal
from tests.support.embedded import Account, EmbeddedServer


def test_2_1_export_row_apps_and_tasks_by_id(work: Workplace) -> None:
    made = work.add_set()
    package = work.exported(made["app"], tasks=(made["task"],))
    assert manifest_of(package)["counts"] == {"app": 1, "data_source": 2, "task": 1}


@pytest.mark.parametrize("name", ["id", "task_id"])
def test_2_1_export_row_tasks_alone_by_either_name(work: Workplace, name: str) -> None:
    made = work.add_set()
    found = work.settled(work.export({"tasks": [{name: made["task"]}]}))
    package = work.download(found["archive_id"]).content
    assert manifest_of(package)["counts"] == {"app": 1, "data_source": 2, "task": 1}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "apps, tasks"),
        ({"apps": [], "tasks": []}, "apps, tasks"),
        ({"apps": [{}]}, "apps[0]"),
        ({"tasks": [{}]}, "tasks[0]"),
        ({"apps": "orders"}, "apps"),
        ({"apps": [{"id": 7}]}, "apps[0]"),
        ({"apps": [{"id": "a" * 65}]}, "apps[0]"),
        ({"apps": [{"id": f"a{n}"} for n in range(101)]}, "apps"),
        ({"tasks": [{"id": f"a{n}"} for n in range(101)]}, "tasks"),
    ],
)
def test_2_1_export_refuses_and_names_the_field(
    server: EmbeddedServer, work: Workplace, body: dict[str, Any], named: str
) -> None:
    before = server.written()
    assert named in refusal(work.export(body), 400, "ROMA.13000")["error_details"]
    assert named in refusal(work.delete(body), 400, "ROMA.13000")["error_details"]
    assert server.written() == before


def test_2_1_export_lists_all_unknown_ids_at_once(server: EmbeddedServer, work: Workplace) -> None:
    app = work.add_app()["id"]
    before = server.written()
    asked = {"apps": [{"id": app}, {"id": "a" * 32}, {"id": "b" * 32}], "tasks": [{"id": "c" * 32}]}
    for answer in (work.export(asked), work.delete(asked)):
        body = refusal(answer, 404, "ROMAPORT.3002")
        assert all(letter * 32 in body["error_details"] for letter in "abc")
        assert app not in body["error_details"]
        assert len(body["error_msg"]) <= 128
    assert server.written() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"\xff\xfe"])
def test_2_1_export_refuses_a_body_that_is_no_json_object(work: Workplace, content: bytes) -> None:
    answer = work.http.post(work.roma("assets/export"), content=content, headers={"content-type": "application/json"})
    refusal(answer, 400, "ROMA.13001" if not content else "ROMA.13000")


def test_2_2_import_row_raw_zip_body(work: Workplace, elsewhere: Workplace) -> None:
    package = work.exported(work.add_set()["app"])
    headers = {"content-type": "application/zip"}
    answer = elsewhere.http.post(elsewhere.roma("assets/import"), content=package, headers=headers)
    assert elsewhere.settled(answer)["status"] == "Success"
    assert elsewhere.names() == work.names()


def test_2_2_import_row_multipart_field(work: Workplace, elsewhere: Workplace) -> None:
    assert elsewhere.imported(work.exported(work.add_set()["app"]))["status"] == "Success"
    assert elsewhere.names() == work.names()


@pytest.mark.parametrize("option", ["type", "mode"])
def test_2_2_import_option_merge_by_either_name(work: Workplace, option: str) -> None:
    package = work.exported(work.add_set()["app"])
    before = work.names()
    assert work.imported(package, **{option: "Merge"})["status"] == "Success"
    assert work.names() == before
    assert work.imported(package, **{option: "AddNew"})["status"] == "Failed"


def test_2_2_import_option_prefix_renames_apps_sources_and_tasks(work: Workplace) -> None:
    package = work.exported(work.add_set("orders")["app"])
    assert work.imported(package, prefix="copy-")["status"] == "Success"
    assert work.names() == {
        "apps": ["copy-orders", "orders"],
        "sources": ["copy-orders-in", "copy-orders-out", "orders-in", "orders-out"],
        "tasks": ["copy-orders-run", "orders-run"],
    }


@pytest.mark.parametrize(("overwrite", "kept"), [("false", True), ("true", False)])
def test_2_2_import_option_datasource_overwrite(
    work: Workplace, elsewhere: Workplace, overwrite: str, *, kept: bool
) -> None:
    package = work.exported(work.add_set()["app"])
    elsewhere.imported(package)
    sources = elsewhere.http.get(elsewhere.fdi("datasources")).json()["entities"]
    source = next(found for found in sources if found["datasource_name"] == "orders-in")
    body = {name: source[name] for name in ("datasource_name", "datasource_type", "app_id")}
    path = elsewhere.fdi(f"datasources/{source['datasource_id']}")
    changed = {**body, "content": {"host": "other.example", "password": "own-word"}}
    assert elsewhere.http.put(path, json=changed).status_code == 200
    assert elsewhere.imported(package, type="Merge", datasource_overwrite=overwrite)["status"] == "Success"
    after = elsewhere.http.get(path).json()
    assert after["content"]["host"] == ("other.example" if kept else "db.acme.example")
    assert after["content"]["password"] == "********"


@pytest.mark.parametrize(
    "query",
    [
        {"datasource_overwrite": "true"},
        {"type": "Replace"},
        {"type": "Merge", "mode": "AddNew"},
        {"datasource_overwrite": "yes"},
        {"prefix": "p" * 65},
    ],
)
def test_2_2_import_refuses_options(server: EmbeddedServer, work: Workplace, query: dict[str, str]) -> None:
    package = work.exported(work.add_app()["id"])
    before = server.written()
    refusal(work.import_package(package, **query), 400, "ROMA.13000")
    assert server.written() == before


def test_2_2_import_collisions_are_all_said_and_nothing_is_written(work: Workplace) -> None:
    package = work.exported(work.add_set()["app"])
    before = work.names()
    found = work.imported(package)
    names = [reason["resource_name"] for reason in found["reasons"]]
    assert names == ["orders", "orders-in", "orders-out", "orders-run"]
    assert work.names() == before


def _damaged(package: bytes) -> bytes:
    at = package.index(b"assets/app.jsonl") + 40
    return package[:at] + bytes([package[at] ^ 0xFF]) + package[at + 1 :]


def _of_version(package: bytes, version: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = json.dumps({**json.loads(content), "version": version}).encode()
            written.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("package.zip", lambda _: b"no zip at all", "ROMA.10011"),
        ("package.zip", _damaged, "ROMA.10011"),
        ("package.zip", lambda package: package[:-30], "ROMA.10011"),
        ("package.zip", lambda package: _of_version(package, 99), "ROMAPORT.4002"),
        ("package.txt", lambda package: package, "ROMA.10013"),
        ("-package.zip", lambda package: package, "ROMA.10013"),
        ("pack age.zip", lambda package: package, "ROMA.10013"),
    ],
)
def test_2_2_import_refuses_files(server: EmbeddedServer, work: Workplace, name: str, change: Any, code: str) -> None:
    package = work.exported(work.add_set()["app"])
    before = server.written()
    refusal(work.import_package(change(package), name), 400, code)
    assert server.written() == before


def test_2_2_import_refuses_another_form_field(work: Workplace) -> None:
    answer = work.http.post(work.roma("assets/import"), files={"file": ("package.zip", b"x")})
    assert FIELD in refusal(answer, 400, "ROMA.13000")["error_details"]


def test_2_2_import_secrets_stay_and_keys_are_kept_if_free(work: Workplace, elsewhere: Workplace) -> None:
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


@pytest.mark.parametrize("form", ["text", "id"])
def test_2_3_delete_row_apps_as_texts_or_objects(work: Workplace, form: str) -> None:
    app = work.add_set()["app"]
    found = work.settled(work.delete({"apps": [app if form == "text" else {"id": app}]}))
    assert found["status"] == "Success"
    assert work.names() == {"apps": [], "sources": [], "tasks": []}


@pytest.mark.parametrize("name", ["id", "task_id"])
def test_2_3_delete_row_tasks_by_either_name(work: Workplace, name: str) -> None:
    made = work.add_set()
    assert work.settled(work.delete({"tasks": [{name: made["task"]}]}))["status"] == "Success"
    assert work.names()["tasks"] == []
    assert len(work.names()["sources"]) == 2


def test_2_3_delete_refuses_what_another_application_still_uses(work: Workplace) -> None:
    first, second = work.add_app("first")["id"], work.add_app("second")["id"]
    source = work.add_source(first, "first-db")["datasource_id"]
    target = work.add_source(second, "second-db")["datasource_id"]
    work.add_task(source, target, "bridge")
    before = work.names()
    found = work.settled(work.delete({"apps": [first]}))
    assert found["status"] == "Failed"
    assert found["reasons"][0]["resource_name"] == "first-db"
    assert work.names() == before


def test_2_4_download_is_a_zip_whose_name_can_be_imported(work: Workplace, elsewhere: Workplace) -> None:
    answer = work.download(work.archive({"apps": [{"id": work.add_app()["id"]}]}))
    assert answer.headers["content-type"] == "application/zip"
    name = answer.headers["content-disposition"].split('"')[1]
    assert elsewhere.settled(elsewhere.import_package(answer.content, name))["status"] == "Success"


def test_2_4_head_range_and_conditions_do_not_use_the_download_up(work: Workplace) -> None:
    archive = work.archive({"apps": [{"id": work.add_app()["id"]}]})
    head = work.download(archive, "HEAD")
    size, etag = int(head.headers["content-length"]), head.headers["etag"]
    assert head.content == b""
    part = work.download(archive, range="bytes=10-19")
    assert (part.status_code, len(part.content)) == (206, 10)
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    assert work.download(archive, if_none_match=etag).status_code == 304
    refusal(work.download(archive, range=f"bytes={size}-"), 416, "ROMAPORT.2104")
    whole = work.download(archive)
    assert len(whole.content) == size
    assert whole.content[10:20] == part.content


def test_2_4_a_second_download_is_gone_and_says_when_and_by_whom(work: Workplace, admin: Account) -> None:
    archive = work.archive({"apps": [{"id": work.add_app()["id"]}]})
    assert work.download(archive).status_code == 200
    assert admin.name in refusal(work.download(archive), 410, "ROMAPORT.2102")["error_msg"]
    refusal(work.download("0" * 32), 404, "ROMAPORT.2101")


def test_2_5_a_trailing_slash_is_never_redirected(work: Workplace) -> None:
    assert not 300 <= work.http.get(work.roma("apps/")).status_code < 400


def test_2_5_a_get_with_a_content_type_has_no_body(work: Workplace) -> None:
    assert work.http.get(work.roma("apps"), headers={"content-type": "application/json"}).status_code == 200


def test_2_5_a_slash_inside_a_path_value_is_no_other_operation(work: Workplace) -> None:
    assert work.http.get(work.roma("assets/jobs/a%2Fb")).status_code == 404


def test_2_limit_one_running_job_per_user_and_type(server: EmbeddedServer, work: Workplace, ann: Account) -> None:
    app = work.add_app()["id"]
    with server.gates.held("export.stored") as reached:
        started = work.export({"apps": [{"id": app}]})
        assert reached.wait(60)
        before = server.written()
        refusal(work.export({"apps": [{"id": app}]}), 400, "ROMA.10012")
        assert server.written() == before
        other = Workplace(ann.http, work.instance_id)
        own = other.add_app("anns")["id"]
        theirs = other.export({"apps": [{"id": own}]})
        assert theirs.status_code == 200
    assert other.settled(theirs)["status"] == "Success"
    assert work.settled(started)["status"] == "Success"
    assert work.export({"apps": [{"id": app}]}).status_code == 200


@pytest.mark.parametrize(
    ("row", "path", "status", "code"),
    [
        ("public resources", "instances/{instance}/apps/none", 404, "ROMAPORT.3001"),
        ("APIC", "apic/instances/none", 404, "ROMAPORT.1201"),
        ("LINK", "link/instances/{instance}/products", 404, "ROMA.1007"),
        ("FDI", "fdi/instances/{instance}/tasks/none", 404, "ROMAPORT.3001"),
        ("FDI data sources", "fdi/instances/{instance}/datasources/none", 404, "ROMAPORT.3001"),
    ],
)
def test_3_1_every_family_of_the_table_gets_all_four_fields(
    work: Workplace, row: str, path: str, status: int, code: str
) -> None:
    assert row
    refusal(work.http.get(path.format(instance=work.instance_id)), status, code)


def test_3_1_row_api_gateway_a_wrong_identity_is_401(server: EmbeddedServer, work: Workplace) -> None:
    http = server.http(f"/v2/{server.project_id}/", {"x-auth-token": "wrong"})
    body = refusal(http.get(work.roma("apps")), 401, "APIGW.0301")
    assert body["error_msg"].endswith("decrypt token fail")


def test_3_1_unknown_paths_and_methods_are_refused_in_the_same_shape(work: Workplace) -> None:
    refusal(work.http.get(work.roma("nothing-here")), 404, "ROMA.1007")
    refusal(work.http.patch(work.roma("apps")), 405, "ROMAPORT.1002")


def test_3_1_iam_has_its_own_envelope(server: EmbeddedServer) -> None:
    answer = server.http().get("/v3/projects")
    assert answer.status_code == 401
    assert set(answer.json()["error"]) >= {"code", "message", "title"}
    assert answer.headers["x-request-id"]


def test_3_1_every_answer_carries_a_request_id(work: Workplace) -> None:
    ids = {work.http.get(work.roma("apps")).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("case", ["instance", "project", "permission"])
def test_3_4_foreign_things_and_missing_permissions(server: EmbeddedServer, work: Workplace, case: str) -> None:
    if case == "instance":
        refusal(Workplace(work.http, "0" * 32).export({"apps": [{"id": "a"}]}), 404, "ROMAPORT.1201")
    elif case == "project":
        stranger = server.account("Tenant Administrator", project_id=server.other_project_id)
        http = server.http(f"/v2/{server.project_id}/", {"x-auth-token": stranger.token})
        refusal(http.get(work.roma("apps")), 403, "ROMAPORT.1101")
    else:
        reader = Workplace(server.account("ROMA ReadOnlyAccess").http, work.instance_id)
        for answer in (reader.export({}), reader.delete({}), reader.import_package(b"x")):
            refusal(answer, 403, "ROMA.1006")


def test_5_2_other_users_applications_do_not_exist(work: Workplace, ann: Account, ben: Account) -> None:
    anns, bens = Workplace(ann.http, work.instance_id), Workplace(ben.http, work.instance_id)
    made = anns.add_set("anns")
    assert bens.names() == {"apps": [], "sources": [], "tasks": []}
    refusal(bens.http.get(bens.roma(f"apps/{made['app']}")), 404, "ROMAPORT.3001")
    refusal(bens.export({"apps": [{"id": made["app"]}]}), 404, "ROMAPORT.3002")
    shared = {"users": [{"id": ben.id, "roles": ["read"]}]}
    assert anns.http.put(anns.roma(f"apps/{made['app']}/users"), json=shared).status_code == 200
    assert bens.names()["tasks"] == ["anns-run"]
    refusal(bens.http.put(bens.roma(f"apps/{made['app']}"), json={"remark": "x"}), 403, "ROMA.12001")
