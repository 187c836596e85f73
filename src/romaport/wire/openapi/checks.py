"""Everything that is wrong with a document, each with its place and the rule."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain as concatenated
from itertools import islice
from urllib.parse import unquote

from romaport.wire.openapi.extensions import backend_problems
from romaport.wire.openapi.operations import (
    ANY_METHOD,
    Operation,
    component_of,
    list_of,
    object_of,
    operations,
    placeholders,
)
from romaport.wire.openapi.options import OpenapiOptions
from romaport.wire.openapi.references import Tree, chain, joined, resolve, walk
from romaport.wire.openapi.standard import Version, shape_problems

__all__ = ["problems_of"]


def problems_of(tree: Tree, version: Version, options: OpenapiOptions) -> list[str]:
    """Answer what is wrong, each as `pointer: rule`; empty if the document can be taken."""
    limit = options.problems_max
    found = concatenated(
        shape_problems(tree, version, limit=limit),
        _any_method_problems(tree, version, limit=limit),
        _reference_problems(tree, version),
        _operation_problems(tree, options),
    )
    return list(islice(found, limit))


def _any_method_problems(tree: Tree, version: Version, *, limit: int) -> list[str]:
    # The standard does not look into extensions; this one holds an operation, so it is looked at as one.
    items = object_of(tree.get("paths")).items()
    held = {path: {"get": item[ANY_METHOD]} for path, item in items if ANY_METHOD in object_of(item)}
    if not held:
        return []
    problems = shape_problems({**tree, "paths": held}, version, limit=limit)
    return [text.replace("/get", f"/{ANY_METHOD}", 1) for text in problems if text.startswith("#/paths/")]


def _reference_problems(tree: Tree, version: Version) -> Iterator[str]:
    for found, place in walk(tree):
        reference = found.get("$ref")
        if isinstance(reference, str):
            rule = _broken_rule(tree, reference, place, version)
            yield from (f"{joined(place, '$ref')}: {rule}" for rule in [rule] if rule)


def _broken_rule(tree: Tree, reference: str, place: str, version: Version) -> str | None:
    try:
        resolve(tree, reference)
    except LookupError:
        return "must lead to a part of this document, and begin with #/"
    if component_of(reference, version) is None and f"{place}/".startswith(f"{unquote(reference)}/"):
        return "must not lead to what it stands in, unless that is a component"
    try:
        target = chain(tree, {"$ref": reference})
    except LookupError:
        return "must not lead back to itself, or on and on"
    return None if isinstance(target, (dict, bool)) else "must lead to an object"


def _operation_problems(tree: Tree, options: OpenapiOptions) -> Iterator[str]:
    found = list(islice(operations(tree), options.operations_max + 1))
    if len(found) > options.operations_max:
        yield f"#/paths: must have at most {options.operations_max} operations"
    named: dict[str, str] = {}
    for operation in found[: options.operations_max]:
        name, place = operation.described.get("operationId"), joined(operation.place, "operationId")
        if isinstance(name, str) and named.setdefault(name, place) != place:
            yield f"{place}: must be unique, but stands at {named[name]} too"
        yield from _parameter_problems(tree, operation)
        yield from backend_problems(operation.described, operation.place)


def _parameter_problems(tree: Tree, operation: Operation) -> Iterator[str]:
    own = _parameters(tree, operation.described)
    shared = _parameters(tree, operation.item)
    for found in (own, shared):
        for (name, location), count in Counter(found).items():
            if count > 1:
                yield f"{joined(operation.place, 'parameters')}: must have {name} in {location} once"
    given = {name.removesuffix("+") for name, location in (*own, *shared) if location == "path"}
    wanted = set(placeholders(operation.path))
    for name in sorted(wanted - given):
        yield f"{operation.place}: must describe the parameter {name} of its path"
    for name in sorted(given - wanted):
        yield f"{operation.place}: must not describe {name}, which its path does not have"


def _parameters(tree: Tree, holder: Tree) -> list[tuple[str, str]]:
    found = []
    for value in list_of(holder.get("parameters")):
        try:
            parameter = object_of(chain(tree, value))
        except LookupError:
            continue
        name, location = parameter.get("name"), parameter.get("in")
        if isinstance(name, str) and isinstance(location, str):
            found.append((name, location))
    return found
