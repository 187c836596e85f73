"""API definitions in and out of Swagger and OpenAPI documents (contract 7.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from romaport.api.call import Call, FieldKind, Operation, Reply, Takes
from romaport.api.definitions import Plan, Step, planned
from romaport.api.environments import environment_name
from romaport.catalog import Page
from romaport.clock import iso
from romaport.errors import AssetsMissing, BodyInvalid, ParameterInvalid, PublicationMissing
from romaport.kinds import KINDS, Asset, Filter, api_definition, publications, split
from romaport.storage import Transaction
from romaport.wire.bodies import decode
from romaport.wire.openapi import (
    SOURCE_FIELD,
    ApiDefinition,
    Document,
    DocumentForm,
    Scope,
    Syntax,
    Version,
    definitions_of,
    group_of,
    read_document,
    write_document,
)
from romaport.wire.openapi import Operation as OpenapiOperation

__all__ = ["OPERATIONS"]

_API, _GROUP = KINDS["api"], KINDS["api_group"]
_BASE = "/v2/{project_id}/apic/instances/{instance_id}/openapi"
_FILE = "file_name"
_FORM = dict.fromkeys(
    (
        # A document is as short as a text may be, and no package, whatever its file is called.
        _FILE,
        "is_create_group",
        "group_id",
        "app_id",
        "roma_app_id",
        "extend_mode",
        "simple_mode",
        "mock_mode",
        "api_mode",
    ),
    FieldKind.TEXT,
)
_TRUTHS = {"true": True, "false": False}
_MODES = ("merge", "override")
_VERSIONS = {"2.0": Version.V2_0, "3.0": Version.V3_0, "3.1": Version.V3_1}
_MEDIA_TYPES = {"json": "application/json", "yaml": "application/yaml", "yml": "application/yaml"}
_SYNTAXES = {"json": Syntax.JSON, "yaml": Syntax.YAML, "yml": Syntax.YAML}
_APIS_MAX = 100_000

_Id = Annotated[str, Meta(min_length=1, max_length=65)]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the fields of an import's form ask for."""

    group_id: str
    """Empty for a group that is made of the document."""
    app_id: str
    uses_mocks: bool
    overrides: bool


class _Kept(Struct):
    """What has to be known of a source before it is written."""

    version: Version = Version.V2_0


class ExportRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the export: APIs of a group as they are published in an environment or, with `dev`, as they are."""

    group_id: _Id
    env_id: _Id | None = None
    define: Annotated[str, Meta(pattern=r"^(spec|proxy|all|dev)\Z")] = "spec"
    type: Annotated[str, Meta(pattern=r"^(json|yaml|yml)\Z")] = "json"
    version: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    apis: Annotated[list[_Id], Meta(max_length=_APIS_MAX)] | None = None


def import_definitions(call: Call) -> Reply:
    """Make or replace the APIs that a document describes: all of them, or, with every reason, none."""
    asked = _asked(call.texts)
    limits = call.parts.openapi
    document = read_document(call.texts[_FILE].encode(), limits)
    definitions = list(definitions_of(document, mock_mode=asked.uses_mocks, options=limits))
    with call.parts.desk.deciding(call.instance_id) as tx:
        group = _shown_group(call, tx, asked.group_id) if asked.group_id else None
        existing = _apis_of(call, tx, group, everyones=True) if group else []
        plan = planned(definitions, existing, overrides=asked.overrides)
        if plan.failures:
            return Reply(document=_refused(plan, document.ignored))
        group = group or _made_group(call, tx, document, asked.app_id)
        success = [_done(call, tx, step, group, asked.app_id) for step in plan.steps]
    ignored = [*map(_outline, document.ignored), *map(_outline, plan.ignored)]
    return Reply(document={"group_id": group.id, "success": success, "failure": [], "ignore": ignored})


def _asked(form: Mapping[str, str]) -> _Asked:
    problems = [] if _FILE in form else [f"{_FILE}: the form needs a file of this name"]
    modes = [name for name in ("extend_mode", "api_mode") if form.get(name, "merge") not in _MODES]
    problems += [f"{name}: must be merge or override" for name in modes]
    group_id = form.get("group_id", "")
    is_new = _is_true(form, "is_create_group", problems, default=True)
    if not is_new and not group_id:
        problems.append("group_id: is required when is_create_group is false")
    _is_true(form, "simple_mode", problems)
    uses_mocks = _is_true(form, "mock_mode", problems)
    if problems:
        raise BodyInvalid(problems="; ".join(problems))
    return _Asked(
        group_id="" if is_new else group_id,
        app_id=form.get("app_id") or form.get("roma_app_id", ""),
        uses_mocks=uses_mocks,
        overrides=form.get("api_mode") == "override",
    )


def _is_true(form: Mapping[str, str], name: str, problems: list[str], *, default: bool = False) -> bool:
    """Read a field that is true or false, in any case, and note it if it is neither."""
    text = form.get(name, "").lower()
    if text and text not in _TRUTHS:
        problems.append(f"{name}: must be true or false")
    return _TRUTHS.get(text, default)


def _shown_group(call: Call, tx: Transaction, group_id: str) -> Asset:
    return call.parts.desk.catalog.show(tx, _GROUP, call.instance_id, group_id, call.actor)


def _apis_of(call: Call, tx: Transaction, group: Asset, *, everyones: bool) -> list[Asset]:
    """Answer the APIs of a group, those that the caller may not see only if asked for."""
    where = (Filter(query="group_id", matches="reference.group_id"), group.id)
    member_id = None if everyones else call.actor.member_id
    asked = Page(offset=0, limit=_APIS_MAX, filters=(where,), member_id=member_id)
    _, found = call.parts.desk.catalog.page(tx, _API, call.instance_id, asked)
    return found


def _made_group(call: Call, tx: Transaction, document: Document, app_id: str) -> Asset:
    fields = {**group_of(document), **({"roma_app_id": app_id} if app_id else {})}
    return call.parts.desk.catalog.create(tx, _GROUP, call.instance_id, split(_GROUP, fields), call.actor)


def _done(call: Call, tx: Transaction, step: Step, group: Asset, app_id: str) -> dict[str, Any]:
    catalog = call.parts.desk.catalog
    references = {"group_id": group.id, **({"roma_app_id": app_id} if app_id else {})}
    if step.old is None:
        parts = replace(step.parts, references=references)
        made = catalog.create(tx, _API, call.instance_id, parts, call.actor)
    else:
        references.setdefault("roma_app_id", step.old.references["roma_app_id"].id)
        made = catalog.update(tx, _API, step.old, replace(step.parts, references=references), call.actor)
    return {**_outline(step.definition), "action": step.action, "id": made.id}


def _outline(found: ApiDefinition | OpenapiOperation) -> dict[str, Any]:
    return {"path": found.path, "method": found.method}


def _refused(plan: Plan, uncarried: list[OpenapiOperation]) -> dict[str, Any]:
    """Answer why nothing was imported: what failed, and what is left out because something else did."""
    failure = [
        {**_outline(definition), "error_code": refusal.code, "error_msg": str(refusal)}
        for definition, refusal in plan.failures
    ]
    kept_out = [*(step.definition for step in plan.steps), *plan.ignored]
    return {"success": [], "failure": failure, "ignore": [*map(_outline, uncarried), *map(_outline, kept_out)]}


def export_definitions(call: Call) -> Reply:
    """Write APIs of a group as a document, in the version that they came in unless another is asked for."""
    asked = decode(ExportRequest, call.body, _export_rules)
    version = call.query.get("oas_version", "")
    if version and version not in _VERSIONS:
        raise ParameterInvalid(name="oas_version", rule=f"must be one of {', '.join(_VERSIONS)}")
    with call.parts.desk.database.snapshot() as tx:
        group = _shown_group(call, tx, asked.group_id)
        apis = _exported(call, tx, asked, _chosen(_apis_of(call, tx, group, everyones=False), asked.apis))
    form = DocumentForm(
        definition_version=asked.version or iso(call.actor.at),
        version=_VERSIONS[version] if version else _newest(apis),
        syntax=Syntax.JSON if asked.type == "json" else Syntax.YAML,
        scope=Scope(asked.define),
    )
    text = write_document({"name": group.name, **group.body}, apis, form, call.parts.openapi)
    name = f'attachment; filename="{group.id}.{asked.type}"'
    return Reply(text=text, media_type=_MEDIA_TYPES[asked.type], headers={"content-disposition": name})


def _newest(apis: Iterable[Mapping[str, Any]]) -> Version:
    """Answer the newest version that an API came in; Swagger 2.0 if none came in a document."""
    return max((_version(api.get(SOURCE_FIELD, "{}")) for api in apis), default=Version.V2_0)


def _version(text: str) -> Version:
    try:
        return msgspec.json.decode(text, type=_Kept).version
    except (msgspec.DecodeError, RecursionError):
        # A package can bring any text; one that is no operation's is written nowhere.
        return Version.V2_0


def _export_rules(fields: Mapping[str, Any]) -> list[str]:
    is_missing = fields.get("define", "spec") != "dev" and not fields.get("env_id")
    return ["env_id: is required unless define is dev"] if is_missing else []


def _chosen(apis: list[Asset], ids: list[str] | None) -> list[Asset]:
    if ids is None:
        return apis
    found = {api.id: api for api in apis}
    unknown = [api_id for api_id in dict.fromkeys(ids) if api_id not in found]
    if unknown:
        raise AssetsMissing(count=len(unknown), listed=", ".join(unknown))
    return [found[api_id] for api_id in dict.fromkeys(ids)]


def _exported(call: Call, tx: Transaction, asked: ExportRequest, apis: list[Asset]) -> list[dict[str, Any]]:
    """Answer definitions as published in the environment, or as they are; what was named must be published."""
    if asked.define == Scope.DEV or asked.env_id is None:
        return [api_definition(api, api.body) for api in apis]
    env_name = environment_name(call, tx, asked.env_id)
    written = []
    for api in apis:
        where = publications(api.local).get(asked.env_id)
        if where is not None:
            body = where.definition if where.definition is not None else msgspec.json.decode(api.published or "{}")
            written.append(api_definition(api, body))
        elif asked.apis is not None:
            raise PublicationMissing(api=api.name, environment=env_name)
    return written


OPERATIONS = (
    Operation(
        name="ImportApiDefinitionsV2",
        summary="Import APIs from a Swagger or OpenAPI document.",
        method="POST",
        path=f"{_BASE}/import",
        action="roma:apis:import",
        run=import_definitions,
        takes=Takes.FORM,
        form=_FORM,
        contract="7.7",
    ),
    Operation(
        name="ExportApiDefinitionsV2",
        summary="Export APIs as a Swagger or OpenAPI document.",
        method="POST",
        path=f"{_BASE}/export",
        action="roma:apis:export",
        run=export_definitions,
        takes=Takes.JSON,
        request=ExportRequest,
        contract="7.7",
    ),
)
