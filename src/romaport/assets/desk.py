"""What the stories of the asset operations share: the parts of the running system they work with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from romaport.catalog import Actor, Catalog, Conflict
from romaport.clock import Clock
from romaport.errors import AssetsMissing, JobMissing, RomaportError, SelectionEmpty, SelectionTooLarge
from romaport.jobs import Checkpoint, Courtesy, Engine, Finding, Job, JobContext, Ledger, Owner, Severity
from romaport.kinds import KINDS
from romaport.packages import PackageLimits
from romaport.storage import ArchiveOptions, Archives, Database, Transaction, Vault, hold

__all__ = ["Desk", "Selected", "actor_of", "findings_of", "hole_findings", "may_see", "settling", "visible_job"]

_LISTED_CHARACTERS = 8_000


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The parts of the running system that the asset operations need."""

    database: Database
    archives: Archives
    catalog: Catalog
    ledger: Ledger
    engine: Engine
    vault: Vault
    clock: Clock
    scratch: Path
    """A folder for files in the making; emptied at every start."""
    limits: PackageLimits
    archive_options: ArchiveOptions
    checkpoint: Checkpoint
    """Told of the points that requests pass on their way to a lasting effect, as jobs tell of theirs."""
    courtesy: Courtesy
    """What lets requests go before jobs."""

    @contextmanager
    def deciding(self, instance_id: str) -> Iterator[Transaction]:
        """Open a transaction that writes to an instance what it decides by what the instance holds.

        It is alone with that until it ends, and reads what all before it have left.
        """
        with self.database.transaction() as tx:
            _be_alone(tx, instance_id)
            yield tx

    def scratch_file(self, context: JobContext, name: str) -> Path:
        """Name a file in the making that no other attempt uses."""
        return self.scratch / f"{context.job.id}-{context.job.attempt}-{name}"


@dataclass(frozen=True, kw_only=True)
class Selected:
    """Which applications and tasks a request names, by id."""

    apps: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    def check(self, tx: Transaction, desk: Desk, owner: Owner, actor: Actor) -> tuple[str, ...]:
        """Answer all ids; raise the refusal that fits an empty, too large or unknown selection."""
        limit = desk.ledger.options.assets_max
        for field, ids in (("apps", self.apps), ("tasks", self.tasks)):
            if len(ids) > limit:
                raise SelectionTooLarge(field=field, limit=limit, count=len(ids))
        if not self.apps and not self.tasks:
            raise SelectionEmpty
        missing = [
            (kind, asset_id)
            for kind, ids in (("app", self.apps), ("task", self.tasks))
            for asset_id in desk.catalog.unknown(tx, owner.instance_id, KINDS[kind], ids, actor)
        ]
        if missing:
            listed = ", ".join(f"{KINDS[kind].title} {asset_id}" for kind, asset_id in missing)
            raise AssetsMissing(count=len(missing), listed=listed[:_LISTED_CHARACTERS])
        return tuple(dict.fromkeys((*self.apps, *self.tasks)))


@contextmanager
def settling(context: JobContext) -> Iterator[Transaction]:
    """Open what `Desk.deciding` opens for a request, for an attempt at a job."""
    with context.transaction() as tx:
        _be_alone(tx, context.job.owner.instance_id)
        yield tx


def _be_alone(tx: Transaction, instance_id: str) -> None:
    hold(tx, f"instance:{instance_id}")


def may_see(job: Job, owner: Owner, actor: Actor) -> bool:
    """Say whether a job exists for a caller: in its own instance, for its user or an administrator."""
    is_here = (job.owner.project_id, job.owner.instance_id) == (owner.project_id, owner.instance_id)
    return is_here and (actor.sees_all or job.owner.user_id == actor.user_id)


def visible_job(desk: Desk, tx: Transaction, owner: Owner, actor: Actor, job_id: str) -> Job:
    """Answer a job; raise `JobMissing` if there is none or it does not exist for the caller."""
    job = desk.ledger.read(tx, job_id)
    if not may_see(job, owner, actor):
        raise JobMissing(job_id=job_id)
    return job


def actor_of(context: JobContext, desk: Desk) -> Actor:
    """Answer for whom a job acts: the rights are those its user had when it was submitted."""
    owner = context.job.owner
    return Actor(
        user_id=owner.user_id,
        user_name=owner.user_name,
        sees_all=bool(context.job.request.get("sees_all", False)),
        at=desk.clock(),
    )


def findings_of(conflicts: Iterable[Conflict]) -> list[Finding]:
    """Say conflicts as findings."""
    return [finding(found.kind, found.name, found.error) for found in conflicts]


def finding(kind: str, name: str, error: RomaportError) -> Finding:
    """Say what is wrong with one asset as a finding."""
    return Finding(kind=kind, name=name, code=error.code, message=str(error), advice=error.advice)


def hole_findings(holes: Iterator[tuple[str, str, str]]) -> list[Finding]:
    """Say which secrets the imported assets lack."""
    return [
        Finding(
            kind=kind,
            name=name,
            code="ROMAPORT.4101",
            message=f"{path} is a secret and has to be filled in here.",
            severity=Severity.HOLE,
            advice="Set it on the asset, or hand it over with the import as a value.",
        )
        for kind, name, path in holes
    ]
