"""Commands that run the server on this machine, and show how it is set."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from romaport.cli.environment import ENVIRONMENT

if TYPE_CHECKING:
    from romaport.auth import Directory
    from romaport.cli.serving import FirstCredentials
    from romaport.settings import Settings

__all__ = ["add_server_commands", "opened_directory"]


def add_server_commands(app: typer.Typer) -> None:
    """Add `serve`, `worker`, `migrate`, `demo`, `settings` and `migrate-store` to the command line."""
    app.command("serve")(serve)
    app.command("worker")(worker)
    app.command("migrate")(migrate)
    app.command("demo")(demo)
    app.command("settings")(settings)
    app.command("migrate-store")(migrate_store)


def _settings(**server: object) -> "Settings":
    from msgspec import structs

    from romaport.settings import read_settings

    read = read_settings(ENVIRONMENT)
    given = {name: value for name, value in server.items() if value is not None}
    return structs.replace(read, server=structs.replace(read.server, **given))


@contextmanager
def opened_directory() -> "Iterator[Directory]":
    """Open users, projects, instances and keys of the data folder that the settings name."""
    from romaport.assembly import open_directory

    with open_directory(_settings()) as directory:
        yield directory


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen at; 0 takes a free one.")] = None,
    data: Annotated[str | None, typer.Option(help="Folder for all that is kept.")] = None,
    *,
    with_worker: Annotated[
        bool | None, typer.Option("--with-worker", help="Run jobs too, on PostgreSQL; else workers do.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Announce the start as one JSON line.")] = False,
) -> None:
    """Serve until Ctrl-C. The first start makes an administrator and prints the credentials once."""
    # Nothing of a start is garbage, and looking for some takes a tenth of it.
    gc.disable()
    from romaport.cli.serving import announced, run_server

    read = _settings(host=host, port=port, data=data, with_worker=with_worker)

    def announce(address: str, credentials: "FirstCredentials | None") -> None:
        typer.echo(announced(address, credentials, read, as_json=json))

    with _logged(read):
        run_server(read, announce=announce)


def worker(
    data: Annotated[str | None, typer.Option(help="Folder for all that is kept.")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Announce the start as one JSON line.")] = False,
) -> None:
    """Run jobs of the PostgreSQL database until Ctrl-C, as one of any number of workers on any machines."""
    # Nothing of a start is garbage, and looking for some takes a tenth of it.
    gc.disable()
    from romaport.cli.serving import run_worker

    read = _settings(data=data)
    number = read.jobs.workers

    def announce() -> None:
        typer.echo(f'{{"workers": {number}}}' if json else f"romaport works, {number} jobs at once")

    with _logged(read):
        run_worker(read, announce=announce)


def migrate() -> None:
    """Make the database, or bring it to this release, as every start does; say from where to where."""
    from romaport.assembly import migrate_database

    read = _settings()
    with _logged(read):
        done = migrate_database(read)
    was, now = done.was or "nothing", done.now
    typer.echo(f"the database is at revision {now}" if was == now else f"migrated from {was} to revision {now}")


@contextmanager
def _logged(read: "Settings") -> "Iterator[None]":
    """Log as the settings say; a store that does not answer ends the program in one sentence."""
    from romaport.errors import StoreUnavailable
    from romaport.telemetry import configure_logging

    configure_logging(level=read.server.log_level, as_json=read.server.log_format == "json")
    try:
        yield
    except StoreUnavailable as broken:
        typer.echo(f"romaport: {broken} [{broken.code}]", err=True)
        raise typer.Exit(1) from broken


def demo() -> None:
    """Show the main job: a sample leaves one instance and arrives in another, on a server of its own."""
    from romaport.cli.demo import run_demo

    raise typer.Exit(run_demo(ENVIRONMENT))


def migrate_store(
    source: Annotated[Path, typer.Option("--from", help="Data folder of a stopped server.")],
) -> None:
    """Move a data folder to the database and the archive store of the settings, whole; run again to go on."""
    from romaport.cli.migrate_store import move_folder

    move_folder(source, _settings(), typer.echo)


def settings(*, json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False) -> None:
    """Print every setting with its value and where that came from."""
    import msgspec

    from romaport.settings import described

    found = described(_settings(), ENVIRONMENT)
    if json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for item in found:
        typer.echo(f"{item.name}={item.value}  ({item.source}; default {item.default})\n    {item.description}")
