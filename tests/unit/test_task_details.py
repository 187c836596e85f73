"""What hides in the details of a task: a text holding JSON, of which most are judged at a glance."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from romaport.errors import BodyInvalid
from romaport.kinds import KINDS, MASK, Parts

_SECRET_NAMES = ("password", "dbPasswd", "PWD", "secretKey", "sk", "Authorization", "x-auth-token", "accessToken")
_PLAIN_NAMES = ("note", "passenger", "task", "authors", "tokens", "name", "key", "value")

_names = st.one_of(st.sampled_from(_SECRET_NAMES + _PLAIN_NAMES), st.text(max_size=5))
_leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(_SECRET_NAMES))
_pairs = st.fixed_dictionaries({"name": _names, "value": _leaves})
_details = st.recursive(
    _leaves, lambda inner: st.one_of(st.lists(inner | _pairs, max_size=4), st.dictionaries(_names, inner, max_size=4))
)


def _refined(text: str) -> tuple[str, object]:
    parts = KINDS["task"].refine(Parts(name="", body={"task_detail": text}))
    return parts.body["task_detail"], parts.secrets.get("task_detail")


def _is_secret(name: object) -> bool:
    lower = str(name).lower()
    ends = ("pass", "password", "passwd")
    words = ("secret", "credential", "cookie", "accesstoken", "access_token")
    wholes = ("pwd", "sk", "auth", "authorization", "auth-token", "x-auth-token", "x-api-key")
    return lower.endswith(ends) or any(word in lower for word in words) or lower in wholes


def _secrets(value: object, *, is_listed: bool = False) -> list[str]:
    """Find every text that must become stars, one object after the other."""
    if isinstance(value, list):
        return [found for item in value for found in _secrets(item, is_listed=True)]
    if not isinstance(value, dict):
        return []
    label = value.get("name") or value.get("key")
    paired = value.get("value")
    is_pair = is_listed and isinstance(label, str) and _is_secret(label) and isinstance(paired, str) and bool(paired)
    own = [
        inner
        for name, inner in value.items()
        if isinstance(inner, str) and inner and (_is_secret(name) or (is_pair and name == "value"))
    ]
    return own + [found for inner in value.values() for found in _secrets(inner)]


@given(detail=_details, is_ascii=st.booleans())
def test_a_detail_is_starred_just_where_it_holds_a_secret(*, detail: object, is_ascii: bool) -> None:
    text = json.dumps(detail, ensure_ascii=is_ascii)
    starred, secret = _refined(text)
    found = [value for value in _secrets(detail) if value != MASK]
    assert (secret is not None) == bool(found)
    assert secret in (None, text)
    assert _secrets(json.loads(starred)) == [MASK] * len(_secrets(detail))
    if not found:
        assert starred == text


@pytest.mark.parametrize(
    "text",
    [
        '{"pass\\u0077ord":"hidden"}',
        '{"a":[[{"key":"X-Auth-Token","value":"hidden"}]]}',
        '{"note":"\\ud800","password":"hidden"}',
        '{"at":NaN,"\u017fk":"hidden"}',
        json.dumps({"note": "n" * 5_000, "password": "hidden"}),
        json.dumps([{f"name-{number}": 1} for number in range(2_000)] + [{"pwd": "hidden"}]),
    ],
)
def test_no_way_of_writing_hides_a_secret(text: str) -> None:
    starred, secret = _refined(text)
    assert secret == text
    assert "hidden" not in starred


@pytest.mark.parametrize("text", ["{", "plain words", '{"password":"cut', "[1,]"])
def test_what_is_no_json_stays_as_it_is(text: str) -> None:
    assert _refined(text) == (text, None)


def test_details_that_are_nested_without_end_are_refused() -> None:
    with pytest.raises(BodyInvalid, match="must not be nested so deeply"):
        _refined("[" * 100_000 + "]" * 100_000)
