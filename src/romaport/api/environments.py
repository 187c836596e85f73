"""Environments: RELEASE, which is there without being made, and those that are made (contract 7.7)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.resources import asked_page, requested, viewer_of
from romaport.catalog import Page
from romaport.clock import iso
from romaport.errors import EnvironmentBuiltIn, EnvironmentUsed
from romaport.kinds import KINDS, RELEASE_ID, RELEASE_NAME, Asset, Filter, publications, published
from romaport.storage import Transaction

__all__ = ["OPERATIONS", "environment_name"]

_API = KINDS["api"]
_ENVIRONMENT = KINDS["environment"]
_ALL = "/v2/{project_id}/apic/instances/{instance_id}/envs"
_ONE = f"{_ALL}/{{env_id}}"
_ENVIRONMENTS_MAX = 500
_APIS_AT_ONCE = 500


def environment_name(call: Call, tx: Transaction, env_id: str) -> str:
    """Answer the name of an environment; raise `EnvironmentMissing` if there is none."""
    if env_id == RELEASE_ID:
        return RELEASE_NAME
    return call.parts.desk.catalog.show(tx, _ENVIRONMENT, call.instance_id, env_id, call.actor).name


def list_environments(call: Call) -> Reply:
    """List the environments, RELEASE first."""
    listing = _ENVIRONMENT.listing
    assert listing is not None, "environments can be listed"
    made_at = call.parts.directory.instance(call.caller.project_id, call.instance_id).created_at
    release = {"id": RELEASE_ID, "name": RELEASE_NAME, "remark": None, "create_time": iso(made_at)}
    with call.parts.desk.database.snapshot() as tx:
        asked = asked_page(call, _ENVIRONMENT, listing, tx)
        everything = replace(asked, offset=0, limit=_ENVIRONMENTS_MAX)
        _, found = call.parts.desk.catalog.page(tx, _ENVIRONMENT, call.instance_id, everything)
        viewer = viewer_of(call, tx)
        shown = [_ENVIRONMENT.present(environment, viewer) for environment in found]
    if _is_named(RELEASE_NAME, asked):
        shown = [release, *shown]
    page = shown[asked.offset : asked.offset + asked.limit]
    return Reply(document={"total": len(shown), "size": len(page), listing.array: page})


def _is_named(name: str, asked: Page) -> bool:
    wanted = next((value for found, value in asked.filters if found.matches == "name"), "")
    return name == wanted if "name" in asked.precise else wanted in name


def create_environment(call: Call) -> Reply:
    """Create an environment."""
    parts = requested(_ENVIRONMENT, _ENVIRONMENT.create, call)
    desk = call.parts.desk
    with desk.deciding(call.instance_id) as tx:
        made = desk.catalog.create(tx, _ENVIRONMENT, call.instance_id, parts, call.actor)
        return Reply(status=201, document=_shown(call, tx, made))


def update_environment(call: Call) -> Reply:
    """Rename an environment, also where APIs show that they are published in it."""
    env_id = _changeable(call)
    parts = requested(_ENVIRONMENT, _ENVIRONMENT.update, call)
    desk = call.parts.desk
    with desk.deciding(call.instance_id) as tx:
        environment = desk.catalog.show(tx, _ENVIRONMENT, call.instance_id, env_id, call.actor)
        changed = desk.catalog.update(tx, _ENVIRONMENT, environment, parts, call.actor)
        if changed.name != environment.name:
            for api in _published_in(call, tx, env_id):
                shown = msgspec.structs.replace(publications(api.local)[env_id], env_name=changed.name)
                desk.catalog.set_local(tx, api, published(api.local, shown))
        return Reply(document=_shown(call, tx, changed))


def delete_environment(call: Call) -> Reply:
    """Delete an environment in which nothing is published."""
    env_id = _changeable(call)
    desk = call.parts.desk
    with desk.deciding(call.instance_id) as tx:
        environment = desk.catalog.show(tx, _ENVIRONMENT, call.instance_id, env_id, call.actor)
        count = sum(1 for _ in _published_in(call, tx, env_id))
        if count:
            raise EnvironmentUsed(name=environment.name, count=count)
        desk.catalog.delete(tx, _ENVIRONMENT, call.instance_id, env_id, call.actor)
    return Reply(status=204)


def _changeable(call: Call) -> str:
    env_id = call.path["env_id"]
    if env_id == RELEASE_ID:
        raise EnvironmentBuiltIn(name=RELEASE_NAME)
    return env_id


def _published_in(call: Call, tx: Transaction, env_id: str) -> Iterator[Asset]:
    """Yield every API that is published in an environment, whoever may see it."""
    where = (Filter(query="env_id", matches="local.run_env_id", fuzzy=True), env_id)
    total = offset = 0
    while offset <= total:
        asked = Page(offset=offset, limit=_APIS_AT_ONCE, filters=(where,))
        total, found = call.parts.desk.catalog.page(tx, _API, call.instance_id, asked)
        yield from (api for api in found if env_id in publications(api.local))
        offset += _APIS_AT_ONCE


def _shown(call: Call, tx: Transaction, environment: Asset) -> dict[str, Any]:
    return _ENVIRONMENT.present(environment, viewer_of(call, tx))


def _operation(verb: str, method: str, path: str, run: Callable[[Call], Reply]) -> Operation:
    request = {"create": _ENVIRONMENT.create, "update": _ENVIRONMENT.update}.get(verb)
    return Operation(
        name=f"{verb}_{_ENVIRONMENT.name}",
        summary=f"{verb.capitalize()} environment{'s' if verb == 'list' else ''}.",
        method=method,
        path=path,
        action=f"roma:environments:{verb}",
        run=run,
        takes=Takes.JSON if request else Takes.NOTHING,
        status=_ENVIRONMENT.statuses.get(verb, 200),
        request=request,
        contract="7.7",
    )


OPERATIONS = (
    _operation("list", "GET", _ALL, list_environments),
    _operation("create", "POST", _ALL, create_environment),
    _operation("update", "PUT", _ONE, update_environment),
    _operation("delete", "DELETE", _ONE, delete_environment),
)
