"""The asset operations on HTTP: export, import, delete. Progress and download have files of their own."""

from collections.abc import Sequence

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.uploads import FIELD
from romaport.assets import ImportOptions, Selected, start_deletion, start_export, start_import
from romaport.errors import BodyInvalid, ParameterInvalid
from romaport.wire.assets import DeleteRequest, ExportRequest, JobStarted, SelectedApp, SelectedTask
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS", "import_options"]

_BASE = "/v2/{project_id}/instances/{instance_id}/assets"
_MODES = {"AddNew": False, "Merge": True}
_TRUTHS = {"true": True, "false": False}
_PREFIX_MAX = 64


def export_assets(call: Call) -> Reply:
    """Begin to export the named applications and tasks (contract 2.1)."""
    asked = decode(ExportRequest, call.body)
    chosen = _selected(asked.apps or [], asked.tasks or [])
    desk = call.parts.desk
    return Reply(document=JobStarted(start_export(desk, call.owner, call.actor, chosen)))


def delete_assets(call: Call) -> Reply:
    """Begin to delete the named applications and tasks (contract 2.3)."""
    asked = decode(DeleteRequest, call.body)
    chosen = _selected(asked.apps or [], asked.tasks or [])
    desk = call.parts.desk
    return Reply(document=JobStarted(start_deletion(desk, call.owner, call.actor, chosen)))


def import_assets(call: Call) -> Reply:
    """Begin to import a package (contract 2.2)."""
    desk, package = call.parts.desk, call.uploads[FIELD].path
    job_id = start_import(desk, call.owner, call.actor, package, import_options(call))
    return Reply(document=JobStarted(job_id))


def _selected(apps: Sequence[str | SelectedApp], tasks: Sequence[str | SelectedTask]) -> Selected:
    problems: list[str] = []
    task_ids: list[str] = []
    for position, task in enumerate(tasks):
        found = task if isinstance(task, str) else task.id or task.task_id
        if not found:
            problems.append(f"tasks[{position}]: needs an id")
        else:
            task_ids.append(found)
    if problems:
        raise BodyInvalid(problems="; ".join(problems))
    app_ids = [app if isinstance(app, str) else app.id for app in apps]
    return Selected(apps=tuple(dict.fromkeys(app_ids)), tasks=tuple(dict.fromkeys(task_ids)))


def import_options(call: Call) -> ImportOptions:
    """Read how a package goes in from the query; raise `ParameterInvalid`."""
    named = {name: call.query[name] for name in ("type", "mode") if name in call.query}
    if len(set(named.values())) > 1:
        raise ParameterInvalid(name="mode", rule="is another word for type; the two differ")
    mode = next(iter(named.values()), "AddNew")
    if mode not in _MODES:
        raise ParameterInvalid(name="type", rule="must be AddNew or Merge")
    overwrite = call.query.get("datasource_overwrite", "false").lower()
    if overwrite not in _TRUTHS:
        raise ParameterInvalid(name="datasource_overwrite", rule="must be true or false")
    prefix = call.query.get("prefix", "")
    if len(prefix) > _PREFIX_MAX:
        raise ParameterInvalid(name="prefix", rule=f"must be at most {_PREFIX_MAX} long")
    return ImportOptions(merges=_MODES[mode], prefix=prefix, datasource_overwrite=_TRUTHS[overwrite])


OPERATIONS = (
    Operation(
        name="ExportAsset",
        summary="Begin to export applications and tasks.",
        method="POST",
        path=f"{_BASE}/export",
        action="roma:assets:export",
        run=export_assets,
        takes=Takes.JSON,
        request=ExportRequest,
        contract="2.1",
    ),
    Operation(
        name="ImportAsset",
        summary="Begin to import a package.",
        method="POST",
        path=f"{_BASE}/import",
        action="roma:assets:import",
        run=import_assets,
        takes=Takes.PACKAGE,
        contract="2.2",
    ),
    Operation(
        name="DeleteAsset",
        summary="Begin to delete applications and tasks.",
        method="POST",
        path=f"{_BASE}/delete",
        action="roma:assets:delete",
        run=delete_assets,
        takes=Takes.JSON,
        request=DeleteRequest,
        contract="2.3",
    ),
)
