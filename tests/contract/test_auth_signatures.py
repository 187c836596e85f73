from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.contract.auth_system import AuthSystem, signed
from tests.support.stores import Store

from romaport.auth import AuthOptions
from romaport.errors import CredentialsWrong, ProjectForeign
from romaport.wire.signing import SignedRequest

WRONG = "verify aksk signature fail"
LOCKED = "AK access failed to reach the limit,forbidden"


@pytest.fixture
def system(tmp_path: Path, store: Store) -> AuthSystem:
    return AuthSystem(tmp_path, store=store)


@pytest.fixture
def key(system: AuthSystem) -> tuple[str, str]:
    return system.directory.add_key("ann")


def cause_of(call: Callable[..., object], *given: object) -> str:
    with pytest.raises(CredentialsWrong) as refusal:
        call(*given)
    return refusal.value.cause


def request_for(system: AuthSystem, key: tuple[str, str], **parts: object) -> SignedRequest:
    return signed(key, system.clock(), **{"project": system.dev, "path": f"/v2/{system.dev}/instances", **parts})


def test_the_vendors_signature_makes_its_keys_user_the_caller(system: AuthSystem, key: tuple[str, str]) -> None:
    caller = system.gate.by_signature(request_for(system, key), system.dev)
    assert (caller.user_name, caller.project_id, caller.project_name) == ("ann", system.dev, "dev")
    assert caller.allows("roma:assets:export")


def test_a_signature_without_a_project_serves_outside_of_projects(system: AuthSystem, key: tuple[str, str]) -> None:
    caller = system.gate.by_signature(signed(key, system.clock()), "")
    assert (caller.user_name, caller.project_id) == ("ann", "")


def test_a_verified_key_is_remembered_for_the_set_time(system: AuthSystem, key: tuple[str, str]) -> None:
    request = request_for(system, key)
    assert system.gate.remembered_by_signature(request, system.dev) is None
    caller = system.gate.by_signature(request, system.dev)
    known = system.gate.remembered_by_signature(request, system.dev)
    assert known is not None
    assert known.caller is caller
    assert system.gate.cached_by_signature(request, system.dev) is (None if system.database.is_shared else caller)
    assert system.gate.remembered_by_signature(request, "") is None
    wrong = request_for(system, (key[0], "another secret"))
    assert system.gate.remembered_by_signature(wrong, system.dev) is None
    system.clock.advance(system.options.cache_seconds)
    assert system.gate.remembered_by_signature(request, system.dev) is None
    system.gate.by_signature(request, system.dev)
    system.gate.forget_all()
    assert system.gate.remembered_by_signature(request, system.dev) is None


@pytest.mark.parametrize("name", ["x-project-id", "host", "x-sdk-date"])
def test_an_altered_signed_header_is_refused(system: AuthSystem, key: tuple[str, str], name: str) -> None:
    request = request_for(system, key)
    altered = replace(request, headers={**request.headers, name: "20260102T030406Z"})
    assert cause_of(system.gate.by_signature, altered, system.dev) == WRONG
    system.gate.by_signature(request, system.dev)
    assert system.gate.remembered_by_signature(altered, system.dev) is None


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_date_out_of_the_window_is_refused_and_says_what_time_it_is(
    system: AuthSystem, key: tuple[str, str], seconds: int
) -> None:
    request = request_for(system, key)
    system.gate.by_signature(request, system.dev)
    system.clock.advance(seconds)
    assert system.gate.remembered_by_signature(request, system.dev) is None
    cause = cause_of(system.gate.by_signature, request, system.dev)
    assert cause.startswith(f"{WRONG},X-Sdk-Date must be within 900 seconds of 2026-01-02T0")
    system.clock.advance(-seconds / abs(seconds))
    system.gate.by_signature(request, system.dev)


@pytest.mark.parametrize("header", ["", "Basic YTpi", "SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature="])
def test_an_authorization_that_is_none_is_refused(system: AuthSystem, key: tuple[str, str], header: str) -> None:
    request = request_for(system, key)
    malformed = replace(request, headers={**request.headers, "authorization": header})
    assert cause_of(system.gate.by_signature, malformed, system.dev) == WRONG


def test_temporary_keys_are_refused(system: AuthSystem, key: tuple[str, str]) -> None:
    request = request_for(system, key, headers={"X-Security-Token": "temporary"})
    assert system.gate.remembered_by_signature(request, system.dev) is None
    assert cause_of(system.gate.by_signature, request, system.dev) == "Get secretKey failed"


def test_a_project_header_that_differs_from_the_path_is_refused(system: AuthSystem, key: tuple[str, str]) -> None:
    system.directory.grant("ann", "prod", "ROMA FullAccess")
    request = request_for(system, key, path=f"/v2/{system.prod}/instances")
    with pytest.raises(ProjectForeign):
        system.gate.by_signature(request, system.prod)
    right = request_for(system, key, path=f"/v2/{system.prod}/instances", project=system.prod)
    assert system.gate.by_signature(right, system.prod).project_name == "prod"
    assert system.gate.remembered_by_signature(request, system.prod) is None


def test_a_signature_without_project_header_is_for_the_project_of_the_path(
    system: AuthSystem, key: tuple[str, str]
) -> None:
    assert system.gate.by_signature(request_for(system, key, project=None), system.dev).project_name == "dev"


@pytest.mark.parametrize("name", ["prod", "nowhere"])
def test_a_project_without_a_grant_and_an_unknown_one_are_refused_alike(
    system: AuthSystem, key: tuple[str, str], name: str
) -> None:
    project = {"prod": system.prod, "nowhere": "0" * 32}[name]
    with pytest.raises(ProjectForeign):
        system.gate.by_signature(request_for(system, key, project=project), project)


@pytest.mark.verified("contract 3.3: more than five wrong signatures in a row lock the AK for five minutes")
def test_an_access_key_is_locked_by_the_sixth_wrong_signature_for_five_minutes(
    system: AuthSystem, key: tuple[str, str]
) -> None:
    right, wrong = request_for(system, key), request_for(system, (key[0], "another secret"))
    for _ in range(5):
        assert cause_of(system.gate.by_signature, wrong, system.dev) == WRONG
    system.gate.by_signature(right, system.dev)
    for _ in range(6):
        assert cause_of(system.gate.by_signature, wrong, system.dev) == WRONG
    assert system.gate.remembered_by_signature(right, system.dev) is None
    assert cause_of(system.gate.by_signature, right, system.dev) == LOCKED
    system.clock.advance(299)
    assert cause_of(system.gate.by_signature, right, system.dev) == LOCKED
    system.clock.advance(1)
    system.gate.by_signature(right, system.dev)


def test_a_right_signature_from_memory_begins_the_count_anew(system: AuthSystem, key: tuple[str, str]) -> None:
    right, wrong = request_for(system, key), request_for(system, (key[0], "another secret"))
    for _ in range(3):
        system.gate.by_signature(right, system.dev)
        for _ in range(5):
            assert cause_of(system.gate.by_signature, wrong, system.dev) == WRONG
        assert system.gate.remembered_by_signature(right, system.dev) is not None


def test_an_unknown_access_key_is_answered_and_locked_like_a_known_one(
    system: AuthSystem, key: tuple[str, str]
) -> None:
    known, unknown = (key[0], "another secret"), ("UNKNOWNUNKNOWN", "another secret")
    answers = [
        [cause_of(system.gate.by_signature, request_for(system, pair), system.dev) for _ in range(7)]
        for pair in (known, unknown)
    ]
    assert answers[0] == answers[1] == [WRONG] * 6 + [LOCKED]


@pytest.mark.parametrize(
    "change",
    [
        lambda system: system.directory.disable_user("ann"),
        lambda system: system.directory.remove_user("ann"),
        lambda system: system.directory.remove_key(system.directory.keys("ann")[0].access_key),
    ],
    ids=["disabled", "removed", "key"],
)
def test_what_ends_a_key_is_felt_within_the_set_time(
    system: AuthSystem, key: tuple[str, str], change: Callable[[AuthSystem], None]
) -> None:
    request = request_for(system, key)
    system.gate.by_signature(request, system.dev)
    change(system)
    system.clock.advance(system.options.cache_seconds)
    assert system.gate.remembered_by_signature(request, system.dev) is None
    assert cause_of(system.gate.by_signature, request, system.dev) == WRONG


def test_a_withdrawn_permission_is_felt_within_the_set_time(system: AuthSystem, key: tuple[str, str]) -> None:
    request = request_for(system, key)
    system.gate.by_signature(request, system.dev)
    system.directory.revoke_grant("ann", "dev", "ROMA FullAccess")
    system.clock.advance(system.options.cache_seconds)
    with pytest.raises(ProjectForeign):
        system.gate.by_signature(request, system.dev)


def test_a_changed_password_leaves_keys_valid(system: AuthSystem, key: tuple[str, str]) -> None:
    system.directory.set_password("ann", "another password")
    system.gate.by_signature(request_for(system, key), system.dev)


def test_with_no_trust_at_all_the_database_is_asked_every_time(tmp_path: Path, store: Store) -> None:
    system = AuthSystem(tmp_path, AuthOptions(cache_seconds=0), store=store)
    key = system.directory.add_key("ann")
    request = request_for(system, key)
    system.gate.by_signature(request, system.dev)
    assert system.gate.remembered_by_signature(request, system.dev) is None


def test_no_secret_is_stored_readable_or_shown(system: AuthSystem, key: tuple[str, str]) -> None:
    caller = system.gate.by_signature(request_for(system, key), system.dev)
    assert key[1].encode() not in system.kept.content()
    remembered = vars(system.gate)["_secrets"]
    shown = f"{caller!r} {system.gate!r} {system.directory.keys('ann')!r} {vars(remembered)!r}"
    assert key[1] not in shown
