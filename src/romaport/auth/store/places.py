"""Domains, their projects, and the instances of these, as rows."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import RowMapping, insert, select

from romaport.auth.callers import Project
from romaport.clock import milliseconds
from romaport.storage import Transaction
from romaport.storage.tables import domains, instances, projects


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance of a project."""

    id: str
    project_id: str
    name: str
    description: str
    created_at: datetime


def moment(value: int) -> datetime:
    """Read a moment as the tables hold it."""
    return datetime.fromtimestamp(value / 1000, UTC)


# What statements read of a project.
PROJECT_DOMAINS = domains.alias("project_domains")
PROJECT = (
    projects.c.id.label("project_id"),
    projects.c.name.label("project_name"),
    PROJECT_DOMAINS.c.id.label("project_domain_id"),
    PROJECT_DOMAINS.c.name.label("project_domain_name"),
)
PROJECTS_JOINED = projects.join(PROJECT_DOMAINS, PROJECT_DOMAINS.c.id == projects.c.domain_id)


def project_from(row: RowMapping) -> Project:
    """Make a project of a row that holds `PROJECT`."""
    return Project(
        id=row["project_id"],
        name=row["project_name"],
        domain_id=row["project_domain_id"],
        domain_name=row["project_domain_name"],
    )


def domain_ids(tx: Transaction, name: str) -> list[str]:
    """Answer the ids of the domains that have this id or name."""
    statement = select(domains.c.id).where((domains.c.name == name) | (domains.c.id == name))
    return list(tx.execute(statement).scalars())


def domain_names(tx: Transaction) -> list[str]:
    """Answer the names of all domains."""
    return list(tx.execute(select(domains.c.name).order_by(domains.c.name)).scalars())


def add_domain(tx: Transaction, domain_id: str, name: str) -> None:
    """Add a domain."""
    tx.execute(insert(domains).values(id=domain_id, name=name))


def add_project(tx: Transaction, project_id: str, *, domain_id: str, name: str) -> None:
    """Add a project to a domain."""
    tx.execute(insert(projects).values(id=project_id, domain_id=domain_id, name=name))


def all_projects(tx: Transaction) -> list[Project]:
    """Answer every project, by domain and name."""
    statement = select(*PROJECT).select_from(PROJECTS_JOINED).order_by(PROJECT_DOMAINS.c.name, projects.c.name)
    return [project_from(row) for row in tx.execute(statement).mappings()]


def projects_called(tx: Transaction, name: str) -> list[Project]:
    """Answer the projects that have this id or name."""
    statement = select(*PROJECT).select_from(PROJECTS_JOINED).where((projects.c.name == name) | (projects.c.id == name))
    return [project_from(row) for row in tx.execute(statement).mappings()]


def add_instance(tx: Transaction, instance: Instance) -> None:
    """Add an instance to its project."""
    tx.execute(
        insert(instances).values(
            id=instance.id,
            project_id=instance.project_id,
            name=instance.name,
            description=instance.description,
            created_at=milliseconds(instance.created_at),
        )
    )


def instances_of(tx: Transaction, project_id: str, instance_id: str | None = None) -> list[Instance]:
    """Answer the instances of a project, oldest first; only the one with the id, if one is given."""
    statement = select(instances).where(instances.c.project_id == project_id, instances.c.space_of.is_(None))
    if instance_id is not None:
        statement = statement.where(instances.c.id == instance_id)
    ordered = statement.order_by(instances.c.created_at, instances.c.id)
    return [
        Instance(
            id=row.id,
            project_id=row.project_id,
            name=row.name,
            description=row.description,
            created_at=moment(row.created_at),
        )
        for row in tx.execute(ordered)
    ]
