"""What we add to the contract: plans, imports with values, exports by name, rollbacks, comparisons and reports.

All of it lies below `/romaport/v1`; how far these jobs are is asked like that of any other (contract 1).
"""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from romaport.api.assets import import_options
from romaport.api.call import Call, FieldKind, Operation, Reply, Takes
from romaport.assets import (
    Choice,
    Side,
    Values,
    Window,
    find_items,
    find_report,
    start_chosen_export,
    start_comparison,
    start_execution,
    start_import,
    start_plan,
    start_rollback,
)
from romaport.catalog import Wanted
from romaport.errors import BodyInvalid
from romaport.kinds import travels
from romaport.wire.assets import JobStarted
from romaport.wire.bodies import decode, nul_problems

__all__ = ["OPERATIONS"]

_BASE = "/romaport/v1/{project_id}/instances/{instance_id}"
_PACKAGE_FORM = {"package": FieldKind.FILE, "values": FieldKind.TEXT}
_PAGE_DEFAULT, _PAGE_MAX = 100, 1_000
_OFFSET_MAX = 10_000_000
_Pattern = Annotated[str, Meta(min_length=1, max_length=256)]
_Patterns = Annotated[list[_Pattern], Meta(max_length=1_000)]


class ChosenExport(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of an export by name and tag; names may hold `*`, `?` and `[...]` as in a shell."""

    select: dict[str, _Patterns] = {}
    """Names by kind."""
    tags: _Patterns = []
    everything: bool = False
    dependencies: bool = True
    """Whether what the selected assets need comes along."""


class Rollback(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a rollback."""

    overwrite: bool = False
    """Whether what was changed since may be lost."""


def import_with_values(call: Call) -> Reply:
    """Begin to import a package, with secrets for its holes."""
    package = _package(call)
    job_id = start_import(call.parts.desk, call.owner, call.actor, package, import_options(call), values=_values(call))
    return Reply(document=JobStarted(job_id))


def plan_import(call: Call) -> Reply:
    """Begin to find out what an import would do."""
    package = _package(call)
    job_id = start_plan(call.parts.desk, call.owner, call.actor, package, import_options(call), values=_values(call))
    return Reply(document=JobStarted(job_id))


def execute_plan(call: Call) -> Reply:
    """Begin the import that a plan has shown."""
    return Reply(document=JobStarted(start_execution(call.parts.desk, call.owner, call.actor, call.path["job_id"])))


def export_chosen(call: Call) -> Reply:
    """Begin to export assets by name and tag, or everything."""
    asked = decode(ChosenExport, call.body)
    problems = [f"select.{kind[:64]}: is no kind that travels" for kind in asked.select if not travels(kind)]
    if asked.everything and (asked.select or asked.tags):
        problems.append("everything: leaves nothing to select; give it alone")
    if problems:
        raise BodyInvalid(problems="; ".join(problems))
    wanted = None if asked.everything else Wanted(names=asked.select, tags=asked.tags)
    choice = Choice(wanted=wanted, with_dependencies=asked.dependencies)
    return Reply(document=JobStarted(start_chosen_export(call.parts.desk, call.owner, call.actor, choice)))


def roll_back(call: Call) -> Reply:
    """Begin to take an import or a deletion back."""
    asked = decode(Rollback, call.body or b"{}")
    job_id = start_rollback(call.parts.desk, call.owner, call.actor, call.path["job_id"], overwrites=asked.overwrite)
    return Reply(document=JobStarted(job_id))


def compare(call: Call) -> Reply:
    """Begin to compare two sides, each the id of an instance of the project or a package."""
    sides = (_side(call, "left"), _side(call, "right"))
    return Reply(document=JobStarted(start_comparison(call.parts.desk, call.owner, call.actor, sides)))


def show_report(call: Call) -> Reply:
    """Show everything there is to say about a job."""
    document = find_report(call.parts.desk, call.owner, call.actor, call.path["job_id"], _window(call))
    return Reply(document=document)


def list_items(call: Call) -> Reply:
    """List what a plan would do, or where a comparison found a difference, asset by asset."""
    document = find_items(call.parts.desk, call.owner, call.actor, call.path["job_id"], _window(call))
    return Reply(document=document)


def _package(call: Call) -> Path:
    if "package" not in call.uploads:
        raise BodyInvalid(problems="package: the form needs a file of this name")
    return call.uploads["package"].path


def _values(call: Call) -> Values:
    text = (call.texts.get("values") or "{}").encode()
    try:
        found: Values = msgspec.json.decode(text, type=dict[str, dict[str, dict[str, Any]]])
    except (msgspec.DecodeError, RecursionError) as cause:
        # What is wrong is said without the text, which holds secrets.
        raise BodyInvalid(problems="values: must be JSON like {kind: {name: {field: value}}}") from cause
    if any(nul_problems(text, found, "values")):
        raise BodyInvalid(problems="values: must not contain U+0000")
    return found


def _side(call: Call, name: str) -> Side:
    if name in call.uploads:
        return Side(package=call.uploads[name].path)
    instance_id = call.texts.get(name, "")
    if not instance_id:
        raise BodyInvalid(problems=f"{name}: must be a package, or the id of an instance of the project")
    return Side(instance_id=call.parts.directory.instance(call.caller.project_id, instance_id).id)


def _window(call: Call) -> Window:
    return Window(
        offset=call.number("offset", default=0, at_least=0, at_most=_OFFSET_MAX),
        limit=call.number("limit", default=_PAGE_DEFAULT, at_least=0, at_most=_PAGE_MAX),
        steps=tuple(step for step in call.query.get("step", "").split(",") if step),
    )


OPERATIONS = (
    Operation(
        name="ImportWithValues",
        summary="Begin to import a package, with secrets for its holes.",
        method="POST",
        path=f"{_BASE}/assets/import",
        action="roma:assets:import",
        run=import_with_values,
        takes=Takes.FORM,
        form=_PACKAGE_FORM,
    ),
    Operation(
        name="PlanImport",
        summary="Begin to find out what an import would do.",
        method="POST",
        path=f"{_BASE}/assets/plan",
        action="roma:assets:plan",
        run=plan_import,
        takes=Takes.FORM,
        form=_PACKAGE_FORM,
    ),
    Operation(
        name="ExecutePlan",
        summary="Begin the import that a plan has shown.",
        method="POST",
        path=f"{_BASE}/jobs/{{job_id}}/execute",
        action="roma:assets:import",
        run=execute_plan,
    ),
    Operation(
        name="ExportChosen",
        summary="Begin to export assets by name and tag, or everything.",
        method="POST",
        path=f"{_BASE}/assets/export",
        action="roma:assets:export",
        run=export_chosen,
        takes=Takes.JSON,
        request=ChosenExport,
    ),
    Operation(
        name="RollBack",
        summary="Begin to take an import or a deletion back.",
        method="POST",
        path=f"{_BASE}/jobs/{{job_id}}/rollback",
        action="roma:assets:rollback",
        run=roll_back,
        takes=Takes.JSON,
        request=Rollback,
    ),
    Operation(
        name="Compare",
        summary="Begin to compare two sides, each an instance or a package.",
        method="POST",
        path=f"{_BASE}/assets/compare",
        action="roma:assets:compare",
        run=compare,
        takes=Takes.FORM,
        form={"left": FieldKind.EITHER, "right": FieldKind.EITHER},
    ),
    Operation(
        name="ShowReport",
        summary="Show everything there is to say about a job.",
        method="GET",
        path=f"{_BASE}/jobs/{{job_id}}/report",
        action="roma:assets:get",
        run=show_report,
    ),
    Operation(
        name="ListItems",
        summary="List what a plan would do, or where a comparison found a difference.",
        method="GET",
        path=f"{_BASE}/jobs/{{job_id}}/items",
        action="roma:assets:get",
        run=list_items,
    ),
)
