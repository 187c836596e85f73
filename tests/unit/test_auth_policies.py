import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romaport.auth.policies import BUILT_IN, Policy, Rights, parse_policy, rights_of
from romaport.errors import BodyInvalid

PART = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
ACTION = st.builds("{}:{}:{}".format, PART, PART, PART)
PATTERN_PART = st.one_of(PART, st.just("*"), PART.map("{}*".format), PART.map("*{}".format))
PATTERN = st.one_of(st.just("*"), st.builds("{}:{}:{}".format, PATTERN_PART, PATTERN_PART, PATTERN_PART))
PATTERNS = st.lists(PATTERN, max_size=4).map(tuple)


def rights(allowed: tuple[str, ...], denied: tuple[str, ...] = ()) -> Rights:
    return rights_of([Policy(allowed=allowed, denied=denied)])


def problems_of(document: object) -> list[str]:
    with pytest.raises(BodyInvalid) as refusal:
        parse_policy(document if isinstance(document, bytes) else msgspec.json.encode(document))
    return refusal.value.problems.split("; ")


@pytest.mark.parametrize(
    ("pattern", "action", "is_allowed"),
    [
        ("roma:tasks:*", "roma:tasks:create", True),
        ("roma:tasks:*", "roma:apps:create", False),
        ("roma:*:get", "roma:assets:get", True),
        ("roma:*:get", "roma:assets:getter", False),
        ("roma:assets:ex*", "roma:assets:export", True),
        ("roma:assets:ex*", "roma:assets:import", False),
        ("roma:*:*", "romaport:assets:export", False),
        ("*", "anything:at:all", True),
        ("roma:a.ps:get", "roma:apps:get", False),
    ],
)
def test_a_star_stands_for_anything_inside_one_part(pattern: str, action: str, *, is_allowed: bool) -> None:
    assert rights((pattern,)).allow(action) is is_allowed


@given(action=ACTION)
def test_without_a_policy_nothing_is_allowed(action: str) -> None:
    assert not rights_of([]).allow(action)


@given(action=ACTION, allowed=PATTERNS, denied=PATTERNS)
def test_deny_wins_whatever_is_allowed_and_in_whatever_order(
    action: str, allowed: tuple[str, ...], denied: tuple[str, ...]
) -> None:
    apart = [Policy(allowed=allowed, denied=()), Policy(allowed=(), denied=denied)]
    expected = rights(allowed).allow(action) and not rights(denied).allow(action)
    assert rights(allowed, denied).allow(action) is expected
    assert rights_of(apart).allow(action) is expected
    assert rights_of(reversed(apart)).allow(action) is expected


def test_the_built_in_policies_allow_what_their_names_say() -> None:
    actions = ("roma:assets:export", "roma:assets:get", "roma:apps:list", "other:things:get")
    allowed = {name: [rights_of([policy]).allow(action) for action in actions] for name, policy in BUILT_IN.items()}
    assert allowed == {
        "ROMA FullAccess": [True, True, True, False],
        "ROMA ReadOnlyAccess": [False, True, True, False],
        "Tenant Administrator": [True, True, True, True],
    }


@given(allowed=st.lists(PATTERN, min_size=1, max_size=4).map(tuple), denied=PATTERNS)
def test_a_policy_is_read_as_it_was_written(allowed: tuple[str, ...], denied: tuple[str, ...]) -> None:
    policy = Policy(allowed=allowed, denied=denied)
    assert parse_policy(policy.document()) == policy


def test_all_that_is_wrong_with_a_document_is_told_at_once() -> None:
    document = {
        "Version": "1.0",
        "Statement": [
            {"Effect": "Perhaps", "Action": ["roma:assets:get"]},
            {"Effect": "Allow", "Action": ["roma:assets", "roma:*a*b*c*d:get", 7]},
            {"Effect": "Deny", "Action": ["*"], "Condition": {"at": "night"}},
            {"Action": []},
            "Allow",
        ],
    }
    assert [problem.partition(": ")[0] for problem in problems_of(document)] == [
        "Version",
        "Statement[0].Effect",
        "Statement[1].Action[0]",
        "Statement[1].Action[1]",
        "Statement[1].Action[2]",
        "Statement[2].Condition",
        "Statement[3].Effect",
        "Statement[3].Action",
        "Statement[4]",
    ]


@pytest.mark.parametrize("document", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null", b'"text"'])
def test_what_is_no_document_is_refused(document: bytes) -> None:
    assert problems_of(document) == ["document: must be a JSON object with content"]


def test_a_document_of_too_many_statements_or_actions_is_refused() -> None:
    statement = {"Effect": "Allow", "Action": ["*"]}
    assert problems_of({"Version": "1.1", "Statement": [statement] * 65}) == ["Statement: at most 64 statements"]
    many = {"Effect": "Allow", "Action": ["*"] * 257}
    assert problems_of({"Version": "1.1", "Statement": [many]}) == ["Statement[0].Action: at most 256 actions"]
