"""The client, against a real HTTP server with canned answers."""

import hashlib
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.api.canned_server import (
    AK,
    INSTANCE,
    PROJECT,
    ROOT,
    SK,
    TASKS,
    Asked,
    CannedServer,
    Reply,
    canned_server,
    job,
)

from romaport.client import AccessKey, Client, ClientOptions, ImportOptions, Password, Secret, is_success, reasons
from romaport.errors import AnswerUnreadable, DownloadBroken, ParameterInvalid, Refused, Unreachable

PACKAGE = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(PACKAGE).hexdigest()
ARCHIVE = f"{ROOT}/assets/archives/a1"
JOB = f"{ROOT}/assets/jobs/j1"
FAST = ClientOptions(poll_first_seconds=0.001, poll_longest_seconds=0.002, patience_seconds=0.2)
KEY = AccessKey(access_key=AK, secret=Secret(SK))


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned_server() as found:
        yield found


@pytest.fixture
def client(server: CannedServer) -> Iterator[Client]:
    with Client(server.endpoint, KEY, project_id=PROJECT, instance_id=INSTANCE, options=FAST) as found:
        yield found


def test_an_export_names_applications_and_tasks_and_is_signed(server: CannedServer, client: Client) -> None:
    server.answers("POST", f"{ROOT}/assets/export", Reply(json={"job_id": "j1"}))
    assert client.export(apps=["a"], tasks=["t", "u"]) == "j1"
    assert server.bodies(f"{ROOT}/assets/export") == [{"apps": [{"id": "a"}], "tasks": [{"id": "t"}, {"id": "u"}]}]
    assert server.asked[0].is_signed
    assert server.asked[0].headers["x-project-id"] == PROJECT


def test_a_deletion_leaves_out_what_was_not_selected(server: CannedServer, client: Client) -> None:
    server.answers("POST", f"{ROOT}/assets/delete", Reply(json={"job_id": "j2"}))
    assert client.delete(apps=["a"]) == "j2"
    assert server.bodies(f"{ROOT}/assets/delete") == [{"apps": [{"id": "a"}]}]


def test_an_import_streams_the_file_as_the_documented_field(
    server: CannedServer, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "orders.zip"
    file.write_bytes(PACKAGE)
    server.answers("POST", f"{ROOT}/assets/import", Reply(json={"job_id": "j3"}))
    options = ImportOptions(type="Merge", prefix="test ~/", datasource_overwrite=True)
    assert client.import_package(file, options) == "j3"
    asked = server.asked[0]
    assert asked.query == {"type": "Merge", "prefix": "test ~/", "datasource_overwrite": "true"}
    assert b'name="ImportAssetRequestBody"; filename="orders.zip"' in asked.body
    assert PACKAGE in asked.body
    assert asked.headers["x-sdk-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert asked.is_signed
    assert "content-length" in asked.headers


def test_an_import_without_options_sends_none(server: CannedServer, client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    server.answers("POST", f"{ROOT}/assets/import", Reply(json={"job_id": "j3"}))
    client.import_package(tmp_path / "a.zip")
    assert server.asked[0].query == {}


@pytest.mark.parametrize(("running", "done"), [("Running", "Success"), ("RUNNING", "SUCCEEDED")])
def test_a_job_is_followed_to_its_end_in_either_dialect(
    server: CannedServer, client: Client, running: str, done: str
) -> None:
    server.answers("GET", JOB, job(running, 0.0), job(running, 0.5), job(done, 1.0, archive_id="a1"))
    answers = list(client.wait("j1"))
    assert [answer.progress_percent for answer in answers] == [0.0, 0.5, 1.0]
    assert is_success(answers[-1])
    assert answers[-1].archive_id == "a1"


@pytest.mark.parametrize("name", ["reason", "reasons"])
def test_the_causes_of_a_failure_are_found_under_either_name(server: CannedServer, client: Client, name: str) -> None:
    cause = {"resource_type": "task", "resource_name": "t", "error_code": "ROMA.1", "error_msg": "no"}
    server.answers("GET", JOB, job("Failed", 0.4, end_time=None, archive_id=None, **{name: [cause, "?", {}]}))
    found = client.job("j1")
    assert not is_success(found)
    assert [(reason.resource_name, reason.error_msg) for reason in reasons(found)] == [("t", "no"), ("", "")]


def test_a_busy_or_restarting_server_is_borne_for_a_while(server: CannedServer, client: Client) -> None:
    busy = Reply(429, {"error_code": "ROMAPORT.1003", "error_msg": "Too many"}, headers={"retry-after": "0"})
    broken = Reply(promised_bytes=10)
    server.answers("GET", JOB, busy, Reply(503), broken, job("Running", 0.1), busy, job("Finished", 1.0))
    assert [answer.status for answer in client.wait("j1")] == ["Running", "Finished"]


def test_patience_with_a_server_that_stays_busy_ends(server: CannedServer, client: Client) -> None:
    server.answers("GET", JOB, Reply(503))
    with pytest.raises(Refused) as caught:
        list(client.wait("j1"))
    assert caught.value.status == 503
    assert len(server.asked) < 250


def test_patience_with_a_server_that_is_gone_ends() -> None:
    gone = Client("http://127.0.0.1:1", KEY, project_id=PROJECT, instance_id=INSTANCE, options=FAST)
    with gone as client, pytest.raises(Unreachable):
        list(client.wait("j1"))


def test_an_unknown_job_is_not_asked_for_twice(server: CannedServer, client: Client) -> None:
    with pytest.raises(Refused):
        list(client.wait("j9"))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error_code": "ROMA.1", "error_msg": "m", "error_details": "d", "request_id": "r"}, "ROMA.1", "m"),
        ({"error_code": "APIG.1", "error_msg": "m"}, "APIG.1", "m"),
        ({"code": 400, "reason": {"error_code": "FDI.1", "error_msg": "m"}}, "FDI.1", "m"),
        ({"error": {"code": 401, "message": "m", "title": "Unauthorized"}}, "401", "m"),
        ({"errorCode": "X", "errorMsg": "m\x1b[31m"}, "X", "m [31m"),
    ],
)
def test_refusals_of_every_published_shape_are_understood(
    server: CannedServer, client: Client, body: object, code: str, message: str
) -> None:
    server.answers("GET", JOB, Reply(400, body, headers={"x-request-id": "of-the-header"}))
    with pytest.raises(Refused) as caught:
        client.job("j1")
    assert (caught.value.error_code, caught.value.error_message) == (code, message)
    assert caught.value.request_id == "of-the-header"


def test_a_refusal_that_is_no_json_is_shown_as_it_is(server: CannedServer, client: Client) -> None:
    server.answers("GET", JOB, Reply(502, body=b"<html>Bad Gateway</html>"))
    with pytest.raises(Refused, match="Bad Gateway"):
        client.job("j1")


def test_a_redirect_is_not_followed(server: CannedServer, client: Client) -> None:
    server.answers("GET", JOB, Reply(302, headers={"location": f"{server.endpoint}/elsewhere"}))
    with pytest.raises(Refused):
        client.job("j1")
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"id": "j1"}', b'{"status": "Running"}', b"\xff", b""])
def test_an_answer_that_is_no_job_is_named_as_such(server: CannedServer, client: Client, body: bytes) -> None:
    server.answers("GET", JOB, Reply(body=body))
    with pytest.raises(AnswerUnreadable):
        client.job("j1")


def test_a_download_is_whole_compared_and_leaves_nothing_beside_it(
    server: CannedServer, client: Client, tmp_path: Path
) -> None:
    server.answers("GET", ARCHIVE, Reply(body=PACKAGE, headers={"etag": f'"{DIGEST}"'}))
    seen: list[tuple[int, int | None]] = []
    found = client.download("a1", tmp_path / "x.zip", advance=lambda size, total: seen.append((size, total)))
    assert (found.sha256, found.size_bytes, found.is_verified) == (DIGEST, len(PACKAGE), True)
    assert (tmp_path / "x.zip").read_bytes() == PACKAGE
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]
    assert seen[-1] == (len(PACKAGE), len(PACKAGE))
    assert server.asked[0].is_signed


def test_a_download_with_another_digest_than_stated_is_thrown_away(
    server: CannedServer, client: Client, tmp_path: Path
) -> None:
    server.answers("GET", ARCHIVE, Reply(body=PACKAGE[:-1] + b"!", headers={"etag": f'"{DIGEST}"'}))
    with pytest.raises(DownloadBroken, match="SHA-256"):
        client.download("a1", tmp_path / "x.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_is_taken_up_where_it_broke(
    server: CannedServer, client: Client, tmp_path: Path
) -> None:
    def rest(asked: Asked) -> Reply:
        start = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
        assert asked.headers["if-range"] == f'"{DIGEST}"'
        content_range = f"bytes {start}-{len(PACKAGE) - 1}/{len(PACKAGE)}"
        return Reply(206, body=PACKAGE[start:], headers={"content-range": content_range, "etag": f'"{DIGEST}"'})

    part = Reply(body=PACKAGE[:600_000], promised_bytes=len(PACKAGE), headers={"etag": f'"{DIGEST}"'})
    server.answers("GET", ARCHIVE, part, rest)
    assert client.download("a1", tmp_path / "x.zip").sha256 == DIGEST
    assert [asked.headers.get("range") is None for asked in server.asked] == [True, False]


def test_a_download_that_cannot_be_taken_up_starts_again(server: CannedServer, client: Client, tmp_path: Path) -> None:
    part = Reply(body=PACKAGE[:600_000], promised_bytes=len(PACKAGE))
    server.answers("GET", ARCHIVE, part, Reply(body=PACKAGE))
    found = client.download("a1", tmp_path / "x.zip")
    assert (found.sha256, found.is_verified) == (DIGEST, False)


def test_a_download_that_never_gets_whole_leaves_the_old_file_alone(
    server: CannedServer, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "x.zip").write_bytes(b"old")
    server.answers("GET", ARCHIVE, Reply(body=PACKAGE[:600_000], promised_bytes=len(PACKAGE)))
    with pytest.raises(Unreachable):
        client.download("a1", tmp_path / "x.zip")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    assert len(server.asked) <= ClientOptions().download_attempts


def test_a_second_download_is_refused_in_the_servers_own_words(
    server: CannedServer, client: Client, tmp_path: Path
) -> None:
    server.answers("GET", ARCHIVE, Reply(410, {"error_code": "ROMAPORT.2102", "error_msg": "was downloaded"}))
    with pytest.raises(Refused, match=r"was downloaded \(ROMAPORT.2102\)"):
        client.download("a1", tmp_path / "x.zip")
    assert list(tmp_path.iterdir()) == []


def test_lists_are_read_page_by_page(server: CannedServer, client: Client) -> None:
    def page(asked: Asked) -> Reply:
        offset, limit = int(asked.query["offset"]), int(asked.query["limit"])
        found = [{"id": str(number), "name": f"app {number}", "x": 1} for number in range(1234)][
            offset : offset + limit
        ]
        return Reply(json={"total": 1234, "size": len(found), "apps": found})

    server.answers("GET", f"{ROOT}/apps", page)
    assert [app.id for app in client.apps()] == [str(number) for number in range(1234)]
    assert len(server.asked) == 3


def test_things_are_found_by_their_exact_name(server: CannedServer, client: Client) -> None:
    apps = [{"id": "2", "name": "orders old"}, {"id": "1", "name": "orders"}]
    server.answers("GET", f"{ROOT}/apps", Reply(json={"total": 2, "size": 2, "apps": apps}))
    server.answers("GET", TASKS, Reply(json={"total": 1, "size": 1, "entities": [{"task_id": "t", "task_name": "n"}]}))
    app, task = client.find_app("orders"), client.find_task("n")
    assert (app and app.id, task and task.id) == ("1", "t")
    assert client.find_app("order") is None
    assert server.asked[0].query["name"] == "orders"


def test_any_resource_can_be_read_and_written(server: CannedServer, client: Client) -> None:
    path = f"/v2/{PROJECT}/fdi/a%2Fb"
    for method in ("GET", "POST", "PUT", "DELETE"):
        server.answers(method, path, Reply(json={"done": method}))
    assert client.get("fdi", "a/b", query={"q": "ä ö"}) == {"done": "GET"}
    assert client.post("fdi", "a/b", body={"x": 1}) == {"done": "POST"}
    assert client.put("fdi", "a/b", body={"x": 1}) == {"done": "PUT"}
    assert client.delete_resource("fdi", "a/b") == {"done": "DELETE"}
    assert all(asked.is_signed for asked in server.asked)


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_an_id_that_would_lead_elsewhere_is_refused(client: Client, segment: str) -> None:
    with pytest.raises(ParameterInvalid):
        client.get("apps", segment)


def granted(token: str, expires_at: str) -> Reply:
    return Reply(201, {"token": {"expires_at": expires_at}}, headers={"x-subject-token": token})


def by_password(server: CannedServer, now: list[datetime]) -> Client:
    user = Password(user="ann", password=Secret("pass-word-of-ann"), domain="acme")
    return Client(server.endpoint, user, project_id=PROJECT, instance_id=INSTANCE, options=FAST, clock=lambda: now[0])


def test_a_password_is_exchanged_for_a_token_once_and_again_when_it_expires(server: CannedServer) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    first, second = granted("t1", "2026-01-02T00:00:00.000000Z"), granted("t2", "2026-01-03T00:00:00.000000Z")
    server.answers("POST", "/v3/auth/tokens", first, second)
    server.answers("GET", JOB, job("Running", 0.1))
    with by_password(server, now) as client:
        client.job("j1")
        client.job("j1")
        now[0] += timedelta(hours=23, minutes=56)
        client.job("j1")
    tokens = [asked.headers["x-auth-token"] for asked in server.asked if asked.path == JOB]
    assert tokens == ["t1", "t1", "t2"]
    [login, _] = server.bodies("/v3/auth/tokens")
    user = {"name": "ann", "password": "pass-word-of-ann", "domain": {"name": "acme"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    assert login == {"auth": {"identity": identity, "scope": {"project": {"id": PROJECT}}}}


def test_a_token_that_ended_before_its_time_is_renewed_once(server: CannedServer) -> None:
    wrong = Reply(401, {"error_code": "APIGW.0301", "error_msg": "Incorrect"})
    first, second = granted("t1", "2026-01-02T00:00:00Z"), granted("t2", "2026-01-02T00:00:00Z")
    server.answers("POST", "/v3/auth/tokens", first, second)
    server.answers("GET", JOB, job("Running", 0.1), wrong, job("Running", 0.2), wrong)
    with by_password(server, [datetime(2026, 1, 1, tzinfo=UTC)]) as client:
        client.job("j1")
        assert client.job("j1").progress_percent == 0.2
        with pytest.raises(Refused):
            client.job("j1")


def test_a_wrong_password_is_the_servers_refusal_and_is_not_shown(server: CannedServer) -> None:
    server.answers("POST", "/v3/auth/tokens", Reply(401, {"error": {"code": 401, "message": "Wrong", "title": "U"}}))
    with by_password(server, [datetime(2026, 1, 1, tzinfo=UTC)]) as client, pytest.raises(Refused) as caught:
        client.job("j1")
    assert caught.value.error_message == "Wrong"
    assert "pass-word-of-ann" not in "".join(traceback.format_exception(caught.value))


def test_secrets_show_stars() -> None:
    assert SK not in repr(KEY)
    assert SK not in str(KEY.secret)
    assert Secret("a") == Secret("a") != Secret("b")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("host", "https://host"),
        ("http://host:8080/", "http://host:8080"),
        (" https://host ", "https://host"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_an_endpoint_is_a_scheme_a_host_and_a_port(typed: str, meant: str) -> None:
    assert Client(typed, KEY, project_id=PROJECT).endpoint == meant


@pytest.mark.parametrize("typed", ["", "ftp://h", "http://h/path", "http://ann:secret@h", "http://h?x=1", "http://"])
def test_anything_else_is_no_endpoint(typed: str) -> None:
    with pytest.raises(ParameterInvalid) as caught:
        Client(typed, KEY, project_id=PROJECT)
    assert "secret" not in str(caught.value)
