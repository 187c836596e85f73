"""Packages made to harm: each is refused, by its structure and before anything of it is used."""

import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.package_samples import KINDS, ORDERS, members_of, problem_of, read, write, zipped

from romaport.errors import PackageTooLarge
from romaport.packages import PackageLimits, PackageReader, encode_entry

FILES = {"app": ORDERS}


def refused(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "p.zip").write_bytes(content)
    return problem_of(tmp_path / "p.zip")


@pytest.mark.parametrize(
    "name",
    [
        "../manifest.json",
        "/etc/passwd",
        "assets/../../x.jsonl",
        "assets\\app.jsonl",
        "C:/assets/app.jsonl",
        "assets/App.jsonl",
        "ASSETS/app.jsonl",
        "assets/a\x1b[2Jpp.jsonl",
        "assets/äpp.jsonl",
        "assets/app.jsonl/",
        "assets/",
        "assets/app.jsonl\n",
        "assets/.jsonl",
        "./assets/app.jsonl",
        "assets//app.jsonl",
        "readme.txt",
        "assets/" + "a" * 300 + ".jsonl",
    ],
)
def test_a_file_name_off_the_list_is_refused(tmp_path: Path, name: str) -> None:
    problem = refused(tmp_path, zipped([*members_of(FILES), (name, b"")]))
    assert "only manifest.json and assets/<kind>.jsonl" in problem
    assert len(problem) < 200
    assert problem.isprintable()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    content = zipped([*members_of(FILES), ("assets/app.jsonl", ORDERS)])
    assert refused(tmp_path, content) == "assets/app.jsonl: stands twice in the zip"


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o010644, 0o020644, 0o060644, 0o140644])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, mode: int) -> None:
    link = zipfile.ZipInfo("assets/app.jsonl")
    link.create_system = 3
    link.external_attr = mode << 16
    members = members_of(FILES)
    assert "no regular file" in refused(tmp_path, zipped([members[0], (link, ORDERS)]))


def test_a_manifest_that_is_missing_or_not_first_is_refused(tmp_path: Path) -> None:
    manifest, app = members_of(FILES)
    for members in ([app], [app, manifest], []):
        assert refused(tmp_path, zipped(members)) == "the first file must be manifest.json"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_refused(tmp_path: Path, method: int) -> None:
    assert "is compressed with method" in refused(tmp_path, zipped(members_of(FILES), method))


def test_bytes_before_or_after_the_zip_and_comments_are_refused(tmp_path: Path) -> None:
    content = zipped(members_of(FILES))
    assert "directory must end where" in refused(tmp_path, b"#!/bin/sh\n" + content)
    assert "not a zip file" in refused(tmp_path, content + b"\n")
    assert "no comment" in refused(tmp_path, content[:-2] + b"\x05\x00")
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"hello"
    assert "not a zip file" in refused(tmp_path, target.getvalue())
    assert "not a zip file" in refused(tmp_path, b"")
    assert "not a zip file" in refused(tmp_path, b"x" * 1000)


def central(content: bytes, number: int) -> int:
    """Answer where the record of the numbered file begins in the directory."""
    position = content.index(b"PK\x01\x02")
    for _ in range(number):
        position = content.index(b"PK\x01\x02", position + 4)
    return position


def patched(offset: int, layout: str, value: int, *, is_central: bool = True) -> Callable[[bytes], bytes]:
    """Answer a change of one number in the second file's record, in the directory or before the file."""

    def patch(content: bytes) -> bytes:
        local = content.index(b"PK\x03\x04", 4)
        position = (central(content, 1) if is_central else local) + offset
        field = struct.pack(layout, value)
        return content[:position] + field + content[position + len(field) :]

    return patch


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(patched(8, "<H", 0x1), "is encrypted", id="encrypted"),
        pytest.param(patched(8, "<H", 0x41), "is encrypted", id="strongly encrypted"),
        pytest.param(patched(8, "<H", 0x20), "unknown zip flags", id="patch data"),
        pytest.param(patched(6, "<H", 0x1, is_central=False), "not what the directory says", id="local flags"),
        pytest.param(patched(10, "<H", 99), "method 99", id="method"),
        pytest.param(patched(8, "<H", 0, is_central=False), "not what the directory says", id="local method"),
        pytest.param(patched(16, "<I", 1), "not what the directory says", id="crc"),
        pytest.param(patched(20, "<I", 1), "not what the directory says", id="packed size"),
        pytest.param(patched(24, "<I", 1), "not what the directory says", id="size"),
        pytest.param(patched(20, "<I", 0xFFFFFFFF), "zip64 extra field is missing", id="size in no field"),
        pytest.param(patched(32, "<H", 1), "has a comment", id="file comment"),
        pytest.param(patched(34, "<H", 1), "several parts", id="disk"),
        pytest.param(patched(42, "<I", 0), "follow in the order", id="order"),
        pytest.param(patched(42, "<I", 10**9), "follow in the order", id="offset beyond the end"),
        pytest.param(patched(30, "<B", ord("b"), is_central=False), "not what the directory says", id="local name"),
        pytest.param(patched(28, "<H", 9999, is_central=False), "not what the directory says", id="local extra"),
        pytest.param(patched(0, "<I", 0, is_central=False), "not what the directory says", id="local signature"),
        pytest.param(patched(0, "<I", 0), "directory is damaged", id="central signature"),
    ],
)
def test_a_record_that_lies_is_refused(tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    write(tmp_path / "p.zip", KINDS)
    assert words in refused(tmp_path, change((tmp_path / "p.zip").read_bytes()))


@pytest.mark.parametrize(
    ("offset", "layout", "value", "words"),
    [
        (4, "<H", 1, "one part of several"),
        (6, "<H", 1, "one part of several"),
        (8, "<H", 2, "one part of several"),
        (12, "<I", 10, "directory must end where"),
        (16, "<I", 0, "directory must end where"),
        (10, "<H", 0xFFFF, "zip64 end record is wrong"),
        (16, "<I", 0xFFFFFFFF, "zip64 end record is wrong"),
    ],
)
def test_an_end_record_that_lies_is_refused(tmp_path: Path, offset: int, layout: str, value: int, words: str) -> None:
    write(tmp_path / "p.zip", KINDS)
    content = bytearray((tmp_path / "p.zip").read_bytes())
    struct.pack_into(layout, content, len(content) - 22 + offset, value)
    assert words in refused(tmp_path, bytes(content))


def test_bytes_between_two_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", KINDS)
    content = (tmp_path / "p.zip").read_bytes()
    start, second = central(content, 0), content.index(b"PK\x03\x04", content.index(b"PK\x03\x04", 4) + 4)
    shifted = bytearray(content[:second] + b"hide" + content[second:])
    struct.pack_into("<I", shifted, len(shifted) - 22 + 16, start + 4)
    struct.pack_into("<I", shifted, central(bytes(shifted), 2) + 42, second + 4)
    assert "bytes that belong to nothing" in refused(tmp_path, bytes(shifted))


def bomb(size_bytes: int) -> bytes:
    return b'{"key":["a"],"body":{"a":"' + b" " * size_bytes + b'"}}\n'


def test_a_bomb_that_says_its_size_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(zipped(members_of({"app": bomb(2_000_000)})))
    with pytest.raises(PackageTooLarge, match="size of all files"):
        PackageReader.open(tmp_path / "p.zip", PackageLimits(inflated_bytes_max=1_000_000))


def test_a_bomb_that_lies_about_its_size_is_given_up_where_it_should_have_ended(tmp_path: Path) -> None:
    honest = zipped(members_of({"app": bomb(50_000_000)}))
    said = struct.pack("<I", len(bomb(50_000_000)))
    assert said in honest
    lying = honest.replace(said, struct.pack("<I", 1000))
    assert "size in the manifest is not that in the zip" in refused(tmp_path, lying)


def test_a_bomb_whose_manifest_lies_too_is_given_up_where_it_should_have_ended(tmp_path: Path) -> None:
    content = bomb(50_000_000)
    files = [{"name": "assets/app.jsonl", "kind": "app", "count": 1, "size_bytes": 1000, "sha256": "0" * 64}]
    lying = zipped(members_of({"app": content}, files=files))
    lying = lying.replace(struct.pack("<I", len(content)), struct.pack("<I", 1000))
    assert refused(tmp_path, lying) == "assets/app.jsonl: is longer than the zip says"


def test_a_line_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", {"app": [encode_entry(("a",), '{"a":"' + "x" * 5000 + '"}')]})
    with pytest.raises(PackageTooLarge, match=r"a line of assets/app\.jsonl is more than 4096"):
        read(tmp_path / "p.zip", PackageLimits(entry_bytes_max=4096))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (PackageLimits(package_bytes_max=100), "the package file"),
        (PackageLimits(inflated_bytes_max=100), "the size of all files"),
        (PackageLimits(assets_max=2), "the number of assets"),
        (PackageLimits(files_max=2), "the number of files"),
        (PackageLimits(manifest_bytes_max=100), "manifest.json"),
    ],
)
def test_each_limit_holds(tmp_path: Path, limits: PackageLimits, words: str) -> None:
    write(tmp_path / "p.zip", KINDS)
    with pytest.raises(PackageTooLarge, match=words):
        read(tmp_path / "p.zip", limits)


def test_a_refused_package_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"x" * 100)
    program = (
        "import os, sys, pathlib\n"
        "from romaport.errors import PackageUnreadable\n"
        "from romaport.packages import PackageLimits, PackageReader\n"
        "before = os.listdir('/dev/fd')\n"
        "for _ in range(5):\n"
        "    try: PackageReader.open(pathlib.Path(sys.argv[1]), PackageLimits())\n"
        "    except PackageUnreadable: pass\n"
        "assert os.listdir('/dev/fd') == before\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "p.zip")], check=True)
