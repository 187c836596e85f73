"""Access keys and tokens as rows: secrets sealed, tokens as digests."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select

from romaport.auth.callers import Project
from romaport.auth.store.people import USER, USERS_JOINED, UserRow, user_from
from romaport.auth.store.places import PROJECT, PROJECTS_JOINED, moment, project_from
from romaport.clock import milliseconds
from romaport.storage import Transaction
from romaport.storage.tables import access_keys, projects, tokens, users

_EXPIRED_PER_SWEEP = 200


@dataclass(frozen=True, kw_only=True)
class Key:
    """An access key, without its secret."""

    access_key: str
    user_id: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """An access key with its sealed secret and its user."""

    sealed: bytes = field(repr=False)
    owner: UserRow


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """A token, known by its digest, with its user."""

    owner: UserRow
    project: Project | None
    domain_id: str | None
    issued_at: datetime
    expires_at: datetime


def add_key(tx: Transaction, key: Key, *, sealed: bytes) -> None:
    """Add an access key with its sealed secret."""
    tx.execute(
        insert(access_keys).values(
            access_key=key.access_key, user_id=key.user_id, secret=sealed, created_at=milliseconds(key.created_at)
        )
    )


def keys_of(tx: Transaction, user_id: str) -> list[Key]:
    """Answer a user's access keys, oldest first."""
    statement = select(access_keys.c.access_key, access_keys.c.user_id, access_keys.c.created_at)
    ordered = statement.where(access_keys.c.user_id == user_id).order_by(
        access_keys.c.created_at, access_keys.c.access_key
    )
    return [
        Key(access_key=row.access_key, user_id=row.user_id, created_at=moment(row.created_at))
        for row in tx.execute(ordered)
    ]


def key(tx: Transaction, access_key: str) -> KeyRow | None:
    """Answer an access key with its sealed secret and its user, if it exists."""
    statement = (
        select(*USER, access_keys.c.secret)
        .select_from(access_keys.join(USERS_JOINED, users.c.id == access_keys.c.user_id))
        .where(access_keys.c.access_key == access_key)
    )
    row = tx.execute(statement).mappings().first()
    return None if row is None else KeyRow(sealed=row["secret"], owner=user_from(row))


def any_key(tx: Transaction) -> tuple[str, bytes] | None:
    """Answer some access key with its sealed secret, if there is one."""
    row = tx.execute(select(access_keys.c.access_key, access_keys.c.secret).limit(1)).one_or_none()
    return None if row is None else (row.access_key, row.secret)


def remove_key(tx: Transaction, access_key: str) -> None:
    """Remove an access key."""
    tx.execute(delete(access_keys).where(access_keys.c.access_key == access_key))


# tokens


def add_token(tx: Transaction, digest: bytes, token: TokenRow) -> None:
    """Keep a token's digest, and what it is for."""
    tx.execute(
        insert(tokens).values(
            digest=digest,
            user_id=token.owner.user.id,
            project_id=None if token.project is None else token.project.id,
            domain_id=token.domain_id,
            issued_at=milliseconds(token.issued_at),
            expires_at=milliseconds(token.expires_at),
        )
    )


def token(tx: Transaction, digest: bytes) -> TokenRow | None:
    """Answer a token by its digest, expired or not, if it exists."""
    statement = (
        select(*USER, *PROJECT, tokens.c.domain_id, tokens.c.issued_at, tokens.c.expires_at)
        .select_from(
            tokens.join(USERS_JOINED, users.c.id == tokens.c.user_id).outerjoin(
                PROJECTS_JOINED, projects.c.id == tokens.c.project_id
            )
        )
        .where(tokens.c.digest == digest)
    )
    row = tx.execute(statement).mappings().first()
    if row is None:
        return None
    return TokenRow(
        owner=user_from(row),
        project=None if row["project_id"] is None else project_from(row),
        domain_id=row["domain_id"],
        issued_at=moment(row["issued_at"]),
        expires_at=moment(row["expires_at"]),
    )


def remove_token(tx: Transaction, digest: bytes) -> None:
    """Remove a token."""
    tx.execute(delete(tokens).where(tokens.c.digest == digest))


def sweep_tokens(tx: Transaction, *, expired_before: datetime) -> None:
    """Remove some of the tokens that expired before a moment; whoever calls often removes all."""
    old = select(tokens.c.digest).where(tokens.c.expires_at < milliseconds(expired_before)).limit(_EXPIRED_PER_SWEEP)
    tx.execute(delete(tokens).where(tokens.c.digest.in_(old)))
