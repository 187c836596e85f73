"""Operations of a document to bodies of the operation that creates an API (contract 7.7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from romaport.wire.openapi.backends import backend_fields, mock_fields
from romaport.wire.openapi.components import Components
from romaport.wire.openapi.document import Document
from romaport.wire.openapi.names import api_name, group_name, plain_text, tag_names, unique_name
from romaport.wire.openapi.operations import Operation, list_of, object_of
from romaport.wire.openapi.options import OpenapiOptions
from romaport.wire.openapi.parameters import request_parameters
from romaport.wire.openapi.samples import sample_fields
from romaport.wire.openapi.security import auth_fields
from romaport.wire.openapi.source import Source, encode_source, source_of
from romaport.wire.openapi.standard import Version

__all__ = ["SOURCE_FIELD", "ApiDefinition", "definitions_of", "fields_of", "group_of"]

SOURCE_FIELD = "openapi"
"""The field of an API that has what is kept of the operation it was made of."""

_PUBLIC, _PRIVATE = 1, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiDefinition:
    """One operation as an API."""

    path: str
    """As the document has it, for the report."""
    method: str
    """In capitals; ANY for every method that has no operation of its own."""
    body: dict[str, Any]
    """What the operation that creates an API takes, but for its group and its application."""
    problems: tuple[str, ...] = ()
    """Why it cannot be taken, each as `pointer: rule`."""


def group_of(document: Document) -> dict[str, str]:
    """Answer name and description of the group that a document is, as fields of a group of APIs."""
    info = document.tree["info"]
    remark = plain_text(info.get("description"))
    return {"name": group_name(info["title"]), **({"remark": remark} if remark else {})}


def definitions_of(
    document: Document, *, mock_mode: bool = False, options: OpenapiOptions | None = None
) -> Iterator[ApiDefinition]:
    """Yield the operations of a document as APIs, in its order; those that no API can carry are left out.

    An operation that names no backend has a mock, and with `mock_mode` every one has.
    """
    options = options or OpenapiOptions()
    components = Components(document.tree, document.version)
    names: set[str] = set()
    left_bytes = options.sources_bytes_max
    for operation in document.operations:
        path = _whole_path(document, operation)
        name = unique_name(api_name(operation.described.get("operationId"), method=operation.method, path=path), names)
        names.add(name)
        source = source_of(document.tree, operation, name=name, components=components, version=document.version)
        body = fields_of(source, path=path, method=operation.method, mock_mode=mock_mode)
        text = encode_source(source) if left_bytes >= 0 else ""
        text_bytes = len(text.encode())
        left_bytes -= text_bytes
        problems = _size_problems(operation, text_bytes, left_bytes, options)
        yield ApiDefinition(
            path=operation.path,
            method=operation.method,
            body=body if problems else {**body, SOURCE_FIELD: text},
            problems=problems,
        )


def _size_problems(operation: Operation, text_bytes: int, left_bytes: int, options: OpenapiOptions) -> tuple[str, ...]:
    found = []
    if text_bytes > options.source_bytes_max:
        found.append(f"{operation.place}: must be at most {options.source_bytes_max} bytes with all that it refers to")
    if left_bytes < 0:
        found.append(
            f"#/paths: must be at most {options.sources_bytes_max} bytes with all that each operation refers to"
        )
    return tuple(found)


def _whole_path(document: Document, operation: Operation) -> str:
    before = str(document.tree.get("basePath") or "").rstrip("/") if document.version is Version.V2_0 else ""
    return before + operation.path


def fields_of(source: Source, *, path: str, method: str, mock_mode: bool = False) -> dict[str, Any]:
    """Answer what the fields of an API say of an operation."""
    operation = source.operation
    samples = sample_fields(source)
    backend = {} if mock_mode else backend_fields(operation)
    fields = {
        "name": source.name,
        "type": _PRIVATE if operation.get("x-apigateway-request-type") == "private" else _PUBLIC,
        "req_protocol": _protocol(source),
        "req_method": method,
        "req_uri": path,
        **auth_fields(source),
        "match_mode": "SWA" if operation.get("x-apigateway-match-mode") == "SWA" else "NORMAL",
        "cors": operation.get("x-apigateway-cors") is True,
        **(backend or mock_fields(samples.get("result_normal_sample"))),
        "req_params": request_parameters(source),
        "tags": tag_names(list_of(operation.get("tags"))),
        "remark": plain_text(operation.get("description")) or plain_text(operation.get("summary")),
        **samples,
    }
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _protocol(source: Source) -> str:
    said = source.operation.get("x-romaport-request-protocol")
    if said in ("HTTP", "HTTPS", "BOTH"):
        return str(said)
    if source.version is Version.V2_0:
        schemes = {str(found) for found in list_of(source.operation.get("schemes"))}
    else:
        holders = (source.operation, source.item, source.root)
        servers: list[Any] = next((holder["servers"] for holder in holders if holder.get("servers")), [])
        schemes = {str(object_of(server).get("url")).partition("://")[0].lower() for server in servers}
    if {"http", "https"} <= schemes:
        return "BOTH"
    return "HTTP" if "http" in schemes else "HTTPS"
