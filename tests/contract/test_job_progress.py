"""Contract 1.1: job progress, as the seed page (Abu Dhabi, 2022-02-21) has it, row by row."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import EmbeddedServer

from romaport.api.progress import job_answer
from romaport.assets import sweep
from romaport.jobs import Finding, Job, JobType, Owner, State
from romaport.wire.dialects import Dialect

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ID = re.compile(r"[0-9a-f]{32}")

# The example of the page, as published.
EXAMPLE: dict[str, Any] = {
    "id": "ff8080814dbd65d7014dbe0d84db0013",
    "type": "exportAsset",
    "status": "Running",
    "reason": [
        {
            "resource_type": "application",
            "resource_name": "myApp",
            "error_code": "ROMA.00000101",
            "error_msg": "some error details here",
        }
    ],
    "progress_percent": 0.35,
    "archive_id": "string",
    "begin_time": "2019-12-06T06:49:04Z",
    "end_time": "2019-12-06T06:50:04Z",
}


@pytest.fixture
def export_job(work: Workplace) -> dict[str, Any]:
    return work.settled(work.export({"apps": [{"id": work.add_app()["id"]}]}))


@pytest.fixture
def failed_job(work: Workplace) -> dict[str, Any]:
    """An import that meets what is there already."""
    package = work.exported(work.add_app("myApp")["id"])
    return work.imported(package)


# path and header parameters


@pytest.mark.parametrize("name", ["project_id", "instance_id", "job_id"])
def test_path_parameter_is_a_text_that_only_its_own_value_matches(
    work: Workplace, export_job: dict[str, Any], server: EmbeddedServer, name: str
) -> None:
    given = {"project_id": server.project_id, "instance_id": work.instance_id, "job_id": export_job["id"]}
    path = "/v2/{project_id}/instances/{instance_id}/assets/jobs/{job_id}"
    assert work.http.get(f"http://server{path.format(**given)}").status_code == 200
    for wrong in ("0" * 64, "x" * 65, "z" * 5000, given[name].upper() + "A"):
        answer = work.http.get(f"http://server{path.format(**given | {name: wrong})}")
        codes = {"project_id": "ROMAPORT.1101", "instance_id": "ROMAPORT.1201", "job_id": "ROMAPORT.2001"}
        refusal(answer, 403 if name == "project_id" else 404, codes[name])


def test_an_instance_that_does_not_exist_is_told_as_by_every_other_operation(
    work: Workplace, elsewhere: Workplace, export_job: dict[str, Any]
) -> None:
    nowhere = Workplace(work.http, "0" * 32)
    told = {
        name: refusal(answer, 404, "ROMAPORT.1201")["error_msg"]
        for name, answer in {
            "progress of a job elsewhere": nowhere.progress(export_job["id"]),
            "progress of no job": nowhere.progress("none"),
            "download": nowhere.download(export_job["archive_id"]),
            "export": nowhere.export({"apps": [{"id": "a"}]}),
        }.items()
    }
    assert len(set(told.values())) == 1
    refusal(elsewhere.progress(export_job["id"]), 404, "ROMAPORT.2001")


def test_a_path_of_the_same_length_is_another_one(work: Workplace, export_job: dict[str, Any]) -> None:
    path = work.roma(f"assets/jobs/{export_job['id']}")
    refusal(work.http.get(path.replace("instances", "places", 1)), 404, "ROMA.1007")


@pytest.mark.parametrize("name", ["project_id", "instance_id", "job_id"])
def test_path_parameter_of_length_0_is_a_refusal_and_no_crash(
    work: Workplace, export_job: dict[str, Any], server: EmbeddedServer, name: str
) -> None:
    given = {"project_id": server.project_id, "instance_id": work.instance_id, "job_id": export_job["id"]} | {name: ""}
    path = "/v2/{project_id}/instances/{instance_id}/assets/jobs/{job_id}".format(**given)
    assert work.http.get(f"http://server{path}").status_code in (403, 404)


def test_header_x_auth_token_is_mandatory(server: EmbeddedServer, export_job: dict[str, Any], work: Workplace) -> None:
    path = f"/v2/{server.project_id}/instances/{work.instance_id}/assets/jobs/{export_job['id']}"
    body = refusal(server.http().get(path), 401, "APIGW.0301")
    assert "x-auth-token not found" in body["error_msg"]


@pytest.mark.parametrize("token", ["x", "x" * 100_000])
def test_header_x_auth_token_of_any_stated_length_is_read(
    server: EmbeddedServer, export_job: dict[str, Any], work: Workplace, token: str
) -> None:
    path = f"/v2/{server.project_id}/instances/{work.instance_id}/assets/jobs/{export_job['id']}"
    refusal(server.http().get(path, headers={"x-auth-token": token}), 401, "APIGW.0301")


def test_no_query_parameter_and_no_body_is_needed_and_unknown_ones_do_no_harm(
    work: Workplace, export_job: dict[str, Any]
) -> None:
    path = work.roma(f"assets/jobs/{export_job['id']}")
    plain = work.http.get(path)
    assert work.http.get(path, params={"x": "1"}).content == plain.content
    assert work.http.request("GET", path, content=b'{"a": 1}').content == plain.content


# documented status codes


def test_status_code_200_is_json(work: Workplace, export_job: dict[str, Any]) -> None:
    answer = work.progress(export_job["id"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert _ID.fullmatch(answer.headers["x-request-id"])


def test_status_code_403_has_the_four_texts(
    server: EmbeddedServer, work: Workplace, export_job: dict[str, Any]
) -> None:
    name = f"no-{server.number()}"
    document = {"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["x:y:z"]}]}
    server.directory.add_policy(name, json.dumps(document))
    limited = Workplace(server.account(name).http, work.instance_id)
    body = refusal(limited.progress(export_job["id"]), 403, "ROMA.1006")
    assert "roma:assets:get" in body["error_details"]
    assert _ID.fullmatch(body["request_id"])
    assert all(1 <= len(text) <= 128 for text in body.values())


# response body


def test_field_id_is_the_job_s_id_in_the_form_of_the_example(export_job: dict[str, Any]) -> None:
    assert _ID.fullmatch(export_job["id"])


@pytest.mark.parametrize("type_", ["exportAsset", "importAsset", "deleteAsset"])
def test_field_type_is_the_kind_of_job(work: Workplace, elsewhere: Workplace, type_: str) -> None:
    app = work.add_app()["id"]
    if type_ == "exportAsset":
        found = work.settled(work.export({"apps": [{"id": app}]}))
    elif type_ == "importAsset":
        found = elsewhere.imported(work.exported(app))
    else:
        found = work.settled(work.delete({"apps": [{"id": app}]}))
    assert found["type"] == type_


def test_field_reasons_tells_why_a_job_failed(failed_job: dict[str, Any]) -> None:
    assert failed_job["status"] == "Failed"
    assert failed_job["reasons"] == failed_job["reason"]
    assert failed_job["reasons"][0]["error_code"] == "ROMA.14011"


def test_field_reasons_is_absent_when_there_is_nothing_to_say(export_job: dict[str, Any]) -> None:
    assert "reasons" not in export_job
    assert "reason" not in export_job


def test_field_progress_percent_is_a_fraction_and_1_in_a_success(export_job: dict[str, Any]) -> None:
    assert export_job["progress_percent"] == 1


def test_field_progress_percent_of_a_failure_is_below_1(failed_job: dict[str, Any]) -> None:
    assert 0 <= failed_job["progress_percent"] < 1


def test_field_archive_id_is_there_for_an_export_only(
    work: Workplace, elsewhere: Workplace, export_job: dict[str, Any], failed_job: dict[str, Any]
) -> None:
    assert 1 <= len(export_job["archive_id"]) <= 64
    assert "archive_id" not in failed_job
    assert "archive_id" not in elsewhere.imported(work.exported(work.add_app("another")["id"]))
    app = work.add_app("third")["id"]
    assert "archive_id" not in work.settled(work.delete({"apps": [{"id": app}]}))


@pytest.mark.parametrize("field", ["begin_time", "end_time"])
def test_times_are_iso_texts_ending_in_z(export_job: dict[str, Any], server: EmbeddedServer, field: str) -> None:
    assert _TIME.fullmatch(export_job[field])
    assert export_job[field] == server.clock().strftime("%Y-%m-%dT%H:%M:%SZ")


def test_no_field_is_ever_null_and_no_other_field_is_sent(
    export_job: dict[str, Any], failed_job: dict[str, Any]
) -> None:
    for found in (export_job, failed_job):
        assert None not in found.values()
        assert set(found) <= set(EXAMPLE) | {"reasons"}


# AssetJobReason


def test_reason_resource_type_and_resource_name_say_what_it_is_about(failed_job: dict[str, Any]) -> None:
    (reason,) = failed_job["reasons"]
    assert list(reason) == ["resource_type", "resource_name", "error_code", "error_msg"]
    assert (reason["resource_type"], reason["resource_name"]) == ("application", "myApp")


def test_reason_texts_are_1_to_64_long_even_when_names_are_longer(work: Workplace) -> None:
    package = work.exported(work.add_app("n" * 200)["id"])
    (reason,) = work.imported(package)["reasons"]
    assert all(1 <= len(reason[name]) <= 64 for name in reason)


def test_at_most_10_reasons_are_shown(work: Workplace) -> None:
    apps = [work.add_app(f"app-{number}")["id"] for number in range(12)]
    found = work.imported(work.exported(*apps))
    assert len(found["reasons"]) == len(found["reason"]) == 10


# statuses and transitions


def test_status_running_comes_first_without_archive_id_and_end_time(server: EmbeddedServer, work: Workplace) -> None:
    app = work.add_app()["id"]
    with server.gates.held("export.written") as reached:
        started = work.export({"apps": [{"id": app}]})
        assert reached.wait(30)
        answer = work.progress(started.json()["job_id"])
        found = answer.json()
        assert found["status"] == "Running"
        assert set(found) == {"id", "type", "status", "progress_percent", "begin_time"}
        assert 0 <= found["progress_percent"] < 1
        assert int(answer.headers["retry-after"]) >= 1
    assert work.settled(started)["status"] == "Success"


def test_a_job_that_waits_for_a_worker_is_running_at_0(server: EmbeddedServer, work: Workplace) -> None:
    app = work.add_app()["id"]
    with server.gates.held("exportAsset.started") as reached:
        started = work.export({"apps": [{"id": app}]})
        assert reached.wait(30)
        found = work.progress(started.json()["job_id"]).json()
        assert (found["status"], found["progress_percent"]) == ("Running", 0)
    work.settled(started)


def test_status_success_has_the_archive_id_of_an_export(export_job: dict[str, Any]) -> None:
    assert export_job["status"] == "Success"
    assert "archive_id" in export_job


def test_status_finished_follows_the_download_and_names_no_archive(work: Workplace, export_job: dict[str, Any]) -> None:
    assert work.download(export_job["archive_id"]).status_code == 200
    found = work.progress(export_job["id"]).json()
    assert found == {name: export_job[name] for name in export_job if name != "archive_id"} | {"status": "Finished"}


def test_end_time_of_a_finished_job_is_when_its_work_ended(
    server: EmbeddedServer, work: Workplace, export_job: dict[str, Any]
) -> None:
    server.clock.advance(60)
    work.download(export_job["archive_id"])
    assert work.progress(export_job["id"]).json()["end_time"] == export_job["end_time"]


def test_status_finished_follows_the_end_of_the_validity_period(
    server: EmbeddedServer, work: Workplace, export_job: dict[str, Any]
) -> None:
    server.clock.advance(24 * 3600 - 1)
    sweep(server.system.parts.desk)
    assert work.progress(export_job["id"]).json()["status"] == "Success"
    server.clock.advance(1)
    body = refusal(work.download(export_job["archive_id"]), 410, "ROMAPORT.2103")
    assert server.clock().strftime("%Y-%m-%dT%H:%M:%SZ") in body["error_msg"]
    sweep(server.system.parts.desk)
    found = work.progress(export_job["id"]).json()
    assert found["status"] == "Finished"
    assert "archive_id" not in found
    assert f"archives/{export_job['archive_id']}.zip" not in server.kept.packages.names()
    refusal(work.download(export_job["archive_id"]), 410, "ROMAPORT.2103")


def test_status_failed_is_terminal_and_has_no_archive(work: Workplace, failed_job: dict[str, Any]) -> None:
    assert failed_job["status"] == "Failed"
    assert "end_time" in failed_job
    assert work.progress(failed_job["id"]).json() == failed_job


# the example


def _of_the_example() -> Job:
    return Job(
        id=EXAMPLE["id"],
        owner=Owner(project_id="p", instance_id="i", user_id="u", user_name="n"),
        type=JobType.EXPORT,
        state=State.RUNNING,
        request={},
        attempt=1,
        strikes=1,
        done=35,
        total=100,
        counts={"app": [35, 100]},
        checkpoint={},
        created_at=datetime(2019, 12, 6, 6, 49, 4, tzinfo=UTC),
        ended_at=datetime(2019, 12, 6, 6, 50, 4, tzinfo=UTC),
        archive_id="string",
        findings=(Finding(kind="app", name="myApp", code="ROMA.00000101", message="some error details here"),),
    )


@pytest.mark.parametrize("field", [*EXAMPLE, "reasons"])
@pytest.mark.verified("shared seed: Obtaining Job Progress, 2022-02-21, example response")
def test_the_seed_page_s_example_is_answered_field_by_field(field: str) -> None:
    answer = msgspec.to_builtins(job_answer(_of_the_example(), Dialect.D2022))
    assert set(answer) == {*EXAMPLE, "reasons"}
    assert answer[field] == EXAMPLE["reason" if field == "reasons" else field]
