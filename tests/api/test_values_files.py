"""Values files: YAML or JSON, the environment's words filled in, and nothing of them in a refusal."""

from pathlib import Path

import pytest

from romaport.cli.values import read_values
from romaport.errors import ParameterInvalid

WORD = "Zq-word-7"
ENVIRONMENT = {"DB_PASSWORD": WORD, "HOST": "db.acme.example", "EMPTY": ""}


def written(folder: Path, text: str) -> Path:
    path = folder / "values.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "data_source:\n  orders-db:\n    content.password: ${DB_PASSWORD}\n",
        '{"data_source": {"orders-db": {"content.password": "${DB_PASSWORD}"}}}',
        f"data_source: {{orders-db: {{content.password: {WORD}}}}}  # as it is\n",
    ],
)
def test_a_file_is_yaml_or_json_and_takes_words_from_the_environment(tmp_path: Path, text: str) -> None:
    found = read_values(written(tmp_path, text), ENVIRONMENT)
    assert found == {"data_source": {"orders-db": {"content.password": WORD}}}


def test_words_are_filled_in_anywhere_in_a_value_and_nowhere_else(tmp_path: Path) -> None:
    text = """
app:
  ${HOST}:
    secret: jdbc:${HOST}/x?password=${DB_PASSWORD}${EMPTY}&${HOST}
data_source:
  a:
    ${HOST}: [1, true, null, "${HOST}", {deep: "${DB_PASSWORD}", "${HOST}": 1.5}]
    other: $DB_PASSWORD $${HOST} ${} ${1} {HOST}
"""
    assert read_values(written(tmp_path, text), ENVIRONMENT) == {
        "app": {"${HOST}": {"secret": f"jdbc:db.acme.example/x?password={WORD}&db.acme.example"}},
        "data_source": {
            "a": {
                "${HOST}": [1, True, None, "db.acme.example", {"deep": WORD, "${HOST}": 1.5}],
                "other": "$DB_PASSWORD $db.acme.example ${} ${1} {HOST}",
            }
        },
    }


def test_what_the_environment_brings_is_not_looked_into_again(tmp_path: Path) -> None:
    path = written(tmp_path, "app: {a: {secret: '${ONE}'}}")
    assert read_values(path, {"ONE": "${TWO}", "TWO": "x"}) == {"app": {"a": {"secret": "${TWO}"}}}


def test_all_words_that_are_not_set_are_said_and_no_value(tmp_path: Path) -> None:
    text = f"app: {{a: {{secret: '{WORD} ${{MISSING_B}}'}}, b: {{secret: ['${{MISSING_A}}', {{x: '${{HOST}}'}}]}}}}"
    with pytest.raises(ParameterInvalid) as caught:
        read_values(written(tmp_path, text), ENVIRONMENT)
    assert "variables that are not set: MISSING_A, MISSING_B" in str(caught.value)
    assert WORD not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"- {WORD}",
        f"app: {WORD}",
        f"app: {{a: {WORD}}}",
        f"app: {{a: [{WORD}]}}",
        f"{{{WORD}",
        f"\x00{WORD}",
        "[" * 3000,
    ],
)
def test_another_form_is_refused_without_what_it_holds(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParameterInvalid) as caught:
        read_values(written(tmp_path, text), ENVIRONMENT)
    assert "must be YAML or JSON like" in str(caught.value)
    assert WORD not in caught.value.explanation


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_bytes(b"app: {a: {secret: \xff\xfe}}")
    with pytest.raises(ParameterInvalid, match="must be YAML or JSON like"):
        read_values(path, ENVIRONMENT)


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ParameterInvalid, match="at most 4194304 bytes"):
        read_values(path, ENVIRONMENT)
