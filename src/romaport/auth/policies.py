"""What a user may do: policy documents, and the rights that follow from several of them (contract 5.1).

A document is JSON: `{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["roma:apps:*"]}]}`.
`*` stands for anything inside one part of an action, and alone for every action. What no statement
allows is refused, and a Deny of any document wins over every Allow.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from romaport.auth.findings import as_list, as_object, as_text, decoded
from romaport.errors import BodyInvalid

__all__ = ["BUILT_IN", "TENANT_ADMINISTRATOR", "Policy", "Rights", "parse_policy", "rights_of"]

TENANT_ADMINISTRATOR = "Tenant Administrator"
"""The role that sees and manages everything of the account (contract 5.1, 5.2)."""

VERSION = "1.1"

_STATEMENTS_MAX = 64
_ACTIONS_MAX = 256
_ACTION_LENGTH_MAX = 128
# Few wildcards to a part, so that matching stays linear in all but name.
_PART = r"(?!(?:[^:]*\*){4})[A-Za-z0-9_*-]+"
_ACTION = re.compile(rf"\*|{_PART}:{_PART}:{_PART}")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A checked policy document: what it allows and what it denies, as patterns."""

    allowed: tuple[str, ...]
    denied: tuple[str, ...]

    def document(self) -> str:
        """Write the policy as the JSON text of its document."""
        effects = (("Allow", self.allowed), ("Deny", self.denied))
        statements = [{"Effect": effect, "Action": list(actions)} for effect, actions in effects if actions]
        return msgspec.json.encode({"Version": VERSION, "Statement": statements}).decode()


BUILT_IN = {
    "ROMA FullAccess": Policy(allowed=("roma:*:*",), denied=()),
    "ROMA ReadOnlyAccess": Policy(allowed=("roma:*:get", "roma:*:list"), denied=()),
    TENANT_ADMINISTRATOR: Policy(allowed=("*",), denied=()),
}
"""The policies that every server knows, by their published names."""


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What several policies allow together."""

    _allowed: re.Pattern[str] = field(repr=False)
    _denied: re.Pattern[str] = field(repr=False)
    # As many as there are actions in the tables of operations.
    _answered: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def allow(self, action: str) -> bool:
        """Say whether the action is allowed by one policy and denied by none."""
        answer = self._answered.get(action)
        if answer is None:
            answer = self._denied.fullmatch(action) is None and self._allowed.fullmatch(action) is not None
            self._answered[action] = answer
        return answer


def rights_of(policies: Iterable[Policy]) -> Rights:
    """Answer what the policies allow together; without any, nothing."""
    known = tuple(policies)
    return Rights(
        _allowed=_compiled(pattern for policy in known for pattern in policy.allowed),
        _denied=_compiled(pattern for policy in known for pattern in policy.denied),
    )


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    found = [".*" if pattern == "*" else re.escape(pattern).replace(r"\*", "[^:]*") for pattern in patterns]
    # A negative look-ahead of nothing matches nothing at all.
    return re.compile("|".join(sorted(set(found))) or r"(?!)")


def parse_policy(document: str | bytes) -> Policy:
    """Read a policy document; raise `BodyInvalid` with everything that is wrong in it."""
    findings: list[str] = []
    body = as_object(decoded(document), "document", findings)
    if not findings and body.get("Version") != VERSION:
        findings.append(f'Version: must be "{VERSION}"')
    statements = as_list(body.get("Statement"), "Statement", findings) if not findings or body else []
    if len(statements) > _STATEMENTS_MAX:
        findings.append(f"Statement: at most {_STATEMENTS_MAX} statements")
    effects: dict[str, list[str]] = {"Allow": [], "Deny": []}
    for position, statement in enumerate(statements[:_STATEMENTS_MAX]):
        where = f"Statement[{position}]"
        effect, actions = _statement(as_object(statement, where, findings), where, findings)
        effects.get(effect, []).extend(actions)
    if findings:
        raise BodyInvalid(problems="; ".join(findings))
    return Policy(allowed=tuple(effects["Allow"]), denied=tuple(effects["Deny"]))


def _statement(statement: dict[str, object], where: str, findings: list[str]) -> tuple[str, list[str]]:
    if not statement:
        return "", []
    unknown = sorted(set(statement) - {"Effect", "Action"})
    # A condition that we do not understand must not be passed over: it may be what a Deny depends on.
    findings.extend(f"{where}.{name}: is not supported" for name in unknown)
    effect = as_text(statement.get("Effect"), f"{where}.Effect", findings)
    if effect not in {"", "Allow", "Deny"}:
        findings.append(f"{where}.Effect: must be Allow or Deny")
    actions = as_list(statement.get("Action"), f"{where}.Action", findings)
    if len(actions) > _ACTIONS_MAX:
        findings.append(f"{where}.Action: at most {_ACTIONS_MAX} actions")
    return effect, list(_actions(actions[:_ACTIONS_MAX], where, findings))


def _actions(actions: Iterable[object], where: str, findings: list[str]) -> Iterator[str]:
    for position, action in enumerate(actions):
        text = action if isinstance(action, str) else ""
        if len(text) > _ACTION_LENGTH_MAX or _ACTION.fullmatch(text) is None:
            findings.append(
                f"{where}.Action[{position}]: must be * or service:resource:operation, at most "
                f"{_ACTION_LENGTH_MAX} characters, with at most three * in a part"
            )
        else:
            yield text
