"""Whether two documents describe the same operations, judged by reading both anew, without the code under test.

Paths are compared as callers call them, with Swagger's base path before them. Components may have other names in
the other document, so schemas are compared by what they lead to. Between two documents of one version every word
counts; between different versions what both can say: types, properties, what is required, choices, enumerations.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

__all__ = ["differences"]

Tree = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "x-apigateway-any-method")
WORDS = ("operationId", "summary", "description", "deprecated", "tags", "externalDocs")
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SINGLE = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
CHOICES = ("anyOf", "oneOf", "x-anyOf", "x-oneOf")


def differences(original: Tree, exported: Tree) -> list[str]:
    """Answer what the exported document says otherwise than the original; empty if they are equivalent."""
    one, other = Reader(original), Reader(exported)
    comparison = Comparison(is_strict=one.version == other.version)
    return list(comparison.named("", dict(one.operations()), dict(other.operations()), comparison.operation))


class Schema(NamedTuple):
    """A schema, and where its references lead."""

    reader: "Reader"
    value: Any

    def inside(self, value: Any) -> "Schema":
        return Schema(self.reader, value)

    @property
    def followed(self) -> Any:
        return self.reader.follow(self.value)


class Reader:
    """A document, and its operations in one form for all versions."""

    def __init__(self, document: Tree) -> None:
        self.document = document
        self.is_swagger = "swagger" in document
        self.version = "2.0" if self.is_swagger else str(document["openapi"])[:3]

    def follow(self, value: Any) -> Any:
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            beside = {word: inner for word, inner in value.items() if word != "$ref"}
            target: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                name = unquote(part).replace("~1", "/").replace("~0", "~")
                target = target[int(name)] if isinstance(target, list) else target[name]
            value = {**target, **beside} if beside and isinstance(target, dict) else target
        return value

    def operations(self) -> Iterator[tuple[str, Tree]]:
        before = self.document.get("basePath", "").rstrip("/") if self.is_swagger else ""
        for path, found in self.document.get("paths", {}).items():
            item = self.follow(found)
            yield from (
                (f"{name} {before}{path}", self.operation(item, item[name])) for name in METHODS if name in item
            )

    def operation(self, item: Tree, operation: Tree) -> Tree:
        found = [self.follow(value) for value in (*item.get("parameters", []), *operation.get("parameters", []))]
        parameters = {f"{value['name']} in {value['in']}": value for value in found}
        return {
            "words": {word: operation[word] for word in WORDS if word in operation},
            "parameters": {
                name: self.parameter(value)
                for name, value in parameters.items()
                if value["in"] not in {"body", "formData"}
            },
            "body": self.body(list(parameters.values()), operation),
            "responses": {
                code: self.response(self.follow(value), operation)
                for code, value in operation.get("responses", {}).items()
                if not code.startswith("x-")
            },
        }

    def parameter(self, found: Tree) -> Tree:
        content: Tree = next(iter(found.get("content", {}).values()), {})
        described = {"name", "in", "required", "description"}
        own = {word: value for word, value in found.items() if word not in described and not word.startswith("x-")}
        schema = own if self.is_swagger else found.get("schema", content.get("schema", {}))
        return {"required": found.get("required", False), "schema": Schema(self, schema)}

    def body(self, parameters: list[Tree], operation: Tree) -> Tree:
        if not self.is_swagger:
            found = self.follow(operation.get("requestBody", {}))
            return self.with_content({"required": found.get("required", False)}, found)
        types: list[str] = operation.get("consumes") or self.document.get("consumes") or []
        fields = [found for found in parameters if found["in"] == "formData"]
        for found in parameters:
            if found["in"] == "body":
                whole = dict.fromkeys(types or ["application/json"], Schema(self, found["schema"]))
                return {"required": found.get("required", False), "content": whole}
        required = [found["name"] for found in fields if found.get("required")]
        schema = {"type": "object", "properties": {found["name"]: found for found in fields}, "required": required}
        forms = [name for name in types if name in FORMS] or list(FORMS[:1])
        return {"required": bool(required), "content": dict.fromkeys(forms, Schema(self, schema))} if fields else {}

    def response(self, found: Tree, operation: Tree) -> Tree:
        headers = {name: self.follow(value) for name, value in found.get("headers", {}).items()}
        said: Tree = {"description": found.get("description"), "headers": {}, "content": {}}
        if self.is_swagger:
            types = operation.get("produces", self.document.get("produces", [])) or ["application/json"]
            content = dict.fromkeys(types, Schema(self, found["schema"])) if "schema" in found else {}
            return {
                **said,
                "headers": {name: Schema(self, value) for name, value in headers.items()},
                "content": content,
            }
        said["headers"] = {name: Schema(self, value.get("schema", {})) for name, value in headers.items()}
        return self.with_content(said, found) or said

    def with_content(self, said: Tree, found: Tree) -> Tree:
        content = {name: Schema(self, media.get("schema", {})) for name, media in found.get("content", {}).items()}
        return {**said, "content": content} if content else {}


@dataclass
class Shape:
    """What every version can say of a schema."""

    types: set[str] = field(default_factory=set)
    properties: dict[str, Schema] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: list[Schema] = field(default_factory=list)
    choices: list[Schema] = field(default_factory=list)
    enum: set[str] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    def take(self, schema: Schema) -> "Shape":
        found = schema.followed
        if not isinstance(found, dict) or id(found) in self.taken:
            return self
        self.taken.add(id(found))
        types = found.get("type", [])
        self.types |= {name for name in (types if isinstance(types, list) else [types]) if name != "null"}
        self.properties |= {name: schema.inside(value) for name, value in found.get("properties", {}).items()}
        self.required |= set(found["required"]) if isinstance(found.get("required"), list) else set()
        self.items += [schema.inside(found["items"])] if "items" in found else []
        values: list[Any] = [found["const"]] if "const" in found else found.get("enum", [])
        self.enum |= {str(value) for value in values if value is not None}
        self.choices += [schema.inside(value) for word in CHOICES for value in found.get(word, [])]
        for inner in found.get("allOf", []):
            self.take(schema.inside(inner))
        return self


class Comparison:
    """Two documents side by side; remembers which schemas it has met, since they may contain themselves."""

    def __init__(self, *, is_strict: bool) -> None:
        self.is_strict = is_strict
        self.met: set[tuple[int, int]] = set()

    def named(self, place: str, one: Tree, other: Tree, compare: Any) -> Iterator[str]:
        for name in {**one, **other}:
            where = f"{place} {name}".strip()
            if name in one and name in other:
                yield from compare(where, one[name], other[name])
            else:
                yield f"{where}: {'is missing' if name in one else 'is new'}"

    def equal(self, place: str, one: Any, other: Any) -> Iterator[str]:
        if one != other:
            yield f"{place}: was {str(one)[:200]}, is {str(other)[:200]}"

    def operation(self, place: str, one: Tree, other: Tree) -> Iterator[str]:
        if self.is_strict:
            yield from self.named(f"{place}:", one["words"], other["words"], self.equal)
        parameters = {name: found for name, found in one["parameters"].items() if self.can_say(name)}
        yield from self.named(f"{place}: parameter", parameters, other["parameters"], self.parameter)
        yield from self.equal(f"{place}: has body", bool(one["body"]), bool(other["body"]))
        if one["body"] and other["body"]:
            if self.is_strict or not set(one["body"]["content"]) & set(FORMS):
                yield from self.equal(f"{place}: body required", one["body"]["required"], other["body"]["required"])
            yield from self.content(f"{place}: body", one["body"]["content"], other["body"]["content"])
        responses = {code: found for code, found in one["responses"].items() if self.can_say(code)}
        yield from self.named(f"{place}: response", responses, other["responses"], self.response)

    def can_say(self, name: str) -> bool:
        return self.is_strict or not name.endswith((" in cookie", "XX"))

    def parameter(self, place: str, one: Tree, other: Tree) -> Iterator[str]:
        yield from self.equal(f"{place}: required", one["required"], other["required"])
        if self.is_strict:
            yield from self.schema(f"{place}: schema", one["schema"], other["schema"])
        else:
            yield from self.equal(f"{place}: type", simple_type(one["schema"]), simple_type(other["schema"]))

    def response(self, place: str, one: Tree, other: Tree) -> Iterator[str]:
        yield from self.equal(f"{place}: description", one["description"], other["description"])
        yield from self.equal(f"{place}: headers", sorted(one["headers"]), sorted(other["headers"]))
        if self.is_strict:
            yield from self.named(f"{place}: header", one["headers"], other["headers"], self.schema)
        yield from self.content(place, one["content"], other["content"])

    def content(self, place: str, one: Tree, other: Tree) -> Iterator[str]:
        if self.is_strict:
            yield from self.named(place, one, other, self.schema)
        elif one and other and not set(one) & set(FORMS):
            main = min(one, key=lambda name: "json" not in name)
            yield from self.schema(f"{place} {main}", one[main], other.get(main, next(iter(other.values()))))

    def schema(self, place: str, one: Schema, other: Schema) -> Iterator[str]:
        first, second = one.followed, other.followed
        if (id(first), id(second)) in self.met:
            return
        self.met.add((id(first), id(second)))
        if not self.is_strict:
            yield from self.shape(place, Shape().take(one), Shape().take(other))
        elif isinstance(first, dict) and isinstance(second, dict):
            for word in {**first, **second}:
                yield from self.word(
                    f"{place}.{word}", word, one.inside(first.get(word)), other.inside(second.get(word))
                )
        else:
            yield from self.equal(place, first, second)

    def word(self, place: str, word: str, one: Schema, other: Schema) -> Iterator[str]:
        first, second = one.value, other.value
        if word in MAPS and isinstance(first, dict) and isinstance(second, dict):
            maps = [{name: side.inside(value) for name, value in side.value.items()} for side in (one, other)]
            yield from self.named(place, maps[0], maps[1], self.schema)
        elif word in LISTS and isinstance(first, list) and isinstance(second, list):
            yield from self.listed(
                place, [one.inside(found) for found in first], [other.inside(found) for found in second]
            )
        elif word in SINGLE and isinstance(first, dict) and isinstance(second, dict):
            yield from self.schema(place, one, other)
        elif word != "discriminator":
            yield from self.equal(place, first, second)

    def listed(self, place: str, one: list[Schema], other: list[Schema]) -> Iterator[str]:
        yield from self.equal(f"{place}: number", len(one), len(other))
        for position, (first, second) in enumerate(zip(one, other, strict=False)):
            yield from self.schema(f"{place}[{position}]", first, second)

    def shape(self, place: str, one: Shape, other: Shape) -> Iterator[str]:
        if len(one.types) == 1 and len(other.types) == 1:
            yield from self.equal(
                f"{place}: type", one.types, {"string" if name == "file" else name for name in other.types}
            )
        yield from self.equal(f"{place}: required", one.required, other.required)
        yield from self.equal(f"{place}: enum", one.enum, other.enum)
        yield from self.named(f"{place}: property", one.properties, other.properties, self.schema)
        yield from self.listed(f"{place}: items", one.items, other.items)
        if len(one.types) < 2:
            yield from self.listed(f"{place}: choices", one.choices, other.choices)


def simple_type(schema: Schema) -> str:
    """Answer the type of a value that is written as text, as Swagger 2.0 can say it."""
    types = Shape().take(schema).types - {"object"}
    return types.pop() if len(types) == 1 else "string"
