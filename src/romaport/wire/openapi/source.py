"""What is kept of an operation besides its fields, so that it can be written as it was read.

The fields of an API hold what a gateway acts on; a document also has request bodies, responses, schemas, formats
and the words of its author. All of that stays as it stood, with the parts of the document it refers to. What the
fields do hold completely is left out: an address or a constant in a backend is for the fields' owner to guard.
"""

from typing import Any

import msgspec
from msgspec import Struct

from romaport.errors import BodyInvalid
from romaport.wire.openapi.checks import problems_of
from romaport.wire.openapi.components import Components, component_tree_kinds
from romaport.wire.openapi.operations import ANY_METHOD, Operation, component_kinds, list_of, object_of
from romaport.wire.openapi.options import OpenapiOptions
from romaport.wire.openapi.references import Tree, chain
from romaport.wire.openapi.standard import Version
from romaport.wire.openapi.text import check_size

__all__ = ["Source", "blank_source", "decode_source", "encode_source", "source_of", "source_problem"]

FIELD_EXTENSIONS = frozenset(
    {
        "x-apigateway-backend",
        "x-apigateway-backend-policies",
        "x-apigateway-content-type",
        "x-apigateway-cors",
        "x-apigateway-match-mode",
        "x-apigateway-request-type",
        "x-romaport-request-protocol",
    }
)
"""Extensions of an operation that fields of an API hold completely."""

_INHERITED = {
    Version.V2_0: ("consumes", "produces", "schemes", "security"),
    Version.V3_0: ("security",),
    Version.V3_1: ("security",),
}
_PATH_MEMBERS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "parameters", "$ref"})
_RESPONSES = {"default": {"description": "default response"}}


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An operation by itself: everything it took from its path and its document is in it."""

    version: Version
    name: str
    """The API's name as it was made from the operation's; the operation's own is kept while the API has this one."""
    operation: Tree
    components: Tree = {}
    """The components it needs, in the places where its references look for them."""
    item: Tree = {}
    """What stands at its path besides operations and parameters."""
    root: Tree = {}
    """What stands at the document: servers, and the tags it uses."""

    def resolved(self, value: Any) -> Tree:
        """Follow references to the object they lead to; an empty one if there is none."""
        try:
            return object_of(chain(self.components, value))
        except LookupError:
            return {}


def source_of(tree: Tree, operation: Operation, *, name: str, components: Components, version: Version) -> Source:
    """Take an operation out of its document, with the document's extensions for fields still in it."""
    described = {**operation.described}
    for member in _INHERITED[version]:
        if member in tree:
            described.setdefault(member, tree[member])
    parameters = _parameters(tree, operation)
    if parameters:
        described["parameters"] = parameters
    item = {member: value for member, value in operation.item.items() if member not in _PATH_MEMBERS | {ANY_METHOD}}
    schemes = [scheme for requirement in list_of(described.get("security")) for scheme in object_of(requirement)]
    return Source(
        version=version,
        name=name,
        operation=described,
        components=components.closure(described, schemes=schemes),
        item=item,
        root=_root(tree, described),
    )


def encode_source(source: Source) -> str:
    """Answer the text that is kept of an operation."""
    operation = {name: value for name, value in source.operation.items() if name not in FIELD_EXTENSIONS}
    return msgspec.json.encode(msgspec.structs.replace(source, operation=operation)).decode()


def decode_source(text: str) -> Source:
    """Read a kept text again; raise ValueError if it is none, or breaks the standard's rules."""
    try:
        found = msgspec.json.decode(text, type=Source)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise ValueError(str(cause)) from cause
    operation = {name: value for name, value in found.operation.items() if name not in FIELD_EXTENSIONS}
    source = msgspec.structs.replace(found, operation=operation)
    if source.item.keys() & _PATH_MEMBERS:
        raise ValueError("item: must have no operations and no parameters")
    if not component_tree_kinds(source.components, source.version) <= component_kinds(source.version):
        raise ValueError("components: must be of the kinds that the standard has")
    try:
        check_size(msgspec.to_builtins(source), OpenapiOptions())
    except BodyInvalid as cause:
        raise ValueError(str(cause)) from cause
    problems = problems_of(_document_of(source), source.version, OpenapiOptions(problems_max=1))
    if problems:
        raise ValueError(problems[0])
    return source


def source_problem(text: str) -> str | None:
    """Answer what is wrong with a text that is to be kept of an operation; None if it can be."""
    try:
        decode_source(text)
    except ValueError as refusal:
        return str(refusal)
    return None


def _document_of(source: Source) -> Tree:
    """Answer the smallest document that has the operation in it."""
    parameters = [source.resolved(value) for value in list_of(source.operation.get("parameters"))]
    path = "/" + "/".join(f"{{{found.get('name')}}}" for found in parameters if found.get("in") == "path")
    said = {"swagger": "2.0"} if source.version is Version.V2_0 else {"openapi": f"{source.version}.0"}
    root = {name: value for name, value in source.root.items() if name != "info"}
    described = {**object_of(source.root.get("info")), "title": source.name, "version": ""}
    return {
        **root,
        **said,
        "info": described,
        "paths": {path: {**source.item, "get": source.operation}},
    } | source.components


def blank_source(version: Version) -> Source:
    """Answer the source of an API that came from no document."""
    return Source(version=version, name="", operation={"responses": _RESPONSES})


def _parameters(tree: Tree, operation: Operation) -> list[Any]:
    own = list_of(operation.described.get("parameters"))
    taken = {_identity(chain(tree, parameter)) for parameter in own}
    shared = list_of(operation.item.get("parameters"))
    return [*(value for value in shared if _identity(chain(tree, value)) not in taken), *own]


def _identity(parameter: Tree) -> tuple[Any, Any]:
    return parameter.get("name"), parameter.get("in")


def _root(tree: Tree, described: Tree) -> Tree:
    used = list_of(described.get("tags"))
    tags = [tag for tag in list_of(tree.get("tags")) if tag.get("name") in used]
    info = {name: value for name, value in tree["info"].items() if name not in {"title", "description", "version"}}
    found = {
        **{name: value for name, value in tree.items() if name in {"servers", "externalDocs"} or _is_vendors(name)},
        "info": info,
        "tags": tags,
    }
    return {name: value for name, value in found.items() if value}


def _is_vendors(name: str) -> bool:
    return name.startswith("x-apigateway-")
