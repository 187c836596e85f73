"""From credentials to a caller: tokens and signatures, verified and remembered (contract 4).

What was verified is remembered for `cache_seconds`, so that the hot path costs a look into a dictionary (a token) or
one signature (an access key). Where no other process is, that is trusted without asking the database; on a shared one,
whoever remembers has the version confirmed first (decision 23).
"""

import hashlib

from romaport.auth.callers import Caller, Known, Project
from romaport.auth.options import AuthOptions
from romaport.auth.policies import BUILT_IN, TENANT_ADMINISTRATOR, Policy, parse_policy, rights_of
from romaport.auth.remembered import Failures, Remembered
from romaport.auth.store import credentials, people
from romaport.auth.store.credentials import KeyRow, TokenRow
from romaport.auth.store.people import Grant, User
from romaport.clock import Clock, iso, iso_micro, seconds_of
from romaport.errors import CredentialsWrong, ProjectForeign
from romaport.ids import new_secret
from romaport.storage import Database, Kept, Transaction, Vault, version_in
from romaport.wire.signing import (
    DATE_HEADER,
    PROJECT_HEADER,
    Authorization,
    SecretKey,
    SignedRequest,
    is_signed_by,
    parse_authorization,
    parse_date,
)

__all__ = ["Gate", "token_digest"]

# The published causes (contract 3.3).
_CAUSE_ABSENT = "x-auth-token not found"
_CAUSE_UNKNOWN = "decrypt token fail"
_CAUSE_EXPIRED = "token expires, expires_at: {at}"
_CAUSE_SIGNATURE = "verify aksk signature fail"
_CAUSE_TEMPORARY = "Get secretKey failed"
_CAUSE_LOCKED = "AK access failed to reach the limit,forbidden"

_TEMPORARY_KEY_HEADER = "x-security-token"
# Ours are 43 long; what is longer by far is nobody's, and not worth a digest.
_TOKEN_LENGTH_MAX = 256


def token_digest(token: str) -> bytes:
    """Answer what is stored of a token: enough to know it again, not enough to use it."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


class Gate:
    """Answers who calls, or refuses."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, *, options: AuthOptions) -> None:
        self._database = database
        self._is_shared = database.is_shared
        self._vault = vault
        self._clock = clock
        self._seconds = seconds_of(clock)
        self._memory_seconds = options.cache_seconds
        self._skew_seconds = options.signature_skew_seconds
        entries_max = options.cache_entries_max
        self._tokens: Remembered[str, Known] = Remembered(entries_max)
        self._secrets: Remembered[str, SecretKey] = Remembered(entries_max)
        self._signers: Remembered[tuple[str, str], Known] = Remembered(entries_max)
        self._failures: Failures[str] = Failures(
            # More than so many wrong signatures in a row lock the key (contract 3.3).
            failures_max=options.lockout_failures + 1,
            lock_seconds=options.lockout_seconds,
            entries_max=entries_max,
        )
        decoy = new_secret()
        self._decoy_secret = SecretKey(decoy)
        self._decoy = vault.seal(decoy.encode(), owner="")

    # tokens

    def known(self, token: str, project_id: str) -> Caller | None:
        """Answer the caller of a token that was verified a moment ago, without asking the database.

        None if it must be asked: see `by_token`.
        """
        known = None if self._is_shared else self.remembered(token, project_id)
        return None if known is None else known.caller

    def remembered(self, token: str, project_id: str) -> Known | None:
        """Answer whose token it was when it was verified, a moment ago; on a shared database that may be over."""
        known = self._tokens.get(token, at=self._seconds())
        if known is None or project_id == known.caller.project_id or not project_id:
            return known
        return None

    def by_token(self, token: str, project_id: str) -> Caller:
        """Answer whose token this is; `project_id` is the path's, empty for operations outside projects.

        Raises `CredentialsWrong` with the published cause, and `ProjectForeign` if the token is for another
        project, for none, or for one in which the user may no longer act.
        """
        caller = self.known(token, project_id)
        if caller is not None:
            return caller
        with self._database.snapshot() as tx:
            row = self.token_row(tx, token)
            caller = _caller(tx, row.owner.user, row.project)
            known = _known(tx, caller, Kept("token", token_digest(token).hex()))
        if project_id not in ("", caller.project_id):
            raise ProjectForeign
        self._tokens.put(token, known, until=min(self._seconds() + self._memory_seconds, row.expires_at.timestamp()))
        return caller

    def token_row(self, tx: Transaction, token: str) -> TokenRow:
        """Answer what is kept of a valid token; raise `CredentialsWrong` if it is not one."""
        if not token:
            raise CredentialsWrong(cause=_CAUSE_ABSENT)
        row = credentials.token(tx, token_digest(token)) if len(token) <= _TOKEN_LENGTH_MAX else None
        if row is None or not row.owner.user.is_enabled or row.issued_at < row.owner.tokens_valid_from:
            raise CredentialsWrong(cause=_CAUSE_UNKNOWN)
        if row.expires_at <= self._clock():
            raise CredentialsWrong(cause=_CAUSE_EXPIRED.format(at=iso_micro(row.expires_at)))
        return row

    # signatures

    def cached_by_signature(self, request: SignedRequest, project_id: str) -> Caller | None:
        """Answer who signed the request, if key and project were verified a moment ago; asks no database.

        None if anything is unknown or wrong, or must be asked: `by_signature` then says what.
        """
        known = None if self._is_shared else self.remembered_by_signature(request, project_id)
        return None if known is None else known.caller

    def remembered_by_signature(self, request: SignedRequest, project_id: str) -> Known | None:
        """Answer who signed the request, by what was verified a moment ago; on a shared database that may be over."""
        now = self._seconds()
        authorization = _authorization(request)
        if authorization is None or not self._is_timely(request, now):
            return None
        access_key = authorization.access_key
        if self._failures.locked_seconds(access_key, at=now):
            return None
        # Verified even if nothing is known, so that the time of a refusal does not tell who called before.
        secret = self._secrets.get(access_key, at=now) or self._decoy_secret
        is_right = is_signed_by(request, authorization, secret)
        known = self._signers.get((access_key, project_id), at=now)
        if known is None or not is_right or _is_for_another(request, project_id):
            return None
        self._failures.clear(access_key)
        return known

    def by_signature(self, request: SignedRequest, project_id: str) -> Caller:
        """Answer who signed the request (contract 4.2); `project_id` as in `by_token`.

        Raises `CredentialsWrong` with the published cause, the same for an unknown key and a wrong signature,
        and `ProjectForeign` if the header X-Project-Id names another project than the path, or the user may
        not act in it.
        """
        cached = self.cached_by_signature(request, project_id)
        if cached is not None:
            return cached
        now = self._seconds()
        authorization = self._plausible(request, now)
        access_key = authorization.access_key
        with self._database.snapshot() as tx:
            row = credentials.key(tx, access_key)
            secret = self._secret(row, access_key)
            is_right = is_signed_by(request, authorization, secret)
            if row is None or not row.owner.user.is_enabled or not is_right:
                self._failures.add(access_key, at=now)
                raise CredentialsWrong(cause=_CAUSE_SIGNATURE)
            self._failures.clear(access_key)
            if _is_for_another(request, project_id):
                raise ProjectForeign
            caller = _caller_of_key(tx, row, project_id)
            known = _known(tx, caller, Kept("key", access_key))
        until = now + self._memory_seconds
        self._secrets.put(access_key, secret, until=until)
        self._signers.put((access_key, project_id), known, until=until)
        return caller

    def _plausible(self, request: SignedRequest, now: float) -> Authorization:
        """Answer the parsed header; refuse what needs no secret to be refused."""
        if _TEMPORARY_KEY_HEADER in request.headers:
            # It belongs to temporary keys, and no server of ours ever issued one.
            raise CredentialsWrong(cause=_CAUSE_TEMPORARY)
        authorization = _authorization(request)
        if authorization is None:
            raise CredentialsWrong(cause=_CAUSE_SIGNATURE)
        if not self._is_timely(request, now):
            rule = f"X-Sdk-Date must be within {self._skew_seconds} seconds of {iso(self._clock())}"
            raise CredentialsWrong(cause=f"{_CAUSE_SIGNATURE},{rule}")
        if self._failures.locked_seconds(authorization.access_key, at=now):
            raise CredentialsWrong(cause=_CAUSE_LOCKED)
        return authorization

    def _is_timely(self, request: SignedRequest, now: float) -> bool:
        signed_at = parse_date(request.headers.get(DATE_HEADER, ""))
        return signed_at is not None and abs(now - signed_at) <= self._skew_seconds

    def _secret(self, row: KeyRow | None, access_key: str) -> SecretKey:
        # An unknown key costs what a known one costs, so that time does not tell them apart.
        sealed, owner = (self._decoy, "") if row is None else (row.sealed, access_key)
        return SecretKey(self._vault.open(sealed, owner=owner).decode())

    # what is remembered

    def forget_token(self, token: str) -> None:
        """Remember a token no longer."""
        self._tokens.forget(token)

    def forget_all(self) -> None:
        """Remember nothing any longer; locks stay."""
        self._tokens.clear()
        self._secrets.clear()
        self._signers.clear()

    def projects_of(self, caller: Caller) -> tuple[Project, ...]:
        """Answer the projects in which the caller's user may act."""
        with self._database.snapshot() as tx:
            found = {grant.project.id: grant.project for grant in people.grants_of(tx, caller.user_id)}
        return tuple(found.values())


def _authorization(request: SignedRequest) -> Authorization | None:
    if _TEMPORARY_KEY_HEADER in request.headers:
        return None
    return parse_authorization(request.headers.get("authorization", ""))


def _is_for_another(request: SignedRequest, project_id: str) -> bool:
    return bool(project_id) and request.headers.get(PROJECT_HEADER, project_id) != project_id


def _known(tx: Transaction, caller: Caller, credential: Kept) -> Known:
    return Known(caller=caller, credential=credential, version=version_in(tx, credential))


def _caller_of_key(tx: Transaction, row: KeyRow, project_id: str) -> Caller:
    if not project_id:
        return _caller(tx, row.owner.user, None)
    grants = people.grants_of(tx, row.owner.user.id, project_id)
    if not grants:
        raise ProjectForeign
    return _assembled(row.owner.user, grants[0].project, grants)


def _caller(tx: Transaction, user: User, project: Project | None) -> Caller:
    grants = people.grants_of(tx, user.id, None if project is None else project.id)
    if project is not None and not grants:
        raise ProjectForeign
    return _assembled(user, project, grants)


def _assembled(user: User, project: Project | None, grants: list[Grant]) -> Caller:
    policies = (_policy(grant) for grant in grants)
    return Caller(
        user_id=user.id,
        user_name=user.name,
        domain_id=user.domain_id,
        domain_name=user.domain_name,
        project_id="" if project is None else project.id,
        project_name="" if project is None else project.name,
        sees_all=any(grant.policy_name == TENANT_ADMINISTRATOR for grant in grants),
        rights=rights_of(policy for policy in policies if policy is not None),
    )


def _policy(grant: Grant) -> Policy | None:
    if grant.policy_name in BUILT_IN:
        return BUILT_IN[grant.policy_name]
    return None if grant.document is None else parse_policy(grant.document)
