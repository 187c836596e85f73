"""Integration applications through the vendor's SDK (contract 7.3)."""

import pytest
from huaweicloudsdkroma.v2 import (
    AddUserToApp,
    AddUserToAppRequest,
    CheckAuthUsersOfAppRequest,
    CheckCanAuthUsersOfAppRequest,
    CheckRomaAppDetailsRequest,
    CheckRomaAppSecretRequest,
    CreateAppReq,
    CreateRomaAppRequest,
    DeleteRomaAppRequest,
    ListRomaAppRequest,
    ResetRomaAppSecretRequest,
    UpdateAppReq,
    UpdateAppSecretReq,
    UpdateRomaAppRequest,
    User,
    ValidateRomaAppRequest,
)
from tests.sdk.sample import add_app, add_source
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded

ROLES = ["read", "access", "modify", "delete", "admin"]


def test_an_application_takes_every_field_and_shows_all_but_its_secret(sdk: Sdk, site: Site, instance: str) -> None:
    made = add_app(sdk, instance, "Orders (北) v1.2", remark="Shop", key="k@1.a", secret="S!@#$%+=.-/1", favorite=True)
    assert made.status_code == 201
    assert len(made.id) == 32
    assert (made.name, made.remark, made.key, made.favorite) == ("Orders (北) v1.2", "Shop", "k@1.a", True)
    assert (made.owner, made.roles) == (True, ROLES)
    administrator = site.administrator
    for user in (made.created_user, made.last_updated_user):
        assert (user.user_id, user.user_name) == (administrator.id, administrator.name)
    assert made.create_time == made.update_time
    assert made.create_time.endswith("Z")
    assert b"S!@#$%+=.-/1" not in made.raw_content

    shown = sdk.send(CheckRomaAppDetailsRequest(instance_id=instance, app_id=made.id))
    assert shown.status_code == 200
    assert decoded(shown) == decoded(made)
    assert sdk.send(CheckRomaAppSecretRequest(instance_id=instance, app_id=made.id)).secret == "S!@#$%+=.-/1"


def test_key_and_secret_are_made_up_when_they_are_not_given(sdk: Sdk, instance: str) -> None:
    first, second = (add_app(sdk, instance, name) for name in ("First", "Second"))
    assert first.key
    assert first.key != second.key
    assert first.remark is None
    assert first.favorite is False
    secrets = [
        sdk.send(CheckRomaAppSecretRequest(instance_id=instance, app_id=app.id)).secret for app in (first, second)
    ]
    assert all(secrets)
    assert secrets[0] != secrets[1]


def test_an_update_changes_what_it_names(sdk: Sdk, instance: str) -> None:
    made = add_app(sdk, instance, "Orders", remark="Shop", favorite=True)
    request = UpdateRomaAppRequest(instance_id=instance, app_id=made.id, body=UpdateAppReq(remark="Shops"))
    changed = sdk.send(request)
    assert changed.status_code == 200
    assert (changed.name, changed.remark, changed.favorite, changed.key) == ("Orders", "Shops", True, made.key)
    request = UpdateRomaAppRequest(
        instance_id=instance, app_id=made.id, body=UpdateAppReq(name="Returns", favorite=False)
    )
    changed = sdk.send(request)
    assert (changed.name, changed.remark, changed.favorite) == ("Returns", "Shops", False)
    assert decoded(sdk.send(ListRomaAppRequest(instance_id=instance)).apps) == [decoded(changed)]


def test_applications_are_listed_page_by_page_and_by_filters(sdk: Sdk, instance: str) -> None:
    for number in range(12):
        add_app(sdk, instance, f"App {number:02}", favorite=number % 2 == 0)
    first = sdk.send(ListRomaAppRequest(instance_id=instance))
    assert (first.total, first.size, len(first.apps)) == (12, 10, 10)
    rest = sdk.send(ListRomaAppRequest(instance_id=instance, offset=10, limit=5))
    assert (rest.total, rest.size) == (12, 2)
    assert {app.name for app in first.apps + rest.apps} == {f"App {number:02}" for number in range(12)}
    assert sdk.send(ListRomaAppRequest(instance_id=instance, name="p 1")).total == 2
    assert sdk.send(ListRomaAppRequest(instance_id=instance, favorite=True)).total == 6
    assert sdk.send(ListRomaAppRequest(instance_id=instance, favorite=False, name="App 0")).total == 5
    assert sdk.send(ListRomaAppRequest(instance_id=instance, owner=True)).total == 12
    assert sdk.send(ListRomaAppRequest(instance_id=instance, owner=False)).total == 0
    assert sdk.send(ListRomaAppRequest(instance_id=instance, auth_role="read", user_name="admin")).total == 12
    assert sdk.send(ListRomaAppRequest(instance_id=instance, user_name="nobody")).total == 0


def test_a_secret_is_reset_to_the_callers_or_to_a_random_one(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    show = CheckRomaAppSecretRequest(instance_id=instance, app_id=app.id)
    body = UpdateAppSecretReq(secret="Given-1")
    given = sdk.send(ResetRomaAppSecretRequest(instance_id=instance, app_id=app.id, body=body))
    assert (given.id, given.secret) == (app.id, "Given-1")
    assert sdk.send(show).secret == "Given-1"
    made = sdk.send(ResetRomaAppSecretRequest(instance_id=instance, app_id=app.id, body=UpdateAppSecretReq()))
    assert made.secret not in ("Given-1", "", None)
    assert sdk.send(show).secret == made.secret


def test_an_application_is_shared_with_users(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    guest, other = site.user("ROMA FullAccess"), site.user("ROMA FullAccess")

    candidates = sdk.send(CheckCanAuthUsersOfAppRequest(instance_id=instance, app_id=app.id)).users
    assert {(guest.id, guest.name), (other.id, other.name)} <= {(user.id, user.name) for user in candidates}

    body = AddUserToApp(users=[User(id=guest.id, roles=["modify"]), User(id=other.id, roles=["read", "delete"])])
    shared = sdk.send(AddUserToAppRequest(instance_id=instance, app_id=app.id, body=body))
    assert (shared.id, shared.total) == (app.id, 2)
    assert {(user.name, tuple(user.roles)) for user in shared.users} == {
        (guest.name, ("read", "modify")),
        (other.name, ("read", "delete")),
    }
    members = sdk.send(CheckAuthUsersOfAppRequest(instance_id=instance, app_id=app.id))
    assert decoded(members) == decoded(shared)
    found = sdk.send(CheckAuthUsersOfAppRequest(instance_id=instance, app_id=app.id, user_name=guest.name))
    assert [(user.id, user.roles) for user in found.users] == [(guest.id, ["read", "modify"])]
    left = sdk.send(CheckCanAuthUsersOfAppRequest(instance_id=instance, app_id=app.id, filter="members")).users
    assert not {user.id for user in left} & {guest.id, other.id}

    with site.sdk("sync", guest) as guest_sdk:
        (seen,) = guest_sdk.send(ListRomaAppRequest(instance_id=instance, owner=False)).apps
        assert (seen.id, seen.owner, seen.roles) == (app.id, False, ["read", "modify"])

    emptied = sdk.send(AddUserToAppRequest(instance_id=instance, app_id=app.id, body=AddUserToApp(users=[])))
    assert (emptied.total, emptied.users) == (0, [])


def test_an_application_is_found_by_name_id_or_key(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders", remark="Shop", key="orders-1")
    for asked in ({"name": "Orders"}, {"id": app.id}, {"key": "orders-1"}):
        found = sdk.send(ValidateRomaAppRequest(instance_id=instance, **asked))
        assert (found.id, found.name, found.remark) == (app.id, "Orders", "Shop")
    for asked in ({"name": "Order"}, {"id": "nowhere"}, {"key": "orders-2"}):
        (value,) = asked.values()
        sdk.refused(
            ValidateRomaAppRequest(instance_id=instance, **asked),
            404,
            "ROMAPORT.3001",
            f"The application {value} does not exist\\.",
        )


def test_a_deleted_application_is_gone(sdk: Sdk, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    assert sdk.send(DeleteRomaAppRequest(instance_id=instance, app_id=app.id)).status_code == 200
    message = f"The application {app.id} does not exist\\."
    sdk.refused(CheckRomaAppDetailsRequest(instance_id=instance, app_id=app.id), 404, "ROMAPORT.3001", message)
    sdk.refused(DeleteRomaAppRequest(instance_id=instance, app_id=app.id), 404, "ROMAPORT.3001", message)
    assert sdk.send(ListRomaAppRequest(instance_id=instance)).total == 0


def test_names_and_keys_are_unique_in_an_instance_only(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders", key="orders-1")
    other = add_app(sdk, instance, "Returns")
    before = site.written()
    taken = CreateRomaAppRequest(instance_id=instance, body=CreateAppReq(name="Orders"))
    sdk.refused(taken, 400, "ROMA.14011", "The application already exists\\.")
    taken = CreateRomaAppRequest(instance_id=instance, body=CreateAppReq(name="Shop", key="orders-1"))
    sdk.refused(taken, 400, "ROMA.14012", "The application key already exists\\.")
    renamed = UpdateRomaAppRequest(instance_id=instance, app_id=other.id, body=UpdateAppReq(name="Orders"))
    sdk.refused(renamed, 400, "ROMA.14011", "The application already exists\\.")
    assert site.written() == before
    assert add_app(sdk, site.instance(), "Orders", key="orders-1").id != app.id


def test_an_application_in_use_is_not_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    add_source(sdk, instance, app.id, "erp")
    before = site.written()
    sdk.refused(
        DeleteRomaAppRequest(instance_id=instance, app_id=app.id),
        409,
        "ROMAPORT.3005",
        "The application Orders is still used by data source erp\\.",
    )
    assert site.written() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["name: is required"]),
        ({"name": ""}, ["name: "]),
        ({"name": "a" * 257}, ["name: ", "256"]),
        ({"name": "a/b"}, ["name: "]),
        ({"name": 5}, ["name: ", "str", "int"]),
        ({"name": "a", "remark": "r" * 1025}, ["remark: ", "1024"]),
        ({"name": "a", "key": "-k"}, ["key: "]),
        ({"name": "a", "key": "k" * 65}, ["key: ", "64"]),
        ({"name": "a", "secret": "with space"}, ["secret: "]),
        ({"name": "a", "secret": "s" * 129}, ["secret: ", "128"]),
        ({"name": "a", "favorite": "yes"}, ["favorite: ", "bool", "str"]),
        ({"name": ["a"], "key": 1, "favorite": 1}, ["name: ", "key: ", "favorite: "]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_a_wrong_field_of_an_application_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, object], named: list[str]
) -> None:
    before = site.written()
    request = CreateRomaAppRequest(instance_id=instance, body=CreateAppReq(**fields))
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert not [part for part in named if part not in details], details
    assert "with space" not in details
    assert site.written() == before


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"offset": -1}, {"limit": "ten"}, {"owner": "me"}])
def test_a_wrong_parameter_of_the_list_is_named(sdk: Sdk, instance: str, query: dict[str, object]) -> None:
    ((name, _),) = query.items()
    sdk.refused(ListRomaAppRequest(instance_id=instance, **query), 400, "ROMA.13000", f"Invalid parameters: {name}: .*")


def test_roles_are_checked_when_an_application_is_shared(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    before = site.written()
    body = AddUserToApp(users=[User(id="nobody", roles=["read"]), User(id=site.administrator.id, roles=["king"])])
    request = AddUserToAppRequest(instance_id=instance, app_id=app.id, body=body)
    details = sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert "users[0].id: nobody" in details
    assert "users[1].roles: king" in details
    assert site.written() == before
