"""What operators manage: domains, projects, instances, users, their grants and their keys.

Every method is one transaction. Users and projects are named by id or by name; a name that several
domains have must be given as an id.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from romaport.auth.callers import Project
from romaport.auth.passwords import hashed
from romaport.auth.policies import BUILT_IN, TENANT_ADMINISTRATOR, parse_policy
from romaport.auth.store import credentials, people, places
from romaport.auth.store.credentials import Key
from romaport.auth.store.people import Grant, User
from romaport.auth.store.places import Instance
from romaport.clock import Clock, milliseconds
from romaport.errors import InstanceMissing, NameTaken, ParameterInvalid, ThingMissing
from romaport.ids import ids_in_order, new_access_key, new_id, new_secret
from romaport.storage import Database, Transaction, TransactionConflict, Vault, hold

__all__ = ["Directory", "Furnished"]

T = TypeVar("T")

_NAME_LENGTH_MAX = 64
_DESCRIPTION_LENGTH_MAX = 1_000


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """What a first administrator needs to know."""

    project_id: str
    instances: dict[str, str]
    """Ids by name."""
    access_key: str
    secret_key: str = field(repr=False)


class Directory:
    """Domains, projects, instances, users, grants and access keys.

    Raises `ThingMissing` for names that nothing has, `NameTaken` for those that something has already, and
    `ParameterInvalid` for values that cannot be.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def furnish(self, *, user: str, password: str, domain: str, project: str, instances: Collection[str]) -> Furnished:
        """Make an administrator with a key, and a project with instances, all or nothing.

        Raises `NameTaken` if there is any user already.
        """
        password_hash, user_id, project_id = hashed(password), new_id(), new_id()
        with self._adding("user", user) as tx:
            if people.all_users(tx, limit=1):
                raise NameTaken(thing="user", name=user)
            domain_id = next(iter(places.domain_ids(tx, domain)), None) or _add_domain(tx, domain)
            places.add_project(tx, project_id, domain_id=domain_id, name=project)
            # All at one moment, whatever the clock does meanwhile, so lists of them go by their ids.
            at = self._clock()
            ids = ids_in_order(len(instances), at=milliseconds(at))
            for id_, name in zip(ids, instances, strict=True):
                made = Instance(id=id_, project_id=project_id, name=name, description="", created_at=at)
                places.add_instance(tx, made)
            people.add_user(tx, user_id, domain_id=domain_id, name=user, password_hash=password_hash)
            people.add_grant(tx, user_id=user_id, project_id=project_id, policy_name=TENANT_ADMINISTRATOR)
            access_key, secret_key = self._add_key(tx, user_id)
        by_name = dict(zip(instances, ids, strict=True))
        return Furnished(project_id=project_id, instances=by_name, access_key=access_key, secret_key=secret_key)

    # domains, projects, instances

    def add_domain(self, name: str) -> str:
        """Add a domain, which users and projects belong to; answer its id."""
        with self._adding("domain", _checked(name)) as tx:
            return _add_domain(tx, name)

    def ensure_domain(self, name: str) -> str:
        """Answer the id of the domain of this name; add it if there is none."""
        with self._adding("domain", _checked(name)) as tx:
            found = places.domain_ids(tx, name)
            return found[0] if found else _add_domain(tx, name)

    def domains(self) -> list[str]:
        """Answer the names of all domains."""
        with self._database.snapshot() as tx:
            return places.domain_names(tx)

    def add_project(self, name: str, domain: str) -> str:
        """Add a project to a domain; answer its id."""
        with self._adding("project", _checked(name)) as tx:
            domain_id = _only("domain", domain, places.domain_ids(tx, domain))
            project_id = new_id()
            places.add_project(tx, project_id, domain_id=domain_id, name=name)
        return project_id

    def projects(self) -> list[Project]:
        """Answer every project, by domain and name."""
        with self._database.snapshot() as tx:
            return places.all_projects(tx)

    def add_instance(self, project: str, name: str, description: str = "") -> str:
        """Add an instance to a project; answer its id."""
        if len(description) > _DESCRIPTION_LENGTH_MAX:
            raise ParameterInvalid(name="description", rule=f"at most {_DESCRIPTION_LENGTH_MAX} characters")
        with self._adding("instance", _checked(name)) as tx:
            project_id = _project(tx, project).id
            made = Instance(
                id=new_id(), project_id=project_id, name=name, description=description, created_at=self._clock()
            )
            places.add_instance(tx, made)
        return made.id

    def instances(self, project: str) -> list[Instance]:
        """Answer the instances of a project, oldest first."""
        with self._database.snapshot() as tx:
            return places.instances_of(tx, _project(tx, project).id)

    def instance(self, project_id: str, instance_id: str) -> Instance:
        """Answer an instance of a project; raise `InstanceMissing` if the project has none of this id."""
        with self._database.snapshot() as tx:
            found = places.instances_of(tx, project_id, instance_id)
        if not found:
            raise InstanceMissing(instance_id=instance_id)
        return found[0]

    # users

    def add_user(self, name: str, password: str, domain: str) -> str:
        """Add a user, who may do nothing yet, to a domain; answer the id."""
        password_hash = hashed(password)
        with self._adding("user", _checked(name)) as tx:
            domain_id = _only("domain", domain, places.domain_ids(tx, domain))
            user_id = new_id()
            people.add_user(tx, user_id, domain_id=domain_id, name=name, password_hash=password_hash)
        return user_id

    def users(self) -> list[User]:
        """Answer every user, by domain and name."""
        with self._database.snapshot() as tx:
            return people.all_users(tx)

    def users_in_domain(self, domain_id: str, part: str = "", *, limit: int | None = None) -> list[User]:
        """Answer the users of a domain whose names contain a text, by name; at most `limit`."""
        with self._database.snapshot() as tx:
            return people.all_users(tx, domain_id, part=part, limit=limit)

    def user_names(self, ids: Collection[str]) -> dict[str, str]:
        """Answer the names of those users who exist, by id."""
        with self._database.snapshot() as tx:
            return people.user_names(tx, ids)

    def set_password(self, user: str, password: str) -> None:
        """Give a user a new password; every token of the user ends."""
        password_hash = hashed(password)
        with self._writing() as tx:
            user_id = _user(tx, user).id
            people.set_password_hash(tx, user_id, password_hash)
            people.end_tokens(tx, user_id, at=self._clock())

    def enable_user(self, user: str) -> None:
        """Let a disabled user in again; tokens that ended stay ended."""
        with self._writing() as tx:
            people.set_enabled(tx, _user(tx, user).id, is_enabled=True)

    def disable_user(self, user: str) -> None:
        """Let a user in no longer: tokens end, and keys and password are refused until the user is enabled."""
        with self._writing() as tx:
            user_id = _user(tx, user).id
            people.set_enabled(tx, user_id, is_enabled=False)
            people.end_tokens(tx, user_id, at=self._clock())

    def remove_user(self, user: str) -> None:
        """Remove a user with all grants, keys, tokens and roles on applications; what the user made stays."""
        with self._writing() as tx:
            people.remove_user(tx, _user(tx, user).id)

    # permissions

    def grant(self, user: str, project: str, policy_name: str) -> None:
        """Give a user a policy, built-in or of the operator's own, in a project of the user's domain."""
        with self._adding("grant", policy_name) as tx:
            found = _user(tx, user)
            place = _project(tx, project)
            if policy_name not in BUILT_IN and policy_name not in people.all_policies(tx):
                raise ThingMissing(thing="policy", name=policy_name)
            if place.domain_id != found.domain_id:
                raise ParameterInvalid(name="project", rule="must be in the domain of the user")
            people.add_grant(tx, user_id=found.id, project_id=place.id, policy_name=policy_name)

    def revoke_grant(self, user: str, project: str, policy_name: str) -> None:
        """Take a policy from a user in a project; every token of the user ends."""
        with self._writing() as tx:
            found = _user(tx, user)
            project_id = _project(tx, project).id
            if not people.remove_grant(tx, user_id=found.id, project_id=project_id, policy_name=policy_name):
                raise ThingMissing(thing="grant", name=policy_name)
            people.end_tokens(tx, found.id, at=self._clock())

    def grants(self, user: str) -> list[Grant]:
        """Answer what a user may do, by project and policy."""
        with self._database.snapshot() as tx:
            return people.grants_of(tx, _user(tx, user).id)

    def add_policy(self, name: str, document: str | bytes) -> None:
        """Add a policy of the operator's own; raise `BodyInvalid` with everything that is wrong in the document."""
        policy = parse_policy(document)
        if name in BUILT_IN:
            raise NameTaken(thing="policy", name=name)
        with self._adding("policy", _checked(name)) as tx:
            people.add_policy(tx, name, policy.document())

    def policies(self) -> dict[str, str]:
        """Answer the documents of all policies by name, the built-in ones first."""
        with self._database.snapshot() as tx:
            return {**{name: policy.document() for name, policy in BUILT_IN.items()}, **people.all_policies(tx)}

    # access keys

    def add_key(self, user: str) -> tuple[str, str]:
        """Make a user an access key; answer it with its secret, which nobody is shown again."""
        with self._writing() as tx:
            return self._add_key(tx, _user(tx, user).id)

    def keys(self, user: str) -> list[Key]:
        """Answer a user's access keys, oldest first, without secrets."""
        with self._database.snapshot() as tx:
            return credentials.keys_of(tx, _user(tx, user).id)

    def check_vault(self) -> None:
        """Raise `SettingInvalid` if what is kept was sealed under another key than the vault's."""
        with self._database.snapshot() as tx:
            found = credentials.any_key(tx)
        if found is not None:
            access_key, sealed = found
            self._vault.open(sealed, owner=access_key)

    def remove_key(self, access_key: str) -> None:
        """Remove an access key; every token of its user ends (contract 4.1)."""
        with self._writing() as tx:
            found = credentials.key(tx, access_key)
            if found is None:
                raise ThingMissing(thing="access key", name=access_key)
            credentials.remove_key(tx, access_key)
            people.end_tokens(tx, found.owner.user.id, at=self._clock())

    def _add_key(self, tx: Transaction, user_id: str) -> tuple[str, str]:
        key = Key(access_key=new_access_key(), user_id=user_id, created_at=self._clock())
        secret = new_secret()
        credentials.add_key(tx, key, sealed=self._vault.seal(secret.encode(), owner=key.access_key))
        return key.access_key, secret

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        """Open a transaction that is alone with all of this; operators are few, and their changes short."""
        with self._database.transaction() as tx:
            hold(tx, "directory")
            yield tx

    @contextmanager
    def _adding(self, thing: str, name: str) -> Iterator[Transaction]:
        try:
            with self._writing() as tx:
                yield tx
        except TransactionConflict as cause:
            raise NameTaken(thing=thing, name=name) from cause


def _checked(name: str) -> str:
    if not 0 < len(name) <= _NAME_LENGTH_MAX or not name.isprintable() or name != name.strip():
        raise ParameterInvalid(
            name="name", rule=f"1 to {_NAME_LENGTH_MAX} printable characters, without spaces at the ends"
        )
    return name


def _add_domain(tx: Transaction, name: str) -> str:
    domain_id = new_id()
    places.add_domain(tx, domain_id, name)
    return domain_id


def _only(thing: str, name: str, found: list[T]) -> T:
    if not found:
        raise ThingMissing(thing=thing, name=name)
    if len(found) > 1:
        raise ParameterInvalid(name=thing, rule=f"{name} is the name of several; give the id")
    return found[0]


def _user(tx: Transaction, name: str) -> User:
    return _only("user", name, people.users_called(tx, name)).user


def _project(tx: Transaction, name: str) -> Project:
    return _only("project", name, places.projects_called(tx, name))
