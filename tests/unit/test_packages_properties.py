import json
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.package_samples import AS_OF, KINDS, SOURCE, read, write

from romaport.errors import RomaportError
from romaport.packages import PackageLimits, PackageReader, PackageWriter, encode_entry, key_text

# The temporary folder is shared by the examples of one test; each writes its file anew.
on_disk = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
keys = st.lists(texts, min_size=1, max_size=3).map(tuple)
values = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts, st.lists, max_leaves=5)
assets = st.tuples(
    keys,
    st.dictionaries(texts, values, max_size=4),
    st.dictionaries(texts, keys, max_size=3),
    st.dictionaries(texts, texts, max_size=3),
    st.lists(texts, max_size=3, unique=True),
)
packages = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True),
    st.lists(assets, max_size=6, unique_by=lambda asset: asset[0]),
    max_size=4,
)
Asset = tuple[tuple[str, ...], dict[str, Any], dict[str, tuple[str, ...]], dict[str, str], list[str]]


def ordered(kinds: dict[str, list[Asset]]) -> dict[str, list[Asset]]:
    return {kind: sorted(found, key=lambda asset: key_text(asset[0])) for kind, found in kinds.items()}


def lines_of(kinds: dict[str, list[Asset]]) -> dict[str, list[bytes]]:
    return {
        kind: [
            encode_entry(key, json.dumps(body), references, unique, holes)
            for key, body, references, unique, holes in found
        ]
        for kind, found in ordered(kinds).items()
    }


@on_disk
@given(kinds=packages)
def test_what_is_written_is_read(tmp_path: Path, kinds: dict[str, list[Asset]]) -> None:
    write(tmp_path / "p.zip", lines_of(kinds))
    found = {
        kind: [(one.key, json.loads(bytes(one.body)), one.references, one.unique, list(one.holes)) for one in entries]
        for kind, entries in read(tmp_path / "p.zip").items()
    }
    expected = {
        kind: [(key, body, references, unique, sorted(holes)) for key, body, references, unique, holes in found]
        for kind, found in ordered(kinds).items()
    }
    assert found == expected


@on_disk
@given(kinds=packages)
def test_the_same_assets_give_the_same_bytes(tmp_path: Path, kinds: dict[str, list[Asset]]) -> None:
    write(tmp_path / "p.zip", lines_of(kinds))
    write(tmp_path / "q.zip", lines_of(kinds))
    assert (tmp_path / "p.zip").read_bytes() == (tmp_path / "q.zip").read_bytes()


def same_or_refused(path: Path, damaged: bytes, original: dict[str, list[Any]]) -> None:
    path.write_bytes(damaged)
    found = refusal = None
    try:
        found = read(path)
    except RomaportError as error:
        refusal = error
    if found is not None:
        assert contents(found) == contents(original)
    else:
        # Foreign text in a message is bounded, and can be printed anywhere.
        assert refusal is not None
        assert len(refusal.explanation) < 300
        assert refusal.explanation.isprintable()


def contents(found: dict[str, list[Any]]) -> list[Any]:
    return [
        (kind, one.key, bytes(one.body), one.references, one.unique, one.holes)
        for kind, entries in found.items()
        for one in entries
    ]


def test_a_flipped_bit_anywhere_is_refused_or_means_nothing(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", KINDS)
    content = (tmp_path / "p.zip").read_bytes()
    original = read(tmp_path / "p.zip")
    for position in range(len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            same_or_refused(tmp_path / "q.zip", bytes(damaged), original)


def test_a_package_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "p.zip", KINDS)
    content = (tmp_path / "p.zip").read_bytes()
    for length in range(len(content)):
        (tmp_path / "q.zip").write_bytes(content[:length])
        try:
            read(tmp_path / "q.zip")
        except RomaportError:
            continue
        raise AssertionError(f"a package cut off at {length} was read")


@on_disk
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), min_size=1),
    is_inserted=st.booleans(),
)
def test_overwritten_and_inserted_bytes_are_refused_or_mean_nothing(
    tmp_path: Path, changes: list[tuple[float, bytes]], *, is_inserted: bool
) -> None:
    write(tmp_path / "p.zip", KINDS)
    original = read(tmp_path / "p.zip")
    damaged = bytearray((tmp_path / "p.zip").read_bytes())
    for place, patch in changes:
        position = int(place * len(damaged))
        damaged[position : position + (0 if is_inserted else len(patch))] = patch
    same_or_refused(tmp_path / "q.zip", bytes(damaged), original)


@on_disk
@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused_with_an_error_of_ours(tmp_path: Path, content: bytes) -> None:
    same_or_refused(tmp_path / "q.zip", content, {})


def many_lines(count: int) -> Iterator[bytes]:
    chance = random.Random(7)  # noqa: S311 - text that does not pack well, the same in every run
    for number in range(count):
        yield encode_entry((f"asset-{number:07}",), f'{{"remark":"{chance.randbytes(200).hex()}"}}')


def test_100_000_assets_are_written_and_read_in_constant_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    with PackageWriter(tmp_path / "p.zip", source=SOURCE, counts={"app": 100_000}) as writer:
        writer.add("app", many_lines(100_000))
        size_bytes = writer.finish(as_of=AS_OF).size_bytes
    with PackageReader.open(tmp_path / "p.zip", PackageLimits()) as reader:
        reader.verify()
        assert sum(1 for _ in reader.entries("app")) == 100_000
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size_bytes > 20_000_000
    assert peak_bytes < 4_000_000
