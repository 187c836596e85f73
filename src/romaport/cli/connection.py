"""From options, environment and profile to a client: who is meant, and where."""

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from romaport.cli.profile import DEFAULT_PROFILE, Profile, load_profile
from romaport.errors import ParameterInvalid

if TYPE_CHECKING:
    from romaport.client import Client, Credentials

__all__ = ["Connection", "client_of", "instance_of", "open_client", "profile_of", "where"]

# The two published forms of an instance's id.
_ID = re.compile(r"[0-9a-z]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PANEL = "Where and as whom (instead of the profile's)"


def _option(help_text: str, variable: str) -> object:
    return typer.Option(help=help_text, envvar=f"ROMAPORT_CLIENT_{variable}", rich_help_panel=_PANEL)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The options that every command of the client takes."""

    profile: Annotated[str, _option("The profile that `romaport login` wrote.", "PROFILE")] = DEFAULT_PROFILE
    endpoint: Annotated[str, _option("Address of the server, like https://host:port.", "ENDPOINT")] = ""
    project: Annotated[str, _option("Id of the project.", "PROJECT")] = ""
    instance: Annotated[str, _option("The instance, by name or id.", "INSTANCE")] = ""
    ak: Annotated[str, _option("Access key that signs the requests.", "AK")] = ""
    sk: Annotated[str, _option("Its secret; better asked for, or in the environment.", "SK")] = ""
    user: Annotated[str, _option("User name, if there is no access key.", "USER")] = ""
    password: Annotated[str, _option("Its password; better asked for, or in the environment.", "PASSWORD")] = ""
    domain: Annotated[str, _option("Domain (account) of the user.", "DOMAIN")] = ""
    iam_endpoint: Annotated[str, _option("Where tokens are issued, if not at the endpoint.", "IAM_ENDPOINT")] = ""
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end, and nothing else.")] = False

    def __repr__(self) -> str:
        return f"Connection(profile={self.profile!r}, endpoint={self.endpoint!r}, ***)"


def profile_of(connection: Connection, stored: Profile) -> Profile:
    """Lay the options over a stored profile. Credentials are taken whole: a key, or a user, never a mixture."""
    place = {
        name: getattr(connection, name) or getattr(stored, name)
        for name in ("endpoint", "project", "instance", "iam_endpoint")
    }
    if connection.ak and connection.user:
        raise ParameterInvalid(name="--ak, --user", rule="give an access key or a user, not both")
    if connection.ak:
        known = stored.sk if stored.ak == connection.ak else ""
        return Profile(**place, ak=connection.ak, sk=connection.sk or known or _asked("Secret key", "--sk"))
    if connection.user:
        known = stored.password if stored.user == connection.user else ""
        password = connection.password or known or _asked("Password", "--password")
        domain = connection.domain or stored.domain or connection.user
        return Profile(**place, user=connection.user, password=password, domain=domain)
    return Profile(
        **place,
        ak=stored.ak,
        sk=connection.sk or stored.sk,
        user=stored.user,
        password=connection.password or stored.password,
        domain=connection.domain or stored.domain,
    )


def _asked(name: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise ParameterInvalid(name=option, rule="is needed; on a terminal it would be asked for")
    return str(typer.prompt(name, hide_input=True, err=True))


def client_of(profile: Profile) -> "Client":
    """Make the client that a complete profile describes. Raises `ParameterInvalid` naming what is missing."""
    from romaport.client import Client

    for name in ("endpoint", "project"):
        if not getattr(profile, name):
            raise ParameterInvalid(name=f"--{name}", rule="is needed; `romaport login` keeps it in a profile")
    return Client(profile.endpoint, _credentials(profile), project_id=profile.project, instance_id=profile.instance)


def _credentials(profile: Profile) -> "Credentials":
    from romaport.client import AccessKey, Password, Secret

    if profile.ak:
        return AccessKey(access_key=profile.ak, secret=Secret(profile.sk))
    if profile.user:
        return Password(
            user=profile.user,
            password=Secret(profile.password),
            domain=profile.domain,
            iam_endpoint=profile.iam_endpoint or None,
        )
    raise ParameterInvalid(name="--ak, --user", rule="one is needed; `romaport login` keeps it in a profile")


def open_client(connection: Connection) -> "Client":
    """Make the client that the options and the profile they name describe."""
    profile = profile_of(connection, load_profile(connection.profile) or Profile())
    client = client_of(profile)
    if not connection.instance or _ID.fullmatch(profile.instance):
        return client
    # A name is looked up; an id is taken as it is, so that a command costs no request more than it needs.
    with client:
        instance = instance_of(client, profile.instance)
    return client_of(structs.replace(profile, instance=instance))


def instance_of(client: "Client", named: str) -> str:
    """Answer the id of the project's instance with this name or id, or of its only one if none is named.

    Raises `ParameterInvalid` listing the instances there are.
    """
    instances = client.instances()
    known = {name: found.id for found in instances for name in (found.name, found.id)}
    if named in known:
        return known[named]
    if not named and len(instances) == 1:
        return instances[0].id
    listed = ", ".join(f"{found.name} ({found.id})" for found in instances) or "none"
    raise ParameterInvalid(name="--instance", rule=f"must be one of the project's instances: {listed}")


def where(connection: Connection) -> list[str]:
    """Answer the options that lead another command to the same place; never a secret."""
    given = {
        "--profile": connection.profile if connection.profile != DEFAULT_PROFILE else "",
        "--endpoint": connection.endpoint,
        "--project": connection.project,
        "--instance": connection.instance,
        "--ak": connection.ak,
        "--user": connection.user,
        "--domain": connection.domain,
        "--iam-endpoint": connection.iam_endpoint,
    }
    return [part for name, value in given.items() if value for part in (name, value)]
