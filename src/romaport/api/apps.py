"""What applications have beyond the operations of every kind: secret, users, validation (contract 7.3)."""

from dataclasses import replace
from typing import Annotated, Any

from msgspec import Meta, Struct

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.resources import resource_operations
from romaport.catalog import ROLES
from romaport.errors import AssetMissing, BodyInvalid, ParameterInvalid
from romaport.ids import new_secret
from romaport.kinds import KINDS, Asset, Filter, Kind
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS"]

_APP = KINDS["app"]
_CANDIDATES_MAX = 1_000
_NOBODY = "-"
_ONE = "/v2/{project_id}/instances/{instance_id}/apps/{app_id}"


class SecretReset(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the secret's reset; without a secret one is made up."""

    secret: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9!@#$%+=.\-/]+\Z")] | None = None


class AppUser(Struct, frozen=True):
    """One user an application is shared with; the name is the server's to know."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    roles: list[str]
    name: str | None = None


class AppUsers(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the users' operation: all of them; an empty list removes all."""

    users: Annotated[list[AppUser], Meta(max_length=1000)]


def _by_users(kind: Kind) -> Kind:
    """Answer a kind that is only listed, by who its assets are shared with too."""
    listing = kind.listing
    assert listing is not None, f"{kind.name}: can be listed"
    filters = (Filter(query="auth_role", matches="role"), Filter(query="user_name", matches="member"))
    return replace(
        kind,
        actions={"list": kind.action("list")},
        listing=replace(listing, filters=(*listing.filters, *filters)),
    )


(_LIST,) = resource_operations(_by_users(_APP))


def list_apps(call: Call) -> Reply:
    """List applications; `auth_role` keeps those on which the caller has a role, `user_name` one user's.

    A user's are those that the user made or is shared, as far as the caller sees them.
    """
    role, name = (call.query.get(field, "") for field in ("auth_role", "user_name"))
    if role and role not in ROLES:
        raise ParameterInvalid(name="auth_role", rule=f"must be one of {', '.join(ROLES)}")
    if name:
        users = call.parts.directory.users_in_domain(call.caller.domain_id, name)
        user_id = next((user.id for user in users if user.name == name), _NOBODY)
        call = replace(call, query={**call.query, "user_name": user_id})
    return _LIST.run(call)


def _app(call: Call, tx: Transaction) -> Asset:
    return call.parts.desk.catalog.show(tx, _APP, call.instance_id, call.path["app_id"], call.actor)


def show_secret(call: Call) -> Reply:
    """Answer an application's secret, to those who may change the application."""
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        app = _app(call, tx)
        desk.catalog.permit_all(tx, [app.id], call.actor, "access")
        return Reply(document={"id": app.id, "secret": desk.catalog.secrets(tx, app).get("secret")})


def reset_secret(call: Call) -> Reply:
    """Give an application a new secret, the caller's or a random one."""
    desk = call.parts.desk
    asked = decode(SecretReset, call.body or b"{}")
    secret = asked.secret or new_secret()
    with desk.deciding(call.instance_id) as tx:
        app = _app(call, tx)
        desk.catalog.replace_secret(tx, app, "secret", secret, call.actor)
    return Reply(document={"id": app.id, "secret": secret})


def show_users(call: Call) -> Reply:
    """List the users an application is shared with, with their roles."""
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        app = _app(call, tx)
        members = desk.catalog.members(tx, app)
    return _users_reply(call, app.id, members)


def set_users(call: Call) -> Reply:
    """Replace the users an application is shared with."""
    desk = call.parts.desk
    asked = decode(AppUsers, call.body)
    names = call.parts.directory.user_names([user.id for user in asked.users])
    problems = [
        problem for position, user in enumerate(asked.users) for problem in _user_problems(user, position, names)
    ]
    if problems:
        raise BodyInvalid(problems="; ".join(problems))
    roles = {user.id: tuple(user.roles) for user in asked.users}
    with desk.deciding(call.instance_id) as tx:
        app = _app(call, tx)
        desk.catalog.share(tx, app, roles, call.actor)
        members = desk.catalog.members(tx, app)
    return _users_reply(call, app.id, members)


def _user_problems(user: AppUser, position: int, names: dict[str, str]) -> list[str]:
    found = [
        f"users[{position}].roles: {role[:32]} is none of {', '.join(ROLES)}"
        for role in user.roles
        if role not in ROLES
    ]
    if user.id not in names:
        found.append(f"users[{position}].id: {user.id} is no user of this domain")
    return found


def _users_reply(call: Call, app_id: str, members: dict[str, tuple[str, ...]]) -> Reply:
    names = call.parts.directory.user_names(list(members))
    wanted = call.query.get("user_name", "")
    users = [
        {"id": user_id, "name": names.get(user_id, ""), "roles": list(roles)}
        for user_id, roles in members.items()
        if wanted in names.get(user_id, "")
    ]
    return Reply(document={"id": app_id, "total": len(users), "users": users})


def show_candidates(call: Call) -> Reply:
    """List the users an application can be shared with; `filter=members` leaves out those it is."""
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        app = _app(call, tx)
        members = desk.catalog.members(tx, app) if call.query.get("filter") == "members" else {}
    users = call.parts.directory.users_in_domain(call.caller.domain_id, limit=_CANDIDATES_MAX)
    found = [{"id": user.id, "name": user.name} for user in users if user.id not in members]
    return Reply(document={"users": found})


def validate_app(call: Call) -> Reply:
    """Find an application by name, id or key; 404 says that the value is free."""
    given = {name: call.query[name] for name in ("name", "id", "key") if call.query.get(name)}
    if len(given) != 1:
        raise ParameterInvalid(name="name, id, key", rule="exactly one of them is needed")
    ((field, value),) = given.items()
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        if field == "id":
            app = desk.catalog.show(tx, _APP, call.instance_id, value, call.actor)
        else:
            found = desk.catalog.by_unique(tx, _APP, call.instance_id, field, value)
            if found is None:
                raise AssetMissing(kind=_APP.title, asset_id=value)
            app = found
    document: dict[str, Any] = {"id": app.id, "name": app.name, "remark": app.body.get("remark")}
    return Reply(document=document)


OPERATIONS = (
    replace(_LIST, run=list_apps, contract="7.3"),
    Operation(
        name="CheckRomaAppSecret",
        summary="Show an application's secret.",
        method="GET",
        path=f"{_ONE}/secret",
        action="roma:applications:get",
        run=show_secret,
        contract="7.3",
    ),
    Operation(
        name="ResetRomaAppSecret",
        summary="Reset an application's secret.",
        method="PUT",
        path=f"{_ONE}/secret",
        action="roma:applications:update",
        run=reset_secret,
        takes=Takes.JSON,
        request=SecretReset,
        contract="7.3",
    ),
    Operation(
        name="CheckAuthUsersOfApp",
        summary="List whom an application is shared with.",
        method="GET",
        path=f"{_ONE}/users",
        action="roma:applications:get",
        run=show_users,
        contract="7.3",
    ),
    Operation(
        name="AddUserToApp",
        summary="Replace whom an application is shared with.",
        method="PUT",
        path=f"{_ONE}/users",
        action="roma:applications:user",
        run=set_users,
        takes=Takes.JSON,
        request=AppUsers,
        contract="7.3",
    ),
    Operation(
        name="CheckCanAuthUsersOfApp",
        summary="List whom an application can be shared with.",
        method="GET",
        path=f"{_ONE}/candidates",
        action="roma:applications:get",
        run=show_candidates,
        contract="7.3",
    ),
    Operation(
        name="ValidateRomaApp",
        summary="Find an application by name, id or key.",
        method="GET",
        path="/v2/{project_id}/instances/{instance_id}/validate-apps",
        action="roma:applications:get",
        run=validate_app,
        contract="7.3",
    ),
)
