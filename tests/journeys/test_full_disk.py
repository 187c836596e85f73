"""A disk that takes no more: an upload is refused with the reason, and leaves nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.embedded import token_body
from tests.support.server_process import Place, ServerProcess

FILE_BLOCKS = 16_384
"""What one file may take, in units of 1,024 bytes: room for the database, not for the package."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[ServerProcess, Place]]:
    limited = f'ulimit -f {FILE_BLOCKS}; exec "{sys.executable}" -m romaport serve --json'
    found = ServerProcess(tmp_path / "data", command=["bash", "-c", limited])
    place = found.start()
    yield found, place
    assert found.stop() == 0


@pytest.mark.parametrize("is_form", [True, False], ids=["form", "raw body"])
def test_an_upload_beyond_what_the_disk_takes_is_refused_and_leaves_nothing(
    server: tuple[ServerProcess, Place], *, is_form: bool
) -> None:
    process, place = server
    package = b"PK\x03\x04".ljust(20_000_000, b"\0")
    asked = token_body(place.user, place.project_id, place.password, place.domain)
    token = httpx.post(f"{place.endpoint}/v3/auth/tokens", json=asked).headers["x-subject-token"]
    url = f"{place.endpoint}/v2/{place.project_id}/instances/{place.source}/assets/import"
    headers = {"x-auth-token": token}
    if is_form:
        answer = httpx.post(url, headers=headers, files={"ImportAssetRequestBody": ("a.zip", package)}, timeout=60)
    else:
        answer = httpx.post(url, headers={**headers, "content-type": "application/zip"}, content=package, timeout=60)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "ROMAPORT.5001")
    assert "File too large" in answer.json()["error_msg"]
    assert answer.headers["retry-after"]
    assert not list(process.data.rglob("*.zip"))
