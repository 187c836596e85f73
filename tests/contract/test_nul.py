"""U+0000, which PostgreSQL keeps in no text, is refused by its field or found nowhere, on both stores alike."""

from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import EmbeddedServer

RULE = "must not contain U+0000"


def test_a_field_of_a_body_is_named(server: EmbeddedServer, work: Workplace) -> None:
    before = server.written()
    answer = work.http.post(work.roma("apps"), json={"name": "orders", "remark": "a\0b"})
    assert f"remark: {RULE}" in answer.json()["error_details"]
    assert answer.status_code == 400
    assert server.written() == before


def test_a_backslash_before_a_number_is_no_such_character(work: Workplace) -> None:
    assert work.add_app("orders", remark="a\\u0000b")["remark"] == "a\\u0000b"


def test_a_field_of_a_query_is_named(work: Workplace) -> None:
    answer = work.http.get(work.roma("apps"), params={"name": "a\0b"})
    assert answer.status_code == 400
    assert RULE in answer.json()["error_details"] + answer.json()["error_msg"]


def test_no_asset_and_no_job_has_it_in_its_id(work: Workplace) -> None:
    refused = work.http.get(work.roma("apps/a%00b"))
    assert refused.status_code == 404
    assert work.progress("a%00b").status_code == 404
    refusal(refused, 404, refused.json()["error_code"])
