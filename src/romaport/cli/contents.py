"""What an instance holds, read asset by asset through the published operations, and how two instances differ.

Two instances hold the same if every asset is in both under the same name with the same fields, but for what is an
instance's own: identifiers, times, who made it, favourites; and secrets, which never travel.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from romaport.client import Client
from romaport.errors import AnswerUnreadable, Refused
from romaport.kinds import MASK

__all__ = ["Contents", "Hole", "differences", "read_contents"]

_PAGE_ITEMS = 500
_PAGES_MAX = 1000
_MISSING_STATUS = 404

# Fields that belong to an instance (contract 7.3, 7.5, 7.6). Identifiers are not among them: they are read as names.
_LOCAL_FIELDS = frozenset(
    {
        "create_time",
        "created_date",
        "created_user",
        "favorite",
        "last_modified_date",
        "last_updated_user",
        "owner",
        "update_time",
    }
)

_Fields = dict[str, Any]


@dataclass(frozen=True, order=True)
class Hole:
    """A secret field of an asset that stayed behind."""

    kind: str
    name: str
    path: str
    """Dotted, as the package names it."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All assets of an instance: by kind, by name, the fields that travel, with names instead of identifiers."""

    assets: Mapping[str, Mapping[str, _Fields]]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return {kind: len(found) for kind, found in self.assets.items()}


def read_contents(client: Client) -> Contents:
    """Read everything in the client's instance. Raises what the client does."""
    fdi = ("fdi", "instances", client.instance_id)
    apps = _all(client, ("instances", client.instance_id, "apps"), array="apps", id_field="id")
    sources = _all(client, (*fdi, "datasources"), array="entities", id_field="datasource_id")
    shown = _all(client, (*fdi, "tasks"), array="entities", id_field="task_id")
    # The answer to one task wraps its fields; a schedule has no name, its task's will do.
    tasks = {id_: {**found["task"], "task_detail": found["task_detail"]} for id_, found in shown.items()}
    schedules = {id_: schedule for id_ in tasks for schedule in _schedule(client, (*fdi, "tasks", id_, "dispatches"))}
    names = {client.instance_id: "(this instance)"}
    names |= {id_: found["name"] for id_, found in apps.items()}
    names |= {id_: found["datasource_name"] for id_, found in sources.items()}
    names |= {id_: found["task_name"] for id_, found in tasks.items()}
    names |= {found["dispatch_id"]: f"(schedule of {names[id_]})" for id_, found in schedules.items()}
    kinds = {"app": apps, "data_source": sources, "task": tasks, "schedule": schedules}
    return Contents(
        assets={
            kind: {names[id_]: _travelling(fields, names) for id_, fields in found.items()}
            for kind, found in kinds.items()
        }
    )


def _all(client: Client, path: tuple[str, ...], *, array: str, id_field: str) -> dict[str, _Fields]:
    """Answer every asset of a list by its id, each as its own show operation tells it."""
    ids = [item[id_field] for item in _listed(client, path, array)]
    return {id_: _object(client, client.get(*path, id_)) for id_ in ids}


def _listed(client: Client, path: tuple[str, ...], array: str) -> Iterator[_Fields]:
    offset = 0
    for _ in range(_PAGES_MAX):
        query = {"offset": str(offset), "limit": str(_PAGE_ITEMS)}
        page = _object(client, client.get(*path, query=query))
        yield from page[array]
        offset += len(page[array])
        if not page[array] or offset >= page["total"]:
            return
    raise AnswerUnreadable(endpoint=client.endpoint, problem=f"the list of {array} has no end")


def _object(client: Client, answer: object) -> _Fields:
    try:
        return msgspec.convert(answer, _Fields)
    except msgspec.ValidationError as cause:
        raise AnswerUnreadable(endpoint=client.endpoint, problem="an asset is no object") from cause


def _schedule(client: Client, path: tuple[str, ...]) -> Iterator[_Fields]:
    try:
        yield _object(client, client.get(*path))
    except Refused as refusal:
        if refusal.status != _MISSING_STATUS:
            raise


def _travelling(fields: _Fields, names: Mapping[str, str]) -> _Fields:
    text = msgspec.json.encode({name: value for name, value in fields.items() if name not in _LOCAL_FIELDS}).decode()
    # Identifiers stand in fields of their own and inside task details, which are a text; both are read as names.
    for id_, name in names.items():
        text = text.replace(id_, msgspec.json.encode(name).decode()[1:-1])
    return msgspec.json.decode(text, type=_Fields)


def differences(source: Contents, target: Contents, holes: Iterable[Hole]) -> list[str]:
    """Say how two instances differ, a sentence for each asset or field; `holes` may be empty at the target."""
    known = set(holes)
    return [
        sentence
        for kind in sorted(source.assets.keys() | target.assets.keys())
        for sentence in _of_kind(kind, source.assets.get(kind, {}), target.assets.get(kind, {}), known)
    ]


def _of_kind(
    kind: str, source: Mapping[str, _Fields], target: Mapping[str, _Fields], holes: set[Hole]
) -> Iterator[str]:
    for name in sorted(source.keys() | target.keys()):
        if name not in target:
            yield f"{kind} {name}: only in the source"
        elif name not in source:
            yield f"{kind} {name}: only in the target"
        else:
            # Values stay unsaid: they may be long, and this may end in a log.
            own = {hole.path for hole in holes if (hole.kind, hole.name) == (kind, name)}
            yield from (f"{kind} {name}: {path} differs" for path in _paths(source[name], target[name], own))


def _paths(source: _Fields, target: _Fields, holes: set[str]) -> Iterator[str]:
    """Answer the dotted paths at which two assets of one name differ; a secret's stars may be missing at the target."""
    before, after = dict(_leaves(source)), dict(_leaves(target))
    for path in sorted(before.keys() | after.keys()):
        is_hole = path in holes and before.get(path) == MASK and path not in after
        if not is_hole and before.get(path, UNSET) != after.get(path, UNSET):
            yield path


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Answer every plain value with its dotted path; an object that is empty says no more than an absent one."""
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from _leaves(inner, f"{path}.{name}" if path else name)
