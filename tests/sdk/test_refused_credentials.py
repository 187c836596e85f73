"""Who is not known, or may not: every operation of the SDK refuses alike, and nothing is written (contract 4, 5)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkroma.v2 import AddUserToApp as Users
from huaweicloudsdkroma.v2 import AddUserToAppRequest as ShareRequest
from huaweicloudsdkroma.v2 import (
    CheckAssetJobStatusRequest,
    CheckRomaAppDetailsRequest,
    CreateAppReq,
    CreateRomaAppRequest,
    DownloadAssetArchiveRequest,
    ListRomaAppRequest,
    UpdateAppReq,
    UpdateRomaAppRequest,
)
from huaweicloudsdkroma.v2 import User as Member
from tests.sdk.requests_of import deletion_request, reading, writing
from tests.sdk.sample import add_app, export_request, settled
from tests.sdk.site import Site, User
from tests.sdk.vendor import Sdk, credentials, opened

WRONG = "Incorrect IAM authentication information: "
NUMBERS = count(1)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "package.zip"
    path.write_bytes(b"of no interest to those who refuse before they read")
    return path


@pytest.fixture(scope="module")
def member(site: Site) -> User:
    """Someone who may do everything, until a test spoils it."""
    return site.user("ROMA FullAccess")


@pytest.fixture(scope="module")
def disabled(site: Site) -> User:
    user = site.user("ROMA FullAccess")
    site.directory.disable_user(user.name)
    return user


def everything(instance: str, package: Path) -> Iterator[tuple[Any, str]]:
    yield from reading(instance)
    yield from writing(instance, package)


@pytest.mark.parametrize("defect", ["a wrong secret key", "an unknown access key", "a disabled user"])
def test_wrong_keys_are_refused(
    client: str, site: Site, member: User, disabled: User, instance: str, package: Path, defect: str
) -> None:
    requests = list(everything(instance, package))
    # A key each, since several wrong signatures in a row lock one.
    keys = {
        "a wrong secret key": [
            replace(site.with_new_key(member.id, member.name), secret_key="wrong") for _ in requests
        ],
        "an unknown access key": [replace(member, access_key=f"NOBODY{next(NUMBERS):014}") for _ in requests],
        "a disabled user": [site.with_new_key(disabled.id, disabled.name) for _ in requests],
    }
    before = site.written()
    for (request, _), user in zip(requests, keys[defect], strict=True):
        with site.sdk(client, user) as sdk:
            sdk.refused(request, 401, "APIGW.0301", f"{WRONG}verify aksk signature fail")
    assert site.written() == before


def test_an_old_signature_is_refused(sdk: Sdk, site: Site, instance: str, package: Path) -> None:
    before = site.written()
    for date in ("20200101T000000Z", "20990101T000000Z"):
        for request, _ in everything(instance, package):
            message = f"{WRONG}verify aksk signature fail,X-Sdk-Date must be within.*"
            details = sdk.refused(request, 401, "APIGW.0301", message, headers={"X-Sdk-Date": date})
            assert "within 900 seconds of" in details
    assert site.written() == before


def test_a_key_is_locked_after_several_wrong_signatures_in_a_row(client: str, site: Site, member: User) -> None:
    user = site.with_new_key(member.id, member.name)
    request = ListRomaAppRequest(instance_id=site.place.source)
    with site.sdk(client, replace(user, secret_key="wrong")) as wrong, site.sdk(client, user) as right:
        for _ in range(5):
            wrong.refused(request, 401, "APIGW.0301", f"{WRONG}verify aksk signature fail")
        assert right.send(request).status_code == 200
        for _ in range(6):
            wrong.refused(request, 401, "APIGW.0301", f"{WRONG}verify aksk signature fail")
        locked = f"{WRONG}AK access failed to reach the limit,forbidden"
        right.refused(request, 401, "APIGW.0301", locked)


def test_temporary_keys_are_nobodys(client: str, site: Site, instance: str, package: Path) -> None:
    place = site.place
    signer = credentials(place.access_key, place.secret_key, place.project_id).with_security_token("temporary")
    with opened(client, place.endpoint, signer) as sdk:
        for request, _ in everything(instance, package):
            sdk.refused(request, 401, "APIGW.0301", f"{WRONG}Get secretKey failed")


def test_with_a_token_beside_a_signature_the_signature_counts(
    sdk: Sdk, client: str, site: Site, member: User, instance: str
) -> None:
    request = ListRomaAppRequest(instance_id=instance)
    assert sdk.send(request, headers={"X-Auth-Token": "nobody's"}).total == 0
    token = token_of(site)
    assert sdk.send(request, headers={"X-Auth-Token": token}).total == 0
    assert "x-auth-token" in sdk.answers[-1].request.headers["Authorization"]
    user = replace(site.with_new_key(member.id, member.name), secret_key="wrong")
    with site.sdk(client, user) as wrong:
        message = f"{WRONG}verify aksk signature fail"
        wrong.refused(request, 401, "APIGW.0301", message, headers={"X-Auth-Token": token})


def token_of(site: Site) -> str:
    place = site.place
    user = {"name": place.user, "password": place.password, "domain": {"name": place.domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": place.project_id}}}}
    answer = httpx.post(f"{place.endpoint}/v3/auth/tokens", json=body)
    assert answer.status_code == 201
    return answer.headers["X-Subject-Token"]


@contextmanager
def token_client(site: Site, token: str | None) -> Iterator[Sdk]:
    """Open a client whose signature is taken off; only the sync client lets its caller do that."""

    def change(request: Any) -> None:
        del request.header_params["Authorization"]
        if token is not None:
            request.header_params["X-Auth-Token"] = token

    place = site.place
    signer = credentials(place.access_key, place.secret_key, place.project_id)
    with opened("sync", place.endpoint, signer, change=change) as sdk:
        yield sdk


def test_no_credentials_and_wrong_tokens_are_refused(site: Site, instance: str, package: Path) -> None:
    before = site.written()
    for token, cause in ((None, "x-auth-token not found"), ("nobody's", "decrypt token fail")):
        with token_client(site, token) as sdk:
            for request, _ in everything(instance, package):
                sdk.refused(request, 401, "APIGW.0301", f"{WRONG}{cause}")
    assert site.written() == before
    with token_client(site, token_of(site)) as sdk:
        assert sdk.send(ListRomaAppRequest(instance_id=instance)).total == 0


def test_a_user_who_may_only_read_changes_nothing(client: str, site: Site, instance: str, package: Path) -> None:
    with site.sdk(client, site.user("ROMA ReadOnlyAccess")) as sdk:
        before = site.written()
        for request, action in writing(instance, package):
            message = "You do not have the permissions required to perform this operation\\."
            assert action in sdk.refused(request, 403, "ROMA.1006", message)
        for request, _ in reading(instance):
            _let_in(sdk, request)
        assert site.written() == before


_LET_IN = {
    (200, ""),
    (204, ""),
    *((404, code) for code in ("ROMAPORT.2001", "ROMAPORT.3001", "APIG.3001", "APIG.3002")),
}


def _let_in(sdk: Sdk, request: Any) -> None:
    """Send a request that is allowed, whether or not there is anything to answer."""
    try:
        met = (sdk.send(request).status_code, "")
    except ClientRequestException as refusal:
        met = (refusal.status_code, refusal.error_code)
    assert met in _LET_IN, request


def test_a_deny_wins_over_every_allow(client: str, site: Site, instance: str, package: Path) -> None:
    requests = [*reading(instance), *writing(instance, package)]
    denied = {"roma:assets:export", "roma:assets:import", "roma:assets:get", "roma:tasks:create", "roma:tasks:list"}
    document = {"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": sorted(denied)}]}
    policy = f"no export {client}"
    site.directory.add_policy(policy, json.dumps(document))
    with site.sdk(client, site.user("ROMA FullAccess", policy)) as sdk:
        before = site.written()
        for request, action in requests:
            if action in denied:
                details = sdk.refused(request, 403, "ROMA.1006", "You do not have the permissions required to.*")
                assert action in details
        assert site.written() == before
        made = sdk.send(CreateRomaAppRequest(instance_id=instance, body=CreateAppReq(name="Orders")))
        assert made.owner


def test_another_project_is_foreign(client: str, site: Site, package: Path) -> None:
    foreign = site.directory.add_project(f"foreign-{client}", site.place.domain)
    instance = site.directory.add_instance(foreign, "theirs")
    before = site.written()
    for project_id in (foreign, "0" * 32):
        signer = credentials(site.place.access_key, site.place.secret_key, project_id)
        with opened(client, site.place.endpoint, signer) as sdk:
            for request, _ in everything(instance, package):
                message = "The credentials are not for the project in the path\\."
                assert sdk.refused(request, 403, "ROMAPORT.1101", message).startswith("project_id: ")
    assert site.written() == before


def test_a_client_without_a_project_is_told_so(client: str, site: Site, instance: str, package: Path) -> None:
    before = site.written()
    # Given an endpoint and no region, the SDK sends its placeholder as it stands (contract 4.3).
    signer = credentials(site.place.access_key, site.place.secret_key, None)
    with opened(client, site.place.endpoint, signer) as sdk:
        for request, _ in everything(instance, package):
            message = "Invalid parameters: project_id: is still a placeholder; give your client the project's id"
            assert "project_id" in sdk.refused(request, 400, "ROMA.13000", message)
    assert site.written() == before


def test_a_user_without_any_policy_in_a_project_has_no_business_there(
    client: str, site: Site, instance: str, package: Path
) -> None:
    with site.sdk(client, site.user()) as sdk:
        for request, _ in everything(instance, package):
            sdk.refused(request, 403, "ROMAPORT.1101", "The credentials are not for the project in the path\\.")


def test_another_projects_instance_does_not_exist(sdk: Sdk, client: str, site: Site, package: Path) -> None:
    foreign = site.directory.add_project(f"elsewhere-{client}", site.place.domain)
    for instance in (site.directory.add_instance(foreign, "theirs"), "nowhere", "i" * 65):
        before = site.written()
        for request, _ in everything(instance, package):
            message = f"Instance {instance} does not exist in this project\\."
            sdk.refused(request, 404, "ROMAPORT.1201", message)
        assert site.written() == before


def test_what_is_another_users_does_not_exist(sdk: Sdk, client: str, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    job = settled(sdk, instance, sdk.send(export_request(instance, apps=[app.id])).job_id)
    with site.sdk(client, site.user("ROMA FullAccess")) as other:
        before = site.written()
        assert other.send(ListRomaAppRequest(instance_id=instance)).total == 0
        show = CheckRomaAppDetailsRequest(instance_id=instance, app_id=app.id)
        other.refused(show, 404, "ROMAPORT.3001", f"The application {app.id} does not exist\\.")
        for request in (export_request(instance, apps=[app.id]), deletion_request(instance, apps=[app.id])):
            message = f"1 of the selected assets do not exist: application {app.id}"
            other.refused(request, 404, "ROMAPORT.3002", message)
        progress = CheckAssetJobStatusRequest(instance_id=instance, job_id=job.id)
        other.refused(progress, 404, "ROMAPORT.2001", f"Job {job.id} does not exist\\.")
        download = DownloadAssetArchiveRequest(instance_id=instance, archive_id=job.archive_id)
        other.refused(download, 404, "ROMAPORT.2101", f"Archive {job.archive_id} does not exist\\.")
        assert site.written() == before


def test_who_may_read_an_application_may_not_change_it(sdk: Sdk, client: str, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    guest = site.user("ROMA FullAccess")
    shared = Users(users=[Member(id=guest.id, roles=["read"])])
    sdk.send(ShareRequest(instance_id=instance, app_id=app.id, body=shared))
    with site.sdk(client, guest) as other:
        before = site.written()
        requests = {
            "modify": UpdateRomaAppRequest(instance_id=instance, app_id=app.id, body=UpdateAppReq(remark="mine")),
            "delete": deletion_request(instance, apps=[app.id]),
            "admin": ShareRequest(instance_id=instance, app_id=app.id, body=Users(users=[])),
        }
        for role, request in requests.items():
            message = "You do not have the permissions required to operate the application\\."
            assert role in other.refused(request, 403, "ROMA.12001", message)
        assert site.written() == before
        assert other.send(CheckRomaAppDetailsRequest(instance_id=instance, app_id=app.id)).roles == ["read"]
