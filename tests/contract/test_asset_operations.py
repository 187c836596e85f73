"""Contract 2: the five operations of one family, the limits on every page, and what each version of a body is.

2.1 ExportAsset and 2.3 DeleteAsset are here; 2.2 is in test_imports.py, 2.4 in test_downloads.py, 2.5 in
test_sdk_transport.py.
"""

from typing import Any

import pytest
from tests.contract.workplace import Workplace, lines_of, refusal
from tests.support.embedded import Account, EmbeddedServer

_UNKNOWN = "f" * 32


# the table of operations


@pytest.mark.parametrize("operation", ["export", "import", "delete"])
def test_operation_answers_200_with_a_job_id_and_nothing_else(
    work: Workplace, elsewhere: Workplace, operation: str
) -> None:
    app = work.add_app()["id"]
    where = work
    if operation == "import":
        package = work.exported(app)
        where, answer = elsewhere, elsewhere.import_package(package)
    else:
        answer = work.http.post(work.roma(f"assets/{operation}"), json={"apps": [{"id": app}]})
    assert answer.status_code == 200
    assert list(answer.json()) == ["job_id"]
    assert 1 <= len(answer.json()["job_id"]) <= 64
    where.settled(answer)


def test_operation_check_asset_job_status_answers_200(work: Workplace) -> None:
    started = work.export({"apps": [{"id": work.add_app()["id"]}]})
    assert work.progress(started.json()["job_id"]).status_code == 200
    work.settled(started)


def test_operation_download_asset_archive_answers_200_with_the_package(work: Workplace) -> None:
    answer = work.download(work.archive({"apps": [{"id": work.add_app()["id"]}]}))
    assert answer.status_code == 200
    assert answer.content.startswith(b"PK\x03\x04")


@pytest.mark.parametrize("operation", ["export", "import", "delete"])
def test_each_documents_403_as_its_error(server: EmbeddedServer, work: Workplace, operation: str) -> None:
    limited = Workplace(server.account("ROMA ReadOnlyAccess").http, work.instance_id)
    before = server.written()
    body = refusal(limited.http.post(limited.roma(f"assets/{operation}"), json={}), 403, "ROMA.1006")
    assert f"roma:assets:{operation}" in body["error_details"]
    assert server.written() == before


def test_download_documents_403_as_its_error(server: EmbeddedServer, work: Workplace) -> None:
    limited = Workplace(server.account("ROMA ReadOnlyAccess").http, work.instance_id)
    body = refusal(limited.download(_UNKNOWN), 403, "ROMA.1006")
    assert "roma:assets:download" in body["error_details"]


# limits


@pytest.mark.parametrize("field", ["apps", "tasks"])
@pytest.mark.parametrize("operation", ["export", "delete"])
def test_limit_of_100_applications_and_of_100_tasks_in_one_job(
    server: EmbeddedServer, work: Workplace, operation: str, field: str
) -> None:
    before = server.written()
    body = {field: [{"id": f"{number:032x}"} for number in range(101)]}
    said = refusal(work.http.post(work.roma(f"assets/{operation}"), json=body), 400, "ROMA.13000")
    assert f"{field}: at most 100 per job, 101 given" in said["error_details"]
    # One less is looked for, and told to be unknown.
    body[field].pop()
    refusal(work.http.post(work.roma(f"assets/{operation}"), json=body), 404, "ROMAPORT.3002")
    assert server.written() == before


def test_limit_of_one_job_of_a_type_per_user_and_instance(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace
) -> None:
    body = {"apps": [{"id": work.add_app()["id"]}]}
    there = {"apps": [{"id": elsewhere.add_app()["id"]}]}
    with server.gates.held("export.written") as reached:
        first = work.export(body)
        assert reached.wait(30)
        before = server.written()
        refusal(work.export(body), 400, "ROMA.10012")
        assert server.written() == before
        other = Workplace(server.account("Tenant Administrator").http, work.instance_id)
        second = other.export(body)
        assert second.status_code == 200
        assert elsewhere.export(there).status_code == 200
    assert work.settled(first)["status"] == "Success"
    assert other.settled(second)["status"] == "Success"
    assert work.settled(work.export(body))["status"] == "Success"


def test_limit_is_per_type_of_job(server: EmbeddedServer, work: Workplace) -> None:
    body = {"apps": [{"id": work.add_app()["id"]}]}
    package = work.exported(body["apps"][0]["id"])
    with server.gates.held("export.written") as reached:
        first = work.export(body)
        assert reached.wait(30)
        assert work.imported(package, type="Merge")["status"] == "Success"
        assert work.settled(work.delete({"apps": [work.add_app("spare")["id"]]}))["status"] == "Success"
    work.settled(first)


# 2.1 ExportAsset


def _kinds(package: bytes) -> dict[str, list[str]]:
    kinds = ("app", "data_source", "task")
    return {kind: sorted(line["key"][-1] for line in lines_of(package, kind)) for kind in kinds}


_WHOLE = {"app": ["orders"], "data_source": ["orders-in", "orders-out"], "task": ["orders-run"]}


def test_export_2022_page_apps_as_a_text_are_refused_as_no_list(server: EmbeddedServer, work: Workplace) -> None:
    work.add_app("orders")
    before = server.written()
    assert "apps" in refusal(work.export({"apps": "orders"}), 400, "ROMA.13000")["error_details"]
    assert server.written() == before


def test_export_2022_page_tasks_as_task_id(work: Workplace) -> None:
    made = work.add_set()
    found = work.download(work.archive({"tasks": [{"task_id": made["task"]}]})).content
    assert _kinds(found) == _WHOLE


@pytest.mark.parametrize("version", ["H 3.0.73 up to P 3.1.219", "D 2023-06-29", "D 2025-07, 2025-10"])
def test_export_apps_and_tasks_as_id(work: Workplace, version: str) -> None:
    made = work.add_set()
    other = work.add_app("billing")["id"]
    bodies: dict[str, Any] = {
        "H 3.0.73 up to P 3.1.219": {"apps": [{"id": made["app"]}]},
        "D 2023-06-29": {"apps": [{"id": other}], "tasks": [{"id": made["task"]}]},
        "D 2025-07, 2025-10": {"apps": [{"id": made["app"]}, {"id": other}], "tasks": [{"id": made["task"]}]},
    }
    found = work.download(work.archive(bodies[version])).content
    expected = _WHOLE if "3.1.219" in version else _WHOLE | {"app": ["billing", "orders"]}
    assert _kinds(found) == expected


def test_export_of_an_app_takes_everything_that_belongs_to_it_and_nothing_else(work: Workplace) -> None:
    made = work.add_set("orders")
    work.add_set("billing")
    assert _kinds(work.exported(made["app"])) == _WHOLE


def test_export_of_a_task_takes_its_data_sources_and_their_apps(work: Workplace) -> None:
    made = work.add_set("orders")
    other = work.add_set("billing")
    crossing = work.add_task(made["in"], other["out"], "crossing")["task_id"]
    found = _kinds(work.exported(tasks=(crossing,)))
    assert found == {"app": ["billing", "orders"], "data_source": ["billing-out", "orders-in"], "task": ["crossing"]}


@pytest.mark.parametrize("body", [{"apps": None, "tasks": None}, {}, {"apps": []}, {"apps": [], "tasks": []}])
@pytest.mark.parametrize("operation", ["export", "delete"])
def test_both_absent_is_refused(server: EmbeddedServer, work: Workplace, operation: str, body: dict[str, Any]) -> None:
    before = server.written()
    said = refusal(work.http.post(work.roma(f"assets/{operation}"), json=body), 400, "ROMA.13000")
    assert "apps, tasks" in said["error_details"]
    assert server.written() == before


@pytest.mark.parametrize("field", ["apps", "tasks"])
@pytest.mark.parametrize("element", [{}, {"id": ""}, {"id": None}, {"id": 5}, {"id": "x" * 65}, 5, None, [], ""])
@pytest.mark.parametrize("operation", ["export", "delete"])
def test_an_element_without_a_usable_id_is_refused_with_its_place(
    server: EmbeddedServer, work: Workplace, operation: str, field: str, element: object
) -> None:
    body: dict[str, Any] = {"apps": [{"id": work.add_app()["id"]}]}
    body[field] = [*body.get(field, []), element]
    before = server.written()
    said = refusal(work.http.post(work.roma(f"assets/{operation}"), json=body), 400, "ROMA.13000")
    assert f"{field}[{len(body[field]) - 1}]" in said["error_details"]
    assert server.written() == before


@pytest.mark.parametrize("operation", ["export", "delete"])
def test_null_beside_an_id_is_an_absent_field(work: Workplace, operation: str) -> None:
    made = work.add_set()
    body = {"apps": None, "tasks": [{"id": made["task"], "task_id": None}]}
    assert work.settled(work.http.post(work.roma(f"assets/{operation}"), json=body))["status"] == "Success"


@pytest.mark.parametrize("operation", ["export", "delete"])
def test_unknown_ids_are_refused_at_once_with_all_of_them_listed(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, operation: str
) -> None:
    made, foreign = work.add_set(), elsewhere.add_set()
    unknown = ["0" * 32, "no-such", foreign["app"], made["in"]]
    body = {
        "apps": [{"id": found} for found in (made["app"], *unknown)],
        "tasks": [{"id": found} for found in (made["task"], "1" * 32, foreign["task"], made["app"])],
    }
    before = server.written()
    said = refusal(work.http.post(work.roma(f"assets/{operation}"), json=body), 404, "ROMAPORT.3002")
    for asset_id in (*(f"application {found}" for found in unknown), f"task {'1' * 32}", f"task {foreign['task']}"):
        assert asset_id in said["error_details"]
    assert f"application {made['app']}" not in said["error_details"]
    assert f"task {made['app']}" in said["error_details"]
    assert said["error_msg"].startswith("7 of")
    assert len(said["error_msg"]) <= 128
    assert server.written() == before


def test_a_body_of_no_bytes_is_a_missing_body(server: EmbeddedServer, work: Workplace) -> None:
    before = server.written()
    for operation in ("export", "import", "delete"):
        refusal(work.http.post(work.roma(f"assets/{operation}"), content=b""), 400, "ROMA.13001")
    assert server.written() == before


@pytest.mark.parametrize("operation", ["export", "delete"])
@pytest.mark.parametrize("content", [b"{", b"[]", b'"text"', b"null", b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_refused(
    server: EmbeddedServer, work: Workplace, operation: str, content: bytes
) -> None:
    before = server.written()
    answer = work.http.post(
        work.roma(f"assets/{operation}"), content=content, headers={"content-type": "application/json"}
    )
    assert "body: must be" in refusal(answer, 400, "ROMA.13000")["error_details"]
    assert server.written() == before


def test_content_type_is_the_sdk_s_lower_cased_one(work: Workplace) -> None:
    app = work.add_app()["id"]
    answer = work.http.post(
        work.roma("assets/export"),
        content=b'{"apps": [{"id": "%s"}]}' % app.encode(),
        headers={"content-type": "application/json;charset=utf-8"},
    )
    assert work.settled(answer)["status"] == "Success"


# 2.3 DeleteAsset


def test_delete_2022_page_apps_as_a_text_are_refused_as_no_list(server: EmbeddedServer, work: Workplace) -> None:
    app = work.add_app()["id"]
    before = server.written()
    assert "apps" in refusal(work.delete({"apps": app}), 400, "ROMA.13000")["error_details"]
    assert server.written() == before


@pytest.mark.parametrize(
    ("version", "form"),
    [
        ("H 3.0.73 .. 3.0.108, G: apps as strings, tasks as {task_id}", ("{id}", "task_id")),
        ("H 3.1.60 .. P 3.1.219: both as {id}", ("id", "id")),
        ("recommendation: a string per element", ("{id}", "{id}")),
    ],
)
def test_delete_takes_the_elements_of_each_version(work: Workplace, version: str, form: tuple[str, str]) -> None:
    assert version
    made = work.add_set("orders")
    work.add_set("billing")
    app = work.add_app("lonely")["id"]
    body = {
        "apps": [app if form[0] == "{id}" else {form[0]: app}],
        "tasks": [made["task"] if form[1] == "{id}" else {form[1]: made["task"]}],
    }
    found = work.settled(work.delete(body))
    assert (found["type"], found["status"], found["progress_percent"]) == ("deleteAsset", "Success", 1)
    assert work.names() == {
        "apps": ["billing", "orders"],
        "sources": ["billing-in", "billing-out", "orders-in", "orders-out"],
        "tasks": ["billing-run"],
    }


def test_delete_of_an_app_takes_what_belongs_to_it_alone(work: Workplace) -> None:
    made = work.add_set("orders")
    work.add_set("billing")
    assert work.settled(work.delete({"apps": [{"id": made["app"]}]}))["status"] == "Success"
    assert work.names() == {"apps": ["billing"], "sources": ["billing-in", "billing-out"], "tasks": ["billing-run"]}


def test_delete_of_what_others_use_fails_with_a_finding_and_deletes_nothing(work: Workplace) -> None:
    made, other = work.add_set("orders"), work.add_set("billing")
    work.add_task(made["in"], other["out"], "crossing")
    before = work.names()
    found = work.settled(work.delete({"apps": [{"id": made["app"]}]}))
    assert found["status"] == "Failed"
    assert [(reason["resource_name"], reason["error_code"]) for reason in found["reasons"]] == [
        ("orders-in", "ROMAPORT.3005")
    ]
    assert work.names() == before


def test_delete_needs_the_role_on_the_application(server: EmbeddedServer, admin: Account, ann: Account) -> None:
    instance_id = server.instance()
    boss, user = Workplace(admin.http, instance_id), Workplace(ann.http, instance_id)
    app = boss.add_app()["id"]
    shared = {"users": [{"id": ann.id, "roles": ["read", "modify"]}]}
    assert boss.http.put(boss.roma(f"apps/{app}/users"), json=shared).status_code == 200
    before = server.written()
    refusal(user.delete({"apps": [app]}), 403, "ROMA.12001")
    assert server.written() == before
