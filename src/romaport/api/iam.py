"""The IAM operations that tokens and SDKs need, below `/v3` (contract 4.1, 4.3)."""

from collections.abc import Callable
from dataclasses import dataclass

from romaport.api.call import Headers, Reply, Takes
from romaport.api.parts import Parts
from romaport.auth import Caller
from romaport.errors import BodyMissing

__all__ = ["OPERATIONS", "IamCall", "IamOperation"]


@dataclass(frozen=True, kw_only=True)
class IamCall:
    """An IAM request; `caller` is there where the operation identifies it by signature or token."""

    parts: Parts
    query: Headers
    headers: Headers
    body: bytes
    endpoint: str
    identify: Callable[[], Caller]


@dataclass(frozen=True, kw_only=True)
class IamOperation:
    """One row of the table of IAM operations; each checks its own credentials, as IAM does."""

    name: str
    method: str
    path: str
    run: Callable[[IamCall], Reply]
    contract: str
    """The section that describes it."""
    status: int = 200
    takes: Takes = Takes.NOTHING


def issue_token(call: IamCall) -> Reply:
    """Exchange a name and password for a token, which comes in a header."""
    if not call.body:
        raise BodyMissing
    issued = call.parts.keystone.issue(call.body, nocatalog=_nocatalog(call), endpoint=call.endpoint)
    return Reply(status=201, document=issued.document, headers={"x-subject-token": issued.token})


def validate_token(call: IamCall) -> Reply:
    """Describe a token."""
    subject = call.headers.get("x-subject-token", "")
    document = call.parts.keystone.validate(
        call.headers.get("x-auth-token", ""), subject, nocatalog=_nocatalog(call), endpoint=call.endpoint
    )
    return Reply(document=document, headers={"x-subject-token": subject})


def revoke_token(call: IamCall) -> Reply:
    """End a token."""
    call.parts.keystone.revoke(call.headers.get("x-auth-token", ""), call.headers.get("x-subject-token", ""))
    return Reply(status=204)


def list_projects(call: IamCall) -> Reply:
    """List the caller's projects, by name if one is given: how the SDKs find a project's id."""
    caller = call.identify()
    return Reply(document=call.parts.keystone.projects(caller.user_id, call.query.get("name") or None))


def _nocatalog(call: IamCall) -> bool:
    return bool(call.query.get("nocatalog"))


OPERATIONS = (
    IamOperation(
        name="KeystoneCreateToken",
        method="POST",
        path="/v3/auth/tokens",
        run=issue_token,
        contract="4.1",
        status=201,
        takes=Takes.JSON,
    ),
    IamOperation(
        name="KeystoneValidateToken", method="GET", path="/v3/auth/tokens", run=validate_token, contract="4.1"
    ),
    IamOperation(
        name="KeystoneRevokeToken",
        method="DELETE",
        path="/v3/auth/tokens",
        run=revoke_token,
        contract="4.1",
        status=204,
    ),
    IamOperation(name="KeystoneListProjects", method="GET", path="/v3/projects", run=list_projects, contract="4.3"),
)
