"""The catalogue of refusals holds together: one meaning per code, sentences that can be said, errors that copy."""

import pickle
from collections import defaultdict
from string import Formatter
from typing import Any, get_type_hints

import pytest
from tests.house.tree import ROOT

from romaport.errors import RomaportError, catalogue

ERROR_MSG_MAX = 128
"""Longest `error_msg` on the wire (contract 1.1)."""

SHARED_CODES = {
    "ROMA.13000": "the published code for any wrong parameter; the message says which and how",
}
"""Published codes that stand for several of our errors, each with its reason."""

LONG_MESSAGES = {
    "PackageNameWrong": "the vendor's own sentence is longer than the vendor's own limit",
}

SAMPLES: dict[Any, Any] = {int: 7, float: 0.5, bool: True, str: "seven"}


def sample(kind: type[RomaportError]) -> RomaportError:
    """Make an error of this kind with a plain value in every field."""
    hints = get_type_hints(kind)
    return kind(**{name: SAMPLES.get(hints[name], "seven") for name in kind.fields})


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


every_error = pytest.mark.parametrize("kind", catalogue(), ids=lambda kind: kind.__name__)


def test_a_code_has_one_meaning_or_is_a_shared_published_one() -> None:
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for kind in catalogue():
        meanings[kind.code].add(kind.__name__)
    shared = {code for code, kinds in meanings.items() if len(kinds) > 1}
    assert shared == set(SHARED_CODES)
    assert not any(code.startswith("ROMAPORT.") for code in shared)


@every_error
def test_an_error_says_its_sentence_with_its_own_fields(kind: type[RomaportError]) -> None:
    own = set(kind.fields)
    assert placeholders(kind.message) <= own
    assert placeholders(kind.details) <= own | {"sentence"}
    error = sample(kind)
    assert str(error)
    assert error.explanation


@every_error
def test_an_error_has_a_docstring_of_its_own(kind: type[RomaportError]) -> None:
    assert kind.__dict__.get("__doc__")


@every_error
def test_an_error_is_told_its_fields_and_nothing_else(kind: type[RomaportError]) -> None:
    with pytest.raises(TypeError, match="surplus"):
        kind(**vars(sample(kind)), surplus="seven")
    for name in kind.fields:
        told = {**vars(sample(kind))}
        del told[name]
        if hasattr(kind, name):
            assert getattr(kind(**told), name) == getattr(kind, name)
        else:
            with pytest.raises(TypeError, match=name):
                kind(**told)


@every_error
def test_an_error_survives_a_copy(kind: type[RomaportError]) -> None:
    error = sample(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - bytes made one line above
    assert type(copy) is kind
    assert (str(copy), copy.explanation) == (str(error), error.explanation)


@every_error
def test_the_fixed_part_of_a_sentence_fits_the_wire(kind: type[RomaportError]) -> None:
    fixed = "".join(literal for literal, *_ in Formatter().parse(kind.message))
    assert len(fixed) <= ERROR_MSG_MAX or kind.__name__ in LONG_MESSAGES


@every_error
def test_an_error_is_drawn_in_the_tree_and_stands_in_the_reference(kind: type[RomaportError]) -> None:
    import romaport.errors  # noqa: PLC0415 - only its docstring is wanted

    assert kind.__name__ in (romaport.errors.__doc__ or "").split()
    assert f"`{kind.__name__}`" in (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
