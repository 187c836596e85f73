"""A database with a domain, two projects and some users, a clock set by hand, and the vendor's signer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from tests.support.stores import Store, Written

from romaport.auth import AuthOptions, Directory, Gate, Keystone
from romaport.storage import Database, Vault
from romaport.storage.migrations import migrate
from romaport.wire.signing import SignedRequest

PASSWORD = "correct horse battery"
VAULT_KEY = b"v" * 32
ENDPOINT = "http://localhost:8080"


@dataclass
class HandClock:
    now: datetime = field(default=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    asked: Callable[[], None] | None = None
    """What happens when the clock is asked."""

    def __call__(self) -> datetime:
        if self.asked is not None:
            self.asked()
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def prepare(database: Database) -> None:
    """Fill a database; done once for all tests, for hashing passwords is slow on purpose."""
    migrate(database)
    directory = Directory(database, Vault(VAULT_KEY), HandClock())
    directory.add_domain("acme")
    directory.add_project("dev", "acme")
    directory.add_project("prod", "acme")
    policies = {"ann": "ROMA FullAccess", "rob": "ROMA ReadOnlyAccess", "tina": "Tenant Administrator"}
    for name, policy in policies.items():
        directory.add_user(name, PASSWORD, "acme")
        directory.grant(name, "dev", policy)


class AuthSystem:
    """Users ann (full access in `dev`), rob (read only in `dev`) and tina (tenant administrator of `dev`)."""

    def __init__(self, folder: Path, options: AuthOptions | None = None, *, store: Store) -> None:
        self.clock = HandClock()
        self.options = options or AuthOptions()
        self.database = store.opened(folder, prepare)
        self.kept = Written(folder, self.database.options.url)
        self.vault = Vault(VAULT_KEY)
        self.directory = Directory(self.database, self.vault, self.clock)
        self.domain_id = self.directory.ensure_domain("acme")
        self.dev, self.prod = (project.id for project in self.directory.projects())
        self.ids = {user.name: user.id for user in self.directory.users()}
        self.gate = Gate(self.database, self.vault, self.clock, options=self.options)
        self.keystone = Keystone(self.database, self.gate, self.clock, options=self.options)

    def token(self, user: str = "ann", scope: object = "dev", password: str = PASSWORD) -> str:
        """Log in; a text as the scope is the name of a project."""
        body = token_body(user, {"project": {"name": scope}} if isinstance(scope, str) else scope, password)
        return self.keystone.issue(body, nocatalog=True, endpoint=ENDPOINT).token


def token_body(user: str, scope: object = None, password: str = PASSWORD, domain: object = None) -> bytes:
    named = {"name": user, "password": password, "domain": domain or {"name": "acme"}}
    auth = {"identity": {"methods": ["password"], "password": {"user": named}}}
    return msgspec.json.encode({"auth": auth if scope is None else {**auth, "scope": scope}})


def signed(key: tuple[str, str], at: datetime, **parts: Any) -> SignedRequest:
    """Have the vendor's signer sign a request; `headers` are more of them."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    project = parts.get("project")
    headers = {
        "Content-Type": "application/json",
        "X-Sdk-Date": stamp,
        **({"X-Project-Id": project} if project else {}),
    }
    request = SdkRequest(
        method="GET",
        schema="http",
        host="localhost:8080",
        resource_path=parts.get("path", "/v3/projects"),
        query_params=[],
        header_params={**headers, **parts.get("headers", {})},
        body=b"",
    )
    done = Signer(SimpleNamespace(ak=key[0], sk=key[1])).sign(request)
    return SignedRequest(
        method="GET",
        path=done.uri.partition("?")[0],
        query="",
        headers={name.lower(): value for name, value in done.header_params.items()},
        payload_hash=hashlib.sha256(b"").hexdigest(),
    )
