"""Contract 2.5: the facts of the SDK's transport that bind the server, a row each.

What only the SDK can show is shown with the SDK itself, against a running server or, where ours gives no such
answer, against canned ones.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkroma import v2 as roma
from requests.exceptions import RetryError
from tests.api.canned_server import AK, INSTANCE, PROJECT, ROOT, SK, CannedServer, Reply, canned_server, job
from tests.contract.workplace import Workplace, refusal
from tests.sdk.sample import add_sample, export_request, settled
from tests.sdk.site import Site, running
from tests.sdk.vendor import CLIENTS, Sdk, credentials, opened
from tests.support.embedded import EmbeddedServer
from tests.support.stores import Store

from romaport.api.app import OPERATIONS
from romaport.api.call import Operation
from romaport.api.errors import envelope, extra_headers
from romaport.errors import RequestsTooMany
from romaport.jobs import JobType

_NOWHERE = "0" * 32
_JOB = f"{ROOT}/assets/jobs/j1"
_POLL = roma.CheckAssetJobStatusRequest(instance_id=INSTANCE, job_id="j1")
_SCALARS: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "bool": bool}


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("transport") / "data", store=store) as found:
        yield found


@pytest.fixture
def canned() -> Iterator[CannedServer]:
    with canned_server() as found:
        yield found


def _retrying(times: int) -> Any:
    return lambda builder: builder.with_http_config(HttpConfig(retry_times=times))


def _path(operation: Operation, instance_id: str) -> str:
    names = dict.fromkeys((part.partition("}")[0] for part in operation.path.split("{")[1:]), _NOWHERE)
    path = operation.path.format(**names | {"project_id": "P", "instance_id": instance_id})
    return path.removeprefix("/v2/P/")


# redirects are off; a 3xx counts as success


def test_row_redirects_the_sdk_takes_a_redirect_for_the_answer(client: str, canned: CannedServer) -> None:
    canned.answers("GET", _JOB, Reply(302, {"id": "elsewhere"}, headers={"location": "/v2/elsewhere"}))
    with opened(client, canned.endpoint, credentials(AK, SK, PROJECT)) as sdk:
        assert sdk.send(_POLL).id == "elsewhere"
    assert [asked.path for asked in canned.asked] == [_JOB]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.name}")
def test_row_redirects_no_operation_redirects_for_a_slash_too_many(work: Workplace, operation: Operation) -> None:
    path = _path(operation, work.instance_id)
    for bent in (f"{path}/", path.replace("/", "//", 1), f"{path}//"):
        assert not 300 <= work.http.request(operation.method, bent, content=b"{}").status_code < 400, bent


@pytest.mark.parametrize("path", ["assets/jobs/j1/", "assets/archives/a1/", "assets//jobs/j1", "assets/jobs//j1"])
def test_row_redirects_neither_do_progress_and_download(work: Workplace, path: str) -> None:
    assert work.http.get(work.roma(path)).status_code == 404


# timeouts: 60 s to connect, 120 s to read


def test_row_timeouts_of_the_sdk_are_60_and_120_seconds() -> None:
    assert HttpConfig().timeout == (60, 120)


@pytest.mark.parametrize("type_", [JobType.EXPORT, JobType.IMPORT, JobType.DELETE])
def test_row_timeouts_an_operation_answers_before_its_job_begins(
    server: EmbeddedServer, work: Workplace, elsewhere: Workplace, type_: JobType
) -> None:
    app = work.add_app()["id"]
    package = work.exported(app)
    where = elsewhere if type_ is JobType.IMPORT else work
    with server.gates.held(f"{type_.value}.started") as reached:
        if type_ is JobType.IMPORT:
            started = where.import_package(package)
        else:
            started = where.http.post(where.roma(f"assets/{type_.value[:6]}"), json={"apps": [{"id": app}]})
        assert started.status_code == 200
        assert reached.wait(30)
        found = where.progress(started.json()["job_id"]).json()
        assert (found["status"], found["progress_percent"]) == ("Running", 0)
    assert where.settled(started)["status"] == "Success"


# no retry by default; with retry_times a 429 is retried, but not of a POST


def _busy() -> Reply:
    error = RequestsTooMany(retry_seconds=1)
    body = envelope(error, path=_JOB, request_id=_NOWHERE)
    return Reply(429, body=body, headers=extra_headers(error) | {"x-request-id": _NOWHERE})


def test_row_retry_none_by_default_the_caller_is_told_of_a_429(client: str, canned: CannedServer) -> None:
    canned.answers("GET", _JOB, _busy(), job("Success", 1))
    # Of a GET the SDK keeps the status alone: the HTTP library gives up before the body is read.
    with (
        opened(client, canned.endpoint, credentials(AK, SK, PROJECT)) as sdk,
        pytest.raises((ClientRequestException, RetryError), match="429"),
    ):
        sdk.send(_POLL)
    assert len(canned.asked) == 1


def test_row_retry_a_429_on_a_get_is_retried_after_the_time_we_say(client: str, canned: CannedServer) -> None:
    canned.answers("GET", _JOB, _busy(), job("Success", 1))
    began_at = time.monotonic()
    with opened(client, canned.endpoint, credentials(AK, SK, PROJECT), build=_retrying(2)) as sdk:
        assert sdk.send(_POLL).status == "Success"
    assert time.monotonic() - began_at >= 1
    assert [asked.is_signed for asked in canned.asked] == [True, True]


def test_row_retry_a_429_on_a_post_is_seen_by_the_caller(client: str, canned: CannedServer) -> None:
    canned.answers("POST", f"{ROOT}/assets/export", _busy(), Reply(json={"job_id": "j1"}))
    with opened(client, canned.endpoint, credentials(AK, SK, PROJECT), build=_retrying(2)) as sdk:
        sdk.refused(export_request(INSTANCE, apps=["a1"]), 429, RequestsTooMany.code, ".*")
    assert len(canned.asked) == 1


# only scheme, host and port of the endpoint are used


def test_row_endpoint_a_path_prefix_is_lost_so_the_api_is_at_the_root(client: str, site: Site) -> None:
    user = site.administrator
    signer = credentials(user.access_key, user.secret_key, site.place.project_id)
    with opened(client, f"{site.place.endpoint}/behind/a/prefix", signer) as sdk:
        assert sdk.send(roma.CheckRomaInstanceListV2Request()).total >= 2
        asked = sdk.answers[-1].request.url
    assert asked == f"{site.place.endpoint}/v2/{site.place.project_id}/instances"


def test_row_endpoint_without_a_scheme_becomes_https(site: Site) -> None:
    user = site.administrator
    signer = credentials(user.access_key, user.secret_key, site.place.project_id)
    seen: list[str] = []
    with (
        opened("sync", site.place.endpoint.removeprefix("http://"), signer, change=lambda r: seen.append(r.url)) as sdk,
        pytest.raises(SdkException),
    ):
        sdk.send(roma.CheckRomaInstanceListV2Request())
    assert [url.partition(":")[0] for url in seen] == ["https"]


# every request, GET included, carries a Content-Type


def test_row_content_type_is_sent_by_the_sdk_with_every_get(client: str, site: Site) -> None:
    with site.sdk(client) as sdk:
        assert sdk.send(roma.ListRomaAppRequest(instance_id=site.instance())).total == 0
        request = sdk.answers[-1].request
    assert (request.method, request.body) == ("GET", None)
    assert request.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.method in ("GET", "DELETE")],
    ids=lambda operation: f"{operation.method} {operation.name}",
)
def test_row_content_type_does_not_mean_a_body(work: Workplace, operation: Operation) -> None:
    path = _path(operation, work.instance_id)
    plain, typed = (
        work.http.request(operation.method, path, headers=headers)
        for headers in ({}, {"content-type": "application/json;charset=utf-8"})
    )
    assert _said(typed) == _said(plain)


def _said(answer: httpx.Response) -> tuple[int, Any]:
    body = answer.json() if answer.content else {}
    return answer.status_code, {name: value for name, value in body.items() if name != "request_id"}


# path values are percent-encoded with nothing exempt


@pytest.mark.parametrize("job_id", ["a/b", "../archives/a", "a b+c", "%2F", "北"])
def test_row_path_values_are_routed_as_they_come_and_decoded_afterwards(client: str, site: Site, job_id: str) -> None:
    with site.sdk(client) as sdk:
        request = roma.CheckAssetJobStatusRequest(instance_id=site.place.source, job_id=job_id)
        sdk.refused(request, 404, "ROMAPORT.2001", ".* does not exist\\.")
        path = sdk.answers[-1].request.path_url
    assert path.count("/") == "/v2/project/instances/instance/assets/jobs/job".count("/")


def test_row_path_values_a_slash_in_one_leads_to_no_other_operation(work: Workplace) -> None:
    archive = work.archive({"apps": [{"id": work.add_app()["id"]}]})
    refusal(work.http.get(work.roma(f"assets%2Farchives%2F{archive}")), 404, "ROMA.1007")
    refusal(work.http.get(work.roma(f"assets/jobs/..%2Farchives%2F{archive}")), 404, "ROMAPORT.2001")
    assert work.download(archive).status_code == 200


# an empty body on 2xx is fine for every model


def test_row_empty_body_of_a_204_is_fine_for_the_sdk(client: str, site: Site, canned: CannedServer) -> None:
    instance = site.instance()
    with site.sdk(client) as sdk:
        _, task_id = add_sample(sdk, instance)
        gone = sdk.send(roma.DeleteTaskRequest(instance_id=instance, task_id=task_id))
        assert (gone.status_code, gone.raw_content) == (204, b"")
    canned.answers("GET", _JOB, Reply(204))
    with opened(client, canned.endpoint, credentials(AK, SK, PROJECT)) as sdk:
        assert sdk.send(_POLL).status is None


# response decoding is by declared type, without validation


def _mistyped(declared: str, value: Any, path: str) -> Iterator[str]:
    """Name every value whose JSON type is not the one that the SDK's model declares."""
    if value is None or declared == "object":
        return
    if declared in _SCALARS:
        fits = isinstance(value, _SCALARS[declared]) and isinstance(value, bool) is (declared == "bool")
        yield from () if fits else (f"{path}: {value!r} is no {declared}",)
    elif declared in ("date", "datetime"):
        yield from () if isinstance(value, str) and value.endswith("Z") else (f"{path}: {value!r} is no time",)
    elif declared.startswith("list["):
        assert isinstance(value, list), path
        for inner in value:
            yield from _mistyped(declared[5:-1], inner, f"{path}[]")
    elif declared.startswith("dict("):
        assert isinstance(value, dict), path
    else:
        yield from _model_mistyped(getattr(roma, declared), value, path)


def _model_mistyped(model: Any, value: Any, path: str) -> Iterator[str]:
    assert isinstance(value, dict), path
    for name, declared in model.openapi_types.items():
        yield from _mistyped(declared, value.get(model.attribute_map[name]), f"{path}.{name}")


def _reading(sdk: Sdk, instance: str) -> Iterator[Any]:
    """Fill an instance; make every request that answers a document."""
    app_id, task_id = add_sample(sdk, instance)
    job_id = sdk.send(export_request(instance, apps=[app_id])).job_id
    assert settled(sdk, instance, job_id).status == "Success"
    app = {"instance_id": instance, "app_id": app_id}
    task = {"instance_id": instance, "task_id": task_id}
    yield roma.CheckRomaInstanceListV2Request()
    yield roma.ShowDetailsOfInstanceV2Request(instance_id=instance)
    yield roma.ListRomaAppRequest(instance_id=instance)
    yield roma.CheckRomaAppDetailsRequest(**app)
    yield roma.CheckRomaAppSecretRequest(**app)
    yield roma.CheckAuthUsersOfAppRequest(**app)
    yield roma.CheckCanAuthUsersOfAppRequest(**app)
    yield roma.ValidateRomaAppRequest(instance_id=instance, id=app_id)
    yield roma.ListDatasourcesRequest(instance_id=instance)
    yield roma.ListTasksRequest(instance_id=instance)
    yield roma.ShowTaskRequest(**task)
    yield roma.ShowDispatchesRequest(**task)
    yield roma.CheckAssetJobStatusRequest(instance_id=instance, job_id=job_id)


def test_row_decoding_every_answer_has_the_types_that_the_sdk_declares(client: str, site: Site) -> None:
    instance = site.instance()
    found: list[str] = []
    with site.sdk(client) as sdk:
        for request in _reading(sdk, instance):
            answer = sdk.send(request)
            found += _model_mistyped(type(answer), json.loads(answer.raw_content), type(answer).__name__)
    assert found == []


def test_row_decoding_a_wrong_type_raises_inside_the_sdk(client: str, canned: CannedServer) -> None:
    canned.answers("GET", _JOB, job("Running", 0.35), Reply(json={"progress_percent": "35%"}))
    with opened(client, canned.endpoint, credentials(AK, SK, PROJECT)) as sdk:
        assert sdk.send(_POLL).progress_percent == 0.35
        with pytest.raises(ValueError, match="35%"):
            sdk.send(_POLL)
