import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romaport.auth.requests import Scope, parse_token_request
from romaport.errors import BodyInvalid, BodyMissing

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["auth", "identity", "methods", "password", "user", "name", "domain", "scope", "project", "id"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
USER = {"name": "ann", "password": "secret words", "domain": {"name": "acme"}}


def body(*, user: object = None, scope: object = None) -> bytes:
    auth = {"identity": {"methods": ["password"], "password": {"user": user or USER}}, "scope": scope}
    return msgspec.json.encode({"auth": auth})


def problems_of(text: bytes) -> list[str]:
    with pytest.raises(BodyInvalid) as refusal:
        parse_token_request(text)
    return refusal.value.problems.split("; ")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, None),
        ({"project": {"id": "p"}}, Scope(kind="project", id="p")),
        ({"project": {"name": "dev"}}, Scope(kind="project", name="dev")),
        (
            {"project": {"name": "dev", "domain": {"name": "acme"}}},
            Scope(kind="project", name="dev", domain="acme"),
        ),
        ({"domain": {"id": "d"}}, Scope(kind="domain", id="d")),
        ({"domain": {"name": "acme"}}, Scope(kind="domain", name="acme")),
    ],
)
def test_a_scope_is_a_project_or_a_domain_by_id_or_name(scope: object, expected: Scope | None) -> None:
    request = parse_token_request(body(scope=scope))
    assert (request.user, request.password, request.domain) == ("ann", "secret words", "acme")
    assert request.scope == expected


def test_a_request_never_shows_its_password() -> None:
    assert "secret words" not in repr(parse_token_request(body()))


@pytest.mark.parametrize(
    ("scope", "problem"),
    [
        ({}, "auth.scope: must be a JSON object with content"),
        ("dev", "auth.scope: must be a JSON object with content"),
        ({"project": {"id": "p"}, "domain": {"id": "d"}}, "auth.scope: exactly one of project and domain is needed"),
        ({"system": {"all": True}}, "auth.scope: exactly one of project and domain is needed"),
        ({"project": {"domain": {"id": "d"}}}, "auth.scope.project: id or name is needed"),
        ({"project": {"id": 7}}, "auth.scope.project.id: must be a text of 1 to 64 characters, none of them U+0000"),
        (
            {"project": {"id": "a\0b"}},
            "auth.scope.project.id: must be a text of 1 to 64 characters, none of them U+0000",
        ),
    ],
)
def test_a_wrong_scope_is_named(scope: object, problem: str) -> None:
    assert problems_of(body(scope=scope)) == [problem]


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b"7"])
def test_a_body_that_is_no_json_object_is_refused(text: bytes) -> None:
    assert problems_of(text) == ["body: must be a JSON object with content"]


def test_an_empty_body_is_missing() -> None:
    with pytest.raises(BodyMissing):
        parse_token_request(b"")


@given(value=JSON)
def test_whatever_json_comes_is_read_or_refused(value: object) -> None:
    for text in (msgspec.json.encode(value), msgspec.json.encode({"auth": value}), body(scope=value)):
        with contextlib.suppress(BodyInvalid):
            parse_token_request(text)
