"""Contract 3.1: the body of an error, a row per family; that the SDK reads each of them is shown in tests/sdk.

Every family gets the same four fields, as the contract recommends; what a family's own pages say of the fields
it has is kept as well.
"""

from typing import Any

import httpx
import pytest
from tests.contract.workplace import Workplace, refusal, refusal_body
from tests.support.embedded import EmbeddedServer, token_body

from romaport.api import OPERATIONS
from romaport.api.call import Operation

_NOWHERE = "0" * 32
Limits = dict[str, tuple[int, int]]

PUBLIC: Limits = dict.fromkeys(("error_code", "error_msg", "error_details", "request_id"), (1, 128))
LINK: Limits = {"error_code": (0, 64), "error_msg": (0, 200), "request_id": (0, 64)}
FDI: Limits = {"error_code": (8, 36), "error_msg": (2, 512)}
FAMILIES = {"instances": PUBLIC, "apic": {}, "link": LINK, "fdi": FDI}
"""First step of a path below the project to the lengths that its family states."""


def _within(limits: Limits, body: dict[str, str]) -> bool:
    return all(low <= len(body[name]) <= high for name, (low, high) in limits.items())


# a row per family


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "instances/{instance}/apps/none", 404, "ROMAPORT.3001"),
        ("POST", "instances/{instance}/apps", 400, "ROMA.13001"),
        ("POST", "instances/{instance}/assets/export", 400, "ROMA.13001"),
        ("GET", "instances/{instance}/assets/jobs/none", 404, "ROMAPORT.2001"),
        ("GET", "instances/none/apps", 404, "ROMAPORT.1201"),
    ],
)
def test_row_public_resources_four_texts_of_1_to_128(
    work: Workplace, method: str, path: str, status: int, code: str
) -> None:
    body = refusal(work.http.request(method, path.format(instance=work.instance_id)), status, code)
    assert _within(PUBLIC, body)


def test_row_apic_has_error_code_and_error_msg(work: Workplace) -> None:
    body = refusal(work.http.get("apic/instances/none"), 404, "ROMAPORT.1201")
    assert {"error_code", "error_msg"} <= set(body)


def test_row_link_keeps_within_its_lengths(work: Workplace) -> None:
    body = refusal(work.http.get(f"link/instances/{work.instance_id}/nothing-here"), 404, "ROMA.1007")
    assert _within(LINK, body)


@pytest.mark.parametrize("path", ["tasks/none", "datasources/none"])
def test_row_fdi_parameter_tables_keep_within_their_lengths(work: Workplace, path: str) -> None:
    assert _within(FDI, refusal(work.http.get(work.fdi(path)), 404, "ROMAPORT.3001"))


def test_row_fdi_example_responses_nothing_is_nested_and_the_code_is_no_number(work: Workplace) -> None:
    body = refusal(work.http.get(work.fdi("tasks/none")), 404, "ROMAPORT.3001")
    assert {type(value) for value in body.values()} == {str}
    assert not {"code", "reason"} & set(body)


def test_row_api_gateway_a_wrong_identity_is_401(server: EmbeddedServer, work: Workplace) -> None:
    http = server.http(f"/v2/{server.project_id}/", {"x-auth-token": "wrong"})
    body = refusal(http.get(work.roma("apps")), 401, "APIGW.0301")
    assert body["error_msg"].endswith("decrypt token fail")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v3/projects", None, 401),
        ("GET", "/v3/auth/tokens", None, 401),
        ("POST", "/v3/auth/tokens", {}, 400),
        ("POST", "/v3/auth/tokens", token_body("nobody", _NOWHERE), 401),
        ("GET", "/v3/nothing-here", None, 404),
    ],
    ids=["projects", "validate", "no identity", "a wrong user", "an unknown path"],
)
def test_row_iam_has_its_own_envelope(
    server: EmbeddedServer, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    answer = server.http().request(method, path, json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == status
    assert isinstance(error["message"], str)
    assert error["title"] == error["title"].title()
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


# every operation refuses as its family does


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.name}")
def test_every_operation_refuses_in_the_shape_of_its_family(
    server: EmbeddedServer, work: Workplace, operation: Operation
) -> None:
    names = dict.fromkeys((part.partition("}")[0] for part in operation.path.split("{")[1:]), _NOWHERE)
    path = operation.path.format(**names | {"project_id": server.project_id})
    limits = FAMILIES.get(operation.path.split("/")[3], PUBLIC)
    unknown = server.http().request(operation.method, path, content=b"{}")
    assert _within(limits, refusal(unknown, 401, "APIGW.0301"))
    if "{instance_id}" in operation.path:
        nowhere = work.http.request(operation.method, f"http://server{path}", content=b"{}")
        assert _within(limits, refusal_body(nowhere))


# the recommendation: the id on every response


def test_recommendation_every_response_carries_a_request_id_of_its_own(server: EmbeddedServer, work: Workplace) -> None:
    answers: list[httpx.Response] = [
        *(work.http.get(work.roma("apps")) for _ in range(3)),
        work.http.get(work.roma("nothing-here")),
        work.progress("none"),
        work.download("none"),
        server.http().get("/v3/projects"),
    ]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_unknown_paths_and_methods_are_refused_in_the_same_shape(work: Workplace) -> None:
    refusal(work.http.get(work.roma("nothing-here")), 404, "ROMA.1007")
    refusal(work.http.patch(work.roma("apps")), 405, "ROMAPORT.1002")


def test_another_project_is_foreign_and_another_projects_instance_does_not_exist(
    server: EmbeddedServer, work: Workplace
) -> None:
    stranger = server.account("Tenant Administrator", project_id=server.other_project_id)
    http = server.http(f"/v2/{server.project_id}/", {"x-auth-token": stranger.token})
    refusal(http.get(work.roma("apps")), 403, "ROMAPORT.1101")
    refusal(stranger.http.get(work.roma("apps")), 404, "ROMAPORT.1201")
