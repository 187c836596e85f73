"""What APIs and their groups have beyond every kind's operations: checks, publishing, definitions (contract 7.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.environments import environment_name
from romaport.catalog import alike, is_name_taken, json_text
from romaport.clock import iso
from romaport.errors import ParameterInvalid, PublicationMissing, RomaportError
from romaport.ids import new_id
from romaport.kinds import (
    KINDS,
    RELEASE_ID,
    Asset,
    Kind,
    Publication,
    publications,
    published,
    runtime_definition,
    withdrawn,
)
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS"]

_API, _GROUP, _APP = KINDS["api"], KINDS["api_group"], KINDS["app"]
_BASE = "/v2/{project_id}/apic/instances/{instance_id}"
_NEEDED = {"name": ("name",), "path": _API.also_unique}
_ACTIONS = ("online", "offline")

_Id = Annotated[str, Meta(min_length=1, max_length=64)]
_Remark = Annotated[str, Meta(max_length=255)]


class GroupCheck(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the check of a group's name: in an application, or among the global groups."""

    group_name: Annotated[str, Meta(min_length=1, max_length=255)]
    roma_app_id: Annotated[str, Meta(max_length=64)] | None = None


class ApiCheck(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the check of an API's name or path: in a group, in an application, or in the instance."""

    type: Annotated[str, Meta(pattern=r"^(name|path)\Z")]
    name: Annotated[str, Meta(max_length=255)] | None = None
    req_method: Annotated[str, Meta(max_length=16)] | None = None
    req_uri: Annotated[str, Meta(max_length=512)] | None = None
    match_mode: Annotated[str, Meta(max_length=16)] | None = None
    group_id: Annotated[str, Meta(max_length=65)] | None = None
    roma_app_id: Annotated[str, Meta(max_length=64)] | None = None
    api_id: Annotated[str, Meta(max_length=65)] | None = None
    """The API that may be equal: the one that is about to be changed."""


class ApiAction(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the operation that publishes an API or takes it offline."""

    action: Annotated[str, Meta(pattern=r"^(online|offline)\Z")]
    api_id: _Id
    env_id: _Id
    remark: _Remark | None = None


class ApiBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the operation that does so for many APIs."""

    apis: Annotated[list[_Id], Meta(min_length=1, max_length=1000)]
    env_id: _Id
    remark: _Remark | None = None


def check_group(call: Call) -> Reply:
    """Say that a group's name is free; raise `ApiGroupNameTaken` if it is not."""
    asked = decode(GroupCheck, call.body)
    with call.parts.desk.database.snapshot() as tx:
        apps = [_shown(call, tx, _APP, asked.roma_app_id)] if asked.roma_app_id else []
        if is_name_taken(tx, _GROUP, call.instance_id, apps, asked.group_name):
            raise _refusal(_GROUP.refusals.taken, asked.group_name)
    return Reply()


def check_api(call: Call) -> Reply:
    """Say that an API's name, or its method, path and match mode, are free; raise the refusal if not."""
    asked = decode(ApiCheck, call.body, _check_rules)
    held = {field: getattr(asked, field) for field in _NEEDED[asked.type]}
    with call.parts.desk.database.snapshot() as tx:
        within = {}
        for field, kind in (("group_id", _GROUP), ("roma_app_id", _APP)):
            if getattr(asked, field):
                within[field] = _shown(call, tx, kind, getattr(asked, field)).id
        found = [api for api in alike(tx, _API, call.instance_id, held, within) if api.id != asked.api_id]
    if found:
        refusals = _API.refusals
        raise _refusal(refusals.taken if asked.type == "name" else refusals.also_taken, found[0].name)
    return Reply(status=204)


def _check_rules(fields: Mapping[str, Any]) -> list[str]:
    needed = _NEEDED.get(str(fields.get("type")), ())
    return [f"{name}: is required when type is {fields['type']}" for name in needed if not fields.get(name)]


def _refusal(make: Any, name: str) -> RomaportError:  # noqa: ANN401 - a class of refusal, or none
    assert make is not None, "the kind has refusals of its own"
    refusal: RomaportError = make(name=name)
    return refusal


def _shown(call: Call, tx: Transaction, kind: Kind, asset_id: str) -> Asset:
    return call.parts.desk.catalog.show(tx, kind, call.instance_id, asset_id, call.actor)


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """What is done with one API or many: into or out of an environment."""

    action: str
    env_id: str
    env_name: str
    remark: str

    def take(self, call: Call, tx: Transaction, api: Asset) -> dict[str, Any]:
        """Publish an API or take it offline; answer what became of it."""
        shown = {"api_id": api.id, "api_name": api.name, "env_id": self.env_id, "remark": self.remark}
        if self.action == "offline":
            self._withdraw(call, tx, api)
            return shown
        made = self._publish(call, tx, api)
        return {
            **shown,
            "publish_id": made.publish_id,
            "publish_time": made.publish_time,
            "version_id": made.version_id,
        }

    def _publish(self, call: Call, tx: Transaction, api: Asset) -> Publication:
        is_release = self.env_id == RELEASE_ID
        made = Publication(
            env_id=self.env_id,
            env_name=self.env_name,
            publish_id=new_id(),
            version_id=new_id(),
            publish_time=iso(call.actor.at),
            remark=self.remark,
            definition=None if is_release else api.body,
        )
        text = json_text(api.body) if is_release else api.published
        self._write(call, tx, api, text, published(api.local, made))
        return made

    def _withdraw(self, call: Call, tx: Transaction, api: Asset) -> None:
        if self.env_id not in publications(api.local):
            raise PublicationMissing(api=api.name, environment=self.env_name)
        text = None if self.env_id == RELEASE_ID else api.published
        self._write(call, tx, api, text, withdrawn(api.local, self.env_id))

    def _write(self, call: Call, tx: Transaction, api: Asset, text: str | None, local: dict[str, Any]) -> None:
        call.parts.desk.catalog.publish(tx, api, call.actor, published=text, local=local)


def turn_api(call: Call) -> Reply:
    """Publish an API in an environment, or take it offline there."""
    asked = decode(ApiAction, call.body)
    with call.parts.desk.deciding(call.instance_id) as tx:
        api = _shown(call, tx, _API, asked.api_id)
        turn = _turn(call, tx, asked.action, asked)
        return Reply(status=201, document=turn.take(call, tx, api))


def turn_apis(call: Call) -> Reply:
    """Publish many APIs in an environment, or take them offline there; each succeeds or fails by itself."""
    action = call.query.get("action", "")
    if action not in _ACTIONS:
        raise ParameterInvalid(name="action", rule="must be online or offline")
    asked = decode(ApiBatch, call.body)
    success: list[dict[str, Any]] = []
    failure: list[dict[str, Any]] = []
    with call.parts.desk.deciding(call.instance_id) as tx:
        turn = _turn(call, tx, action, asked)
        for api_id in dict.fromkeys(asked.apis):
            name = None
            try:
                api = _shown(call, tx, _API, api_id)
                name = api.name
                success.append(turn.take(call, tx, api))
            except RomaportError as refusal:
                # Nothing is written for an API before all that could refuse it has been looked at.
                failure.append(
                    {"api_id": api_id, "api_name": name, "error_code": refusal.code, "error_msg": str(refusal)}
                )
    return Reply(document={"success": success, "failure": failure})


def _turn(call: Call, tx: Transaction, action: str, asked: ApiAction | ApiBatch) -> _Turn:
    env_name = environment_name(call, tx, asked.env_id)
    return _Turn(action=action, env_id=asked.env_id, env_name=env_name, remark=asked.remark or "")


def show_runtime_definition(call: Call) -> Reply:
    """Show what callers see of an API in an environment, RELEASE unless another is named."""
    env_id = call.query.get("env_id") or RELEASE_ID
    with call.parts.desk.database.snapshot() as tx:
        api = _shown(call, tx, _API, call.path["api_id"])
        where = publications(api.local).get(env_id)
        if where is None:
            raise PublicationMissing(api=api.name, environment=environment_name(call, tx, env_id))
    definition = where.definition if where.definition is not None else msgspec.json.decode(api.published or "{}")
    return Reply(document=runtime_definition(api, where, definition))


OPERATIONS = (
    Operation(
        name="CheckApiGroupsV2",
        summary="Check whether the name of an API group is free.",
        method="POST",
        path=f"{_BASE}/api-groups/check",
        action="roma:apigroups:get",
        run=check_group,
        takes=Takes.JSON,
        request=GroupCheck,
        contract="7.7",
    ),
    Operation(
        name="CheckApisV2",
        summary="Check whether the name or the path of an API is free.",
        method="POST",
        path=f"{_BASE}/apis/check",
        action="roma:apis:get",
        run=check_api,
        takes=Takes.JSON,
        status=204,
        request=ApiCheck,
        contract="7.7",
    ),
    Operation(
        name="CreateOrDeletePublishRecordForApiV2",
        summary="Publish an API, or take it offline.",
        method="POST",
        path=f"{_BASE}/apis/action",
        action="roma:apis:publish",
        run=turn_api,
        takes=Takes.JSON,
        status=201,
        request=ApiAction,
        contract="7.7",
    ),
    Operation(
        name="BatchPublishOrOfflineApiV2",
        summary="Publish many APIs, or take them offline.",
        method="POST",
        path=f"{_BASE}/apis/publish",
        action="roma:apis:publish",
        run=turn_apis,
        takes=Takes.JSON,
        request=ApiBatch,
        contract="7.7",
    ),
    Operation(
        name="ListApiRuntimeDefinitionV2",
        summary="Show an API as it is published in an environment.",
        method="GET",
        path=f"{_BASE}/apis/runtime/{{api_id}}",
        action="roma:apis:get",
        run=show_runtime_definition,
        contract="7.7",
    ),
)
