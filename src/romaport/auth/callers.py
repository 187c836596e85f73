"""Who calls, once the credentials are known to be right."""

from dataclasses import dataclass, field

from romaport.auth.policies import Rights

__all__ = ["Caller", "Project"]


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
