"""FDI data sources: connections that tasks read from and write to (contract 7.5)."""

import re
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from romaport.clock import milliseconds
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Parts, Reference, Travel, Viewer
from romaport.kinds.parts import MASK, masked


class DataSourceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations."""

    datasource_name: Annotated[
        str, Meta(min_length=1, max_length=255, pattern=r"^[^&<>\"'()]*[^&<>\"'()\s][^&<>\"'()]*\Z")
    ]
    datasource_type: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_]+\Z")]
    app_id: Annotated[str, Meta(min_length=4, max_length=255)]
    content: dict[str, Any]
    description: Annotated[str, Meta(max_length=1024)] | None = None


# Everything that the contract marks as secret in the union of all types' fields.
_SECRETS = (
    "password",
    "api_auth_detail.password",
    "api_auth_detail.app_secret",
    "api_auth_detail.secret",
    "api_auth_detail.client_secret",
    "api_auth_detail.authorization",
    "ssl_password",
    "trust_store_password",
    "key_store",
    "key_store_password",
    "key_store_key_password",
    "ak",
    "sk",
    "config_file_content",
    "snmp_community",
    "connector_params",
)

# A connection text may carry credentials: `//user:word@host`, `password=word`, `pwd=word`.
_CREDENTIALS_IN_URL = re.compile(
    r"(//[^/@\s:]*:)([^/@\s]+)(@)|((?:password|passwd|pwd|secret|token)=)([^&;\s]+)", re.IGNORECASE
)


def refine(parts: Parts) -> Parts:
    """Lift a connection text that carries credentials out of the body; a starred copy stays."""
    content = parts.body.get("content", {})
    url = content.get("url") if isinstance(content, dict) else None
    if not isinstance(url, str):
        return parts
    starred = _CREDENTIALS_IN_URL.sub(lambda found: f"{found[1] or found[4]}{MASK}{found[3] or ''}", url)
    if starred == url:
        return parts
    body = {**parts.body, "content": {**content, "url": starred}}
    return replace(parts, body=body, secrets={**parts.secrets, "content.url": url})


def present(source: Asset, viewer: Viewer) -> dict[str, Any]:
    """Answer a data source as the operations show it, its secrets as stars."""
    app = source.references["app_id"]
    hidden = tuple(path for path in source.secret_paths if path != "content.url")
    return {
        "datasource_id": source.id,
        "datasource_name": source.name,
        "datasource_type": source.body["datasource_type"],
        "app_id": app.id,
        "app_name": app.name,
        "instance_id": source.instance_id,
        "create_time": milliseconds(source.created_at),
        "update_time": milliseconds(source.updated_at),
        "content": masked(source.body, hidden).get("content", {}),
        "description": source.body.get("description"),
        "app_permission": [role for role in viewer.roles(app.id) if role != "admin"],
    }


KIND = Kind(
    name="data_source",
    title="data source",
    word="datasource",
    path="fdi/instances/{instance_id}/datasources",
    id_field="datasource_id",
    name_field="datasource_name",
    create=DataSourceBody,
    update=DataSourceBody,
    travels={
        "datasource_name": Travel.NAME,
        "datasource_type": Travel.PLAIN,
        "app_id": Travel.REFERENCE,
        "content": Travel.PLAIN,
        "description": Travel.PLAIN,
    },
    references=(Reference(field="app_id", to="app", owns=True),),
    secret_paths=tuple(f"content.{path}" for path in _SECRETS),
    refine=refine,
    present=present,
    listing=Listing(
        array="entities",
        limit_max=999,
        cuts=True,
        filters=(
            Filter(query="name", matches="name", fuzzy=True),
            Filter(query="datasource_type", matches="body.datasource_type"),
            Filter(query="app_id", matches="reference.app_id"),
            Filter(query="custom_plugin_id", matches="body.custom_plugin_id"),
        ),
    ),
    is_prefixed=True,
    overwrites_if="datasource_overwrite",
    quota=500,
    actions={
        "create": "roma:datasources:create",
        "show": "roma:datasources:get",
        "update": "roma:datasources:update",
        "delete": "roma:datasources:delete",
        "list": "roma:datasources:list",
    },
    statuses={"delete": 204},
)
