"""The `romaport` command: everything there is, and the one place where its errors become exit codes."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from romaport import __version__
from romaport.cli.admin import add_admin_commands
from romaport.cli.client import add_client_commands
from romaport.cli.extras import add_extra_commands
from romaport.cli.server import add_server_commands, opened_directory
from romaport.errors import RomaportError

__all__ = ["app", "main"]


class _Overview(TyperGroup):
    """The list of commands, in plain letters: rich takes longer to load than all else that it needs."""

    def __init__(self, **words: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(**words | {"rich_markup_mode": None})


app = typer.Typer(
    name="romaport",
    help="An open, self-hosted asset service that speaks the ROMA Connect wire contract.",
    no_args_is_help=True,
    cls=_Overview,
    context_settings={"max_content_width": 120},
    pretty_exceptions_enable=False,
)


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


add_server_commands(app)
add_client_commands(app)
add_extra_commands(app)
add_admin_commands(app, opened_directory)

_REFUSED = 2


def main() -> None:
    """Run the command line; a refusal is one sentence and exit code 2."""
    try:
        app()
    except RomaportError as refusal:
        typer.echo(f"romaport: {refusal} [{refusal.code}]", err=True)
        sys.exit(_REFUSED)
