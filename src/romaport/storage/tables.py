"""Every table there is. Times are milliseconds since the epoch, UTC; ids are 32 hex digits.

The stores of `auth`, `catalog` and `jobs` each speak to their own tables only.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

__all__ = [
    "METADATA",
    "access_keys",
    "app_members",
    "archives",
    "asset_references",
    "asset_uniques",
    "assets",
    "counters",
    "domains",
    "facts",
    "grants",
    "instances",
    "job_findings",
    "job_items",
    "jobs",
    "kept_app_members",
    "kept_asset_references",
    "kept_asset_uniques",
    "kept_assets",
    "policies",
    "projects",
    "staged_assets",
    "staged_references",
    "staged_uniques",
    "tokens",
    "users",
]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(32)


def _partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


# auth: who may do what

domains = Table(
    "domains",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
)

projects = Table(
    "projects",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("domain_id", _ID, ForeignKey("domains.id"), nullable=False),
    Column("name", String(64), nullable=False),
    UniqueConstraint("domain_id", "name"),
)

instances = Table(
    "instances",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("project_id", _ID, ForeignKey("projects.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    # Under which id the assets lie, if not under its own; and of a row that is such a space: for which instance.
    Column("space_id", _ID),
    Column("space_of", _ID),
    UniqueConstraint("project_id", "name"),
)

users = Table(
    "users",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("domain_id", _ID, ForeignKey("domains.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("enabled", Integer, nullable=False, server_default="1"),
    # Tokens issued before this moment are void: a changed password or permission ends them.
    Column("tokens_valid_from", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("domain_id", "name"),
)

policies = Table(
    "policies",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("document", Text, nullable=False),
)

grants = Table(
    "grants",
    METADATA,
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", _ID, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("policy_name", String(64), nullable=False),
    PrimaryKeyConstraint("user_id", "project_id", "policy_name"),
)

access_keys = Table(
    "access_keys",
    METADATA,
    Column("access_key", String(64), primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", _ID, ForeignKey("projects.id", ondelete="CASCADE")),
    Column("domain_id", _ID, ForeignKey("domains.id", ondelete="CASCADE")),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)


# catalog: the assets an instance holds

assets = Table(
    "assets",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("instance_id", _ID, ForeignKey("instances.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    # The natural key as a JSON list: the names of what scopes the asset, then its own.
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    # The plain fields as the JSON text that travels: no reference, no secret, nothing local.
    Column("body", Text, nullable=False),
    # The keys of what the asset refers to, by field, as the JSON text that travels; null where it refers to nothing.
    # Follows from `asset_references` and the keys of their targets, whose writers keep it so.
    Column("reference_keys", Text),
    Column("local", Text, nullable=False, server_default="{}"),
    Column("secrets", LargeBinary),
    # Paths of secret fields, as JSON lists: those that have a value here, and those that lack one.
    Column("secret_paths", Text, nullable=False, server_default="[]"),
    Column("holes", Text, nullable=False, server_default="[]"),
    Column("created_by", _ID, nullable=False),
    Column("created_by_name", String(64), nullable=False),
    Column("updated_by", _ID, nullable=False),
    Column("updated_by_name", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    # The body as it was last published, for a kind of which only that travels.
    Column("published", Text),
    # What wrote the asset last: an id that no other write has, or that of the job that did. Says whether an
    # asset is still as a job or a plan has seen it.
    Column("change_id", _ID, nullable=False, server_default=""),
    # The job that brought the asset here, if one did.
    Column("origin_id", _ID),
    UniqueConstraint("instance_id", "kind", "key"),
    _partial_index("ix_assets_origin_id", "origin_id", where="origin_id IS NOT NULL"),
)

asset_references = Table(
    "asset_references",
    METADATA,
    Column("asset_id", _ID, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("field", String(64), nullable=False),
    Column("target_id", _ID, ForeignKey("assets.id"), nullable=False),
    # Whether the asset belongs to the target, and goes where it goes.
    Column("owns", Integer, nullable=False),
    PrimaryKeyConstraint("asset_id", "field"),
    Index("ix_asset_references_target_id", "target_id"),
)

asset_uniques = Table(
    "asset_uniques",
    METADATA,
    Column("asset_id", _ID, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("field", String(64), nullable=False),
    Column("instance_id", _ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("asset_id", "field"),
    UniqueConstraint("instance_id", "kind", "field", "value"),
)

app_members = Table(
    "app_members",
    METADATA,
    Column("app_id", _ID, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("roles", Text, nullable=False),
    PrimaryKeyConstraint("app_id", "user_id"),
)

# Whole numbers given out as ids, each once (contract 7.1: ids that are numbers).
counters = Table(
    "counters",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

# What every process must agree on, such as the key under which secrets lie.
facts = Table(
    "facts",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# What a job has changed or removed, as it was before: kept so that the job can be taken back.


def _kept(table: Table, *key: str) -> Table:
    columns = (Column(column.name, column.type, nullable=column.nullable) for column in table.columns)
    job_id = Column("job_id", _ID, nullable=False)
    return Table(f"kept_{table.name}", METADATA, job_id, *columns, PrimaryKeyConstraint("job_id", *key))


kept_assets = _kept(assets, "id")
kept_asset_references = _kept(asset_references, "asset_id", "field")
kept_asset_uniques = _kept(asset_uniques, "asset_id", "field")
kept_app_members = _kept(app_members, "app_id", "user_id")


# Packages on their way in.

staged_assets = Table(
    "staged_assets",
    METADATA,
    Column("job_id", _ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("new_id", _ID, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("reference_keys", Text),
    Column("secrets", LargeBinary),
    Column("secret_paths", Text, nullable=False),
    Column("holes", Text, nullable=False),
    Column("local", Text, nullable=False, server_default="{}"),
    Column("published", Text),
    # Secrets that the import itself was handed, sealed for the new id.
    Column("filled", LargeBinary),
    # Filled by the check: the asset of the target that this one meets, if there is one, and what becomes of it.
    Column("met_id", _ID),
    Column("step", String(16)),
    PrimaryKeyConstraint("job_id", "kind", "position"),
    UniqueConstraint("job_id", "kind", "key"),
)

staged_references = Table(
    "staged_references",
    METADATA,
    Column("job_id", _ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("field", String(64), nullable=False),
    Column("target_kind", String(32), nullable=False),
    # With the import's prefix, for a target inside the package; without, for one outside it.
    Column("target_key", Text, nullable=False),
    Column("target_key_bare", Text, nullable=False),
    Column("owns", Integer, nullable=False),
    Column("target_id", _ID),
    PrimaryKeyConstraint("job_id", "kind", "position", "field"),
)

staged_uniques = Table(
    "staged_uniques",
    METADATA,
    Column("job_id", _ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("field", String(64), nullable=False),
    Column("value", Text, nullable=False),
    # Taken instead when the value is not free in the target.
    Column("spare", Text, nullable=False),
    PrimaryKeyConstraint("job_id", "kind", "position", "field"),
)


# jobs: what is under way, and what became of it

jobs = Table(
    "jobs",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("project_id", _ID, nullable=False),
    Column("instance_id", _ID, ForeignKey("instances.id"), nullable=False),
    Column("user_id", _ID, nullable=False),
    Column("user_name", String(64), nullable=False),
    Column("type", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    # Starts that did not end by a graceful stop: what bounds a job that kills its worker.
    Column("strikes", Integer, nullable=False, server_default="0"),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger, nullable=False, server_default="0"),
    Column("counts", Text, nullable=False, server_default="{}"),
    Column("checkpoint", Text, nullable=False, server_default="{}"),
    # Assets by what became of them and by kind: {"created": {"app": 2}, ...}.
    Column("outcome", Text, nullable=False, server_default="{}"),
    # Secrets that the request carried, sealed for the job; gone with its end.
    Column("sealed", LargeBinary),
    # Until when what the job changed is kept, so that it can be taken back; null when nothing is.
    Column("kept_until", BigInteger),
    # The rollback that took the job back.
    Column("undone_by", _ID),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    _partial_index("uq_jobs_running", "instance_id", "user_id", "type", "slot", where="state = 'running'", unique=True),
    Index("ix_jobs_state", "state", "created_at"),
    _partial_index("ix_jobs_kept_until", "kept_until", where="kept_until IS NOT NULL"),
)

job_findings = Table(
    "job_findings",
    METADATA,
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    # "refusal": stands in the way; "hole": a secret to be filled; "note": worth knowing.
    Column("severity", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("code", String(64), nullable=False),
    Column("message", Text, nullable=False),
    # What to do about it.
    Column("advice", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("job_id", "position"),
)

# What a plan would do, or a comparison found, asset by asset.
job_items = Table(
    "job_items",
    METADATA,
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("step", String(16), nullable=False),
    # Field by field, as a JSON list; secrets as stars.
    Column("changes", Text, nullable=False, server_default="[]"),
    # The `change_id` of the asset in the instance when this was found.
    Column("change_id", _ID),
    PrimaryKeyConstraint("job_id", "position"),
)

archives = Table(
    "archives",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("job_id", _ID, ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("file_name", String(128), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("taken_at", BigInteger),
    Column("taken_by", String(64)),
)
