"""The tree of options, read once from the environment.

`ROMAPORT_<GROUP>_<FIELD>` sets one option; a `ROMAPORT_` name that nobody reads is an error, because a
misspelt limit must not be a silent default.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from romaport.api import ApiOptions
from romaport.auth import AuthOptions
from romaport.catalog import CatalogOptions
from romaport.errors import SettingInvalid
from romaport.jobs import JobOptions
from romaport.packages import PackageLimits
from romaport.storage import ArchiveOptions, DatabaseOptions
from romaport.wire.openapi import OpenapiOptions

__all__ = ["ServerOptions", "Setting", "Settings", "described", "read_settings"]

_PREFIX = "ROMAPORT_"
_STARS = "********"
# Up to the last @, for a password may hold one itself.
_URL_PASSWORD = re.compile(r"^([a-z+]+://[^:/@]*:).*@")
_FOREIGN = ("ROMAPORT_CLIENT_", "ROMAPORT_NEW_PASSWORD")
"""Names that the command line reads by itself."""


class ServerOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server listens and keeps its data."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen at.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen at; 0 takes a free one.")] = 8094
    data: Annotated[str, Meta(min_length=1, description="Folder of the database, the archives and the key file.")] = (
        "romaport-data"
    )
    connections_max: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="Connections held at once; who comes later waits until one has ended."),
    ] = 10_000
    silence_seconds: Annotated[
        int,
        Meta(ge=1, le=3600, description="How long a connection is held between requests, or with half a head of one."),
    ] = 75
    with_worker: Annotated[
        bool, Meta(description="Whether `serve` on PostgreSQL runs jobs too; without PostgreSQL it always does.")
    ] = False
    shutdown_seconds: Annotated[
        int, Meta(ge=1, le=600, description="How long a stopping server waits for open requests.")
    ] = 30
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="The least level logged.")] = (
        "info"
    )
    log_format: Annotated[str, Meta(pattern="^(json|text)$", description="One JSON object a line, or text.")] = "json"


class SecretOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key under which secrets lie encrypted."""

    key: Annotated[
        str,
        Meta(
            pattern="^([0-9a-fA-F]{64})?$",
            description="64 hex digits; empty takes the data folder's key file.",
            extra_json_schema={"writeOnly": True},
        ),
    ] = ""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every option there is, by group."""

    server: ServerOptions = ServerOptions()
    secrets: SecretOptions = SecretOptions()
    api: ApiOptions = ApiOptions()
    auth: AuthOptions = AuthOptions()
    jobs: JobOptions = JobOptions()
    catalog: CatalogOptions = CatalogOptions()
    database: DatabaseOptions = DatabaseOptions()
    archives: ArchiveOptions = ArchiveOptions()
    packages: PackageLimits = PackageLimits()
    openapi: OpenapiOptions = OpenapiOptions()

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.server.data)


class Setting(Struct, frozen=True, kw_only=True):
    """One option as the reference and `romaport settings` show it."""

    name: str
    value: str
    default: str
    source: str
    description: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the options; raise `SettingInvalid` with everything that is wrong, by name."""
    tree: dict[str, dict[str, str]] = {}
    problems: list[tuple[str, str]] = []
    known = dict(_names())
    for name, text in sorted(environment.items()):
        if not name.startswith(_PREFIX) or name.startswith(_FOREIGN):
            continue
        if name not in known:
            problems.append((name, "is not a setting; `romaport settings` lists them"))
            continue
        group, field = known[name]
        problem = _problem(group, field, text)
        if problem:
            problems.append((name, problem))
        tree.setdefault(group, {})[field] = text
    if problems:
        raise SettingInvalid(name=problems[0][0], rule="; ".join(_said(problems)))
    return msgspec.convert(tree, Settings, strict=False)


def _said(problems: list[tuple[str, str]]) -> Iterator[str]:
    yield problems[0][1]
    for name, rule in problems[1:]:
        yield f"{name}: {rule}"


def _names() -> Iterator[tuple[str, tuple[str, str]]]:
    for group in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(group.type):
            yield f"{_PREFIX}{group.name}_{field.name}".upper(), (group.name, field.name)


def _problem(group: str, field: str, text: str) -> str:
    shape = next(found.type for found in msgspec.structs.fields(Settings) if found.name == group)
    type_ = next(found.type for found in msgspec.structs.fields(shape) if found.name == field)
    try:
        msgspec.convert(text, type_, strict=False)
    except msgspec.ValidationError as refusal:
        return str(refusal).replace("Expected", "must be", 1)
    return ""


def described(settings: Settings, environment: Mapping[str, str]) -> list[Setting]:
    """Answer every option with its value, its default and where the value came from; what is secret as stars."""
    defaults = Settings()
    found = []
    for name, (group, field) in _names():
        value = getattr(getattr(settings, group), field)
        default = getattr(getattr(defaults, group), field)
        schema = _schema(group, field)
        found.append(
            Setting(
                name=name,
                value=_shown(str(value), schema),
                default=str(default),
                source="environment" if name in environment else "default",
                description=str(schema.get("description", "")),
            )
        )
    return found


def _shown(value: str, schema: Mapping[str, Any]) -> str:
    """Hide what an option says of itself is secret: all of it, or the password inside an address."""
    if schema.get("writeOnly"):
        return _STARS if value else ""
    if schema.get("format") == "uri":
        return _URL_PASSWORD.sub(rf"\1{_STARS}@", value)
    return value


def _schema(group: str, field: str) -> Mapping[str, Any]:
    shape: Any = next(found.type for found in msgspec.structs.fields(Settings) if found.name == group)
    schema: Mapping[str, Any] = msgspec.json.schema(shape)["$defs"][shape.__name__]["properties"][field]
    return schema
