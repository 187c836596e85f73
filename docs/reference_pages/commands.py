"""cli.md: every command of the command line with all that it takes."""

from collections.abc import Iterable, Iterator
from enum import Enum

import typer
from docs.reference_pages.page import code, page, table
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from romaport.cli.main import app

Parameter = TyperArgument | TyperOption
Panels = dict[str, tuple[Parameter, ...]]


def commands() -> str:
    """Answer the page of every command."""
    found = typer.main.get_command(app)
    panels: Panels = {}
    parts = [_command(name, command, panels) for name, command in _walked("romaport", found)]
    return page(
        "Command line",
        "Every command with what it takes.\n"
        "An option that has a variable can be given in the environment instead.\n"
        "A command ends with 0 if it was done, with 1 if its job failed, with 2 if the usage is wrong, the request was"
        " refused or nobody answered, and with 130 after Ctrl-C, which ends the command and not the job.",
        *parts,
        *(f"## {panel}\n\n{_parameters(parameters)}" for panel, parameters in panels.items()),
    )


def _walked(name: str, command: object) -> Iterator[tuple[str, TyperCommand]]:
    """Answer all commands below one, each with the words that call it."""
    if isinstance(command, TyperGroup):
        for word, below in command.commands.items():
            yield from _walked(f"{name} {word}", below)
    elif isinstance(command, TyperCommand) and not command.hidden:
        yield name, command


def _command(name: str, command: TyperCommand, panels: Panels) -> str:
    """Write one command; a panel of options, which many commands share, is only named and remembered."""
    parameters = [found for found in command.params if isinstance(found, Parameter)]
    own = [found for found in parameters if not found.rich_help_panel]
    arguments = " ".join(
        _value(found) if found.required else f"[{_value(found)}]" for found in own if isinstance(found, TyperArgument)
    )
    parts = [f"## `{f'{name} {arguments}'.strip()}`", command.help or ""]
    if own:
        parts.append(_parameters(own))
    for panel in dict.fromkeys(found.rich_help_panel for found in parameters if found.rich_help_panel):
        panels[panel] = tuple(found for found in parameters if found.rich_help_panel == panel)
        parts.append(f"Also the options under [{panel}](#{_anchor(panel)}).")
    return "\n\n".join(part.strip() for part in parts)


def _parameters(parameters: Iterable[Parameter]) -> str:
    rows = [(_spelt(found), _default(found), code(found.envvar), found.help or "") for found in parameters]
    return table(("argument or option", "default", "variable", "meaning"), rows)


def _spelt(found: Parameter) -> str:
    if isinstance(found, TyperArgument):
        return code(_value(found))
    if found.hidden:
        return "only in the environment"
    value = "" if found.is_flag else f" {_value(found)}"
    return code(", ".join(found.opts) + value) + (", may be given again" if found.multiple else "")


def _value(found: Parameter) -> str:
    kind = found.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind)
    return found.metavar or (found.name or "").upper()


def _default(found: Parameter) -> str:
    if found.required:
        return "must be given"
    default = found.default.value if isinstance(found.default, Enum) else found.default
    return code(default) if default not in (None, False, "") else ""


def _anchor(heading: str) -> str:
    return "".join(letter for letter in heading.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")
