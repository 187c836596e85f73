"""What a manifest and the lines of a file may say; and that other programs' zips are read."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.unit.package_samples import (
    ORDERS,
    RETURNS,
    SOURCE_LINE,
    manifest_of,
    members_of,
    problem_of,
    read,
    zipped,
)

from romaport.errors import PackageNameWrong, PackageVersionUnknown
from romaport.packages import check_package_name

FILES = {"app": ORDERS + RETURNS, "data_source": SOURCE_LINE}


def refused(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "p.zip").write_bytes(content)
    return problem_of(tmp_path / "p.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_made_by_the_standard_library_is_read(tmp_path: Path, method: int) -> None:
    (tmp_path / "p.zip").write_bytes(zipped(members_of(FILES), method))
    assert [entry.key for entry in read(tmp_path / "p.zip")["app"]] == [("orders",), ("returns",)]


class Pipe(io.RawIOBase):
    """A target that cannot be sought in, so that a zip writer needs data descriptors."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.content += bytes(content)
        return len(content)


@pytest.mark.parametrize("force_zip64", [False, True])
def test_a_zip_with_data_descriptors_is_read(tmp_path: Path, *, force_zip64: bool) -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members_of(FILES):
            with archive.open(name, "w", force_zip64=force_zip64) as member:
                member.write(content)
    (tmp_path / "p.zip").write_bytes(pipe.content)
    assert len(read(tmp_path / "p.zip")["app"]) == 2
    descriptor = pipe.content.index(b"PK\x07\x08")
    damaged = pipe.content[: descriptor + 4] + b"\0\0\0\0" + pipe.content[descriptor + 8 :]
    assert "bytes that belong to nothing" in refused(tmp_path, damaged)


def test_a_zip64_made_by_the_standard_library_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members_of(FILES):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert len(read(tmp_path / "p.zip")["app"]) == 2


def test_a_zip_made_by_the_zip_program_is_read(tmp_path: Path) -> None:
    program = shutil.which("zip")
    if program is None:
        pytest.skip("zip is not installed")
    (tmp_path / "assets").mkdir()
    names = []
    for name, content in members_of(FILES):
        (tmp_path / str(name)).write_bytes(content)
        names.append(str(name))
    subprocess.run([program, "-q", "p.zip", *names], cwd=tmp_path, check=True)
    assert len(read(tmp_path / "p.zip")["app"]) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "Invalid enum value"),
        ({"version": 0}, ">= 1"),
        ({"version": "1"}, "Expected `int`"),
        ({"signature": "x"}, "unknown field"),
        ({"source": {}}, "missing required field"),
        ({"as_of": "yesterday"}, "Invalid RFC3339"),
        ({"as_of": "2026-01-01T00:00:00"}, "timezone"),
        ({"counts": {"app": 2}}, "counts and files do not agree"),
        ({"counts": {"app": 2, "data_source": 2}}, "counts and files do not agree"),
        ({"counts": {"app": -2, "data_source": 1}}, ">= 0"),
        ({"files": [], "counts": {}}, "not those of the zip"),
    ],
)
def test_a_manifest_that_is_not_of_the_format_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    problem = refused(tmp_path, zipped(members_of(FILES, **changes)))
    assert problem.startswith("manifest.json: ")
    assert words in problem


@pytest.mark.parametrize(
    "manifest", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"null", b'{"format":"\xff"}'], ids=range(7)
)
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, manifest: bytes) -> None:
    assert refused(tmp_path, zipped([("manifest.json", manifest)])).startswith("manifest.json: ")


def test_a_later_version_is_refused_by_its_number_whatever_else_it_holds(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(zipped([("manifest.json", b'{"format":"romaport-package","version":7,"x":1}')]))
    with pytest.raises(PackageVersionUnknown, match="version 7 is not known; versions up to 1"):
        read(tmp_path / "p.zip")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("count", 3, "has fewer lines than its count"),
        ("count", 1, "has more lines than its count"),
        ("size_bytes", 5, "size in the manifest is not that in the zip"),
        ("sha256", "0" * 64, "SHA-256 is not that in the manifest"),
        ("sha256", "0" * 63, "manifest.json"),
        ("name", "assets/data_source.jsonl", "kind 'app' must be in"),
        ("name", "../app.jsonl", "kind 'app' must be in"),
        ("kind", "App", "kind 'App' must be in"),
    ],
)
def test_a_file_that_is_not_as_listed_is_refused(tmp_path: Path, field: str, value: Any, words: str) -> None:
    listed = {
        "name": "assets/app.jsonl",
        "kind": "app",
        "count": 2,
        "size_bytes": len(FILES["app"]),
        "sha256": "b" * 64,
    }
    if field == "count":
        listed["sha256"] = "c" * 64
    counts = {"app": value if field == "count" else 2}
    content = zipped(members_of({"app": FILES["app"]}, files=[listed | {field: value}], counts=counts))
    assert words in refused(tmp_path, content)


def test_files_listed_and_absent_or_present_and_not_listed_or_in_another_order_are_refused(tmp_path: Path) -> None:
    manifest, app, source = members_of(FILES)
    for members in ([manifest, app], [manifest, source, app], [("manifest.json", manifest_of({})), app]):
        assert "not those of the zip, in order" in refused(tmp_path, zipped(members))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"key":["b"]}', "missing required field `body`"),
        (b'{"key":["b"],"body":[]}', "body must be a JSON object"),
        (b'{"key":["b"],"body":{},"id":"x"}', "unknown field `id`"),
        (b'{"key":[],"body":{}}', "length >= 1"),
        (b'{"key":[""],"body":{}}', "length >= 1"),
        (b'{"key":["b",1],"body":{}}', "Expected `str`"),
        (b'{"key":"b","body":{}}', "Expected `array`"),
        (b'{"key":["b"],"body":{"a":"\xff"}}', "can't decode byte"),
        (b'{"key":["\\ud800"],"body":{}}', "surrogate"),
        (b'{"key":["b\\u0000"],"body":{}}', "U+0000"),
        (b'{"key":["b"],"body":{},"unique":{"key":"\\u0000"}}', "U+0000"),
        (b'{"key":["b"],"body":{},"references":{"app_id":["\\u0000"]}}', "U+0000"),
        (b'{"key":["b"],"body":{"a":' + b"[" * 50_000, "recursion"),
        (b'{"key":["b"],"body":{"a":tru}}', "malformed"),
        (b'{"key":["a"],"body":{}}', "the key is the same as the one before"),
        (b'{"key":["A"],"body":{}}', "the key is less than the one before"),
        (b'{"key":["\\u0061"],"body":{}}', "the key is the same as the one before"),
        (b'{"key":["' + b"x" * 1025 + b'"],"body":{}}', "length <= 1024"),
    ],
)
def test_a_bad_line_is_refused_by_file_and_number(tmp_path: Path, line: bytes, words: str) -> None:
    content = b'{"key":["a"],"body":{}}\n' + line + b"\n"
    problem = refused(tmp_path, zipped(members_of({"app": content})))
    assert problem.startswith("assets/app.jsonl line 2: ")
    assert words in problem
    assert len(problem) < 200


def test_a_last_line_without_its_end_is_refused(tmp_path: Path) -> None:
    content = ORDERS + RETURNS.rstrip(b"\n")
    assert "last line does not end" in refused(tmp_path, zipped(members_of({"app": content})))


@pytest.mark.parametrize("name", ["a.zip", "2026-03-01_all+more.zip", "9.zip", "A.ZIP", "x" * 251 + ".zip"])
def test_a_good_package_name_is_accepted(name: str) -> None:
    check_package_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "zip", ".zip", "a", "a.tar", "a.zip.gz", "-a.zip", "_a.zip", "+a.zip", "a b.zip", "a.b.zip", "../a.zip"),
        *("C:\\a.zip", "ä.zip", "a\0.zip", "a.zip\n", "a\n.zip", "x" * 252 + ".zip"),
    ],
)
def test_a_bad_package_name_is_refused(name: str) -> None:
    with pytest.raises(PackageNameWrong, match=r"Only \.zip files") as refusal:
        check_package_name(name)
    assert refusal.value.code == "ROMA.10013"
    assert refusal.value.explanation.startswith("ImportAssetRequestBody: the file name must")
