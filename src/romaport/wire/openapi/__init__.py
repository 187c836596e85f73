"""API definitions as documents of Swagger 2.0, OpenAPI 3.0 and OpenAPI 3.1 (contract 7.7); pure.

In: `read_document`, then `group_of` and `definitions_of`. Out: `write_document`. An API keeps, in the field
`SOURCE_FIELD`, what its own fields cannot hold of the operation it was made of; so what goes out is what came in,
wherever nobody has changed it since.
"""

from romaport.wire.openapi.definitions import SOURCE_FIELD, ApiDefinition, definitions_of, group_of
from romaport.wire.openapi.document import Document, read_document
from romaport.wire.openapi.operations import Operation
from romaport.wire.openapi.options import OpenapiOptions
from romaport.wire.openapi.overlay import Scope
from romaport.wire.openapi.source import source_problem
from romaport.wire.openapi.standard import Version
from romaport.wire.openapi.text import Syntax
from romaport.wire.openapi.writing import DocumentForm, write_document

__all__ = [
    "SOURCE_FIELD",
    "ApiDefinition",
    "Document",
    "DocumentForm",
    "OpenapiOptions",
    "Operation",
    "Scope",
    "Syntax",
    "Version",
    "definitions_of",
    "group_of",
    "read_document",
    "source_problem",
    "write_document",
]
