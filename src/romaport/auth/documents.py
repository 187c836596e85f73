"""What IAM's token and project operations answer (contract 4.1, 4.3), in the wire's spelling."""

from msgspec import UNSET, Struct, UnsetType

__all__ = [
    "CatalogEntry",
    "DomainOf",
    "Endpoint",
    "Links",
    "ProjectDocument",
    "ProjectEntry",
    "ProjectLinks",
    "Role",
    "ScopeProject",
    "TokenBody",
    "TokenDocument",
    "TokenUser",
]


class DomainOf(Struct, frozen=True, kw_only=True):
    """The domain that a user or a project belongs to, or that a token is for."""

    id: str
    name: str


class TokenUser(Struct, frozen=True, kw_only=True):
    """The user a token stands for."""

    id: str
    name: str
    domain: DomainOf
    password_expires_at: str = ""
    """Empty: passwords do not expire here."""


class ScopeProject(Struct, frozen=True, kw_only=True):
    """The project a token is for."""

    id: str
    name: str
    domain: DomainOf


class Role(Struct, frozen=True, kw_only=True):
    """A policy the user has; its id is never a real one."""

    name: str
    id: str = "0"


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where a service answers."""

    url: str
    id: str = "roma-public"
    interface: str = "public"
    region: str = "*"
    region_id: str = "*"


class CatalogEntry(Struct, frozen=True, kw_only=True):
    """A service, which is always this server."""

    endpoints: tuple[Endpoint, ...]
    type: str = "roma"
    id: str = "roma"
    name: str = "romaport"


class TokenBody(Struct, frozen=True, kw_only=True):
    """What a token is: whose, for what, until when. Times are ISO 8601 UTC with microseconds."""

    methods: tuple[str, ...]
    issued_at: str
    expires_at: str
    user: TokenUser
    roles: tuple[Role, ...]
    project: ScopeProject | UnsetType = UNSET
    domain: DomainOf | UnsetType = UNSET
    catalog: tuple[CatalogEntry, ...] | UnsetType = UNSET


class TokenDocument(Struct, frozen=True, kw_only=True):
    """The body of an answer that describes a token."""

    token: TokenBody


class ProjectLinks(Struct, frozen=True, kw_only=True):
    """Where a project is described."""

    self: str


class ProjectEntry(Struct, frozen=True, kw_only=True):
    """A project in a list."""

    id: str
    name: str
    domain_id: str
    parent_id: str
    links: ProjectLinks
    description: str = ""
    enabled: bool = True
    is_domain: bool = False


class Links(Struct, frozen=True, kw_only=True):
    """Where a list is, and its neighbours; lists here have one page."""

    self: str
    previous: None = None
    next: None = None


class ProjectDocument(Struct, frozen=True, kw_only=True):
    """The body of an answer that lists projects."""

    projects: tuple[ProjectEntry, ...]
    links: Links
