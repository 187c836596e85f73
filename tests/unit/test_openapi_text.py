"""JSON and YAML as documents use them: read alike, written so that every reader reads the same."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from romaport.wire.openapi import OpenapiOptions, Syntax
from romaport.wire.openapi.text import parse, render

# What no store can keep is refused, and has a test of its own.
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")

OPTIONS = OpenapiOptions()

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(LETTERS, max_size=12)
    | st.sampled_from(
        ["no", "0o17", "1e3", "2024-01-01", "<<", "=", "~", "12:30:45", "-", "? a", "é\u2028", "#", ".inf"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(LETTERS, max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("12:30", "12:30"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        ("'3'", "3"),
        ("010", 10),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("TRUE", True),
        ("~", None),
        ("", None),
        ("9223372036854775808", 2**63),
        ("!!str 3", "3"),
        ("!!int '3'", 3),
        ("!!float 3", 3),
    ],
)
def test_a_plain_scalar_means_what_version_1_2_says(text: str, value: object) -> None:
    found = parse(f"a: {text}".encode(), OPTIONS)
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_keys_are_texts() -> None:
    assert parse(b"200: a\nno: b\n1.0: c\n~: d", OPTIONS) == {"200": "a", "no": "b", "1.0": "c", "~": "d"}


def test_an_alias_repeats_what_its_anchor_stands_for() -> None:
    assert parse(b"a: &x {b: [1, 2]}\nc: *x", OPTIONS) == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_merged_members_give_way_to_own_and_to_earlier_ones() -> None:
    text = b"a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}"
    assert parse(text, OPTIONS)["c"] == {"x": 3, "y": 1, "z": 2}


def test_a_byte_order_mark_is_not_part_of_a_document() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}', OPTIONS) == {"a": 1}


@given(VALUES)
@pytest.mark.parametrize("syntax", list(Syntax))
def test_what_is_written_is_what_is_read(syntax: Syntax, value: Any) -> None:
    assert parse(render({"a": value}, syntax), OPTIONS) == {"a": value}


@given(st.dictionaries(st.text(LETTERS, max_size=8), st.text(LETTERS, max_size=12), max_size=4))
def test_readers_of_version_1_1_read_the_same_texts(value: dict[str, str]) -> None:
    assert yaml.safe_load(render(value, Syntax.YAML)) == value


@pytest.mark.parametrize("text", ["no", "2024-01-01", "1e3", "12:30:45", "=", "<<", "y"])
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    assert yaml.safe_load(render({text: text}, Syntax.YAML)) == {text: text}


def test_long_texts_stay_readable() -> None:
    assert render({"a": "one\ntwo\n"}, Syntax.YAML) == b"a: |\n  one\n  two\n"
