"""IAM's token and project operations (contract 4.1, 4.3), as plain functions of what came in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import UNSET

from romaport.auth.callers import Project
from romaport.auth.documents import (
    CatalogEntry,
    DomainOf,
    Endpoint,
    Links,
    ProjectDocument,
    ProjectEntry,
    ProjectLinks,
    Role,
    ScopeProject,
    TokenBody,
    TokenDocument,
    TokenUser,
)
from romaport.auth.gate import Gate, token_digest
from romaport.auth.options import AuthOptions
from romaport.auth.passwords import Passwords
from romaport.auth.policies import TENANT_ADMINISTRATOR
from romaport.auth.requests import Scope, TokenRequest, parse_token_request
from romaport.auth.store import credentials, people, places
from romaport.auth.store.credentials import TokenRow
from romaport.auth.store.people import Grant, User, UserRow
from romaport.clock import Clock, iso_micro
from romaport.errors import CredentialsWrong
from romaport.ids import new_token
from romaport.storage import Database, Transaction

__all__ = ["Issued", "Keystone"]

# Ours, in the place of a published cause: the pages name none for a password or a scope.
_CAUSE_LOGIN = "The username or password is wrong."
_CAUSE_SCOPE = "The user has no access to the project or domain of the scope."
_CAUSE_UNKNOWN = "decrypt token fail"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new token, which is told once, and the document that describes it."""

    token: str = field(repr=False)
    document: TokenDocument


class Keystone:
    """Issues, describes and revokes tokens, and lists projects."""

    def __init__(self, database: Database, gate: Gate, clock: Clock, *, options: AuthOptions) -> None:
        self._database = database
        self._gate = gate
        self._clock = clock
        self._lifetime = timedelta(seconds=options.token_seconds)
        self._passwords = Passwords(clock, options)

    def issue(self, body: bytes, *, nocatalog: bool, endpoint: str) -> Issued:
        """Issue a token for a password; `endpoint` is this server's address, for the catalog.

        Raises `BodyInvalid` with everything that is wrong with the request, `CredentialsWrong` for a wrong
        password or a scope the user has no access to, and `RequestsTooMany` for a locked user name.
        """
        request = parse_token_request(body)
        verified = self._verified(request)
        token = new_token()
        now = self._clock()
        with self._database.transaction() as tx:
            owner = people.kept_user(tx, verified.user.id)
            # Whoever changed the password since it was verified ended what it could be used for.
            if owner is None or not owner.user.is_enabled or owner.password_hash != verified.password_hash:
                raise CredentialsWrong(cause=_CAUSE_LOGIN)
            row = _scoped(tx, owner, request.scope, issued_at=now, expires_at=now + self._lifetime)
            credentials.add_token(tx, token_digest(token), row)
            # Kept for one more lifetime, so that an expired token is told that it is.
            credentials.sweep_tokens(tx, expired_before=now - self._lifetime)
            document = _document(tx, row, endpoint=None if nocatalog else endpoint)
        return Issued(token=token, document=document)

    def validate(self, caller_token: str, subject_token: str, *, nocatalog: bool, endpoint: str) -> TokenDocument:
        """Describe a token to its own user, or to a tenant administrator of the user's domain.

        Raises `CredentialsWrong`, also for a subject that is not the caller's to see.
        """
        with self._database.snapshot() as tx:
            row = self._subject(tx, caller_token, subject_token)
            return _document(tx, row, endpoint=None if nocatalog else endpoint)

    def revoke(self, caller_token: str, subject_token: str) -> None:
        """End a token; refuses whom `validate` refuses."""
        with self._database.transaction() as tx:
            self._subject(tx, caller_token, subject_token)
            credentials.remove_token(tx, token_digest(subject_token))
        self._gate.forget_token(subject_token)

    def projects(self, user_id: str, name: str | None = None, *, endpoint: str = "") -> ProjectDocument:
        """List the projects in which a user may act; only those of a name, if one is given."""
        with self._database.snapshot() as tx:
            grants = people.grants_of(tx, user_id)
        found = {grant.project.id: grant.project for grant in grants if name in (None, grant.project.name)}
        address = f"{endpoint}/v3/projects"
        return ProjectDocument(
            projects=tuple(_listed(project, address) for project in found.values()), links=Links(self=address)
        )

    def _verified(self, request: TokenRequest) -> UserRow:
        with self._database.snapshot() as tx:
            # Locked under one name, however the domain is spelt: otherwise guesses would count twice.
            domain_id = next(iter(places.domain_ids(tx, request.domain)), request.domain)
            found = people.user_in_domain(tx, domain_id=domain_id, name=request.user)
        stored = None if found is None else found.password_hash
        is_right = self._passwords.is_right((domain_id, request.user), request.password, stored)
        if found is None or not is_right or not found.user.is_enabled:
            raise CredentialsWrong(cause=_CAUSE_LOGIN)
        return self._rehashed(found, request.password)

    def _rehashed(self, row: UserRow, password: str) -> UserRow:
        renewed = self._passwords.rehashed(password, row.password_hash)
        if renewed is None:
            return row
        with self._database.transaction() as tx:
            people.set_password_hash(tx, row.user.id, renewed, was=row.password_hash)
        return UserRow(user=row.user, password_hash=renewed, tokens_valid_from=row.tokens_valid_from)

    def _subject(self, tx: Transaction, caller_token: str, subject_token: str) -> TokenRow:
        caller = self._gate.token_row(tx, caller_token).owner.user
        if not subject_token:
            raise CredentialsWrong(cause="x-subject-token not found")
        subject = self._gate.token_row(tx, subject_token)
        if subject.owner.user.id != caller.id and not _administers(tx, caller, subject.owner.user):
            raise CredentialsWrong(cause=_CAUSE_UNKNOWN)
        return subject


def _administers(tx: Transaction, caller: User, other: User) -> bool:
    granted = people.grants_of(tx, caller.id)
    return caller.domain_id == other.domain_id and any(grant.policy_name == TENANT_ADMINISTRATOR for grant in granted)


def _scoped(
    tx: Transaction, owner: UserRow, scope: Scope | None, *, issued_at: datetime, expires_at: datetime
) -> TokenRow:
    project = None
    domain_id = None
    if scope is not None and scope.kind == "project":
        project = _project(people.grants_of(tx, owner.user.id), scope)
    elif scope is not None:
        user = owner.user
        if scope.id not in (None, user.domain_id) or scope.name not in (None, user.domain_name):
            raise CredentialsWrong(cause=_CAUSE_SCOPE)
        domain_id = user.domain_id
    return TokenRow(owner=owner, project=project, domain_id=domain_id, issued_at=issued_at, expires_at=expires_at)


def _project(grants: Iterable[Grant], scope: Scope) -> Project:
    """Answer the project of a scope; an unknown one and a foreign one are refused alike."""
    for grant in grants:
        project = grant.project
        is_named = scope.name in (None, project.name) and scope.domain in (None, project.domain_id, project.domain_name)
        if scope.id in (None, project.id) and is_named:
            return project
    raise CredentialsWrong(cause=_CAUSE_SCOPE)


def _document(tx: Transaction, row: TokenRow, *, endpoint: str | None) -> TokenDocument:
    user = row.owner.user
    project = row.project
    home = DomainOf(id=user.domain_id, name=user.domain_name)
    return TokenDocument(
        token=TokenBody(
            methods=("password",),
            issued_at=iso_micro(row.issued_at),
            expires_at=iso_micro(row.expires_at),
            user=TokenUser(id=user.id, name=user.name, domain=home),
            roles=_roles(tx, row),
            project=UNSET if project is None else _scope_project(project),
            domain=UNSET if row.domain_id is None else home,
            catalog=UNSET if endpoint is None else (CatalogEntry(endpoints=(Endpoint(url=endpoint),)),),
        )
    )


def _roles(tx: Transaction, row: TokenRow) -> tuple[Role, ...]:
    """Name what the user may do where the token is for; nothing for a token that is for nothing."""
    if row.project is None and row.domain_id is None:
        return ()
    grants = people.grants_of(tx, row.owner.user.id, None if row.project is None else row.project.id)
    return tuple(Role(name=name) for name in sorted({grant.policy_name for grant in grants}))


def _scope_project(project: Project) -> ScopeProject:
    domain = DomainOf(id=project.domain_id, name=project.domain_name)
    return ScopeProject(id=project.id, name=project.name, domain=domain)


def _listed(project: Project, address: str) -> ProjectEntry:
    return ProjectEntry(
        id=project.id,
        name=project.name,
        domain_id=project.domain_id,
        parent_id=project.domain_id,
        links=ProjectLinks(self=f"{address}/{project.id}"),
    )
