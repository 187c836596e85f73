"""Packages on their way into a job: checked whole and kept, then staged in short steps by an import or a plan."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from romaport.assets.desk import Desk, actor_of, finding
from romaport.catalog import Actor, Arrived, Batch, Intake, Into, Policy, stage, staged_count, surveyed
from romaport.clock import milliseconds
from romaport.errors import BodyInvalid, ImportContradictory, PackageUnreadable, StoreUnavailable, ValueUnmatched
from romaport.ids import ids_in_order, new_id
from romaport.jobs import Finding, Job, JobContext, JobType, Owner
from romaport.kinds import KINDS, Kind, creation_order, travels
from romaport.packages import Entry, PackageReader, work_beside
from romaport.storage import Transaction

__all__ = [
    "SIDES",
    "ImportOptions",
    "Receiver",
    "Values",
    "accept",
    "check_package",
    "into_of",
    "kept",
    "opened_values",
    "policy_of",
    "sealed_values",
    "stage_upload",
    "survey_many",
    "take_in",
    "upload_path",
    "upload_paths",
]

SIDES = ("left", "right")
"""The two things that a comparison compares."""

_AT_ONCE = 2_000
_FINDINGS_MAX = 10_000
_VALUES_MAX = 10_000

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Secrets handed over with a package: by kind, by the asset's name in the package, by the path of the field."""


class Receiver(Protocol):
    """Where the assets of a package are put, batch after batch, while it is read."""

    @property
    def done_count(self) -> int:
        """Answer for how many nothing is left to be done after they were put there."""

    def count(self, tx: Transaction, kind: str) -> int:
        """Answer how many entries of a kind need not be put there any more."""

    def ids(self, intake: Intake, entries: Sequence[Entry], new: Sequence[str]) -> Sequence[str]:
        """Answer the ids of the next entries, of these new ones or as they were given before."""

    def put(self, tx: Transaction, batch: Batch) -> Mapping[str, object]:
        """Put a batch there; answer what the job is to note with it."""

    def rest(self) -> None:
        """Do what has come due between two batches, in transactions of its own."""


class ImportOptions(Struct, frozen=True, kw_only=True):
    """How a package goes in (contract 2.2)."""

    merges: bool = False
    prefix: str = ""
    datasource_overwrite: bool = False


def upload_path(job_id: str, side: str = "") -> str:
    """Where the package of a job lies in the archive store; a comparison may have one on each side."""
    return f"uploads/{job_id}{side}.zip"


def upload_paths(job_id: str) -> set[str]:
    """Answer every place where a package of a job may lie."""
    return {upload_path(job_id, side) for side in ("", *SIDES)}


def accept(  # noqa: PLR0913 - who wants what done with which package
    desk: Desk, owner: Owner, actor: Actor, package: Path, options: ImportOptions, *, type_: JobType, values: Values
) -> str:
    """Check a package whole, keep it, and open a job for it; answer the job's id.

    Raises what the package's name, form, digests and counts have wrong, before anything is written.
    """
    if options.datasource_overwrite and not options.merges:
        raise ImportContradictory
    _check_values(values)
    check_package(desk, package)
    # A job that could not be opened anyway must not cost the store a copy.
    with desk.database.snapshot() as tx:
        desk.ledger.admit(tx, owner, type_)
    job_id = new_id()
    request = {**msgspec.structs.asdict(options), "sees_all": actor.sees_all}
    with kept(desk, {upload_path(job_id): package}, "import.kept") as tx:
        sealed = sealed_values(desk, job_id, values)
        job = desk.ledger.open(tx, owner, type_, request, job_id=job_id, sealed=sealed)
        desk.engine.submit(tx, job)
        desk.checkpoint("import.opening")
    return job_id


@contextmanager
def kept(desk: Desk, packages: Mapping[str, Path], checkpoint: str) -> Iterator[Transaction]:
    """Store packages by name, and open the transaction of the job that needs them; without that job they go.

    What the end of the transaction raises leaves them: the answer of a commit can be lost, and then there is the job.
    If there is none, a sweep removes them.
    """
    stored: list[str] = []
    try:
        for name, package in packages.items():
            desk.archives.put(name, package)
            stored.append(name)
        desk.checkpoint(checkpoint)
        with desk.database.transaction() as tx:
            yield tx
            stored.clear()
    finally:
        for name in stored:
            # Why there is no job is to be said, and not that a store keeps something for a while.
            with suppress(StoreUnavailable):
                desk.archives.remove(name)


def sealed_values(desk: Desk, job_id: str, values: Values) -> bytes | None:
    """Seal the values of a request for its job; None without any."""
    return desk.vault.seal(msgspec.json.encode(values), owner=job_id) if values else None


def opened_values(desk: Desk, tx: Transaction, job_id: str) -> Values:
    """Answer the values that came with a job's request."""
    sealed = desk.ledger.sealed(tx, job_id)
    values: Values = msgspec.json.decode(desk.vault.open(sealed, owner=job_id)) if sealed else {}
    return values


def _check_values(values: Values) -> None:
    problems = [f"values: {kind[:64]} is no kind that travels" for kind in values if not travels(kind)]
    count = sum(len(paths) for names in values.values() for paths in names.values())
    if count > _VALUES_MAX:
        problems.append(f"values: at most {_VALUES_MAX}, {count} given")
    if problems:
        raise BodyInvalid(problems="; ".join(problems))


def check_package(desk: Desk, package: Path) -> None:
    """Read a package whole; raise what it has wrong, `PackageUnreadable` for kinds that do not travel here too."""
    with PackageReader.open(package, desk.limits) as reader:
        unknown = sorted(kind for kind in reader.manifest.counts if not travels(kind))
        if unknown:
            raise PackageUnreadable(problem=f"manifest.json: kinds {', '.join(unknown)[:100]} are not known here")
        reader.verify()


def into_of(context: JobContext, desk: Desk) -> Into:
    """Say which staged package goes into which instance, for whom and when."""
    actor = actor_of(context, desk)
    return Into(
        job_id=context.job.id,
        instance_id=context.job.owner.instance_id,
        user_id=actor.user_id,
        user_name=actor.user_name,
        at=milliseconds(actor.at),
    )


def policy_of(job: Job, desk: Desk) -> Policy:
    """Say what a job's request does with assets that exist."""
    options = frozenset({"datasource_overwrite"} if job.request["datasource_overwrite"] else ())
    return Policy(merges=job.request["merges"], has_quotas=desk.catalog.options.quotas_enforced, options=options)


class _Aside:
    """Puts the assets of a package aside, for a job to look at the whole before it does anything with it."""

    done_count = 0

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id

    def count(self, tx: Transaction, kind: str) -> int:
        return staged_count(tx, self._job_id, kind)

    def ids(self, intake: Intake, entries: Sequence[Entry], new: Sequence[str]) -> Sequence[str]:  # noqa: ARG002
        return new

    def put(self, tx: Transaction, batch: Batch) -> Mapping[str, object]:
        stage(tx, batch)
        return {}

    def rest(self) -> None:
        pass


def stage_upload(desk: Desk, context: JobContext, upload: str) -> list[Finding]:
    """Fetch a job's package and put its assets aside; answer what is wrong with each on its own."""
    problems = take_in(desk, context, upload, _Aside(context.job.id))
    survey_many(context, surveyed)
    return problems


def survey_many(context: JobContext, survey: Callable[[Transaction], None]) -> None:
    """Have the database look at what a job has put there, before it is asked about all of it, if that is many."""
    if sum(number for _, number in context.job.counts.values()) > _AT_ONCE:
        with context.transaction() as tx:
            survey(tx)


def take_in(desk: Desk, context: JobContext, upload: str, receiver: Receiver) -> list[Finding]:
    """Fetch a job's package and hand its assets over; answer what is wrong with each on its own."""
    path = desk.scratch_file(context, "import.zip")
    try:
        context.checkpoint("import.fetching")
        desk.archives.fetch(upload, path)
        context.checkpoint("import.fetched")
        with PackageReader.open(path, desk.limits) as reader:
            problems = _take_all(desk, context, reader, receiver)
        context.checkpoint("import.staged")
    finally:
        path.unlink(missing_ok=True)
    return problems


def _take_all(desk: Desk, context: JobContext, reader: PackageReader, receiver: Receiver) -> list[Finding]:
    counts = {kind.name: reader.manifest.counts.get(kind.name, 0) for kind in creation_order()}
    counts = {name: number for name, number in counts.items() if number}
    if not context.job.total:
        # An asset is done twice: once put where the whole is checked, once in its place with all it refers to.
        context.plan(counts, total=2 * sum(counts.values()))
        context.checkpoint("import.planned")
    with context.snapshot() as tx:
        values = opened_values(desk, tx, context.job.id)
    arrived = Arrived()
    findings = [_unmatched(kind, name) for kind, names in values.items() if kind not in counts for name in names]
    for name in counts:
        intake = _intake(desk, context, KINDS[name], values.get(name, {}), arrived)
        findings.extend(_take_kind(desk, context, reader, (intake, receiver)))
        context.checkpoint(f"import.staged.{name}")
    return findings[:_FINDINGS_MAX]


def _unmatched(kind: str, name: str) -> Finding:
    return finding(kind, name, ValueUnmatched(place=f"{KINDS[kind].title} {name}"))


def _intake(
    desk: Desk, context: JobContext, kind: Kind, values: Mapping[str, Mapping[str, Any]], arrived: Arrived
) -> Intake:
    return Intake(
        kind,
        job_id=context.job.id,
        prefix=context.job.request["prefix"],
        vault=desk.vault,
        at=milliseconds(desk.clock()),
        values=values,
        arrived=arrived,
    )


def _take_kind(desk: Desk, context: JobContext, reader: PackageReader, way: tuple[Intake, Receiver]) -> list[Finding]:
    intake, receiver = way
    kind, courtesy = intake.kind, desk.courtesy
    with context.snapshot() as tx:
        taken = receiver.count(tx, kind.name)
    findings: list[Finding] = []

    def batches() -> Iterator[tuple[int, Batch]]:
        for first, entries in _batches(courtesy.letting_pass(reader.entries(kind.name))):
            if first < taken:
                # What an earlier attempt has put there is read again only for what is wrong with it.
                problems = intake.problems(entries)
            else:
                ids = receiver.ids(intake, entries, _new_ids(desk, context, kind, len(entries)))
                batch = intake.batch(courtesy.letting_pass(entries), first=first, ids=ids)
                problems, done = batch.problems, first + len(entries)
                # Or they would be held beside the next ones; the rows too.
                entries.clear()
                yield done, batch
                del batch
            findings.extend(finding(kind.name, problem.name, problem.error) for problem in problems)

    put = partial(_put, context, receiver, kind.name)
    # The database works on a batch while the next one is read and checked.
    work_beside(batches(), put)
    findings.extend(_unmatched(kind.name, name) for name in intake.unmatched)
    return findings


def _batches(entries: Iterator[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    first = 0
    while batch := list(islice(entries, _AT_ONCE)):
        number = len(batch)
        yield first, batch
        first += number


def _put(context: JobContext, receiver: Receiver, kind: str, taken: tuple[int, Batch]) -> None:
    number, batch = taken
    with context.transaction() as tx:
        noted = receiver.put(tx, batch)
        before, todo = context.job.counts[kind]
        counts = {**context.job.counts, kind: [max(before, number), todo]}
        done = sum(done for done, _ in counts.values()) + receiver.done_count
        context.record(tx, counts=counts, done=done, **noted)
        context.checkpoint("import.staging")
    context.checkpoint("import.batch")
    receiver.rest()


def _new_ids(desk: Desk, context: JobContext, kind: Kind, number: int) -> list[str]:
    if not kind.is_numbered:
        return ids_in_order(number, at=milliseconds(desk.clock()))
    with context.transaction() as tx:
        return desk.catalog.new_ids(tx, kind, number)
