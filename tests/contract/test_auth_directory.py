from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from tests.contract.auth_system import PASSWORD, AuthSystem
from tests.support.stores import Store

from romaport.auth import Directory
from romaport.errors import BodyInvalid, InstanceMissing, NameTaken, ParameterInvalid, ThingMissing
from romaport.storage import DatabaseOptions, Vault
from romaport.storage.migrations import migrate

POLICY = '{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["*"]}]}'


@pytest.fixture
def system(tmp_path: Path, store: Store) -> AuthSystem:
    return AuthSystem(tmp_path, store=store)


@pytest.fixture
def directory(system: AuthSystem) -> Directory:
    return system.directory


def test_a_domain_is_made_once(directory: Directory) -> None:
    made = directory.ensure_domain("other")
    assert directory.ensure_domain("other") == made
    assert directory.domains() == ["acme", "other"]


@pytest.mark.parametrize(
    ("thing", "add"),
    [
        ("domain", lambda directory: directory.add_domain("acme")),
        ("project", lambda directory: directory.add_project("dev", "acme")),
        ("instance", lambda directory: [directory.add_instance("dev", "one") for _ in range(2)]),
        ("user", lambda directory: directory.add_user("ann", PASSWORD, "acme")),
        ("grant", lambda directory: directory.grant("ann", "dev", "ROMA FullAccess")),
        ("policy", lambda directory: directory.add_policy("ROMA FullAccess", POLICY)),
        (
            "policy",
            lambda directory: [directory.add_policy("P", POLICY) for _ in "ab"],
        ),
    ],
)
def test_a_name_that_is_taken_is_refused(directory: Directory, thing: str, add: Callable[[Directory], object]) -> None:
    with pytest.raises(NameTaken) as refusal:
        add(directory)
    assert refusal.value.thing == thing


def test_a_first_administrator_is_made_only_where_nobody_is_yet_and_nothing_is_half_made(directory: Directory) -> None:
    with pytest.raises(NameTaken):
        directory.furnish(user="bob", password=PASSWORD, domain="first", project="first", instances=["one"])
    assert directory.domains() == ["acme"]
    assert "first" not in {project.name for project in directory.projects()}


def test_the_first_instances_are_listed_as_they_were_named_though_made_at_once(tmp_path: Path, store: Store) -> None:
    # A clock may step back between one look and the next.
    moments = (datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=number) for number in count())
    names = [f"instance-{number}" for number in reversed(range(12))]
    database = store.opened(tmp_path, migrate, DatabaseOptions())
    directory = Directory(database, Vault(bytes(32)), lambda: next(moments))
    directory.furnish(user="bob", password=PASSWORD, domain="first", project="first", instances=names)
    assert [found.name for found in directory.instances("first")] == names
    database.close()


@pytest.mark.parametrize(
    ("thing", "use"),
    [
        ("domain", lambda directory: directory.add_project("p", "nowhere")),
        ("domain", lambda directory: directory.add_user("u", PASSWORD, "nowhere")),
        ("project", lambda directory: directory.add_instance("nowhere", "i")),
        ("project", lambda directory: directory.instances("nowhere")),
        ("project", lambda directory: directory.grant("ann", "nowhere", "ROMA FullAccess")),
        ("user", lambda directory: directory.grant("nobody", "dev", "ROMA FullAccess")),
        ("user", lambda directory: directory.set_password("nobody", PASSWORD)),
        ("user", lambda directory: directory.enable_user("nobody")),
        ("user", lambda directory: directory.disable_user("nobody")),
        ("user", lambda directory: directory.remove_user("nobody")),
        ("user", lambda directory: directory.add_key("nobody")),
        ("user", lambda directory: directory.keys("nobody")),
        ("policy", lambda directory: directory.grant("ann", "dev", "Unknown")),
        ("grant", lambda directory: directory.revoke_grant("ann", "dev", "ROMA ReadOnlyAccess")),
        ("access key", lambda directory: directory.remove_key("UNKNOWN")),
    ],
)
def test_what_nothing_has_as_its_name_is_missing(
    directory: Directory, thing: str, use: Callable[[Directory], object]
) -> None:
    with pytest.raises(ThingMissing) as refusal:
        use(directory)
    assert refusal.value.thing == thing


@pytest.mark.parametrize("name", ["", "a" * 65, " a", "a\n", "\x1b[31m"])
def test_a_name_that_cannot_be_is_refused(directory: Directory, name: str) -> None:
    adds: list[Callable[[], object]] = [
        lambda: directory.add_domain(name),
        lambda: directory.add_project(name, "acme"),
        lambda: directory.add_instance("dev", name),
        lambda: directory.add_user(name, PASSWORD, "acme"),
    ]
    for add in adds:
        with pytest.raises(ParameterInvalid):
            add()


@pytest.mark.parametrize("password", ["", "seven77", "a" * 129])
def test_a_password_that_is_too_short_or_too_long_is_refused_and_not_repeated(
    directory: Directory, password: str
) -> None:
    with pytest.raises(ParameterInvalid) as added:
        directory.add_user("new", password, "acme")
    with pytest.raises(ParameterInvalid) as changed:
        directory.set_password("ann", password)
    assert not password or password not in f"{added.value} {changed.value}"


def test_instances_belong_to_their_project_and_keep_their_order(system: AuthSystem, directory: Directory) -> None:
    first = directory.add_instance("dev", "zeta", "the first")
    system.clock.advance(1)
    second = directory.add_instance(system.dev, "alpha")
    other = directory.add_instance("prod", "zeta")
    assert [(found.id, found.name, found.description) for found in directory.instances("dev")] == [
        (first, "zeta", "the first"),
        (second, "alpha", ""),
    ]
    assert directory.instance(system.prod, other).created_at == system.clock()
    with pytest.raises(InstanceMissing):
        directory.instance(system.dev, other)


def test_a_name_of_several_domains_must_be_given_as_an_id(directory: Directory) -> None:
    directory.add_domain("other")
    twin = directory.add_user("ann", PASSWORD, "other")
    with pytest.raises(ParameterInvalid):
        directory.disable_user("ann")
    directory.disable_user(twin)
    assert {(user.domain_name, user.is_enabled) for user in directory.users() if user.name == "ann"} == {
        ("acme", True),
        ("other", False),
    }


def test_a_user_is_granted_policies_in_projects_of_the_own_domain_only(directory: Directory) -> None:
    directory.add_domain("other")
    directory.add_project("theirs", "other")
    with pytest.raises(ParameterInvalid):
        directory.grant("ann", "theirs", "ROMA FullAccess")


def test_users_are_found_by_a_part_of_the_name_in_their_domain(system: AuthSystem, directory: Directory) -> None:
    directory.add_domain("other")
    directory.add_user("joanna", PASSWORD, "other")
    directory.add_user("a_b%c", PASSWORD, "acme")
    found = directory.users_in_domain(system.domain_id, "AN")
    assert [user.name for user in found] == ["ann"]
    assert [user.name for user in directory.users_in_domain(system.domain_id, "%")] == ["a_b%c"]
    assert [user.name for user in directory.users_in_domain(system.domain_id, limit=2)] == ["a_b%c", "ann"]
    known = directory.user_names([system.ids["ann"], "unknown"])
    assert known == {system.ids["ann"]: "ann"}


def test_a_removed_user_leaves_no_key_and_no_grant(directory: Directory) -> None:
    access_key, secret = directory.add_key("ann")
    assert [key.access_key for key in directory.keys("ann")] == [access_key]
    assert secret not in repr(directory.keys("ann"))
    directory.remove_user("ann")
    directory.add_user("ann", PASSWORD, "acme")
    assert directory.keys("ann") == []
    assert directory.grants("ann") == []


def test_a_wrong_policy_document_is_refused_whole(directory: Directory) -> None:
    with pytest.raises(BodyInvalid):
        directory.add_policy("Mine", b'{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["all"]}]}')
    assert "Mine" not in directory.policies()
