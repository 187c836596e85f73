"""The commands for what romaport's own servers add to the contract: plan, execute, rollback, compare, report.

Exit codes of `plan` and `compare`: 0 nothing would change, or nothing differs; 2 something does; 1 refused or
failed. The others end as every command of the client does.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from romaport.cli.client import Mode
from romaport.cli.connection import Connection, instance_of
from romaport.cli.differences import item_lines
from romaport.cli.environment import ENVIRONMENT
from romaport.cli.options import grouped
from romaport.cli.session import FAILED, Session, conclude, followed, going_on, session_of
from romaport.cli.values import read_values

if TYPE_CHECKING:
    from romaport.client import Extras, Report

__all__ = ["add_extra_commands"]

_CHANGES = 2
_PLANNED = {"create": "to create", "update": "to update", "keep": "kept", "refuse": "refused"}
_COMPARED = {"same": "the same", "differs": "different", "left": "only in the first", "right": "only in the second"}


class _Telling(TyperCommand):
    """A command whose exit code 2 says that something differs; wrong usage is an error like any other: 1."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the library declares it
        """Read the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except TyperException as usage:
            usage.exit_code = FAILED
            raise


def add_extra_commands(app: typer.Typer) -> None:
    """Add `plan`, `execute`, `rollback`, `compare` and `report` to the command line."""
    app.command("plan", cls=_Telling)(grouped(plan))
    app.command("execute")(grouped(execute))
    app.command("rollback")(grouped(rollback))
    app.command("compare", cls=_Telling)(grouped(compare))
    app.command("report")(grouped(report))


def plan(
    file: Annotated[Path, typer.Argument(help="The package.", exists=True, dir_okay=False, readable=True)],
    mode: Mode,
    connection: Connection,
) -> None:
    """Show what an import of a package would do, and do nothing; `romaport execute` does it later.

    Ends with 0 if nothing would change, 2 if something would, 1 if the import would be refused.
    """
    from romaport.client import Extras, ImportOptions

    with session_of(connection, refused=FAILED) as session:
        extras = Extras(session.client)
        options = ImportOptions(
            type=mode.type.value, prefix=mode.prefix, datasource_overwrite=mode.datasource_overwrite
        )
        values = {} if mode.values is None else read_values(mode.values, ENVIRONMENT)
        job_id = extras.plan(file, options, values=values)
        found = _told(session, extras, job_id, f"Plan of {file.name}")
        _say_items(session, extras, found, _PLANNED, steps=("create", "update", "refuse"))
        if found.findings.total:
            raise typer.Exit(FAILED)
        has_changes = bool(found.outcome.get("create") or found.outcome.get("update"))
        if has_changes:
            session.screen.say(f"To do this: romaport execute {job_id}")
        raise typer.Exit(_CHANGES if has_changes else 0)


def execute(plan_id: Annotated[str, typer.Argument(help="The plan's job id.")], connection: Connection) -> None:
    """Do what a plan has shown, if the instance is still as it was then."""
    from romaport.client import Extras

    with session_of(connection) as session:
        extras = Extras(session.client)
        _finish(session, extras, extras.execute(plan_id), f"Execution of plan {plan_id}")


def rollback(
    job_id: Annotated[str, typer.Argument(help="The id of the import or deletion.")],
    connection: Connection,
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Lose what was changed since.")] = False,
) -> None:
    """Take an import or a deletion back: everything is as it was before, ids included."""
    from romaport.client import Extras

    with session_of(connection) as session:
        extras = Extras(session.client)
        _finish(session, extras, extras.roll_back(job_id, overwrite=overwrite), f"Rollback of job {job_id}")


def compare(
    left: Annotated[str, typer.Argument(help="An instance, by name or id, or a package file.")],
    right: Annotated[str, typer.Argument(help="The same for the other side.")],
    connection: Connection,
) -> None:
    """Show where two sides differ: instances of the project, or packages.

    Ends with 0 if nothing differs, 2 if something does, 1 if it could not be found out.
    """
    from romaport.client import Extras

    with session_of(connection, refused=FAILED) as session:
        extras, sides = Extras(session.client), (_side(session, left), _side(session, right))
        # A job is of an instance; without one named, of one that is compared.
        instances = [side for side in sides if isinstance(side, str)]
        session.client.instance_id = session.client.instance_id or next(iter(instances), "")
        job_id = extras.compare(*sides)
        found = _told(session, extras, job_id, f"Comparison of {left} and {right}")
        _say_items(session, extras, found, _COMPARED, steps=())
        differs = any(found.outcome.get(step) for step in ("differs", "left", "right"))
        raise typer.Exit(_CHANGES if differs else 0)


def report(job_id: Annotated[str, typer.Argument(help="The job's id.")], connection: Connection) -> None:
    """Show everything there is to say about a job: who, when, what became of the assets, findings, holes, receipt."""
    from msgspec import to_builtins

    from romaport.client import Extras

    with session_of(connection) as session:
        found = Extras(session.client).report(job_id)
        for line in _report_lines(found):
            session.screen.say(line)
        session.screen.result(to_builtins(found))


def _side(session: Session, named: str) -> str | Path:
    path = Path(named)
    return path if path.is_file() else instance_of(session.client, named)


def _finish(session: Session, extras: "Extras", job_id: str, title: str) -> None:
    """Follow a job to its end and conclude, with all that stood in the way, which the progress has no room for."""
    from msgspec import to_builtins

    from romaport.client import is_success

    with going_on(session, job_id):
        job = followed(session, job_id, title)
    if is_success(job):
        conclude(session.screen, job)
        return
    found = extras.report(job_id)
    for line in _finding_lines("", found.findings.items):
        session.screen.say(line)
    session.screen.say(f"Job {job.id}: {job.status}, {job.progress_percent:.0%}")
    session.screen.result({"job": to_builtins(job), "report": to_builtins(found)})
    raise typer.Exit(FAILED)


def _told(session: Session, extras: "Extras", job_id: str, title: str) -> "Report":
    """Follow a job to its end and answer its report; end the command if the job failed."""
    from romaport.client import is_success

    with going_on(session, job_id):
        job = followed(session, job_id, title)
    if not is_success(job):
        conclude(session.screen, job)
    return extras.report(job_id)


def _say_items(
    session: Session, extras: "Extras", found: "Report", words: dict[str, str], *, steps: tuple[str, ...]
) -> None:
    from msgspec import to_builtins

    items: list[Any] = []
    for item in extras.items(found.id, steps=steps):
        for line in item_lines(item):
            session.screen.say(line)
        items.append(to_builtins(item))
    for line in [*_finding_lines("", found.findings.items), *_finding_lines("hole: ", found.holes.items)]:
        session.screen.say(line)
    counts = [f"{sum(found.outcome.get(step, {}).values())} {word}" for step, word in words.items()]
    session.screen.say(", ".join(counts))
    session.screen.result({"report": to_builtins(found), "items": items})


def _finding_lines(word: str, findings: "Iterable[Any]") -> Iterable[str]:
    for finding in findings:
        yield f"{word}{finding.kind} {finding.name}: {finding.message} [{finding.code}]"
        if finding.advice:
            yield f"    {finding.advice}"


def _report_lines(found: "Report") -> Iterable[str]:
    yield f"Job {found.id}: {found.type}, {found.state}"
    yield f"  by {found.user.get('name', '')}, begun {found.begin_time}, {found.duration_seconds:.1f} s"
    for what, counts in found.outcome.items():
        yield f"  {what}: " + ", ".join(f"{number} {kind}" for kind, number in counts.items())
    if found.archive is not None:
        taken = f"downloaded {found.archive.taken_at} by {found.archive.taken_by}" if found.archive.taken_at else "kept"
        yield f"  package {found.archive.file_name}: {found.archive.size_bytes} bytes, SHA-256 {found.archive.sha256}"
        yield f"    {taken}; expires {found.archive.expires_at}"
    if found.kept_until:
        yield f"  can be taken back, or executed, until {found.kept_until}"
    if found.rolled_back_by:
        yield f"  rolled back by job {found.rolled_back_by}"
    pages = (("findings", found.findings), ("holes", found.holes), ("notes", found.notes))
    for title, page in pages:
        if page.total:
            yield f"{page.total} {title}"
            yield from (f"  {line}" for line in _finding_lines("", page.items))
