"""Whatever refers to whatever: what is exported and imported arrives the same, and arrives once.

Graphs are made through the catalog, not over HTTP, so that hundreds of them take a minute; the jobs are real ones.
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.embedded import EmbeddedServer
from tests.support.packages import copied
from tests.support.stores import LIE_IN, Store

from romaport.assets import (
    Choice,
    ImportOptions,
    Selected,
    Side,
    Window,
    find_items,
    find_report,
    start_chosen_export,
    start_comparison,
    start_deletion,
    start_import,
    start_plan,
    start_rollback,
)
from romaport.catalog import Actor
from romaport.jobs import Owner
from romaport.kinds import KINDS, split
from romaport.storage import Transaction

EXAMPLES = 500
# Each a test of its own, that a busy machine does not take for one that hangs.
PARTS = 5
# The graphs are the subject, not the store: enough to meet every statement with every kind.
EXAMPLES_AGAIN = 60
RETURNS = 25
PROJECT_WIDE = Choice(wanted=None)
WINDOW = Window(offset=0, limit=1000)
MERGE = ImportOptions(merges=True, datasource_overwrite=True)

# What the published rules allow in names, awkward characters before all.
PLAIN_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
APP_NAMES = st.text("aZ0-_.() \N{CJK UNIFIED IDEOGRAPH-4E2D}", min_size=1, max_size=6).filter(str.strip)
SOURCE_NAMES = st.text("aZ0\\/\n\t\N{LATIN SMALL LETTER E WITH ACUTE}\N{GRINNING FACE}", min_size=1, max_size=6).filter(
    str.strip
)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{2,5}", fullmatch=True)
PLACES = st.integers(0, 7)
"""Which of those that are there, modulo how many there are."""

_MOCK_API = {
    "type": 1,
    "req_protocol": "HTTPS",
    "req_method": "GET",
    "auth_type": "NONE",
    "backend_type": "MOCK",
    "mock_info": {"result_content": "ok"},
    "backend_params": [{"name": "key", "location": "HEADER", "origin": "CONSTANT", "value": "never-to-be-seen"}],
}
_PRODUCT = {
    "manufacturer_id": "maker",
    "manufacturer_name": "Maker",
    "model": "one",
    "product_type": 0,
    "protocol_type": 0,
    "device_type": "Default",
    "data_format": 0,
}
_DELETED = ("app", "composite_task", "task")
# What another instance has otherwise.
_OTHERWISE: dict[str, dict[str, Any]] = {
    "app": {"remark": "as it was"},
    "data_source": {"datasource_type": "ORACLE"},
    "product": {"model": "two"},
    "schedule": {"period": "HOUR"},
    "topic": {"access_policy": "pub"},
}
_PROPERTY = {"data_type": "string", "required": 0, "max_length": 9}


@dataclass(frozen=True)
class Node:
    """One asset to be made; `refers` are the places, among those of a kind that were made before, by field."""

    kind: str
    body: dict[str, Any]
    refers: dict[str, tuple[str, int]]
    is_published: bool = True


@dataclass(frozen=True)
class Graph:
    """What is to be made, in order."""

    nodes: tuple[Node, ...]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw applications, what belongs to them, and references across them in every direction."""
    apps = draw(st.lists(APP_NAMES, min_size=1, max_size=4, unique=True))
    nodes = [Node("app", {"name": name, "remark": draw(PLAIN_TEXTS)}, {}) for name in apps]
    for family in (_data_integration, _apis, _messages, _devices):
        nodes += family(draw)
    return Graph(nodes=tuple(nodes))


def _names(draw: st.DrawFn, most: int) -> list[str]:
    return draw(st.lists(NAMES, max_size=most, unique_by=str.lower))


def _data_integration(draw: st.DrawFn) -> Iterator[Node]:
    for name in draw(st.lists(SOURCE_NAMES, min_size=1, max_size=5, unique=True)):
        content = {"host": draw(PLAIN_TEXTS), "password": "never-to-be-seen", "port": draw(PLACES)}
        body = {"datasource_name": name, "datasource_type": "MYSQL", "content": content}
        yield Node("data_source", body, {"app_id": ("app", draw(PLACES))})
    ends = ("source_datasource_id", "target_datasource_id")
    for name in (names := _names(draw, 7))[:5]:
        refers = {end: ("data_source", draw(PLACES)) for end in ends}
        yield Node("task", {"task_name": name, "task_type": "TIMING", "task_detail": "{}"}, refers)
        if draw(st.booleans()):
            # Of the task that was made last.
            yield Node("schedule", {"period": "DAY", "dispatch_interval": draw(PLACES)}, {"task_id": ("task", -1)})
    for name in names[5:]:
        refers = {end: ("app", draw(PLACES)) for end in ("source_app_id", "target_app_id") if draw(st.booleans())}
        body = {"task_name": name, "task_type": "REALTIME", "operation_types": ["INSERT"]}
        yield Node("composite_task", body, refers)
        for table in _names(draw, 2):
            refers = {end: ("data_source", draw(PLACES)) for end in ends} | {"task_id": ("composite_task", -1)}
            yield Node("mapping", {"source_table": table, "target_table": "in"}, refers)


def _apis(draw: st.DrawFn) -> Iterator[Node]:
    for group in _names(draw, 2):
        app = {"roma_app_id": ("app", draw(PLACES))}
        is_global = draw(st.booleans())
        yield Node("api_group", {"name": group}, {} if is_global else app)
        for name in _names(draw, 2):
            # An API of a global group says whose it is; any other is of the group's application.
            refers = {"group_id": ("api_group", -1)} | (app if is_global else {})
            body = {**_MOCK_API, "name": name, "req_uri": f"/{name}"}
            yield Node("api", body, refers, is_published=draw(st.booleans()))


def _messages(draw: st.DrawFn) -> Iterator[Node]:
    for name in _names(draw, 2):
        owner = draw(PLACES)
        yield Node("topic", {"name": name, "access_policy": "all"}, {"app_id": ("app", owner)})
        for app in draw(st.lists(st.integers(0, 3), max_size=2, unique=True)):
            refers = {"topic": ("topic", -1), "app_id": ("app", app)}
            yield Node("topic_access", {"access_policy": draw(st.sampled_from(["pub", "sub"]))}, refers)


def _devices(draw: st.DrawFn) -> Iterator[Node]:
    for product in _names(draw, 2):
        yield Node("product", {"name": product, **_PRODUCT}, {"app_id": ("app", draw(PLACES))})
        for topic in _names(draw, 1):
            body = {"permission": 0, "name": topic, "version": "v1"}
            yield Node("product_topic", body, {"product_id": ("product", -1)})
        for service in _names(draw, 2):
            yield Node("service", {"service_name": service, "status": 0}, {"product_id": ("product", -1)})
            for name in _names(draw, 1):
                yield from _service_parts(name)


def _service_parts(name: str) -> Iterator[Node]:
    yield Node("property", {"property_name": name, **_PROPERTY}, {"service_id": ("service", -1)})
    yield Node("command", {"name": name}, {"service_id": ("service", -1)})
    for side in ("request_property", "response_property"):
        yield Node(side, {"property_name": name, **_PROPERTY}, {"command_id": ("command", -1)})


class Bench:
    """A server, and jobs that are begun and awaited in one step."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._desk = server.system.parts.desk
        account = server.account("Tenant Administrator")
        self._user = (account.id, account.name)

    def place(self) -> str:
        """Add an empty instance."""
        return self._server.instance()

    def fill(self, instance_id: str, graph: Graph) -> None:
        """Make a graph's assets; an access to a topic that two draws have in common, once."""
        made: dict[str, list[str]] = {}
        accesses: set[tuple[str, ...]] = set()
        with self._desk.database.transaction() as tx:
            for node in graph.nodes:
                ids = {field: made[to][place % len(made[to])] for field, (to, place) in node.refers.items()}
                pair = (node.kind, *ids.values())
                if node.kind == "topic_access" and pair in accesses:
                    continue
                accesses.add(pair)
                made.setdefault(node.kind, []).append(self._make(tx, instance_id, node, ids))

    def _make(self, tx: Transaction, instance_id: str, node: Node, ids: dict[str, str]) -> str:
        kind, actor = KINDS[node.kind], self._actor()
        given = node.body | {field: found for field, found in ids.items() if field in kind.travels}
        # A task's request is nested; its fields are drawn flat already.
        parts = split(kind, given if node.kind == "task" else kind.flatten(given))
        parts.references.update(ids)
        asset = self._desk.catalog.create(tx, kind, instance_id, parts, actor)
        if kind.arrive is not None and node.is_published:
            text = msgspec.json.encode(asset.body, order="sorted").decode()
            self._desk.catalog.publish(tx, asset, actor, published=text, local=kind.arrive(asset.local, 0))
        return asset.id

    def _actor(self) -> Actor:
        user_id, name = self._user
        return Actor(user_id=user_id, user_name=name, sees_all=True, at=self._server.clock())

    def _owner(self, instance_id: str) -> Owner:
        user_id, name = self._user
        return Owner(project_id=self._server.project_id, instance_id=instance_id, user_id=user_id, user_name=name)

    def exported(self, instance_id: str) -> Path:
        """Export everything; answer the package's file."""
        owner = self._owner(instance_id)
        report = self._ended(owner, start_chosen_export(self._desk, owner, self._actor(), PROJECT_WIDE))
        assert report["state"] == "succeeded", report
        archive_id = report["archive"]["id"]
        package = self._server.data.parent / f"{archive_id}.zip"
        package.write_bytes(self._server.kept.packages.read(f"archives/{archive_id}.zip"))
        return package

    def imported(self, instance_id: str, package: Path, options: ImportOptions) -> dict[str, Any]:
        """Import a package; answer the job's report."""
        owner = self._owner(instance_id)
        return self._ended(owner, start_import(self._desk, owner, self._actor(), copied(package), options))

    def planned(self, instance_id: str, package: Path, options: ImportOptions) -> dict[str, Any]:
        """Plan an import; answer the job's report."""
        owner = self._owner(instance_id)
        return self._ended(owner, start_plan(self._desk, owner, self._actor(), copied(package), options))

    def rolled_back(self, instance_id: str, job_id: str) -> dict[str, Any]:
        """Take a job back; answer the rollback's report."""
        owner = self._owner(instance_id)
        return self._ended(owner, start_rollback(self._desk, owner, self._actor(), job_id, overwrites=False))

    def emptied(self, instance_id: str) -> dict[str, Any]:
        """Delete every application and task; answer the job's report."""
        owner, actor = self._owner(instance_id), self._actor()
        kinds = self._server.kept.rows(f"select id, kind from assets where {LIE_IN} order by id", instance_id)
        ids = [(found, "apps" if kind == "app" else "tasks") for found, kind in kinds if kind in _DELETED]
        chosen = {field: tuple(found for found, of in ids if of == field) for field in ("apps", "tasks")}
        return self._ended(owner, start_deletion(self._desk, owner, actor, Selected(**chosen)))

    def differences(self, left: str, right: str) -> list[dict[str, Any]]:
        """Compare two instances; answer where they differ."""
        owner = self._owner(left)
        sides = (Side(instance_id=left), Side(instance_id=right))
        report = self._ended(owner, start_comparison(self._desk, owner, self._actor(), sides))
        assert report["state"] == "succeeded", report
        items: list[dict[str, Any]] = find_items(self._desk, owner, self._actor(), report["id"], WINDOW)["items"]
        return items

    def rows(self, instance_id: str) -> list[str]:
        """Answer every asset of an instance, with its references and unique values, as they are written."""
        return [
            repr(row)
            for statement in (
                f"select * from assets where {LIE_IN} order by id",
                f"select * from asset_uniques where {LIE_IN} order by asset_id, field",
                f"select r.* from asset_references r join assets on id = asset_id where {LIE_IN} order by 1, 2",
            )
            for row in self._server.kept.rows(statement, instance_id)
        ]

    def _ended(self, owner: Owner, job_id: str) -> dict[str, Any]:
        self._server.drain()
        return find_report(self._desk, owner, self._actor(), job_id, WINDOW)


def lines(package: Path) -> dict[str, list[Any]]:
    """Read what a package carries, by file."""
    with zipfile.ZipFile(package) as found:
        names = [name for name in found.namelist() if name != "manifest.json"]
        return {name: [json.loads(line) for line in found.read(name).splitlines()] for name in names}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Bench]:
    server = EmbeddedServer(Path(tmp_path_factory.mktemp("graphs")) / "data", store=store)
    server.start()
    yield Bench(server)
    server.close()


# The server's own threads use chance while a graph is drawn; that is what the warning sees.
_CHANCE = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@_CHANCE
@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("_part", range(PARTS))
@settings(max_examples=EXAMPLES // PARTS, suppress_health_check=_SLOW)
@given(graph=graphs())
def test_any_graph_arrives_the_same_and_once(bench: Bench, _part: int, graph: Graph) -> None:
    arrive(bench, graph)


@_CHANCE
@pytest.mark.stores("postgresql")
@settings(max_examples=EXAMPLES_AGAIN, suppress_health_check=_SLOW)
@given(graph=graphs())
def test_any_graph_arrives_the_same_and_once_on_the_other_store(bench: Bench, graph: Graph) -> None:
    arrive(bench, graph)


def arrive(bench: Bench, graph: Graph) -> None:
    """Carry a graph to an empty instance, and again, and merge it."""
    source, target = bench.place(), bench.place()
    bench.fill(source, graph)
    package = bench.exported(source)

    first = bench.imported(target, package, ImportOptions())
    assert first["state"] == "succeeded", first["findings"]
    assert bench.differences(source, target) == []
    # The comparison is ours; this is not: the same lines, read with the standard library.
    assert lines(bench.exported(target)) == lines(package)

    before = bench.rows(target)
    again = bench.imported(target, package, ImportOptions())
    assert again["state"] == "failed"
    collided = {(found["kind"], found["name"]) for found in again["findings"]["items"]}
    named = {name for name, kind in KINDS.items() if kind.name_field}
    expected = {(kind, key) for kind, key in keys(package) if kind in named}
    assert collided == expected
    assert bench.rows(target) == before

    assert bench.imported(target, package, MERGE)["state"] == "succeeded"
    plan = bench.planned(target, package, MERGE)
    assert set(plan["outcome"]) <= {"keep"}, plan["outcome"]
    assert bench.rows(target) == before


@_CHANCE
@settings(max_examples=RETURNS, suppress_health_check=_SLOW)
@given(graph=graphs(), share=st.floats(0, 1))
def test_any_merge_is_what_its_plan_says_and_is_taken_back_as_any_deletion_is(
    bench: Bench, graph: Graph, share: float
) -> None:
    source, target = bench.place(), bench.place()
    bench.fill(source, graph)
    package = bench.exported(source)
    there = graph.nodes[: round(share * len(graph.nodes))]
    bench.fill(target, Graph(tuple(replace(node, body=node.body | _OTHERWISE.get(node.kind, {})) for node in there)))

    before = bench.rows(target)
    plan = bench.planned(target, package, MERGE)
    merged = bench.imported(target, package, MERGE)
    assert merged["state"] == "succeeded", merged["findings"]
    done = {"create": "created", "update": "updated", "keep": "kept"}
    assert merged["outcome"] == {done[step]: counts for step, counts in plan["outcome"].items()}
    taken_back = bench.rolled_back(target, merged["id"])
    assert taken_back["state"] == "succeeded", taken_back["findings"]
    assert bench.rows(target) == before

    if there:
        deleted = bench.emptied(target)
        assert deleted["state"] == "succeeded", deleted["findings"]
        assert bench.rolled_back(target, deleted["id"])["state"] == "succeeded"
        assert bench.rows(target) == before


def keys(package: Path) -> list[tuple[str, str]]:
    """Answer kind and name of every asset of a package."""
    found = lines(package).items()
    return [(name[len("assets/") : -len(".jsonl")], " / ".join(line["key"])) for name, those in found for line in those]
