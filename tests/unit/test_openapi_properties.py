"""Documents nobody thought of: what goes out is what came in, in its own version and in every other."""

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.openapi_equivalence import differences
from tests.unit.openapi_samples import Tree, bodies, carried, fields, openapi, read, swagger, written

from romaport.errors import BodyInvalid
from romaport.wire.openapi import Version

# Making a document of many choices is slow on a busy machine; that says nothing about the code under test.
PATIENT = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = ("Pet", "Owner", "Error")
# What no store can keep is refused, and has a test of its own.
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
TEXTS = st.text(LETTERS, max_size=12) | st.sampled_from(["<b>", "no", "2024-01-01", "a\nb", "é"])
WORDS = st.sampled_from(["id", "kind", "default", "example", "properties", "$top", "x-rate", "Größe", "a b"])
TYPES = st.sampled_from(["string", "integer", "number", "boolean"])
MEDIA = st.sampled_from(["application/json", "text/plain", "application/vnd.pets+json"])
CODES = st.sampled_from(["200", "201", "404", "default"])
METHODS = st.sampled_from(["get", "post", "delete", "x-apigateway-any-method"])
MEMBERS = [
    *("$ref", "type", "enum", "const", "examples", "items", "properties", "allOf", "oneOf", "required", "schema"),
    *("content", "parameters", "responses", "in", "name", "description", "tags", "security", "servers", "x-oneOf"),
    *("x-apigateway-backend", "x-apigateway-cors", "x-romaport-valid-enable", "x-romaport-request-protocol"),
    *("discriminator", "mapping", "propertyName", "nullable", "additionalProperties", "not", "operationId", "default"),
]
PATHS = st.lists(st.sampled_from(["pets", "{id}", "v1", "{kind}", "a.b", "~x"]), min_size=1, max_size=3, unique=True)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    """Answer objects that have some of the members."""
    return st.fixed_dictionaries({}, optional={name.replace("_", "-"): value for name, value in members.items()})


def schemas(place: str) -> st.SearchStrategy[Tree]:
    """Answer schemas that every version can say, and that may contain themselves."""
    described = some(description=TEXTS, example=st.none() | TEXTS, enum=st.just(["a"]), format=st.just("x"))
    plain = st.builds(lambda kind, more: {"type": kind, **more}, TYPES, described)

    def nested(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        maps = st.dictionaries(WORDS, inner, max_size=3)
        return (
            inner.map(lambda items: {"type": "array", "items": items})
            | maps.map(lambda properties: {"type": "object", "properties": properties, "required": ["id"]})
            | st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"allOf": parts})
        )

    return st.recursive(plain | st.sampled_from([{"$ref": place + name} for name in NAMES]), nested, max_leaves=4)


SCHEMAS = {True: schemas("#/definitions/"), False: schemas("#/components/schemas/")}
CONTENT = st.dictionaries(MEDIA, SCHEMAS[False].map(lambda schema: {"schema": schema}), min_size=1, max_size=2)
ANSWERS = {
    True: st.builds(lambda text, more: {"description": text, **more}, TEXTS, some(schema=SCHEMAS[True])),
    False: st.builds(lambda text, more: {"description": text, **more}, TEXTS, some(content=CONTENT)),
}
VALUES = st.builds(
    lambda kind, more: {"type": kind, **more},
    TYPES,
    some(default=st.just("1"), maximum=st.integers(0, 9), minLength=st.integers(0, 3), enum=st.just(["a", "b"])),
)
SAID = some(summary=TEXTS, description=TEXTS, deprecated=st.booleans(), tags=st.lists(TEXTS, max_size=3), x_team=TEXTS)
OF_PARAMETER = some(description=TEXTS, x_apigateway_pass_through=st.just("never"))
BOTH_MEDIA = some(consumes=st.lists(MEDIA, min_size=1, unique=True), produces=st.lists(MEDIA, min_size=1, unique=True))


@st.composite
def operations(draw: st.DrawFn, *, names: list[str], is_swagger: bool) -> Tree:
    others = draw(st.lists(st.tuples(st.sampled_from(["query", "header"]), WORDS), max_size=2, unique=True))
    parameters = []
    for location, name in [*(("path", name) for name in names), *others]:
        value = draw(VALUES)
        described = {"name": name, "in": location, "required": location == "path", **draw(OF_PARAMETER)}
        parameters.append({**described, **(value if is_swagger else {"schema": value})})
    answers = st.dictionaries(CODES, ANSWERS[is_swagger], min_size=1, max_size=2)
    operation: Tree = {**draw(SAID), "parameters": parameters, "responses": draw(answers)}
    if is_swagger:
        operation |= draw(BOTH_MEDIA)
        operation |= {"tags": list(dict.fromkeys(operation["tags"]))} if "tags" in operation else {}
    if draw(st.booleans()) and is_swagger:
        parameters.append({"name": "body", "in": "body", "schema": draw(SCHEMAS[True])})
    elif draw(st.booleans()) and not is_swagger:
        operation["requestBody"] = {"content": draw(CONTENT)}
    return operation


@st.composite
def documents(draw: st.DrawFn) -> Tree:
    version = draw(st.sampled_from(list(Version)))
    is_swagger = version is Version.V2_0
    paths: Tree = {}
    for number, parts in enumerate(draw(st.lists(PATHS, min_size=1, max_size=2))):
        names = [part.strip("{}") for part in parts if part.startswith("{")]
        methods = draw(st.lists(METHODS, min_size=1, max_size=2, unique=True))
        item = {method: draw(operations(names=names, is_swagger=is_swagger)) for method in methods}
        paths["/".join(["", str(number), *parts])] = item
    named = {name: {"allOf": [draw(SCHEMAS[is_swagger])]} for name in NAMES}
    if draw(st.booleans()):
        name_all(paths)
    if is_swagger:
        return swagger(paths, definitions=named, **draw(some(basePath=st.sampled_from(["/", "/v1", "/v1/"]))))
    return openapi(paths, components={"schemas": named}, version=f"{version}.0")


def name_all(paths: Tree) -> None:
    """Give every operation an id of its own, some of which are the same when made into names."""
    for number, operation in enumerate(operation for item in paths.values() for operation in item.values()):
        operation["operationId"] = f"op {number // 2}!{'?' * number}"


CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from([1, 2]),
    "req_protocol": st.sampled_from(["HTTP", "HTTPS", "BOTH"]),
    "auth_type": st.sampled_from(["NONE", "APP", "IAM"]),
    "match_mode": st.sampled_from(["NORMAL", "SWA"]),
    "cors": st.booleans(),
    "remark": st.sampled_from(["new", "other"]),
    "tags": st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True),
    "body_remark": st.just("a body"),
    "result_normal_sample": st.just("fine"),
}


@PATIENT
@given(documents())
def test_what_goes_out_is_what_came_in(tree: Tree) -> None:
    document = read(tree)
    assert differences(tree, carried(document, document.version)) == []


@PATIENT
@given(documents(), st.sampled_from(list(Version)))
def test_every_version_says_the_same(tree: Tree, version: Version) -> None:
    assert differences(tree, carried(read(tree), version)) == []


@PATIENT
@given(documents(), st.sampled_from(list(Version)))
def test_the_definitions_are_the_same_in_every_version(tree: Tree, version: Version) -> None:
    document = read(tree)
    apis = [fields(api) for api in bodies(document)]
    after = carried(document, version)
    assert [fields(api) for api in bodies(read(after))] == apis
    assert [fields(api) for api in bodies(read(carried(read(after), document.version)))] == apis


@PATIENT
@given(documents(), st.sampled_from(list(Version)), st.fixed_dictionaries({}, optional=CHANGES))
def test_any_field_may_be_changed_in_between(tree: Tree, version: Version, changes: Tree) -> None:
    apis = [{**api, **changes} for api in bodies(read(tree))]
    assert [fields(api) for api in bodies(read(written(apis, version)))] == [fields(api) for api in apis]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 300)
    | TEXTS
    | st.sampled_from(["string", "#/paths", "#/info", "query"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, inner in members for place in places(inner, (*path, name)))]


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    for name in path[:-1]:
        tree = tree[name]
    tree[path[-1]] = value


@settings(PATIENT, max_examples=100)
@given(documents(), st.data())
def test_a_damaged_document_is_refused_or_taken_and_nothing_else(tree: Tree, data: st.DataObject) -> None:
    # The strategies' own values are in the tree, and must stay as they are.
    tree = copy.deepcopy(tree)
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(tree)[1:]
        put(tree, data.draw(st.sampled_from(found)), data.draw(JSON))
    try:
        document = read(tree)
    except BodyInvalid:
        return
    apis = bodies(document)
    for version in Version:
        assert len(bodies(read(written(apis, version)))) == len(apis)
