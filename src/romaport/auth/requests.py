"""What is asked of IAM when a token is wanted, read so that everything wrong with it is told at once."""

from dataclasses import dataclass, field
from typing import Literal

from romaport.auth.findings import as_list, as_object, as_text, decoded
from romaport.auth.passwords import LENGTH_MAX
from romaport.errors import BodyInvalid, BodyMissing

__all__ = ["Scope", "TokenRequest", "parse_token_request"]

_IDENTITY = "auth.identity"
_USER = f"{_IDENTITY}.password.user"
_SCOPE = "auth.scope"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a token shall be for: by id, by name, or by both."""

    kind: Literal["project", "domain"]
    id: str | None = None
    name: str | None = None
    domain: str | None = None
    """The id or name of the domain of a project that is given by name; the user's projects if absent."""


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """Whose token is asked for, and what for; without a scope, for nothing but operations outside projects."""

    user: str
    password: str = field(repr=False)
    domain: str
    """The user's domain, by name or id."""
    scope: Scope | None


def parse_token_request(body: bytes) -> TokenRequest:
    """Read the body of a token request; raise `BodyMissing` or `BodyInvalid` with all findings."""
    if not body:
        raise BodyMissing
    findings: list[str] = []
    auth = _inner(as_object(decoded(body), "body", findings), "auth", findings)
    identity = _inner(auth, _IDENTITY, findings)
    user = _user(identity, findings)
    name = _text(user, f"{_USER}.name", findings)
    password = _text(user, f"{_USER}.password", findings, length_max=LENGTH_MAX)
    domain = _inner(user, f"{_USER}.domain", findings)
    home = _named(domain, f"{_USER}.domain", findings)
    scope = _scope(auth["scope"], findings) if auth.get("scope") is not None else None
    if findings:
        raise BodyInvalid(problems="; ".join(findings))
    return TokenRequest(user=name, password=password, domain=home[0] or home[1] or "", scope=scope)


def _inner(outer: dict[str, object], where: str, findings: list[str]) -> dict[str, object]:
    # What stands in nothing is not reported again.
    return as_object(outer.get(_last(where)), where, findings) if outer else {}


def _text(outer: dict[str, object], where: str, findings: list[str], *, length_max: int = 64) -> str:
    return as_text(outer.get(_last(where)), where, findings, length_max=length_max) if outer else ""


def _last(where: str) -> str:
    return where.rpartition(".")[2]


def _user(identity: dict[str, object], findings: list[str]) -> dict[str, object]:
    if not identity:
        return {}
    if as_list(identity.get("methods"), f"{_IDENTITY}.methods", findings) not in ([], ["password"]):
        findings.append(f'{_IDENTITY}.methods: must be ["password"], the only method served here')
    password = _inner(identity, f"{_IDENTITY}.password", findings)
    return _inner(password, _USER, findings)


def _named(outer: dict[str, object], where: str, findings: list[str]) -> tuple[str | None, str | None]:
    """Answer id and name, of which one is needed."""
    if not outer:
        return None, None
    if outer.get("id") is None and outer.get("name") is None:
        findings.append(f"{where}: id or name is needed")
    id_, name = (
        None if outer.get(key) is None else as_text(outer.get(key), f"{where}.{key}", findings)
        for key in ("id", "name")
    )
    return id_, name


def _scope(value: object, findings: list[str]) -> Scope | None:
    outer = as_object(value, _SCOPE, findings)
    kinds = [kind for kind in ("project", "domain") if outer.get(kind) is not None]
    if len(kinds) != 1:
        if outer:
            findings.append(f"{_SCOPE}: exactly one of project and domain is needed")
        return None
    kind: Literal["project", "domain"] = "project" if kinds == ["project"] else "domain"
    where = f"{_SCOPE}.{kind}"
    inner = as_object(outer[kind], where, findings)
    id_, name = _named(inner, where, findings)
    domain = None
    if kind == "project" and inner.get("domain") is not None:
        found = _named(as_object(inner["domain"], f"{where}.domain", findings), f"{where}.domain", findings)
        domain = found[0] or found[1]
    return Scope(kind=kind, id=id_, name=name, domain=domain)
