import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.unit.package_samples import AS_OF, KINDS, ORDERS, RETURNS, SOURCE, manifest_of, problem_of, read, write

from romaport.packages import PackageLimits, PackageReader, PackageSource, PackageWriter, encode_entry
from romaport.packages.zipwriter import ZipWriter


def test_a_package_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", KINDS)
    found = read(tmp_path / "p.zip")
    assert [entry.key for entry in found["app"]] == [("orders",), ("returns",)]
    orders, returns = found["app"]
    assert bytes(orders.body) == b'{"remark":"shop"}'
    assert (orders.unique, orders.holes) == ({"key": "k-1"}, ("secret",))
    assert (returns.references, returns.unique, returns.holes) == ({}, {}, ())
    assert found["data_source"][0].references == {"app_id": ("orders",)}


def test_a_line_leaves_out_what_is_empty() -> None:
    assert RETURNS == b'{"key":["returns"],"body":{}}\n'
    assert encode_entry(("a",), "{}", {}, {}, ()) == b'{"key":["a"],"body":{}}\n'


def test_the_fields_of_a_line_do_not_depend_on_the_order_they_came_in() -> None:
    one = encode_entry(("a",), "{}", {"x": ("1",), "b": ("2",)}, {"z": "1", "y": "2"}, ("s", "r"))
    other = encode_entry(("a",), "{}", {"b": ("2",), "x": ("1",)}, {"y": "2", "z": "1"}, ("r", "s"))
    assert one == other


def test_the_standard_library_finds_nothing_wrong_with_a_package(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", KINDS)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", "assets/app.jsonl", "assets/data_source.jsonl"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.flag_bits for info in archive.infolist()} == {0}
        assert archive.read("assets/app.jsonl") == ORDERS + RETURNS


def test_the_bytes_do_not_depend_on_how_the_lines_came(tmp_path: Path) -> None:
    lines = (f'{{"key":["{at}"],"body":{{"name":"name-{at * at % 9_973}"}}}}\n' for at in range(90_000))
    content = "".join(lines).encode()

    def written(block_bytes: int) -> bytes:
        path = tmp_path / f"{block_bytes}.zip"
        with path.open("w+b") as file:
            found = ZipWriter(file)
            found.add("a", (content[at : at + block_bytes] for at in range(0, len(content), block_bytes)))
            found.finish()
        return path.read_bytes()

    whole = written(len(content))
    assert [written(length) == whole for length in (1_000, 65_536, 262_144, 524_288, 524_289)] == [True] * 5
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.read("a") == content


def test_unzip_finds_nothing_wrong_with_a_package(tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("unzip is not installed")
    write(tmp_path / "p.zip", KINDS)
    subprocess.run([unzip, "-tq", str(tmp_path / "p.zip")], check=True, capture_output=True)


def test_the_manifest_says_what_is_in_the_package(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", KINDS)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["counts"] == {"app": 2, "data_source": 1}
    assert manifest["as_of"] == "2026-03-01T08:30:00Z"
    assert manifest["files"][0] == {
        "name": "assets/app.jsonl",
        "kind": "app",
        "count": 2,
        "size_bytes": len(ORDERS + RETURNS),
        "sha256": hashlib.sha256(ORDERS + RETURNS).hexdigest(),
    }


def test_the_summary_is_that_of_the_file(tmp_path: Path) -> None:
    summary = write(tmp_path / "p.zip", KINDS)
    content = (tmp_path / "p.zip").read_bytes()
    assert summary.size_bytes == len(content)
    assert summary.sha256 == hashlib.sha256(content).hexdigest()
    assert summary.counts == {"app": 2, "data_source": 1}


def test_the_same_moment_in_another_time_zone_gives_the_same_bytes(tmp_path: Path) -> None:
    here = write(tmp_path / "a.zip", KINDS)
    there = write(tmp_path / "b.zip", KINDS, as_of=AS_OF.astimezone(timezone(timedelta(hours=8))))
    assert here == there


def test_what_lay_at_the_path_before_does_not_shine_through(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"x" * 100_000)
    assert write(tmp_path / "p.zip", KINDS) == write(tmp_path / "q.zip", KINDS)


def test_a_kind_without_assets_has_an_empty_file(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", {"app": [], "task": []})
    assert read(tmp_path / "p.zip") == {"app": [], "task": []}


def test_more_or_fewer_lines_than_announced_are_refused(tmp_path: Path) -> None:
    for count in (1, 3):
        with (
            PackageWriter(tmp_path / "p.zip", source=SOURCE, counts={"app": count}) as writer,
            pytest.raises(ValueError, match="app has 2 lines"),
        ):
            writer.add("app", [ORDERS, RETURNS])


def test_kinds_are_added_in_the_order_announced_and_all_of_them(tmp_path: Path) -> None:
    counts = {"app": 0, "task": 0}
    with PackageWriter(tmp_path / "p.zip", source=SOURCE, counts=counts) as writer:
        with pytest.raises(ValueError, match="task is not the next"):
            writer.add("task", [])
        writer.add("app", [])
        with pytest.raises(ValueError, match="task is missing"):
            writer.finish(as_of=AS_OF)


@pytest.mark.parametrize("line", [b"{}", b"{\n}\n", b"{}\n{}"], ids=["none", "two", "inside"])
def test_a_line_has_one_line_feed_at_its_end(tmp_path: Path, line: bytes) -> None:
    with (
        PackageWriter(tmp_path / "p.zip", source=SOURCE, counts={"app": 1}) as writer,
        pytest.raises(ValueError, match="line feed"),
    ):
        writer.add("app", [line])


@pytest.mark.parametrize("kind", ["", "App", "../app", "a" * 64, "a b", "a\n"])
def test_a_kind_that_cannot_be_a_file_name_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        PackageWriter(tmp_path / "p.zip", source=SOURCE, counts={kind: 0})


def test_a_source_that_no_reader_accepts_is_refused(tmp_path: Path) -> None:
    source = PackageSource(project_id="p" * 257, instance_id="i", instance_name="n")
    with pytest.raises(ValueError, match="length"):
        PackageWriter(tmp_path / "p.zip", source=source, counts={})


def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        write(tmp_path / "p.zip", {}, as_of=naive)


def test_an_abandoned_package_is_unreadable(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        PackageWriter(tmp_path / "p.zip", source=SOURCE, counts={"app": 2}) as writer,
    ):
        writer.add("app", (line for line in [ORDERS, b"x" * (1 // 0)]))
    assert "not a zip file" in problem_of(tmp_path / "p.zip")


@pytest.mark.parametrize("classic_bytes_max", [5, 40, 200, 3_000_000])
def test_sizes_and_offsets_beyond_32_bits_are_written_as_zip64(classic_bytes_max: int) -> None:
    target = io.BytesIO()
    large = bytes(range(256)) * 12_000
    writer = ZipWriter(target, classic_bytes_max=classic_bytes_max)
    writer.reserve("manifest.json", 5)
    writer.add("assets/a.jsonl", [large, large])
    writer.add("assets/b.jsonl", [b"b"])
    writer.fill("manifest.json", b"12345")
    writer.finish()
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.read("manifest.json") == b"12345"
        assert archive.read("assets/a.jsonl") == large + large
        assert archive.read("assets/b.jsonl") == b"b"


def test_a_package_that_needs_zip64_is_read(tmp_path: Path) -> None:
    content = b"".join(encode_entry((f"n{number:05}",), "{}") for number in range(3000))
    manifest = manifest_of({"app": content, "task": b""})
    with (tmp_path / "p.zip").open("w+b") as target:
        writer = ZipWriter(target, classic_bytes_max=len(manifest))
        writer.reserve("manifest.json", len(manifest))
        writer.add("assets/app.jsonl", [content])
        writer.add("assets/task.jsonl", [])
        writer.fill("manifest.json", manifest)
        writer.finish()
    assert len(read(tmp_path / "p.zip")["app"]) == 3000
    written = (tmp_path / "p.zip").read_bytes()
    for signature in (b"PK\x06\x06", b"PK\x06\x07"):
        assert written.count(signature) == 1
        (tmp_path / "q.zip").write_bytes(written.replace(signature, bytes(4)))
        assert problem_of(tmp_path / "q.zip") == "the zip64 end record is wrong"


def test_a_line_of_many_blocks_survives(tmp_path: Path) -> None:
    body = '{"text":"' + "0123456789" * 200_000 + '"}'
    write(tmp_path / "p.zip", {"app": [encode_entry(("a",), body), RETURNS]})
    assert bytes(read(tmp_path / "p.zip")["app"][0].body) == body.encode()


def test_entries_can_be_read_from_any_place_on(tmp_path: Path) -> None:
    lines = [encode_entry((f"n{number:05}",), '{"a":"' + "x" * 300 + '"}') for number in range(3000)]
    write(tmp_path / "p.zip", {"app": lines})
    with PackageReader.open(tmp_path / "p.zip", PackageLimits()) as reader:
        for skip in (0, 1, 857, 2999, 3000, 4000):
            keys = [entry.key[0] for entry in reader.entries("app", skip=skip)]
            assert keys == [f"n{number:05}" for number in range(skip, 3000)]
        assert list(reader.entries("task")) == []
