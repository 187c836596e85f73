"""A group of APIs as a document (contract 7.7)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from romaport.errors import ParameterInvalid
from romaport.wire.openapi.checks import problems_of
from romaport.wire.openapi.definitions import SOURCE_FIELD
from romaport.wire.openapi.merging import shelved
from romaport.wire.openapi.operations import ANY_METHOD, list_of, object_of
from romaport.wire.openapi.options import OpenapiOptions
from romaport.wire.openapi.overlay import Scope, written_operation
from romaport.wire.openapi.references import Tree
from romaport.wire.openapi.source import Source, blank_source, decode_source
from romaport.wire.openapi.standard import Version
from romaport.wire.openapi.text import Syntax, render
from romaport.wire.openapi.translation import Parts, parts_of, translated_source

__all__ = ["DocumentForm", "write_document"]

_OPENAPI = {Version.V3_0: "3.0.3", Version.V3_1: "3.1.0"}
_INFO = frozenset({"contact", "license", "termsOfService"})
_LICENSE = frozenset({"name", "url"})


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentForm:
    """How a document is to be written."""

    definition_version: str
    """The version that the document says its definitions have."""
    version: Version = Version.V2_0
    syntax: Syntax = Syntax.JSON
    scope: Scope = Scope.SPEC


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One API on its way into the document, in the document's version."""

    api: Tree
    operation: Tree
    source: Source
    parts: Parts

    @property
    def path(self) -> str:
        return str(self.api.get("req_uri"))

    @property
    def member(self) -> str:
        method = str(self.api.get("req_method"))
        return ANY_METHOD if method == "ANY" else method.lower()


def write_document(
    group: Mapping[str, Any],
    apis: Iterable[Mapping[str, Any]],
    form: DocumentForm,
    options: OpenapiOptions | None = None,
) -> bytes:
    """Write APIs, in the shape of the operation that creates them, as a document that keeps the standard's rules.

    What an API was imported from is written again as it stood, where the API's fields still say the same.
    Raises `ParameterInvalid` if two APIs stand at one place, or if the document would be too large.
    """
    options = options or OpenapiOptions()
    bodies = [dict(api) for api in apis]
    if sum(len(str(api.get(SOURCE_FIELD, ""))) for api in bodies) > options.sources_bytes_max:
        raise ParameterInvalid(
            name="apis", rule=f"must be fewer, since their sources exceed {options.sources_bytes_max} bytes"
        )
    tree = _document(group, [_part(api, form, _source(api, form)) for api in bodies], form)
    if _problems(tree, form):
        # A source may come from a package that somebody made; an API is not lost for that.
        sound = [_sound_part(group, api, form) for api in bodies]
        tree = _document(group, sound, form)
    problems = _problems(tree, form)
    if problems:
        raise ParameterInvalid(name="apis", rule=f"must be APIs that the standard can describe ({problems[0]})")
    text = render(tree, form.syntax)
    if len(text) > options.export_bytes_max:
        raise ParameterInvalid(name="apis", rule=f"must give a document of at most {options.export_bytes_max} bytes")
    return text


def _problems(tree: Tree, form: DocumentForm) -> list[str]:
    return problems_of(tree, form.version, OpenapiOptions(operations_max=100_000, problems_max=1))


def _sound_part(group: Mapping[str, Any], api: Tree, form: DocumentForm) -> _Part:
    part = _part(api, form, _source(api, form))
    if _problems(_document(group, [part], form), form):
        return _part(api, form, blank_source(form.version))
    return part


def _source(api: Tree, form: DocumentForm) -> Source:
    text = api.get(SOURCE_FIELD)
    try:
        return decode_source(text) if isinstance(text, str) else blank_source(form.version)
    except ValueError:
        return blank_source(form.version)


def _part(api: Tree, form: DocumentForm, source: Source) -> _Part:
    # What a translation loses of the fields is written over it, as everything is that the source does not say.
    moved = translated_source(source, form.version)
    written = written_operation(api, moved, form.scope)
    return _Part(
        api=api, operation=written.operation, source=moved, parts={**parts_of(moved), **dict(written.components)}
    )


def _document(group: Mapping[str, Any], parts: list[_Part], form: DocumentForm) -> Tree:
    operations, components = shelved([(part.parts, part.operation) for part in parts], form.version)
    servers = _shared(parts, "servers")
    paths: dict[str, Tree] = {}
    for part, operation in zip(parts, operations, strict=True):
        item = paths.setdefault(part.path, {**_item(part, form)})
        if part.member in item:
            raise ParameterInvalid(
                name="apis", rule=f"must have one API for {part.member} {part.path}; a document cannot hold two"
            )
        own = {} if servers else _servers(part.source.root.get("servers"), form)
        item[part.member] = {**own, **operation}
    said = {"swagger": "2.0"} if form.version is Version.V2_0 else {"openapi": _OPENAPI[form.version]}
    return {
        **said,
        "info": _info(group, parts, form),
        **_servers(servers, form),
        **_tags(parts),
        **_present("externalDocs", _shared(parts, "externalDocs")),
        "paths": paths,
        **components,
        **(_vendor_members(parts) if form.scope is Scope.ALL else {}),
    }


def _item(part: _Part, form: DocumentForm) -> Tree:
    item = part.source.item
    return {name: value for name, value in item.items() if name.startswith("x-") or form.version is not Version.V2_0}


def _shared(parts: list[_Part], member: str) -> Any:
    """Answer what all sources say of their documents; None if they do not agree."""
    found = [part.source.root.get(member) for part in parts]
    return found[0] if found and all(value == found[0] for value in found) else None


def _present(member: str, value: Any) -> Tree:
    return {member: value} if value else {}


def _servers(servers: Any, form: DocumentForm) -> Tree:
    return {} if form.version is Version.V2_0 else _present("servers", servers)


def _info(group: Mapping[str, Any], parts: list[_Part], form: DocumentForm) -> Tree:
    found = object_of(_shared(parts, "info"))
    more = found if form.version is Version.V3_1 else _older_info(found)
    said = {"title": group["name"], **_present("description", group.get("remark"))}
    return {**more, **said, "version": form.definition_version}


def _older_info(found: Tree) -> Tree:
    more = {name: value for name, value in found.items() if name in _INFO or name.startswith("x-")}
    if "license" in more:
        more["license"] = {name: value for name, value in object_of(more["license"]).items() if name in _LICENSE}
    return more


def _tags(parts: list[_Part]) -> Tree:
    found: dict[str, Tree] = {}
    for part in parts:
        for tag in list_of(part.source.root.get("tags")):
            found.setdefault(str(object_of(tag).get("name")), tag)
    return _present("tags", list(found.values()))


def _vendor_members(parts: list[_Part]) -> Tree:
    found: Tree = {}
    for name, value in _vendor_pairs(parts):
        found[name] = {**value, **object_of(found.get(name))} if isinstance(value, dict) else found.get(name, value)
    return found


def _vendor_pairs(parts: list[_Part]) -> Iterator[tuple[str, Any]]:
    for part in parts:
        yield from ((name, value) for name, value in part.source.root.items() if name.startswith("x-apigateway-"))
