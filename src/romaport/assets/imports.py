"""Imports: a package is staged in short steps, checked as a whole, and moved into place all at once."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from romaport.assets.desk import Desk, actor_of, finding, findings_of
from romaport.catalog import (
    Actor,
    Conflict,
    Intake,
    Into,
    Policy,
    apply,
    check,
    discard,
    open_holes,
    stage,
    staged_count,
)
from romaport.clock import milliseconds
from romaport.errors import ImportContradictory, PackageUnreadable
from romaport.ids import new_id
from romaport.jobs import Finding, JobContext, JobType, Owner, Severity
from romaport.kinds import KINDS, Kind, creation_order
from romaport.packages import Entry, PackageReader
from romaport.storage import Transaction

__all__ = ["ImportOptions", "run_import", "start_import", "upload_path"]

_STAGED_AT_ONCE = 2_000
_FINDINGS_MAX = 10_000


class ImportOptions(Struct, frozen=True, kw_only=True):
    """How a package goes in (contract 2.2)."""

    merges: bool = False
    prefix: str = ""
    datasource_overwrite: bool = False


def upload_path(job_id: str) -> str:
    """Where the package of an import lies in the archive store until its job is final."""
    return f"uploads/{job_id}.zip"


def start_import(desk: Desk, owner: Owner, actor: Actor, package: Path, options: ImportOptions) -> str:
    """Check a package whole, keep it, and open an import job; answer the job's id.

    Raises what the package's name, form, digests and counts have wrong, before anything is written.
    """
    if options.datasource_overwrite and not options.merges:
        raise ImportContradictory
    with PackageReader.open(package, desk.limits) as reader:
        _refuse_unknown_kinds(reader)
        reader.verify()
    # A job that could not be opened anyway must not cost the store a copy.
    with desk.database.snapshot() as tx:
        desk.ledger.admit(tx, owner, JobType.IMPORT)
    job_id = new_id()
    desk.archives.put(upload_path(job_id), package)
    desk.checkpoint("import.kept")
    request = {
        "merges": options.merges,
        "prefix": options.prefix,
        "datasource_overwrite": options.datasource_overwrite,
        "sees_all": actor.sees_all,
    }
    try:
        with desk.database.transaction() as tx:
            desk.ledger.open(tx, owner, JobType.IMPORT, request, job_id=job_id)
            desk.submit_after(tx, job_id)
            desk.checkpoint("import.opening")
    except BaseException:
        desk.archives.remove(upload_path(job_id))
        raise
    return job_id


def _refuse_unknown_kinds(reader: PackageReader) -> None:
    unknown = sorted(set(reader.manifest.counts) - set(KINDS))
    if unknown:
        raise PackageUnreadable(problem=f"manifest.json: kinds {', '.join(unknown)[:100]} are not known here")


def run_import(desk: Desk, context: JobContext) -> None:
    """Stage, check, apply. What is seen of it is all or nothing: the last transaction does it and ends the job."""
    path = desk.scratch_file(context, "import.zip")
    try:
        context.checkpoint("import.fetching")
        desk.archives.fetch(upload_path(context.job.id), path)
        context.checkpoint("import.fetched")
        with PackageReader.open(path, desk.limits) as reader:
            problems = _stage_all(desk, context, reader)
        context.checkpoint("import.staged")
        _settle(desk, context, problems)
        context.checkpoint("import.ended")
        desk.archives.remove(upload_path(context.job.id))
        context.checkpoint("import.cleaned")
    finally:
        path.unlink(missing_ok=True)


def _stage_all(desk: Desk, context: JobContext, reader: PackageReader) -> list[Finding]:
    counts = {kind.name: reader.manifest.counts.get(kind.name, 0) for kind in creation_order()}
    counts = {name: number for name, number in counts.items() if number}
    if not context.job.total:
        # An asset is done twice: once put aside and checked, once moved into place.
        context.plan(counts, total=2 * sum(counts.values()))
        context.checkpoint("import.planned")
    findings: list[Finding] = []
    for name in counts:
        findings.extend(_stage_kind(desk, context, KINDS[name], reader))
        context.checkpoint(f"import.staged.{name}")
    return findings[:_FINDINGS_MAX]


def _stage_kind(desk: Desk, context: JobContext, kind: Kind, reader: PackageReader) -> list[Finding]:
    intake = Intake(kind, job_id=context.job.id, prefix=context.job.request["prefix"], vault=desk.vault)
    with desk.database.snapshot() as tx:
        staged = staged_count(tx, context.job.id, kind.name)
    findings: list[Finding] = []
    for first, entries in _batches(reader.entries(kind.name)):
        batch = intake.batch(entries, first=first)
        findings.extend(finding(kind.name, problem.name, problem.error) for problem in batch.problems)
        if first < staged:
            # Staged by an earlier attempt; read again only for what is wrong with it.
            continue
        with desk.database.transaction() as tx:
            stage(tx, batch)
            done = first + len(entries)
            counts = {**context.job.counts, kind.name: [done, context.job.counts[kind.name][1]]}
            context.record(tx, counts=counts, done=sum(number for number, _ in counts.values()))
            context.checkpoint("import.staging")
        context.checkpoint("import.batch")
    return findings


def _batches(entries: Iterator[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    first = 0
    while batch := list(islice(entries, _STAGED_AT_ONCE)):
        yield first, batch
        first += len(batch)


def _settle(desk: Desk, context: JobContext, problems: list[Finding]) -> None:
    actor = actor_of(context, desk)
    into = _into(context, actor)
    options = frozenset({"datasource_overwrite"} if context.job.request["datasource_overwrite"] else ())
    policy = Policy(
        merges=context.job.request["merges"],
        has_quotas=desk.catalog.options.quotas_enforced,
        options=options,
    )
    with desk.database.transaction() as tx:
        conflicts = [] if problems else check(tx, into, policy, sees_all=actor.sees_all)
        context.checkpoint("import.checked")
        if not problems and not conflicts:
            _apply(desk, context, tx, (into, policy))
        discard(tx, context.job.id)
        if problems or conflicts:
            desk.ledger.fail(tx, context.job, _ordered(problems, conflicts))
        context.checkpoint("import.ending")


def _ordered(problems: list[Finding], conflicts: list[Conflict]) -> list[Finding]:
    return [*problems, *findings_of(conflicts)]


def _apply(desk: Desk, context: JobContext, tx: Transaction, plan: tuple[Into, Policy]) -> None:
    into, policy = plan
    apply(tx, into, policy)
    context.checkpoint("import.applied")
    holes = [
        Finding(
            kind=kind,
            name=name,
            code="ROMAPORT.4101",
            message=f"{path} is a secret and has to be filled in here.",
            severity=Severity.HOLE,
        )
        for kind, name, path in open_holes(tx, into, policy)
    ]
    desk.ledger.note(tx, context.job, holes)
    context.record(tx, done=context.job.total)
    desk.ledger.succeed(tx, context.job)


def _into(context: JobContext, actor: Actor) -> Into:
    return Into(
        job_id=context.job.id,
        instance_id=context.job.owner.instance_id,
        user_id=actor.user_id,
        user_name=actor.user_name,
        at=milliseconds(actor.at),
    )
