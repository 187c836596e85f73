"""APIs of several documents in one: a name keeps one meaning, whatever it meant where an API came from."""

import openapi_spec_validator
from tests.unit.openapi_equivalence import differences
from tests.unit.openapi_samples import Tree, body, carried, openapi, operation, read, swagger, written

from romaport.wire.openapi import Version


def pets(schema: Tree, *, path: str = "/pets", **schemas: Tree) -> Tree:
    """Answer an API that refers to a schema called Pet."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    tree = openapi({path: {"get": {"responses": {"200": {"description": "x", "content": content}}}}})
    return body({**tree, "components": {"schemas": {"Pet": schema, **schemas}}})


def schema_of(tree: Tree, path: str) -> Tree:
    schema = tree["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    found: Tree = tree["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_equal_components_of_several_documents_are_one() -> None:
    tree = written([pets({"type": "string"}), pets({"type": "string"}, path="/other")])
    assert set(tree["components"]["schemas"]) == {"Pet"}


def test_a_name_that_means_two_things_is_made_two_names() -> None:
    apis = [pets({"type": kind}, path=f"/{kind}") for kind in ("string", "integer", "boolean")]
    tree = written(apis)
    assert set(tree["components"]["schemas"]) == {"Pet", "Pet_2", "Pet_3"}
    assert [schema_of(tree, f"/{kind}") for kind in ("string", "integer", "boolean")] == [
        {"type": "string"},
        {"type": "integer"},
        {"type": "boolean"},
    ]


def test_what_refers_to_a_renamed_component_is_renamed_with_it() -> None:
    owner = {"properties": {"of": {"$ref": "#/components/schemas/Kind"}}}
    apis = [pets(owner, path=f"/{kind}", Kind={"type": kind}) for kind in ("string", "integer")]
    tree = written(apis)
    assert schema_of(tree, "/string") == owner
    assert schema_of(tree, "/integer") == {"properties": {"of": {"$ref": "#/components/schemas/Kind_2"}}}
    assert tree["components"]["schemas"]["Kind_2"] == {"type": "integer"}


def test_discriminators_and_schemes_are_renamed_too() -> None:
    def made(kind: str) -> Tree:
        choice = {
            "oneOf": [{"$ref": "#/components/schemas/Cat"}],
            "discriminator": {"propertyName": "k", "mapping": {"c": "#/components/schemas/Cat"}},
        }
        content = {"text/plain": {"schema": {"$ref": "#/components/schemas/Pet"}}}
        described = {"security": [{"key": []}], "responses": {"200": {"description": "x", "content": content}}}
        scheme = {"type": "apiKey", "name": kind, "in": "header"}
        parts = {"schemas": {"Pet": choice, "Cat": {"title": kind}}, "securitySchemes": {"key": scheme}}
        return body(openapi({f"/{kind}": {"get": described}}, components=parts))

    tree = written([made("one"), made("two")])
    assert tree["components"]["schemas"]["Pet_2"]["discriminator"]["mapping"] == {"c": "#/components/schemas/Cat_2"}
    assert tree["paths"]["/two"]["get"]["security"] == [{"key_2": []}]
    assert tree["components"]["securitySchemes"]["key_2"]["name"] == "two"


def test_names_that_newer_versions_do_not_take_are_changed() -> None:
    content = {"200": {"description": "x", "schema": {"$ref": "#/definitions/Page%C2%ABPet%C2%BB"}}}
    tree = swagger({"/a": {"get": {"responses": content}}}, definitions={"Page«Pet»": {"type": "object"}})
    after = carried(read(tree), Version.V3_0)
    assert set(after["components"]["schemas"]) == {"Page_Pet_"}
    openapi_spec_validator.validate(after)
    assert differences(tree, carried(read(tree), Version.V2_0)) == []


def test_servers_are_the_documents_if_all_have_the_same() -> None:
    one, other = ({"servers": [{"url": f"https://{name}.example"}]} for name in ("a", "b"))
    apis = [body(openapi({"/1": {"get": operation()}}, **one)), body(openapi({"/2": {"get": operation()}}, **one))]
    assert written(apis)["servers"] == one["servers"]
    by_hand = {"name": "by-hand", "req_method": "GET", "req_uri": "/4", "auth_type": "NONE", "backend_type": "MOCK"}
    tree = written([*apis, body(openapi({"/3": {"get": operation()}}, **other)), by_hand])
    assert "servers" not in tree
    assert tree["paths"]["/3"]["get"]["servers"] == other["servers"]
