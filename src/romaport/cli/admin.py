"""What operators do on the server's own machine: `romaport users|projects|instances|keys|policies ...`.

Passwords are asked for, or taken from ROMAPORT_NEW_PASSWORD; a command line is public, and so none is read
from there. Every command exits with 0 if it was done, and with 2 and a sentence if it was refused.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from romaport.clock import iso
from romaport.errors import ParameterInvalid, RomaportError

if TYPE_CHECKING:
    from romaport.auth import Directory

__all__ = ["PASSWORD_VARIABLE", "add_admin_commands"]

PASSWORD_VARIABLE = "ROMAPORT_NEW_PASSWORD"  # noqa: S105 - the variable's name
_REFUSED = 2
_POLICY_BYTES_MAX = 65_536

_Open = Callable[[], AbstractContextManager["Directory"]]
_Row = Mapping[str, object]


def _from_environment_only(context: typer.Context, value: str) -> str:
    source = context.get_parameter_source("password")
    if source is not None and source.name == "COMMANDLINE":
        message = f"a command line is public; answer the prompt or set {PASSWORD_VARIABLE}"
        raise typer.BadParameter(message)
    return value


_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Domain = Annotated[str, typer.Option(help="Name or id of the domain; not needed if there is only one.")]
_Password = Annotated[
    str,
    typer.Option(
        help="The new password; asked for if the variable is not set.",
        envvar=PASSWORD_VARIABLE,
        hidden=True,
        callback=_from_environment_only,
        show_default=False,
    ),
]
_User = Annotated[str, typer.Argument(help="Name or id of the user.")]
_Project = Annotated[str, typer.Argument(help="Name or id of the project.")]
_Policy = Annotated[str, typer.Argument(help='Name of the policy, such as "ROMA FullAccess".')]
_Name = Annotated[str, typer.Argument(help="The name it shall have.")]
_Description = Annotated[str, typer.Option(help="What it is for.")]
_Sure = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def add_admin_commands(app: typer.Typer, open_directory: _Open) -> None:
    """Add the operators' commands to a command line; `open_directory` opens the server's database for one."""

    @contextmanager
    def opened() -> Iterator["Directory"]:
        try:
            with open_directory() as directory:
                yield directory
        except RomaportError as refusal:
            typer.echo(f"Refused: {refusal.explanation} [{refusal.code}]", err=True)
            raise typer.Exit(_REFUSED) from refusal

    users = _group(app, "users", "Users, their passwords, and what they may do.")
    _add_user_commands(users, opened)
    _add_permission_commands(users, opened)
    _add_project_commands(_group(app, "projects", "Projects, which instances belong to."), opened)
    _add_instance_commands(_group(app, "instances", "Instances, which hold assets."), opened)
    _add_key_commands(_group(app, "keys", "Access keys (AK/SK) of users."), opened)
    _add_policy_commands(_group(app, "policies", "Policies: what can be allowed to users."), opened)


def _group(app: typer.Typer, name: str, help_text: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name=name, help=help_text)
    return group


def _add_user_commands(users: typer.Typer, opened: _Open) -> None:
    @users.command("add")
    def add(name: _Name, *, domain: _Domain = "", password: _Password = "", as_json: _AsJson = False) -> None:
        """Add a user, who may do nothing until a policy is granted."""
        with opened() as directory:
            user_id = directory.add_user(name, password or _asked(), domain or _sole_domain(directory))
        _print_one({"id": user_id, "name": name}, as_json=as_json)

    @users.command("list")
    def list_(*, as_json: _AsJson = False) -> None:
        """List all users with what they may do."""
        with opened() as directory:
            rows = [
                {
                    "id": user.id,
                    "name": user.name,
                    "domain": user.domain_name,
                    "enabled": user.is_enabled,
                    "grants": [f"{grant.project.name}: {grant.policy_name}" for grant in directory.grants(user.id)],
                }
                for user in directory.users()
            ]
        _print_rows(rows, as_json=as_json)

    @users.command("remove")
    def remove(user: _User, *, yes: _Sure = False, as_json: _AsJson = False) -> None:
        """Remove a user with all grants, keys and tokens; what the user made stays."""
        if not yes and not typer.confirm(f"Remove user {user} with all keys?"):
            raise typer.Exit(_REFUSED)
        with opened() as directory:
            directory.remove_user(user)
        _print_one({"removed": user}, as_json=as_json)

    @users.command("password")
    def set_password(user: _User, *, password: _Password = "", as_json: _AsJson = False) -> None:
        """Give a user a new password; the user's tokens end."""
        with opened() as directory:
            directory.set_password(user, password or _asked())
        _print_one({"changed": user}, as_json=as_json)


def _add_permission_commands(users: typer.Typer, opened: _Open) -> None:
    @users.command("enable")
    def enable(user: _User, *, as_json: _AsJson = False) -> None:
        """Let a disabled user in again."""
        with opened() as directory:
            directory.enable_user(user)
        _print_one({"enabled": user}, as_json=as_json)

    @users.command("disable")
    def disable(user: _User, *, as_json: _AsJson = False) -> None:
        """Let a user in no longer; the user's tokens end."""
        with opened() as directory:
            directory.disable_user(user)
        _print_one({"disabled": user}, as_json=as_json)

    @users.command("grant")
    def grant(user: _User, project: _Project, policy: _Policy, *, as_json: _AsJson = False) -> None:
        """Give a user a policy in a project."""
        with opened() as directory:
            directory.grant(user, project, policy)
        _print_one({"user": user, "project": project, "granted": policy}, as_json=as_json)

    @users.command("revoke")
    def revoke(user: _User, project: _Project, policy: _Policy, *, as_json: _AsJson = False) -> None:
        """Take a policy from a user in a project; the user's tokens end."""
        with opened() as directory:
            directory.revoke_grant(user, project, policy)
        _print_one({"user": user, "project": project, "revoked": policy}, as_json=as_json)


def _add_project_commands(projects: typer.Typer, opened: _Open) -> None:
    @projects.command("add")
    def add(name: _Name, *, domain: _Domain = "", as_json: _AsJson = False) -> None:
        """Add a project."""
        with opened() as directory:
            project_id = directory.add_project(name, domain or _sole_domain(directory))
        _print_one({"id": project_id, "name": name}, as_json=as_json)

    @projects.command("list")
    def list_(*, as_json: _AsJson = False) -> None:
        """List all projects."""
        with opened() as directory:
            found = directory.projects()
        rows = [{"id": project.id, "name": project.name, "domain": project.domain_name} for project in found]
        _print_rows(rows, as_json=as_json)


def _add_instance_commands(instances: typer.Typer, opened: _Open) -> None:
    @instances.command("add")
    def add(project: _Project, name: _Name, *, description: _Description = "", as_json: _AsJson = False) -> None:
        """Add an instance to a project."""
        with opened() as directory:
            instance_id = directory.add_instance(project, name, description)
        _print_one({"id": instance_id, "name": name}, as_json=as_json)

    @instances.command("list")
    def list_(
        project: Annotated[str, typer.Argument(help="Name or id of the project; all of them if absent.")] = "",
        *,
        as_json: _AsJson = False,
    ) -> None:
        """List instances, oldest first."""
        with opened() as directory:
            names = {found.id: found.name for found in directory.projects()}
            found = [instance for place in ([project] if project else names) for instance in directory.instances(place)]
        rows = [
            {
                "id": instance.id,
                "name": instance.name,
                "project_id": instance.project_id,
                "project": names[instance.project_id],
                "created_at": iso(instance.created_at),
                "description": instance.description,
            }
            for instance in found
        ]
        _print_rows(rows, as_json=as_json)


def _add_key_commands(keys: typer.Typer, opened: _Open) -> None:
    @keys.command("add")
    def add(user: _User, *, as_json: _AsJson = False) -> None:
        """Make a user an access key; its secret is shown this once."""
        with opened() as directory:
            access_key, secret = directory.add_key(user)
        _print_one({"access_key": access_key, "secret": secret}, as_json=as_json)

    @keys.command("list")
    def list_(user: _User, *, as_json: _AsJson = False) -> None:
        """List a user's access keys, without secrets."""
        with opened() as directory:
            found = directory.keys(user)
        _print_rows(
            [{"access_key": key.access_key, "created_at": iso(key.created_at)} for key in found], as_json=as_json
        )

    @keys.command("remove")
    def remove(
        access_key: Annotated[str, typer.Argument(help="The access key (AK).")], *, as_json: _AsJson = False
    ) -> None:
        """Remove an access key; its user's tokens end too."""
        with opened() as directory:
            directory.remove_key(access_key)
        _print_one({"removed": access_key}, as_json=as_json)


def _add_policy_commands(policies: typer.Typer, opened: _Open) -> None:
    @policies.command("add")
    def add(
        name: _Name,
        file: Annotated[Path, typer.Argument(help="File with the JSON document.", exists=True, dir_okay=False)],
        *,
        as_json: _AsJson = False,
    ) -> None:
        """Add a policy of one's own."""
        with opened() as directory:
            if file.stat().st_size > _POLICY_BYTES_MAX:
                raise ParameterInvalid(name="file", rule=f"at most {_POLICY_BYTES_MAX} bytes")
            directory.add_policy(name, file.read_bytes())
        _print_one({"name": name}, as_json=as_json)

    @policies.command("list")
    def list_(*, as_json: _AsJson = False) -> None:
        """List all policies, the built-in ones first."""
        with opened() as directory:
            found = directory.policies()
        _print_rows([{"name": name, "document": document} for name, document in found.items()], as_json=as_json)


def _asked() -> str:
    try:
        return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))
    except typer.Abort as cause:
        raise ParameterInvalid(name="password", rule=f"answer the prompt or set {PASSWORD_VARIABLE}") from cause


def _sole_domain(directory: "Directory") -> str:
    domains = directory.domains()
    if len(domains) != 1:
        raise ParameterInvalid(name="--domain", rule="must be given, there is not exactly one")
    return domains[0]


def _print_one(row: _Row, *, as_json: bool) -> None:
    typer.echo(json.dumps(row) if as_json else "\n".join(f"{name}: {value}" for name, value in row.items()))


def _print_rows(rows: Sequence[_Row], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows))
        return
    if not rows:
        typer.echo("(none)")
        return
    # Plain columns, never cut: ids are there to be copied.
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
