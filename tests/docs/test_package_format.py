"""The examples of the package format run, and what they write and read is a package."""

import json
import re
import subprocess
import sys
from pathlib import Path

from romaport.packages import Entry, PackageLimits, PackageReader, PackageSource, PackageWriter, encode_entry
from romaport.packages.entries import EntryDecoder

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "package-format.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(block: str, folder: Path) -> str:
    """Run an example without our package and without any other, as a stranger would."""
    done = subprocess.run([sys.executable, "-IS", "-c", block], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def read(path: Path) -> dict[str, list[Entry]]:
    with PackageReader.open(path, PackageLimits()) as reader:
        reader.verify()
        return {kind: list(reader.entries(kind)) for kind in reader.manifest.counts}


def test_the_package_that_the_example_writes_is_read(tmp_path: Path) -> None:
    run(blocks("python")[0], tmp_path)
    found = read(tmp_path / "orders.zip")
    assert [entry.key for entry in found["app"]] == [("orders",)]
    assert found["data_source"][0].references == {"app_id": ("orders",)}
    assert found["data_source"][0].holes == ("content.password",)
    assert json.loads(bytes(found["data_source"][0].body)) == {"type": "MYSQL"}


def test_the_example_that_reads_reads_what_the_example_wrote(tmp_path: Path) -> None:
    run(blocks("python")[0], tmp_path)
    assert run(blocks("python")[1], tmp_path) == "app orders []\ndata_source orders / erp ['content.password']\n"


def test_the_example_that_reads_reads_what_we_write(tmp_path: Path) -> None:
    run(blocks("python")[0], tmp_path)
    with PackageReader.open(tmp_path / "orders.zip", PackageLimits()) as reader:
        as_of = reader.manifest.as_of
    source = PackageSource(project_id="p", instance_id="i", instance_name="n")
    with PackageWriter(tmp_path / "orders.zip", source=source, counts={"app": 2}) as writer:
        writer.add("app", [encode_entry(("a\r\u2028",), "{}"), encode_entry(("\u00e4",), "{}", holes=("secret",))])
        writer.finish(as_of=as_of)
    assert read(tmp_path / "orders.zip")["app"][1].key == ("\u00e4",)
    assert run(blocks("python")[1], tmp_path).splitlines()[-1] == "app \u00e4 ['secret']"


def test_the_lines_shown_are_lines_of_a_package() -> None:
    decoder = EntryDecoder("assets/data_source.jsonl")
    keys = [decoder.decode(line.encode()).key for line in blocks("json")[0].splitlines()]
    assert keys == [("orders", "erp"), ("orders", "shop")]


def test_the_limits_are_those_of_the_reader() -> None:
    limits = PackageLimits()
    assert f"package {limits.package_bytes_max // 2**30} GiB" in PAGE
    assert f"inflated {limits.inflated_bytes_max // 2**30} GiB" in PAGE
    assert f"one line {limits.entry_bytes_max // 2**20} MiB" in PAGE
    assert f"{limits.assets_max:,} assets, {limits.files_max} files" in PAGE
    assert f"manifest {limits.manifest_bytes_max // 2**20} MiB" in PAGE
