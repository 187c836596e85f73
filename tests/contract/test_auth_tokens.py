from collections.abc import Callable
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from argon2 import PasswordHasher
from tests.contract.auth_system import ENDPOINT, PASSWORD, AuthSystem, token_body
from tests.support.stores import Store

from romaport.auth import AuthOptions
from romaport.errors import BodyInvalid, BodyMissing, CredentialsWrong, ProjectForeign, RequestsTooMany


@pytest.fixture
def system(tmp_path: Path, store: Store) -> AuthSystem:
    return AuthSystem(tmp_path, store=store)


def cause_of(call: Callable[..., object], *given: object, **named: object) -> str:
    with pytest.raises(CredentialsWrong) as refusal:
        call(*given, **named)
    return refusal.value.cause


def test_a_token_is_its_users_and_for_its_project(system: AuthSystem) -> None:
    caller = system.gate.by_token(system.token(), system.dev)
    assert (caller.user_id, caller.user_name) == (system.ids["ann"], "ann")
    assert (caller.domain_id, caller.domain_name) == (system.domain_id, "acme")
    assert (caller.project_id, caller.project_name) == (system.dev, "dev")
    assert caller.allows("roma:assets:export")
    assert not caller.sees_all


def test_a_token_for_one_project_is_refused_in_another_one(system: AuthSystem) -> None:
    system.directory.grant("ann", "prod", "ROMA FullAccess")
    token = system.token()
    with pytest.raises(ProjectForeign):
        system.gate.by_token(token, system.prod)
    system.gate.by_token(token, system.dev)
    assert system.gate.remembered(token, system.prod) is None
    with pytest.raises(ProjectForeign):
        system.gate.by_token(token, system.prod)


@pytest.mark.parametrize("scope", [None, {"domain": {"name": "acme"}}])
def test_a_token_without_a_project_serves_outside_of_projects_only(system: AuthSystem, scope: object) -> None:
    token = system.token(scope=scope)
    assert system.gate.by_token(token, "").project_id == ""
    with pytest.raises(ProjectForeign):
        system.gate.by_token(token, system.dev)


def test_a_read_only_user_reads_and_lists(system: AuthSystem) -> None:
    caller = system.gate.by_token(system.token("rob"), system.dev)
    assert caller.allows("roma:assets:get")
    assert caller.allows("roma:apps:list")
    assert not caller.allows("roma:assets:export")


def test_a_tenant_administrator_sees_all(system: AuthSystem) -> None:
    caller = system.gate.by_token(system.token("tina"), system.dev)
    assert caller.sees_all
    assert caller.allows("roma:assets:delete")


def test_a_denied_action_stays_denied_beside_full_access(system: AuthSystem) -> None:
    document = {"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["roma:assets:delete"]}]}
    system.directory.add_policy("Keep", msgspec.json.encode(document))
    system.directory.grant("ann", "dev", "Keep")
    caller = system.gate.by_token(system.token(), system.dev)
    assert caller.allows("roma:assets:export")
    assert not caller.allows("roma:assets:delete")


def test_an_absent_token_and_an_unknown_one_are_told_apart_as_published(system: AuthSystem) -> None:
    assert cause_of(system.gate.by_token, "", system.dev) == "x-auth-token not found"
    for unknown in ("nobodys", "x" * 100_000, "\ud800"):
        assert cause_of(system.gate.by_token, unknown, system.dev) == "decrypt token fail"


def test_a_token_expires_to_the_second_even_while_it_is_remembered(tmp_path: Path, store: Store) -> None:
    system = AuthSystem(tmp_path, AuthOptions(token_seconds=60, cache_seconds=300), store=store)
    token = system.token()
    system.clock.advance(59.999)
    system.gate.by_token(token, system.dev)
    assert system.gate.remembered(token, system.dev) is not None
    system.clock.advance(0.001)
    assert system.gate.remembered(token, system.dev) is None
    cause = cause_of(system.gate.by_token, token, system.dev)
    assert cause == "token expires, expires_at: 2026-01-02T03:05:05.000000Z"


def test_a_verified_token_is_remembered_for_the_set_time(system: AuthSystem) -> None:
    token = system.token()
    assert system.gate.remembered(token, system.dev) is None
    caller = system.gate.by_token(token, system.dev)
    system.clock.advance(system.options.cache_seconds - 0.001)
    for project_id in (system.dev, ""):
        known = system.gate.remembered(token, project_id)
        assert known is not None
        assert known.caller is caller
    system.clock.advance(0.001)
    assert system.gate.remembered(token, system.dev) is None


def test_what_is_remembered_is_trusted_unasked_only_where_no_other_process_is(system: AuthSystem) -> None:
    token = system.token()
    caller = system.gate.by_token(token, system.dev)
    expected = None if system.database.is_shared else caller
    assert system.gate.known(token, system.dev) is expected


@pytest.mark.parametrize(
    "change",
    [
        lambda system: system.directory.disable_user("ann"),
        lambda system: system.directory.remove_user("ann"),
        lambda system: system.directory.set_password("ann", "another password"),
        lambda system: system.directory.revoke_grant("ann", "dev", "ROMA FullAccess"),
        lambda system: system.directory.remove_key(system.directory.keys("ann")[0].access_key),
    ],
    ids=["disabled", "removed", "password", "permission", "key"],
)
def test_what_changes_a_user_ends_the_tokens_within_the_set_time(
    system: AuthSystem, change: Callable[[AuthSystem], None]
) -> None:
    system.directory.add_key("ann")
    token = system.token()
    system.gate.by_token(token, system.dev)
    change(system)
    system.clock.advance(system.options.cache_seconds)
    assert system.gate.remembered(token, system.dev) is None
    assert cause_of(system.gate.by_token, token, system.dev) == "decrypt token fail"


def test_an_enabled_user_logs_in_again_but_old_tokens_stay_ended(system: AuthSystem) -> None:
    token = system.token()
    system.directory.disable_user("ann")
    assert cause_of(system.token) == "The username or password is wrong."
    system.directory.enable_user("ann")
    system.gate.by_token(system.token(), system.dev)
    assert cause_of(system.gate.by_token, token, system.dev) == "decrypt token fail"


def test_a_new_token_leaves_the_old_one_valid(system: AuthSystem) -> None:
    first, second = system.token(), system.token()
    assert first != second
    assert system.gate.by_token(first, system.dev) == system.gate.by_token(second, system.dev)


def test_tokens_are_swept_one_lifetime_after_they_expired(system: AuthSystem) -> None:
    token = system.token()
    system.clock.advance(2 * system.options.token_seconds)
    system.token()
    assert cause_of(system.gate.by_token, token, system.dev).startswith("token expires")
    system.clock.advance(0.001)
    system.token()
    assert cause_of(system.gate.by_token, token, system.dev) == "decrypt token fail"


@pytest.mark.verified("contract 4.1")
def test_the_document_of_a_token_has_the_published_fields(system: AuthSystem) -> None:
    body = token_body("ann", {"project": {"id": system.dev}})
    issued = system.keystone.issue(body, nocatalog=False, endpoint=ENDPOINT)
    domain = {"id": system.domain_id, "name": "acme"}
    assert msgspec.json.decode(msgspec.json.encode(issued.document)) == {
        "token": {
            "methods": ["password"],
            "issued_at": "2026-01-02T03:04:05.000000Z",
            "expires_at": "2026-01-03T03:04:05.000000Z",
            "user": {"id": system.ids["ann"], "name": "ann", "password_expires_at": "", "domain": domain},
            "project": {"id": system.dev, "name": "dev", "domain": domain},
            "roles": [{"id": "0", "name": "ROMA FullAccess"}],
            "catalog": [
                {
                    "type": "roma",
                    "id": "roma",
                    "name": "romaport",
                    "endpoints": [
                        {"id": "roma-public", "interface": "public", "region": "*", "region_id": "*", "url": ENDPOINT}
                    ],
                }
            ],
        }
    }


def test_a_domain_scope_is_described_as_such_and_nocatalog_leaves_the_catalog_out(system: AuthSystem) -> None:
    body = token_body("ann", {"domain": {"id": system.domain_id}}, domain={"id": system.domain_id})
    token = msgspec.to_builtins(system.keystone.issue(body, nocatalog=True, endpoint=ENDPOINT).document)["token"]
    assert token["domain"] == {"id": system.domain_id, "name": "acme"}
    assert {"project", "catalog"}.isdisjoint(token)


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"name": "prod"}},
        {"project": {"name": "nowhere"}},
        {"project": {"id": "0" * 32}},
        {"project": {"name": "dev", "domain": {"name": "other"}}},
        {"domain": {"name": "other"}},
    ],
)
def test_a_foreign_scope_and_an_unknown_one_are_refused_alike(system: AuthSystem, scope: object) -> None:
    cause = cause_of(system.token, scope=scope)
    assert cause == "The user has no access to the project or domain of the scope."


def test_all_that_is_wrong_with_a_token_request_is_told_at_once(system: AuthSystem) -> None:
    body = {
        "auth": {
            "identity": {"methods": ["token"], "password": {"user": {"name": 7, "password": "", "domain": {"x": 1}}}},
            "scope": {"project": {"name": "a" * 65}},
        }
    }
    with pytest.raises(BodyInvalid) as refusal:
        system.keystone.issue(msgspec.json.encode(body), nocatalog=True, endpoint=ENDPOINT)
    assert [finding.partition(": ")[0] for finding in refusal.value.problems.split("; ")] == [
        "auth.identity.methods",
        "auth.identity.password.user.name",
        "auth.identity.password.user.password",
        "auth.identity.password.user.domain",
        "auth.scope.project.name",
    ]
    with pytest.raises(BodyMissing):
        system.keystone.issue(b"", nocatalog=True, endpoint=ENDPOINT)


def test_a_wrong_password_an_unknown_user_and_an_unknown_domain_are_answered_alike(system: AuthSystem) -> None:
    bodies = [
        token_body("ann", password="wrong password"),
        token_body("nobody"),
        token_body("ann", domain={"name": "nowhere"}),
    ]
    answers = {cause_of(system.keystone.issue, body, nocatalog=True, endpoint="") for body in bodies}
    assert answers == {"The username or password is wrong."}


@pytest.mark.parametrize("user", ["ann", "nobody"])
def test_a_user_name_is_locked_after_wrong_passwords_whether_it_exists_or_not(system: AuthSystem, user: str) -> None:
    spellings = [{"name": "acme"}, {"id": system.domain_id}]
    for attempt in range(system.options.lockout_failures):
        body = token_body(user, password="wrong password", domain=spellings[attempt % 2])
        cause_of(system.keystone.issue, body, nocatalog=True, endpoint="")
    with pytest.raises(RequestsTooMany) as refusal:
        system.token(user)
    assert refusal.value.retry_seconds == system.options.lockout_seconds
    system.clock.advance(system.options.lockout_seconds - 0.5)
    with pytest.raises(RequestsTooMany) as refusal:
        system.token(user)
    assert refusal.value.retry_seconds == 1
    system.token("rob")


def test_a_lock_ends_by_itself_and_a_right_password_begins_the_count_anew(system: AuthSystem) -> None:
    for _ in range(2):
        for _ in range(system.options.lockout_failures - 1):
            cause_of(system.token, password="wrong password")
        system.token()
    for _ in range(system.options.lockout_failures):
        cause_of(system.token, password="wrong password")
    system.clock.advance(system.options.lockout_seconds)
    cause_of(system.token, password="wrong password")
    system.token()


def test_attempts_made_at_the_same_time_count_one_after_the_other(tmp_path: Path, store: Store) -> None:
    system = AuthSystem(tmp_path, AuthOptions(password_hashes_at_once=1, lockout_failures=2), store=store)
    answers: list[type[Exception]] = []

    def attempt() -> None:
        try:
            system.token(password="wrong password")
        except (CredentialsWrong, RequestsTooMany) as refusal:
            answers.append(type(refusal))

    threads = [Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(CredentialsWrong) == 2
    assert answers.count(RequestsTooMany) == 4


def test_a_hash_of_other_parameters_is_renewed_by_the_next_login(system: AuthSystem) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    system.kept.change("UPDATE users SET password_hash = ? WHERE name = 'ann'", weak)
    system.gate.by_token(system.token(), system.dev)
    assert system.kept.rows("SELECT password_hash FROM users WHERE name = 'ann'") != [(weak,)]
    system.token()


def test_a_user_validates_the_own_token_and_nobody_elses(system: AuthSystem) -> None:
    own, second, other = system.token(), system.token(), system.token("rob")
    document = system.keystone.validate(own, second, nocatalog=True, endpoint=ENDPOINT)
    assert document.token.user.name == "ann"
    for subject in (other, "unknown"):
        cause = cause_of(system.keystone.validate, own, subject, nocatalog=True, endpoint=ENDPOINT)
        assert cause == "decrypt token fail"
    assert cause_of(system.keystone.validate, "", own, nocatalog=True, endpoint="") == "x-auth-token not found"
    assert cause_of(system.keystone.validate, own, "", nocatalog=True, endpoint="") == ("x-subject-token not found")


def test_a_tenant_administrator_validates_the_tokens_of_the_own_domain_only(system: AuthSystem) -> None:
    system.directory.add_domain("other")
    system.directory.add_user("eve", PASSWORD, "other")
    body = token_body("eve", domain={"name": "other"})
    foreign = system.keystone.issue(body, nocatalog=True, endpoint="").token
    administrator = system.token("tina")
    assert system.keystone.validate(administrator, system.token(), nocatalog=True, endpoint="").token.user.name == "ann"
    assert cause_of(system.keystone.validate, administrator, foreign, nocatalog=True, endpoint="") == (
        "decrypt token fail"
    )


def test_a_revoked_token_is_refused_at_once_and_others_stay(system: AuthSystem) -> None:
    token, other = system.token(), system.token()
    system.gate.by_token(token, system.dev)
    system.keystone.revoke(other, token)
    assert system.gate.remembered(token, system.dev) is None
    assert cause_of(system.gate.by_token, token, system.dev) == "decrypt token fail"
    system.gate.by_token(other, system.dev)
    cause_of(system.keystone.revoke, system.token("rob"), other)
    system.gate.by_token(other, system.dev)


@pytest.mark.verified("contract 4.3: the SDK takes exactly one project from the list")
def test_a_user_lists_the_projects_with_a_grant_and_finds_one_by_name(system: AuthSystem) -> None:
    system.directory.grant("ann", "dev", "ROMA ReadOnlyAccess")
    listed = msgspec.to_builtins(system.keystone.projects(system.ids["ann"], endpoint=ENDPOINT))
    assert [(found["id"], found["name"], found["domain_id"]) for found in listed["projects"]] == [
        (system.dev, "dev", system.domain_id)
    ]
    assert listed["links"] == {"self": f"{ENDPOINT}/v3/projects", "previous": None, "next": None}
    assert len(system.keystone.projects(system.ids["ann"], "dev").projects) == 1
    assert system.keystone.projects(system.ids["ann"], "prod").projects == ()
    caller = system.gate.by_token(system.token(), "")
    assert [project.name for project in system.gate.projects_of(caller)] == ["dev"]


def test_nothing_readable_of_passwords_and_tokens_is_stored_or_shown(system: AuthSystem) -> None:
    issued = system.keystone.issue(token_body("ann"), nocatalog=True, endpoint=ENDPOINT)
    caller = system.gate.by_token(issued.token, "")
    stored = system.kept.content()
    assert issued.token.encode() not in stored
    assert PASSWORD.encode() not in stored
    shown = f"{issued!r} {caller!r} {system.gate!r} {system.keystone!r}"
    assert issued.token not in shown
    assert PASSWORD not in shown


def test_a_password_changed_after_it_was_verified_issues_no_token(system: AuthSystem) -> None:
    moments = 0

    def change_at_the_third() -> None:
        # Asked twice while the password is verified, the clock is asked again when the token is issued.
        nonlocal moments
        moments += 1
        if moments == 3:
            system.directory.set_password("ann", "another password")

    system.clock.asked = change_at_the_third
    assert cause_of(system.token) == "The username or password is wrong."
    assert moments > 3
