"""FDI tasks: data carried from one data source to another (contract 7.6)."""

import json
import re
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from romaport.clock import iso, milliseconds
from romaport.errors import BodyInvalid
from romaport.kinds.kind import Asset, Filter, Kind, Listing, Parts, Reference, Travel, Viewer
from romaport.kinds.parts import MASK

_Id = Annotated[str, Meta(min_length=1, max_length=64)]


class TaskFields(Struct, frozen=True, forbid_unknown_fields=True):
    """The `task` part of a request."""

    task_name: Annotated[str, Meta(min_length=3, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*\Z")]
    task_type: Annotated[str, Meta(pattern=r"^(REALTIME|TIMING|realtime|timing)\Z")]
    source_datasource_id: _Id
    target_datasource_id: _Id
    description: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    task_tag: Annotated[str, Meta(min_length=4, max_length=64, pattern=r"^[A-Za-z0-9\-_]+\Z")] | None = None


class TaskBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the create and update operations."""

    task: TaskFields
    task_detail: Annotated[str, Meta(min_length=1, max_length=2147483647)]


def flatten(request: dict[str, Any]) -> dict[str, Any]:
    """Turn `{task: {...}, task_detail}` into one set of fields; raise `BodyInvalid` for details that cannot be."""
    detail = request["task_detail"]
    if _MARK in detail:
        raise BodyInvalid(problems=f"task_detail: must not contain {_MARK}")
    try:
        json.loads(detail)
    except (ValueError, RecursionError) as cause:
        raise BodyInvalid(problems="task_detail: must be JSON, written as a text") from cause
    return {**request["task"], "task_detail": detail}


_MARK = "{{romaport:"
_ENDS = ("source_datasource_id", "target_datasource_id")
_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|^pwd$|secret|^sk$|credential|^(proxy-|x-)?auth(orization|-token)?$|^x-api-key$|cookie|access_?token",
    re.IGNORECASE,
)
_DEPTH_MAX = 400
# What names were found to be is remembered, but not of texts in which there may be any number, of any length.
_REMEMBERED_CHARACTERS_MAX = 4_096
_decode = msgspec.json.Decoder().decode


def _marker(field: str) -> str:
    return _MARK + field + "}}"


def refine(parts: Parts) -> Parts:
    """Keep ids and secrets out of the details, which are a text holding JSON of unpublished form.

    The ids of the two data sources become markers, since they differ in every instance. The values of
    fields and headers that are named like a secret become stars, and the true text a secret.
    """
    detail = parts.body.get("task_detail")
    if not isinstance(detail, str):
        return parts
    starred = _starred(detail)
    if starred == detail and not parts.references:
        return parts
    marked = {text: _marked(text, parts.references) for text in {detail, starred}}
    secrets = parts.secrets if starred == detail else {**parts.secrets, "task_detail": marked[detail]}
    return replace(parts, body={**parts.body, "task_detail": marked[starred]}, secrets=secrets)


def _marked(text: str, references: dict[str, str]) -> str:
    for field in _ENDS:
        if references.get(field):
            text = text.replace(references[field], _marker(field))
    return text


def _is_plain(text: str) -> bool:
    """Say of a text at a glance that nothing in it is named like a secret, nor nested deeply."""
    if len(text) > _DEPTH_MAX and text.count("[") + text.count("{") > _DEPTH_MAX:
        return False
    try:
        nodes = [_decode(text)]
    except (ValueError, RecursionError):
        return False
    hides = _hides if len(text) <= _REMEMBERED_CHARACTERS_MAX else _hides.__wrapped__
    # There is one for every task of a package; nodes come while others are looked at.
    for node in nodes:
        if type(node) is dict:
            if hides(tuple(node)) or ("value" in node and _is_secret_pair(node)):
                return False
            nodes.extend(node.values())
        elif type(node) is list:
            nodes.extend(node)
    return True


@lru_cache(maxsize=1_024)
def _hides(names: tuple[str, ...]) -> bool:
    """Say whether one of the names of an object is named like a secret."""
    return any(map(_SECRET_NAME.search, names))


def _starred(text: str) -> str:
    if _is_plain(text):
        return text
    try:
        detail = json.loads(text)
        hidden = _hidden(detail)
        return text if hidden == detail else json.dumps(hidden, ensure_ascii=False, separators=(",", ":"))
    except RecursionError as cause:
        raise BodyInvalid(problems="task_detail: must not be nested so deeply") from cause
    except ValueError:
        return text


def _hidden(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        # Headers and parameters come as lists of {name or key, value} pairs too.
        return [_hidden_pair(item) if isinstance(item, dict) else _hidden(item) for item in value]
    if isinstance(value, dict):
        return {
            name: MASK if _SECRET_NAME.search(name) and isinstance(inner, str) and inner else _hidden(inner)
            for name, inner in value.items()
        }
    return value


def _hidden_pair(pair: dict[str, Any]) -> dict[str, Any]:
    hidden: dict[str, Any] = _hidden(pair)
    return {**hidden, "value": MASK} if _is_secret_pair(pair) else hidden


def _is_secret_pair(pair: dict[str, Any]) -> bool:
    """Say of an object whether its value is a secret by what stands beside it."""
    label, value = pair.get("name") or pair.get("key"), pair.get("value")
    return isinstance(label, str) and bool(_SECRET_NAME.search(label)) and isinstance(value, str) and bool(value)


def _detail(task: Asset) -> str:
    text = str(task.body.get("task_detail", ""))
    for field in _ENDS:
        text = text.replace(_marker(field), task.references[field].id)
    return text


def _fields(task: Asset) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "task_id": task.id,
        "task_name": task.name,
        "task_type": str(task.body["task_type"]).lower(),
        "project_id": task.project_id,
        "description": task.body.get("description"),
        "task_tag": task.body.get("task_tag"),
    }
    for end in ("source", "target"):
        source = task.references[f"{end}_datasource_id"]
        app = source.references["app_id"]
        shown[f"{end}_datasource_id"] = source.id
        shown[f"{end}_datasource_name"] = source.name
        shown[f"{end}_app_id"] = app.id
        shown[f"{end}_app_name"] = app.name
    return shown


def present(task: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a task as create, show and update do: times in milliseconds, the status a word."""
    status = "running" if task.local.get("is_started") else "stopped"
    times = {"created_date": milliseconds(task.created_at), "last_modified_date": milliseconds(task.updated_at)}
    return {"task": {**_fields(task), "status": status, **times}, "task_detail": _detail(task)}


def summarise(task: Asset, _viewer: Viewer) -> dict[str, Any]:
    """Answer a task as a list does: other names, the status a number, the creation a date string."""
    shown = {name: value for name, value in _fields(task).items() if not name.endswith(("_name", "project_id"))}
    return {
        **shown,
        "task_name": task.name,
        "status": int(task.local.get("is_started", False)),
        "execute_status": "WAITING" if task.local.get("is_started") else "UNSTARTED",
        "ext_type": None,
        "created_date": iso(task.created_at),
        "last_modified_time": milliseconds(task.updated_at),
        "version": str(task.revision),
        "source_instance_id": task.instance_id,
        "target_instance_id": task.instance_id,
    }


KIND = Kind(
    name="task",
    title="task",
    word="task",
    path="fdi/instances/{instance_id}/tasks",
    id_field="task_id",
    name_field="task_name",
    create=TaskBody,
    update=TaskBody,
    flatten=flatten,
    travels={
        "task_name": Travel.NAME,
        "task_type": Travel.PLAIN,
        "source_datasource_id": Travel.REFERENCE,
        "target_datasource_id": Travel.REFERENCE,
        "description": Travel.PLAIN,
        "task_tag": Travel.PLAIN,
        "task_detail": Travel.PLAIN,
    },
    references=tuple(Reference(field=field, to="data_source", owns=True) for field in _ENDS),
    refine=refine,
    present=present,
    summarise=summarise,
    listing=Listing(
        array="entities",
        limit_max=1000,
        cuts=True,
        offset_max=20_000,
        filters=(
            Filter(query="name", matches="name", fuzzy=True),
            Filter(query="task_name", matches="name", fuzzy=True),
            Filter(query="taks_name", matches="name", fuzzy=True),
            Filter(query="task_id", matches="id"),
            Filter(query="task_type", matches="body.task_type"),
            Filter(query="task_tag", matches="body.task_tag"),
            Filter(
                query="status",
                matches="local.is_started",
                reads=lambda asked: {"0": "false", "1": "true"}.get(asked, asked),
            ),
            Filter(
                query="execute_status",
                matches="local.is_started",
                # Nothing runs here: what was started waits.
                reads=lambda asked: {"UNSTARTED": "false", "WAITING": "true"}.get(asked.upper(), asked),
            ),
            Filter(query="source_datasource_id", matches="reference.source_datasource_id"),
            Filter(query="target_datasource_id", matches="reference.target_datasource_id"),
            Filter(query="datasource_id", matches="reference.*"),
            Filter(query="source_app_id", matches="reference.source_datasource_id.app_id|reference.source_app_id"),
            Filter(query="target_app_id", matches="reference.target_datasource_id.app_id|reference.target_app_id"),
        ),
    ),
    is_prefixed=True,
    tags="task_tag",
    quota=1000,
    actions={
        "create": "roma:tasks:create",
        "show": "roma:tasks:get",
        "update": "roma:tasks:update",
        "delete": "roma:tasks:delete",
        "list": "roma:tasks:list",
    },
    statuses={"delete": 204},
)
