"""Documents against the published schemas of Swagger 2.0, OpenAPI 3.0 and OpenAPI 3.1.

The schemas are the standard's own, as openapi-spec-validator carries them. Its validator is not used: it takes
seconds for a large document, keeps every document it has seen, follows references into the network and names no
place for most of what it finds.
"""

import re
from enum import StrEnum
from functools import cache
from importlib.metadata import distribution
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from romaport.wire.openapi.references import Tree, pointer

__all__ = ["Version", "shape_problems", "version_of"]


class Version(StrEnum):
    """The versions of the standard that are read and written."""

    V2_0 = "2.0"
    V3_0 = "3.0"
    V3_1 = "3.1"


_NAMES_SHOWN_MAX = 8
_NAME_LENGTH_MAX = 64
_OPENAPI = re.compile(r"(3\.[01])\.[0-9]{1,4}(-[0-9A-Za-z.-]{1,32})?")


def version_of(tree: Any) -> Version | None:
    """Answer which version of the standard a document says it is written in; None for any that is not read."""
    if not isinstance(tree, dict):
        return None
    if tree.get("swagger") == "2.0":
        return Version.V2_0
    said = tree.get("openapi")
    found = _OPENAPI.fullmatch(said) if isinstance(said, str) else None
    return Version(found.group(1)) if found else None


def shape_problems(tree: Tree, version: Version, *, limit: int) -> list[str]:
    """Answer what breaks the standard's schema, each as `pointer: rule`, at most `limit` of them."""
    errors = _validator(version).iter_errors(tree)
    return list(islice((str(found) for error in errors for found in _told(error)), limit))


@cache
def _validator(version: Version) -> jsonschema_rs.Validator:
    path = f"openapi_spec_validator/resources/schemas/v{version}/schema.json"
    text = Path(str(distribution("openapi-spec-validator").locate_file(path))).read_bytes()
    # The schemas' patterns are plain ones, for which there is an engine that never backtracks.
    return jsonschema_rs.validator_for(msgspec.json.decode(text), pattern_options=jsonschema_rs.RegexOptions())


class _Complaint(NamedTuple):
    """One rule of the schema that is broken at one place."""

    path: tuple[str | int, ...]
    rule: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{pointer(*self.path)}: {_sentence(self.rule, self.said)}"


def _told(error: jsonschema_rs.ValidationError) -> list[_Complaint]:
    """Answer what is wrong in the alternative that the author most likely meant."""
    alternatives = [[found for inner in branch for found in _told(inner)] for branch in _branches(error)]
    meant = [branch for branch in alternatives if branch and not any(_is_of_another(found) for found in branch)]
    if meant:
        return min(meant, key=_distance)
    places = [found for branch in alternatives for found in branch if _is_of_another_place(found)]
    if places:
        options = dict.fromkeys(option for found in places for option in found.said["options"])
        return [places[0]._replace(said={"options": list(options)})]
    return [_Complaint(tuple(error.instance_path), error.kind.name, error.kind.as_dict())]


def _branches(error: jsonschema_rs.ValidationError) -> list[list[jsonschema_rs.ValidationError]]:
    return getattr(error.kind, "context", [])


def _is_of_another(found: _Complaint) -> bool:
    """Say whether the alternative is for references only, or for parameters in another place."""
    return (found.rule == "required" and found.said.get("property") == "$ref") or _is_of_another_place(found)


def _is_of_another_place(found: _Complaint) -> bool:
    return found.rule == "enum" and found.path[-1:] == ("in",)


def _distance(branch: list[_Complaint]) -> tuple[int, int]:
    # The deeper an alternative was followed without complaint, the likelier it was meant.
    return len(branch), -max(len(found.path) for found in branch)


def _sentence(rule: str, said: dict[str, Any]) -> str:
    match rule:
        case "required":
            return f'must have "{said["property"]}"'
        case "additionalProperties" | "unevaluatedProperties":
            return f"must not have {_listed(said['unexpected'])}"
        case "type":
            return f"must be of type {_listed(said['types'])}"
        case "enum":
            return f"must be one of {_listed(said['options'])}"
        case _:
            return _RULES.get(rule, f"must keep the standard's rule {rule}")


_RULES = {
    "format": "must be written as its format says",
    "minItems": "must have at least one item",
    "minLength": "must not be empty",
    "minProperties": "must have at least one member",
    "pattern": "must be written as the standard says",
    "propertyNames": "must have names as the standard says",
    "uniqueItems": "must not repeat an item",
}


def _listed(values: list[Any]) -> str:
    shown = [str(value)[:_NAME_LENGTH_MAX] for value in values[:_NAMES_SHOWN_MAX]]
    more = "" if len(values) <= _NAMES_SHOWN_MAX else f" and {len(values) - _NAMES_SHOWN_MAX} more"
    return ", ".join(shown) + more
