"""Contract 2.4: the download of a package, row by row, and that it can be had once (contract 2, product decision 5)."""

import io
import zipfile

import pytest
from tests.contract.workplace import Workplace, manifest_of, refusal
from tests.support.embedded import Account, EmbeddedServer

from romaport.packages import check_package_name


@pytest.fixture
def archive(work: Workplace) -> str:
    """The archive of an export that just succeeded."""
    return work.archive({"apps": [{"id": work.add_app("orders")["id"]}]})


def test_row_archive_id_is_a_text_of_at_most_64_that_the_job_names(
    server: EmbeddedServer, work: Workplace, archive: str
) -> None:
    assert 1 <= len(archive) <= 64
    before = server.written()
    for unknown in ("0" * 32, "0" * 64, "0" * 65, "z" * 5_000, archive.upper() + "A", "entities.archive_id"):
        said = refusal(work.download(unknown), 404, "ROMAPORT.2101")
        assert unknown[:32] in said["error_msg"]
    assert server.written() == before
    assert work.download(archive).status_code == 200


def test_row_archive_id_of_length_0_is_a_refusal(work: Workplace) -> None:
    assert work.download("").status_code == 404


def test_row_2022_and_h_3_0_73_the_answer_is_no_json_with_apps_and_tasks(work: Workplace, archive: str) -> None:
    answer = work.download(archive, accept="application/json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert zipfile.is_zipfile(io.BytesIO(answer.content))


def test_row_h_3_0_77_and_later_the_answer_is_the_package_byte_by_byte(work: Workplace, archive: str) -> None:
    answer = work.download(archive)
    assert manifest_of(answer.content)["counts"] == {"app": 1}
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_row_python_sdk_a_get_with_a_content_type_and_any_accept_is_served(work: Workplace, archive: str) -> None:
    answer = work.download(archive, content_type="application/json", accept="*/*")
    assert answer.status_code == 200
    assert answer.content.startswith(b"PK\x03\x04")


def test_row_attachment_has_a_name_under_which_it_can_be_imported(
    work: Workplace, elsewhere: Workplace, archive: str
) -> None:
    answer = work.download(archive)
    kind, _, name = answer.headers["content-disposition"].partition("; filename=")
    assert kind == "attachment"
    check_package_name(name.strip('"'))
    started = elsewhere.import_package(answer.content, name.strip('"'))
    assert elsewhere.settled(started)["status"] == "Success"


@pytest.mark.parametrize("accept", ["*/*", "application/zip"])
def test_row_an_error_is_the_json_error_body(work: Workplace, accept: str) -> None:
    answer = work.download("0" * 32, accept=accept)
    refusal(answer, 404, "ROMAPORT.2101")
    assert answer.headers["content-type"] == "application/json"


def test_limit_of_one_download_the_second_is_told_when_and_by_whom(
    server: EmbeddedServer, work: Workplace, admin: Account, archive: str
) -> None:
    assert work.download(archive).status_code == 200
    taken_at = server.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    server.clock.advance(60)
    said = refusal(work.download(archive), 410, "ROMAPORT.2102")
    assert admin.name in said["error_msg"]
    assert taken_at in said["error_msg"]


def test_head_range_and_conditions_do_not_use_the_download_up(work: Workplace, archive: str) -> None:
    head = work.download(archive, "HEAD")
    size, etag = int(head.headers["content-length"]), head.headers["etag"]
    assert head.content == b""
    part = work.download(archive, range="bytes=10-19")
    assert (part.status_code, len(part.content)) == (206, 10)
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    assert work.download(archive, if_none_match=etag).status_code == 304
    refusal(work.download(archive, range=f"bytes={size}-"), 416, "ROMAPORT.2104")
    whole = work.download(archive)
    assert len(whole.content) == size
    assert whole.content[10:20] == part.content
