"""Published documents, as a package ships them: they come in, go out in any version, and come in again the same."""

import json
import time

import pytest
from tests.unit.openapi_equivalence import differences
from tests.unit.openapi_samples import (
    COMPACT,
    LARGE,
    LIMITLESS,
    SMALL,
    bodies,
    carried,
    fields,
    form,
    published,
)

from romaport.wire.openapi import (
    SOURCE_FIELD,
    Document,
    OpenapiOptions,
    Syntax,
    Version,
    definitions_of,
    group_of,
    read_document,
    write_document,
)
from romaport.wire.openapi.text import parse

READ_SECONDS_MAX = 10
"""Most of a processor's time for a document of 3 MB; seen: half a second."""

EVERY = pytest.mark.parametrize("name", [LARGE, COMPACT, SMALL])


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {name: read_document(published(name)) for name in (LARGE, COMPACT, SMALL)}


def test_a_large_document_is_read_soon_and_whole() -> None:
    began = time.process_time()
    document = read_document(published(LARGE))
    found = list(definitions_of(document))
    assert time.process_time() - began < READ_SECONDS_MAX
    assert (document.version, len(found), document.ignored) == (Version.V3_1, 271, [])
    assert [definition for definition in found if definition.problems] == []
    assert len({definition.body["name"] for definition in found}) == 271


def test_what_is_kept_stays_small(documents: dict[str, Document]) -> None:
    sizes = [len(found[SOURCE_FIELD]) for found in bodies(documents[LARGE])]
    options = OpenapiOptions()
    assert max(sizes) < options.source_bytes_max / 2
    assert sum(sizes) < options.sources_bytes_max / 8


@EVERY
@pytest.mark.parametrize("version", list(Version))
def test_a_document_says_the_same_in_every_version(documents: dict[str, Document], name: str, version: Version) -> None:
    assert differences(parse(published(name), OpenapiOptions()), carried(documents[name], version)) == []


@EVERY
@pytest.mark.parametrize(
    ("version", "syntax"), [(Version.V2_0, Syntax.JSON), (Version.V3_0, Syntax.JSON), (Version.V3_1, Syntax.YAML)]
)
def test_the_definitions_survive_the_way_out_and_in(
    documents: dict[str, Document], name: str, version: Version, syntax: Syntax
) -> None:
    document = documents[name]
    apis = bodies(document)
    text = write_document(group_of(document), apis, form(version, syntax), LIMITLESS)
    again = bodies(read_document(text, LIMITLESS))
    assert [fields(api) for api in again] == [fields(api) for api in apis]
    if version is document.version:
        assert [json.loads(api[SOURCE_FIELD]) for api in again] == [json.loads(api[SOURCE_FIELD]) for api in apis]


@EVERY
def test_a_second_export_is_the_first(documents: dict[str, Document], name: str) -> None:
    document = documents[name]
    first = write_document(group_of(document), bodies(document), form(document.version), LIMITLESS)
    read_again = read_document(first, LIMITLESS)
    assert write_document(group_of(read_again), bodies(read_again), form(document.version), LIMITLESS) == first


def test_documents_of_two_authors_fit_into_one(documents: dict[str, Document]) -> None:
    apis = [*bodies(documents[LARGE]), *bodies(documents[COMPACT])]
    text = write_document({"name": "both"}, apis, form(Version.V3_1), LIMITLESS)
    again = bodies(read_document(text, LIMITLESS))
    assert [fields(api)["req_params"] for api in again if "req_params" in api] == [
        fields(api)["req_params"] for api in apis if "req_params" in api
    ]
    assert len(again) == 312
