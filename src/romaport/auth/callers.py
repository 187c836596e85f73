"""Who calls, once the credentials are known to be right."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from romaport.auth.policies import Rights
from romaport.storage import Kept

__all__ = ["Caller", "Known", "Project"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A project in which a user may act."""

    id: str
    name: str
    domain_id: str
    domain_name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A user who acts in a project; or in none yet, then both project fields are empty."""

    user_id: str
    user_name: str
    domain_id: str
    domain_name: str
    project_id: str
    project_name: str
    sees_all: bool
    """Whether the user is a Tenant Administrator here, who sees and manages everything (contract 5.2)."""
    rights: Rights = field(repr=False)

    def allows(self, action: str) -> bool:
        """Say whether the caller's policies allow an action, such as `roma:assets:export` (contract 5.1)."""
        return self.rights.allow(action)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A caller, and the version of all that made the credential the caller's; while it is the same, it holds."""

    caller: Caller
    credential: Kept
    version: str
    """Empty where no other process changes anything."""

    def confirmed(self, found: Mapping[Kept, str]) -> Caller | None:
        """Answer the caller if the credential still has the version, by what was just read; else None."""
        return self.caller if found.get(self.credential) == self.version else None
