"""Users, policies, and who may do what where, as rows."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping, Select, delete, insert, select, update

from romaport.auth.callers import Project
from romaport.auth.store.places import PROJECT, PROJECT_DOMAINS, PROJECTS_JOINED, moment, project_from
from romaport.clock import milliseconds
from romaport.storage import Transaction
from romaport.storage.tables import domains, grants, policies, projects, tokens, users

_IDS_PER_STATEMENT = 5_000


@dataclass(frozen=True, kw_only=True)
class User:
    """A user, as others may see it."""

    id: str
    name: str
    domain_id: str
    domain_name: str
    is_enabled: bool


@dataclass(frozen=True, kw_only=True)
class UserRow:
    """A user, with what decides about credentials."""

    user: User
    password_hash: str = field(repr=False)
    tokens_valid_from: datetime


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A policy that a user has in a project; `document` is None for a built-in or a lost one."""

    project: Project
    policy_name: str
    document: str | None


# What statements read of a user.
USER = (
    users.c.id.label("user_id"),
    users.c.name.label("user_name"),
    users.c.enabled,
    users.c.password_hash,
    users.c.tokens_valid_from,
    domains.c.id.label("user_domain_id"),
    domains.c.name.label("user_domain_name"),
)
USERS_JOINED = users.join(domains, domains.c.id == users.c.domain_id)


def user_from(row: RowMapping) -> UserRow:
    """Make a user of a row that holds `USER`."""
    user = User(
        id=row["user_id"],
        name=row["user_name"],
        domain_id=row["user_domain_id"],
        domain_name=row["user_domain_name"],
        is_enabled=bool(row["enabled"]),
    )
    return UserRow(user=user, password_hash=row["password_hash"], tokens_valid_from=moment(row["tokens_valid_from"]))


def add_user(tx: Transaction, user_id: str, *, domain_id: str, name: str, password_hash: str) -> None:
    """Add a user to a domain."""
    tx.execute(insert(users).values(id=user_id, domain_id=domain_id, name=name, password_hash=password_hash))


def _user_rows(tx: Transaction, statement: Select[*tuple[object, ...]]) -> list[UserRow]:
    return [user_from(row) for row in tx.execute(statement).mappings()]


def users_called(tx: Transaction, name: str) -> list[UserRow]:
    """Answer the users that have this id or name."""
    statement = select(*USER).select_from(USERS_JOINED).where((users.c.name == name) | (users.c.id == name))
    return _user_rows(tx, statement)


def user_in_domain(tx: Transaction, *, domain_id: str, name: str) -> UserRow | None:
    """Answer the user of this name in a domain, if there is one."""
    statement = select(*USER).select_from(USERS_JOINED).where(users.c.name == name, users.c.domain_id == domain_id)
    found = _user_rows(tx, statement)
    return found[0] if found else None


def kept_user(tx: Transaction, user_id: str) -> UserRow | None:
    """Answer a user by id, if there is one, who stays as this says until the transaction ends."""
    statement = select(*USER).select_from(USERS_JOINED).where(users.c.id == user_id)
    found = _user_rows(tx, statement.with_for_update(read=True, of=users))
    return found[0] if found else None


def all_users(tx: Transaction, domain_id: str | None = None, *, part: str = "", limit: int | None = None) -> list[User]:
    """Answer users by domain and name; those of a domain, whose names contain a text, if they are given."""
    statement = select(*USER).select_from(USERS_JOINED).order_by(domains.c.name, users.c.name).limit(limit)
    if domain_id is not None:
        statement = statement.where(domains.c.id == domain_id)
    if part:
        statement = statement.where(users.c.name.icontains(part, autoescape=True))
    return [row.user for row in _user_rows(tx, statement)]


def user_names(tx: Transaction, ids: Collection[str]) -> dict[str, str]:
    """Answer the names of those users who exist, by id."""
    ordered = sorted(ids)
    found: dict[str, str] = {}
    for start in range(0, len(ordered), _IDS_PER_STATEMENT):
        part = ordered[start : start + _IDS_PER_STATEMENT]
        found.update(
            (row.id, row.name) for row in tx.execute(select(users.c.id, users.c.name).where(users.c.id.in_(part)))
        )
    return found


def set_password_hash(tx: Transaction, user_id: str, password_hash: str, *, was: str | None = None) -> bool:
    """Replace a user's hash, only if it still is `was` where that is given; say whether it was replaced."""
    statement = update(users).where(users.c.id == user_id).values(password_hash=password_hash)
    if was is not None:
        statement = statement.where(users.c.password_hash == was)
    return tx.execute(statement).rowcount == 1


def set_enabled(tx: Transaction, user_id: str, *, is_enabled: bool) -> None:
    """Enable or disable a user."""
    tx.execute(update(users).where(users.c.id == user_id).values(enabled=int(is_enabled)))


def remove_user(tx: Transaction, user_id: str) -> None:
    """Remove a user with grants, keys and tokens."""
    tx.execute(delete(users).where(users.c.id == user_id))


def end_tokens(tx: Transaction, user_id: str, *, at: datetime) -> None:
    """End every token of a user that was issued up to now."""
    tx.execute(update(users).where(users.c.id == user_id).values(tokens_valid_from=milliseconds(at)))
    tx.execute(delete(tokens).where(tokens.c.user_id == user_id))


# policies and grants


def add_policy(tx: Transaction, name: str, document: str) -> None:
    """Add a policy of the operator's own."""
    tx.execute(insert(policies).values(name=name, document=document))


def all_policies(tx: Transaction) -> dict[str, str]:
    """Answer the documents of the operator's own policies, by name."""
    return {row.name: row.document for row in tx.execute(select(policies).order_by(policies.c.name))}


def add_grant(tx: Transaction, *, user_id: str, project_id: str, policy_name: str) -> None:
    """Give a user a policy in a project."""
    tx.execute(insert(grants).values(user_id=user_id, project_id=project_id, policy_name=policy_name))


def remove_grant(tx: Transaction, *, user_id: str, project_id: str, policy_name: str) -> bool:
    """Take a policy from a user in a project; say whether the user had it."""
    statement = delete(grants).where(
        grants.c.user_id == user_id, grants.c.project_id == project_id, grants.c.policy_name == policy_name
    )
    return tx.execute(statement).rowcount == 1


def grants_of(tx: Transaction, user_id: str, project_id: str | None = None) -> list[Grant]:
    """Answer what a user may do, by project and policy; only in one project, if one is given."""
    statement = (
        select(*PROJECT, grants.c.policy_name, policies.c.document)
        .select_from(
            grants.join(PROJECTS_JOINED, projects.c.id == grants.c.project_id).outerjoin(
                policies, policies.c.name == grants.c.policy_name
            )
        )
        .where(grants.c.user_id == user_id)
        .order_by(PROJECT_DOMAINS.c.name, projects.c.name, grants.c.policy_name)
    )
    if project_id is not None:
        statement = statement.where(grants.c.project_id == project_id)
    return [
        Grant(project=project_from(row), policy_name=row["policy_name"], document=row["document"])
        for row in tx.execute(statement).mappings()
    ]
