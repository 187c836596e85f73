"""Schemas from one version of the standard to another.

What a version has no word for is kept as an extension of the same name, so that a way back finds it again.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from romaport.wire.openapi.operations import list_of
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.standard import Version

__all__ = ["translated_schema"]

_SHARED = frozenset(
    {
        "$ref", "additionalProperties", "allOf", "default", "description", "discriminator", "enum", "example",
        "exclusiveMaximum", "exclusiveMinimum", "externalDocs", "format", "items", "maxItems", "maxLength",
        "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf", "pattern",
        "properties", "readOnly", "required", "title", "type", "uniqueItems", "xml",
    }
)  # fmt: skip
_WORDS = {
    Version.V2_0: _SHARED,
    Version.V3_0: _SHARED | {"anyOf", "deprecated", "not", "nullable", "oneOf", "writeOnly"},
}
_EXTENDED = ("anyOf", "deprecated", "not", "nullable", "oneOf", "writeOnly")
"""What OpenAPI 3.0 says and Swagger 2.0 says with an extension."""

_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "x-anyOf", "x-oneOf"})
_SINGLE = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
        "unevaluatedItems", "unevaluatedProperties", "x-not",
    }
)  # fmt: skip
_MAY_BE_TRUTH = frozenset({"additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"})
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_SCHEMAS_2, _SCHEMAS_3 = "#/definitions/", "#/components/schemas/"

Change = Callable[[Tree], Tree]


def translated_schema(schema: Any, source: Version, target: Version) -> Any:
    """Say a schema in another version of the standard."""
    steps: dict[tuple[bool, bool], list[Change]] = {
        (source is Version.V2_0, target is Version.V2_0): [],
        (True, False): [_from_2],
        (False, True): [_to_2],
    }
    changes = steps[source is Version.V2_0, target is Version.V2_0]
    if source is Version.V3_1 and target is not Version.V3_1:
        changes = [_from_3_1, *changes]
    if target is Version.V3_1 and source is not Version.V3_1:
        changes = [*changes, _to_3_1]
    for change in changes:
        schema = _mapped(schema, change)
    return schema


def _mapped(schema: Any, change: Change) -> Any:
    """Pass a schema and those inside it through a change, inner ones first."""
    if isinstance(schema, bool):
        return {} if schema else _mapped({"not": {}}, change)
    if not isinstance(schema, dict):
        return schema
    return change({word: _mapped_member(word, value, change) for word, value in schema.items()})


def _mapped_member(word: str, value: Any, change: Change) -> Any:
    if word in _MAPS and isinstance(value, dict):
        return {name: _mapped(inner, change) for name, inner in value.items()}
    if word in _LISTS or (word == "items" and isinstance(value, list)):
        return [_mapped(inner, change) for inner in list_of(value)]
    if word in _SINGLE and not (word in _MAY_BE_TRUTH and isinstance(value, bool)):
        return _mapped(value, change)
    return value


def _from_2(schema: Tree) -> Tree:
    written = {
        word.removeprefix("x-") if word.removeprefix("x-") in _EXTENDED else word: schema[word] for word in schema
    }
    if isinstance(written.get("discriminator"), str):
        written["discriminator"] = {"propertyName": written["discriminator"]}
    if written.get("type") == "file":
        written |= {"type": "string", "format": "binary"}
    return _referring(written, _SCHEMAS_2, _SCHEMAS_3)


def _to_2(schema: Tree) -> Tree:
    written = _extended(schema, _WORDS[Version.V2_0])
    if isinstance(written.get("discriminator"), dict):
        written["discriminator"] = written["discriminator"].get("propertyName", "")
    return _referring(written, _SCHEMAS_3, _SCHEMAS_2, words=_WORDS[Version.V2_0])


def _referring(schema: Tree, before: str, after: str, *, words: frozenset[str] = frozenset()) -> Tree:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(before):
        return schema
    name, *inside = reference.removeprefix(before).split("/")
    lost = (_MAPS | _LISTS | _SINGLE) - words if words else frozenset()
    path = [f"x-{part.lstrip('$')}" if part in lost and not part.startswith("x-") else part for part in inside]
    return {**schema, "$ref": after + "/".join([name, *path])}


def _extended(schema: Tree, words: frozenset[str]) -> Tree:
    return {
        word if word in words or word.startswith("x-") else f"x-{word.lstrip('$')}": value
        for word, value in schema.items()
    }


def _from_3_1(schema: Tree) -> Tree:
    written = {**schema}
    _untype(written)
    if "const" in written:
        written["enum"] = [written.pop("const")]
    examples = written.pop("examples", None)
    if isinstance(examples, list) and examples:
        written.setdefault("example", examples[0])
    for exclusive, bound in _BOUNDS.items():
        if _is_number(written.get(exclusive)):
            written |= {bound: written[exclusive], exclusive: True}
    for word in ("required", "enum"):
        if isinstance(written.get(word), list):
            # Older versions take neither an empty list nor one that repeats itself.
            written[word] = _once(written[word])
            written = {name: value for name, value in written.items() if name != word or value}
    if "$ref" in written and len(written) > 1:
        # Here a reference may have company; in 3.0 it would hide it.
        reference = {"$ref": written.pop("$ref")}
        written["allOf"] = [reference, *list_of(written.get("allOf"))]
    written = _extended(written, _WORDS[Version.V3_0])
    return _referring(written, _SCHEMAS_3, _SCHEMAS_3, words=_WORDS[Version.V3_0])


def _untype(schema: Tree) -> None:
    """Say with 3.0's words that a value may have several types, or be null."""
    types = schema.get("type")
    if types == "null":
        schema |= {"nullable": True, "enum": [None]}
        del schema["type"]
    if not isinstance(types, list):
        return
    real = [found for found in types if found != "null"]
    del schema["type"]
    if len(real) < len(types):
        schema["nullable"] = True
    if len(real) == 1:
        schema["type"] = real[0]
    elif real:
        choice = {"anyOf": [{"type": found} for found in real]}
        schema["allOf"] = [*list_of(schema.get("allOf")), choice]


def _to_3_1(schema: Tree) -> Tree:
    written = {**schema}
    if written.pop("nullable", None) is True and isinstance(written.get("type"), str):
        written["type"] = [written["type"], "null"]
        if isinstance(written.get("enum"), list) and None not in written["enum"]:
            written["enum"] = [*written["enum"], None]
    for exclusive, bound in _BOUNDS.items():
        if isinstance(written.get(exclusive), bool):
            is_exclusive = written.pop(exclusive) and bound in written
            written |= {exclusive: written.pop(bound)} if is_exclusive else {}
    return written


def _once(values: list[Any]) -> list[Any]:
    return list({msgspec.json.encode(value): value for value in values}.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
