"""The commands for people who move assets: they speak the published contract only, so any such server will do.

Exit codes: 0 the job succeeded; 1 it failed; 2 wrong usage, refused, or no answer; 130 after Ctrl-C.
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romaport.cli.connection import Connection, client_of, instance_of, open_client, profile_of, where
from romaport.cli.options import grouped
from romaport.cli.output import Screen
from romaport.cli.profile import Profile, save_profile
from romaport.errors import AssetsMissing, ParameterInvalid, RomaportError, SelectionEmpty

if TYPE_CHECKING:
    from romaport.client import Client
    from romaport.wire.assets import JobAnswer

__all__ = ["add_client_commands"]

# The client and its HTTP library take a while to load, and help must be fast: they are imported where they are used.

_FAILED, _REFUSED, _INTERRUPTED = 1, 2, 130


class ImportMode(StrEnum):
    """How an import treats what exists (contract 6.2)."""

    ADD_NEW = "AddNew"
    MERGE = "Merge"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What to export or delete; every option may be given many times."""

    app: Annotated[list[str] | None, typer.Option(help="Application, by name.", metavar="NAME")] = None
    task: Annotated[list[str] | None, typer.Option(help="Task, by name.", metavar="NAME")] = None
    app_id: Annotated[list[str] | None, typer.Option(help="Application, by id.", metavar="ID")] = None
    task_id: Annotated[list[str] | None, typer.Option(help="Task, by id.", metavar="ID")] = None

    @property
    def title(self) -> str:
        """How many of what."""
        counts = {
            "application": len(self.app or []) + len(self.app_id or []),
            "task": len(self.task or []) + len(self.task_id or []),
        }
        return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count)


@dataclass(frozen=True, kw_only=True)
class _Session:
    """One command's client, screen and options."""

    client: "Client"
    screen: Screen
    connection: Connection


def add_client_commands(app: typer.Typer) -> None:
    """Add `login`, `export`, `import`, `delete` and `jobs` to the command line."""
    app.command("login")(grouped(login))
    app.command("export")(grouped(export))
    app.command("import")(grouped(import_))
    app.command("delete")(grouped(delete))
    jobs = typer.Typer(name="jobs", help="Look at jobs and follow them.", no_args_is_help=True)
    jobs.command("show")(grouped(show))
    jobs.command("wait")(grouped(wait))
    app.add_typer(jobs)


def login(connection: Connection) -> None:
    """Check an address and credentials, and keep them in a profile for the other commands.

    What is secret and not given is asked for without showing it; it may also come from the environment.
    """
    screen = Screen(as_json=connection.as_json)
    with _refusals(screen):
        asked = profile_of(connection, Profile())
        with client_of(asked) as client:
            instance = instance_of(client, asked.instance)
        kept = Profile(**{name: getattr(asked, name) for name in asked.__struct_fields__} | {"instance": instance})
        file = save_profile(connection.profile, kept)
        screen.say(f"Logged in at {kept.endpoint}, instance {instance}. Kept in {file}.")
        screen.result({"endpoint": kept.endpoint, "project": kept.project, "instance": instance, "file": str(file)})


def export(
    selection: Selection,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write the package to.", dir_okay=False)],
    connection: Connection,
) -> None:
    """Export applications and tasks with all that belongs to them, and download the package."""
    with _session(connection) as session:
        _check_folder(output)
        chosen = _resolved(session.client, selection)
        job_id = session.client.export(**chosen)
        _finish(session, job_id, title=f"Export of {selection.title}", output=output)


def import_(
    file: Annotated[Path, typer.Argument(help="The package.", exists=True, dir_okay=False, readable=True)],
    connection: Connection,
    *,
    type: Annotated[ImportMode, typer.Option(help="Add everything as new, or merge.")] = ImportMode.ADD_NEW,
    prefix: Annotated[str, typer.Option(help="Put before every name.")] = "",
    datasource_overwrite: Annotated[
        bool, typer.Option("--datasource-overwrite", help="Replace data sources of the same name; with Merge.")
    ] = False,
) -> None:
    """Import a package into the instance."""
    from romaport.client import ImportOptions

    with _session(connection) as session:
        options = ImportOptions(type=type.value, prefix=prefix, datasource_overwrite=datasource_overwrite)
        job_id = session.client.import_package(file, options)
        _finish(session, job_id, title=f"Import of {file.name}")


def delete(
    selection: Selection,
    connection: Connection,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete applications and tasks with all that belongs to them."""
    with _session(connection) as session:
        chosen = _resolved(session.client, selection)
        question = f"Delete {selection.title} from instance {session.client.instance_id} at {session.client.endpoint}?"
        if not yes and not sys.stdin.isatty():
            raise ParameterInvalid(name="--yes", rule="is needed where nobody can be asked")
        if not yes and not typer.confirm(question, err=True):
            session.screen.warn("Nothing was deleted.")
            raise typer.Exit(_REFUSED)
        job_id = session.client.delete(**chosen)
        _finish(session, job_id, title=f"Deletion of {selection.title}")


def show(job_id: Annotated[str, typer.Argument(help="The job's id.")], connection: Connection) -> None:
    """Show how far a job is now; the exit code is 1 if it has failed."""
    with _session(connection) as session:
        _conclude(session.screen, session.client.job(job_id))


def wait(
    job_id: Annotated[str, typer.Argument(help="The job's id.")],
    connection: Connection,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where an export's package goes.", dir_okay=False)
    ] = None,
) -> None:
    """Follow a job to its end, and download an export's package if a file is named."""
    with _session(connection) as session:
        if output is not None:
            _check_folder(output)
        _finish(session, job_id, title=f"Job {job_id}", output=output)


@contextmanager
def _session(connection: Connection) -> Iterator[_Session]:
    screen = Screen(as_json=connection.as_json)
    with _refusals(screen), open_client(connection) as client:
        yield _Session(client=client, screen=screen, connection=connection)


@contextmanager
def _refusals(screen: Screen) -> Iterator[None]:
    try:
        yield
    except RomaportError as refusal:
        screen.refuse(refusal)
        raise typer.Exit(_REFUSED) from refusal
    except OSError as cause:
        screen.warn(f"Refused: {cause.filename}: {cause.strerror}")
        screen.result({"error_code": "", "error_msg": f"{cause.filename}: {cause.strerror}"})
        raise typer.Exit(_REFUSED) from cause
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None


def _check_folder(output: Path) -> None:
    # There is one download only: better to refuse before the job than to lose its package after it.
    if not output.parent.is_dir():
        raise ParameterInvalid(name="--output", rule=f"the folder {output.parent} does not exist")


def _resolved(client: "Client", selection: Selection) -> dict[str, list[str]]:
    """Answer the ids of what was selected. Raises `AssetsMissing` with every unknown name."""
    apps = {name: client.find_app(name) for name in selection.app or []}
    tasks = {name: client.find_task(name) for name in selection.task or []}
    missing = [f"application {name}" for name, found in apps.items() if found is None]
    missing += [f"task {name}" for name, found in tasks.items() if found is None]
    if missing:
        raise AssetsMissing(count=len(missing), listed=", ".join(missing))
    ids = {
        "apps": [*(selection.app_id or []), *(found.id for found in apps.values() if found is not None)],
        "tasks": [*(selection.task_id or []), *(found.id for found in tasks.values() if found is not None)],
    }
    if not any(ids.values()):
        raise SelectionEmpty
    return {name: list(dict.fromkeys(chosen)) for name, chosen in ids.items()}


def _finish(session: _Session, job_id: str, *, title: str, output: Path | None = None) -> None:
    """Follow a job to its end, fetch its package if that is wanted, and conclude."""
    with _going_on(session, job_id, output):
        job = _followed(session, job_id, title)
        package = None if output is None else _fetch(session, job, output)
    _conclude(session.screen, job, package)


def _followed(session: _Session, job_id: str, title: str) -> "JobAnswer":
    answers = session.client.wait(job_id)
    with session.screen.progress(title) as advance:
        job = next(answers)
        advance(job)
        for job in answers:
            advance(job)
    return job


def _fetch(session: _Session, job: "JobAnswer", output: Path) -> dict[str, Any] | None:
    from romaport.client import is_success

    if not is_success(job):
        return None
    if not isinstance(job.archive_id, str):
        raise ParameterInvalid(
            name="--output", rule="the job has no package: downloaded already, expired, or no export"
        )
    with session.screen.transfer(f"Download to {output.name}") as advance:
        found = session.client.download(job.archive_id, output, advance=advance)
    session.screen.say(f"{output}: {found.size_bytes} bytes, SHA-256 {found.sha256}")
    return {"file": str(output), "size_bytes": found.size_bytes, "sha256": found.sha256}


@contextmanager
def _going_on(session: _Session, job_id: str, output: Path | None) -> Iterator[None]:
    """Whatever ends the command early, say that the job goes on, and how to follow it again."""
    named = [] if output is None else ["--output", str(output)]
    again = shlex.join(["romaport", "jobs", "wait", job_id, *named, *where(session.connection)])
    try:
        yield
    except KeyboardInterrupt:
        session.screen.warn(f"\nThe job goes on. Follow it again with:\n  {again}")
        session.screen.result({"job": {"id": job_id}, "follow": again})
        raise
    except RomaportError:
        session.screen.warn(f"What became of the job, this tells:\n  {again}")
        raise


def _conclude(screen: Screen, job: "JobAnswer", package: dict[str, Any] | None = None) -> None:
    """Print a job as it is, and end with the exit code that says so."""
    from msgspec import to_builtins

    from romaport.client import is_final, is_success, reasons

    screen.say(f"Job {job.id}: {job.status}, {job.progress_percent:.0%}")
    screen.findings(reasons(job))
    screen.result({"job": to_builtins(job)} | ({} if package is None else {"package": package}))
    if is_final(job) and not is_success(job):
        raise typer.Exit(_FAILED)
