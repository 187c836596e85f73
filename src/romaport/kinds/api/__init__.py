"""APIs: what callers may ask for, and which backend answers; only what is published travels (contract 6.1, 7.7)."""

from romaport.errors import ApiDefinitionTaken, ApiMissing, ApiNameTaken, ApiPublished, RomaportError
from romaport.kinds.api.journey import flatten, refine, settle, stars
from romaport.kinds.api.present import (
    BACK,
    FRONT,
    LOCAL_PATHS,
    OF_INSTANCE,
    api_definition,
    present,
    runtime_definition,
    summarise,
)
from romaport.kinds.api.rules import demands, rules
from romaport.kinds.api.shapes import ApiBody
from romaport.kinds.apic import arrived, publications
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Reference, Refusals, Travel

__all__ = ["KIND", "api_definition", "runtime_definition"]


def kept_because(api: Asset) -> RomaportError | None:
    """Say why an API may not be deleted: it is still published somewhere."""
    held = publications(api.local).values()
    return ApiPublished(name=api.name, environments=", ".join(found.env_name for found in held)) if held else None


_UNSEEN = "openapi"
"""What the document of an imported API says beyond its fields."""

KIND = Kind(
    name="api",
    title="API",
    word="api",
    path="apic/instances/{instance_id}/apis",
    id_field="api_id",
    name_field="name",
    create=ApiBody,
    update=ApiBody,
    rules=rules,
    demands=demands,
    flatten=flatten,
    travels={
        "name": Travel.NAME,
        "group_id": Travel.REFERENCE,
        "roma_app_id": Travel.REFERENCE,
        **dict.fromkeys((*FRONT, "backend_api", *BACK, _UNSEEN), Travel.PLAIN),
        **dict.fromkeys(OF_INSTANCE, Travel.LOCAL),
    },
    references=(
        # Belonging to its application alone, an API of a global group is seen by that application's users only.
        Reference(field="group_id", to="api_group", in_key=True),
        Reference(field="roma_app_id", to="app", owns=True, optional=True),
    ),
    unseen=(_UNSEEN,),
    settle=settle,
    local_paths=LOCAL_PATHS,
    refine=refine,
    stars=stars,
    arrive=arrived,
    also_unique=("req_method", "req_uri", "match_mode"),
    present=present,
    summarise=summarise,
    listing=Listing(
        array="apis",
        limit_default=20,
        limit_max=500,
        cuts=True,
        filters=(
            Filter(query="name", matches="name", fuzzy=True),
            Filter(query="id", matches="id"),
            Filter(query="group_id", matches="reference.group_id"),
            Filter(query="req_protocol", matches="body.req_protocol"),
            Filter(query="req_method", matches="body.req_method"),
            Filter(query="req_uri", matches="body.req_uri", fuzzy=True),
            Filter(query="auth_type", matches="body.auth_type"),
            Filter(query="type", matches="body.type"),
            Filter(query="env_id", matches="local.run_env_id", fuzzy=True),
            Filter(query="vpc_channel_id", matches='local."backend_api.vpc_channel_info".vpc_channel_id'),
            # Channels are not kept here, so none has a name.
            Filter(query="vpc_channel_name", matches="body.vpc_channel_name"),
            Filter(query="roma_app_id", matches="reference.roma_app_id"),
            Filter(query="roma_app_name", matches="reference.roma_app_id.name"),
        ),
    ),
    quota=5000,
    quota_within={"group_id": 1000},
    actions={
        "create": "roma:apis:create",
        "show": "roma:apis:get",
        "update": "roma:apis:update",
        "delete": "roma:apis:delete",
        "list": "roma:apis:list",
    },
    statuses={"create": 201, "delete": 204},
    refusals=Refusals(missing=ApiMissing, taken=ApiNameTaken, also_taken=ApiDefinitionTaken, kept=kept_because),
    tags="tags",
)
