"""Contract 2: the five operations of the one family, and the limits on every page."""

from tests.contract.workplace import Workplace


def test_export_asset_answers_200_with_a_job_id_of_1_to_128(work: Workplace) -> None:
    answer = work.export({"apps": [{"id": work.add_app()["id"]}]})
    assert answer.status_code == 200
    assert list(answer.json()) == ["job_id"]
    assert 1 <= len(answer.json()["job_id"]) <= 64
    work.settled(answer)
