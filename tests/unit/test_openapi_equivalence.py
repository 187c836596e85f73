"""The judge of the other tests notices what it is there to notice."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.openapi_equivalence import differences
from tests.unit.openapi_samples import SMALL, openapi, published, swagger

Tree = dict[str, Any]

PET: Tree = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "parent": {"$ref": "#/components/schemas/Pet"}},
}
LIST: Tree = {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}
ANSWER: Tree = {
    "description": "x",
    "headers": {"X-Rate": {"schema": {"type": "integer"}}},
    "content": {"application/json": {"schema": LIST}},
}
OPERATION: Tree = {
    "operationId": "add",
    "parameters": [{"name": "q", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": LIST["items"]}}},
    "responses": {"200": ANSWER},
}


def document() -> Tree:
    paths = {"/pets": {"post": OPERATION, "get": {"responses": {"200": ANSWER}}}}
    return copy.deepcopy(openapi(paths, components={"schemas": {"Pet": PET}}))


def post(tree: Tree) -> Tree:
    found: Tree = tree["paths"]["/pets"]["post"]
    return found


def pet(tree: Tree) -> Tree:
    found: Tree = tree["components"]["schemas"]["Pet"]
    return found


CHANGES: dict[str, Callable[[Tree], object]] = {
    "a path is missing": lambda tree: tree["paths"].pop("/pets"),
    "a method is missing": lambda tree: tree["paths"]["/pets"].pop("get"),
    "a method is new": lambda tree: tree["paths"]["/pets"].update(put={"responses": {}}),
    "another name": lambda tree: post(tree).update(operationId="other"),
    "a parameter is missing": lambda tree: post(tree)["parameters"].clear(),
    "another place": lambda tree: post(tree)["parameters"][0].update({"in": "header"}),
    "another need": lambda tree: post(tree)["parameters"][0].update(required=True),
    "another type": lambda tree: post(tree)["parameters"][0]["schema"].update(type="integer"),
    "another choice": lambda tree: post(tree)["parameters"][0]["schema"].update(enum=["a"]),
    "no body": lambda tree: post(tree).pop("requestBody"),
    "a body that may be missing": lambda tree: post(tree)["requestBody"].update(required=False),
    "another media type": lambda tree: post(tree)["requestBody"]["content"].update({"text/plain": {}}),
    "no answer": lambda tree: post(tree)["responses"].clear(),
    "another answer": lambda tree: post(tree)["responses"]["200"].update(description="y"),
    "no header": lambda tree: post(tree)["responses"]["200"]["headers"].clear(),
    "no content": lambda tree: post(tree)["responses"]["200"]["content"].clear(),
    "another schema": lambda tree: pet(tree).update(required=[]),
    "another property": lambda tree: pet(tree)["properties"].update(name={}),
    "another property's type": lambda tree: pet(tree)["properties"]["id"].update(type="string"),
    "no recursion": lambda tree: pet(tree)["properties"].update(parent={"type": "object"}),
}


def test_a_document_is_equivalent_to_itself() -> None:
    assert differences(document(), document()) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(change: str) -> None:
    changed = document()
    CHANGES[change](changed)
    assert differences(document(), changed) != []


def test_a_component_may_have_another_name() -> None:
    text = json.dumps(document()).replace("schemas/Pet", "schemas/Animal").replace('"Pet":', '"Animal":')
    assert differences(document(), json.loads(text)) == []


def test_the_same_in_another_version_is_equivalent() -> None:
    schema = json.loads(json.dumps(PET).replace("components/schemas", "definitions"))
    reference = {"$ref": "#/definitions/Pet"}
    answer = {
        "description": "x",
        "headers": {"X-Rate": {"type": "integer"}},
        "schema": {"type": "array", "items": reference},
    }
    query: Tree = {"name": "q", "in": "query", "type": "string", "enum": ["a", "b"]}
    parameters = [query, {"name": "pet", "in": "body", "required": True, "schema": reference}]
    responses = {"200": answer}
    paths = {"/pets": {"post": {"parameters": parameters, "responses": responses}, "get": {"responses": responses}}}
    older = swagger(paths, definitions={"Pet": schema})
    assert differences(document(), older) == []
    query["type"] = "integer"
    schema["properties"]["id"]["type"] = "string"
    assert len(differences(document(), older)) == 2


def test_the_base_path_is_part_of_the_path() -> None:
    item: Tree = {"get": {"responses": {}}}
    assert differences(swagger({"/a": item}, basePath="/v1"), swagger({"/v1/a": item})) == []
    assert differences(swagger({"/a": item}, basePath="/v1"), swagger({"/a": item})) != []


def test_a_real_document_differs_from_another() -> None:
    tree = json.loads(published(SMALL))
    del next(iter(tree["components"]["schemas"].values()))["type"]
    assert differences(json.loads(published(SMALL)), tree) != []
