"""The commands for people who move assets: they speak the published contract only, so any such server will do.

Exit codes: 0 the job succeeded; 1 it failed; 2 wrong usage, refused, or no answer; 130 after Ctrl-C.
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from romaport.cli.connection import Connection, client_of, instance_of, profile_of
from romaport.cli.environment import ENVIRONMENT
from romaport.cli.options import grouped
from romaport.cli.output import Screen
from romaport.cli.profile import Profile, save_profile
from romaport.cli.session import REFUSED, Session, conclude, finish, refusals, session_of
from romaport.cli.values import read_values
from romaport.errors import AssetsMissing, ParameterInvalid, SelectionEmpty

if TYPE_CHECKING:
    from romaport.client import Client

__all__ = ["ImportMode", "Mode", "add_client_commands"]

_OURS = "Beyond the contract (romaport servers only)"


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
class Wider:
    """What to export, beyond the contract; names may hold `*`, `?` and `[...]`, here and in --app and --task."""

    select: Annotated[
        list[str] | None,
        typer.Option(
            help="Assets of any kind, by name, like api:*orders*.", metavar="KIND:NAME", rich_help_panel=_OURS
        ),
    ] = None
    tag: Annotated[list[str] | None, typer.Option(help="Assets with a tag.", rich_help_panel=_OURS)] = None
    everything: Annotated[bool, typer.Option("--all", help="Everything there is.", rich_help_panel=_OURS)] = False
    alone: Annotated[
        bool,
        typer.Option("--without-dependencies", help="Leave out what the selected assets need.", rich_help_panel=_OURS),
    ] = False

    def is_needed(self, selection: Selection) -> bool:
        """Say whether the contract has no words for what is wanted."""
        has_wildcards = any(set("*?[") & set(name) for name in [*(selection.app or []), *(selection.task or [])])
        return bool(self.select or self.tag or self.everything or self.alone or has_wildcards)

    def names(self, selection: Selection) -> dict[str, list[str]]:
        """Answer the wanted names by kind. Raises `ParameterInvalid` for what is not KIND:NAME, or for ids."""
        if selection.app_id or selection.task_id:
            raise ParameterInvalid(name="--app-id, --task-id", rule="cannot be mixed with wildcards, tags or --all")
        found: dict[str, list[str]] = {"app": list(selection.app or []), "task": list(selection.task or [])}
        for text in self.select or []:
            kind, colon, name = text.partition(":")
            if not (kind and colon and name):
                raise ParameterInvalid(name="--select", rule=f"must be like api:*orders*, not {text}")
            found.setdefault(kind, []).append(name)
        return {kind: names for kind, names in found.items() if names}


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
    with refusals(screen):
        asked = profile_of(connection, Profile())
        with client_of(asked) as client:
            instance = instance_of(client, asked.instance)
        kept = Profile(**{name: getattr(asked, name) for name in asked.__struct_fields__} | {"instance": instance})
        file = save_profile(connection.profile, kept)
        screen.say(f"Logged in at {kept.endpoint}, instance {instance}. Kept in {file}.")
        screen.result({"endpoint": kept.endpoint, "project": kept.project, "instance": instance, "file": str(file)})


def export(
    selection: Selection,
    wider: Wider,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write the package to.", dir_okay=False)],
    connection: Connection,
) -> None:
    """Export applications and tasks with all that belongs to them, and download the package."""
    with session_of(connection) as session:
        _check_folder(output)
        if wider.is_needed(selection):
            job_id, title = _export_wider(session, wider, selection), "Export"
        else:
            job_id = session.client.export(**_resolved(session.client, selection))
            title = f"Export of {selection.title}"
        finish(session, job_id, title=title, output=output)


def _export_wider(session: Session, wider: Wider, selection: Selection) -> str:
    from romaport.client import Extras

    return Extras(session.client).export(
        select=wider.names(selection),
        tags=wider.tag or [],
        everything=wider.everything,
        dependencies=not wider.alone,
    )


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How a package goes in."""

    type: Annotated[ImportMode, typer.Option(help="Add everything as new, or merge.")] = ImportMode.ADD_NEW
    prefix: Annotated[str, typer.Option(help="Put before every name.")] = ""
    datasource_overwrite: Annotated[
        bool, typer.Option("--datasource-overwrite", help="Replace data sources of the same name; with Merge.")
    ] = False
    values: Annotated[
        Path | None,
        typer.Option(
            help="Secrets for the package's holes: a YAML or JSON file, ${NAME} for the environment's.",
            exists=True,
            dir_okay=False,
            readable=True,
            rich_help_panel=_OURS,
        ),
    ] = None


def import_(
    file: Annotated[Path, typer.Argument(help="The package.", exists=True, dir_okay=False, readable=True)],
    mode: Mode,
    connection: Connection,
) -> None:
    """Import a package into the instance."""
    from romaport.client import Extras, ImportOptions

    with session_of(connection) as session:
        options = ImportOptions(
            type=mode.type.value, prefix=mode.prefix, datasource_overwrite=mode.datasource_overwrite
        )
        if mode.values is None:
            job_id = session.client.import_package(file, options)
        else:
            values = read_values(mode.values, ENVIRONMENT)
            job_id = Extras(session.client).import_package(file, options, values=values)
        finish(session, job_id, title=f"Import of {file.name}")


def delete(
    selection: Selection,
    connection: Connection,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete applications and tasks with all that belongs to them."""
    with session_of(connection) as session:
        chosen = _resolved(session.client, selection)
        question = f"Delete {selection.title} from instance {session.client.instance_id} at {session.client.endpoint}?"
        if not yes and not sys.stdin.isatty():
            raise ParameterInvalid(name="--yes", rule="is needed where nobody can be asked")
        if not yes and not typer.confirm(question, err=True):
            session.screen.warn("Nothing was deleted.")
            raise typer.Exit(REFUSED)
        job_id = session.client.delete(**chosen)
        finish(session, job_id, title=f"Deletion of {selection.title}")


def show(job_id: Annotated[str, typer.Argument(help="The job's id.")], connection: Connection) -> None:
    """Show how far a job is now; the exit code is 1 if it has failed."""
    with session_of(connection) as session:
        conclude(session.screen, session.client.job(job_id))


def wait(
    job_id: Annotated[str, typer.Argument(help="The job's id.")],
    connection: Connection,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where an export's package goes.", dir_okay=False)
    ] = None,
) -> None:
    """Follow a job to its end, and download an export's package if a file is named."""
    with session_of(connection) as session:
        if output is not None:
            _check_folder(output)
        finish(session, job_id, title=f"Job {job_id}", output=output)


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
