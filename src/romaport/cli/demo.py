"""The main job as a story: a sample leaves one instance and arrives in another, changes follow and are taken back."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from romaport.cli.differences import item_lines
from romaport.cli.output import Screen
from romaport.cli.sample import COMPANY, change_sample, fill_sample
from romaport.client import (
    AccessKey,
    Client,
    Extras,
    ImportOptions,
    Report,
    Secret,
    Values,
    is_success,
    reasons,
)
from romaport.errors import Unreachable
from romaport.kinds import creation_order
from romaport.packages import PackageLimits, PackageReader
from romaport.wire.assets import JobAnswer

__all__ = ["run_demo"]

_SUCCEEDED, _FAILED, _INTERRUPTED = 0, 1, 130
# Far longer than a start or a stop takes; a server that needs more is stuck.
_START_SECONDS = 60
_STOP_SECONDS = 40
_LOG_LENGTH_MAX = 2000
_ITEMS_SHOWN_MAX = 8
_HOLES_SHOWN_MAX = 3
_PACKAGE_NAME = "tidewell.zip"


_VALUES: Values = {"data_source": {"ledger": {"content.password": "made-up-for-production"}}}
"""What the target's people hand over with the package."""


class _Broken(Exception):
    """A job of the story failed; what it found is on the screen."""


class _Credentials(msgspec.Struct, frozen=True):
    access_key: str
    secret_key: str
    project_id: str
    instances: dict[str, str]


class _Announcement(msgspec.Struct, frozen=True):
    """The line that a server prints at its first start."""

    endpoint: str
    credentials: _Credentials


@dataclass(frozen=True)
class _Stage:
    """Where the story happens."""

    screen: Screen
    source: Client
    target: Client
    package: Path


def run_demo(environment: Mapping[str, str]) -> int:
    """Tell the story and answer the exit code: 0 if both instances hold the same in the end, 1 if not.

    `environment` is handed to the server but for its settings, so that nobody's own server is touched.
    Raises what the client raises when the server refuses, and `Unreachable` if it does not start.
    """
    screen = Screen(as_json=False)
    screen.say(f"A sample leaves one instance and arrives in another. {COMPANY} is invented.\n")
    plain = {name: value for name, value in environment.items() if not name.startswith("ROMAPORT_")}
    try:
        with TemporaryDirectory(prefix="romaport-demo-") as folder, _server(Path(folder), plain) as place:
            found = place.credentials
            credentials = AccessKey(access_key=found.access_key, secret=Secret(found.secret_key))
            (source_name, source_id), (target_name, target_id) = found.instances.items()
            screen.say(f"A server answers at {place.endpoint}, with the instances {source_name} and {target_name}.")
            with (
                Client(place.endpoint, credentials, project_id=found.project_id, instance_id=source_id) as source,
                Client(place.endpoint, credentials, project_id=found.project_id, instance_id=target_id) as target,
            ):
                return _told(_Stage(screen, source, target, Path(folder) / _PACKAGE_NAME))
    except _Broken:
        return _FAILED
    except KeyboardInterrupt:
        screen.warn("\nInterrupted. The demo's server is stopped, its data removed.")
        return _INTERRUPTED


def _told(stage: _Stage) -> int:
    say = stage.screen.say
    fill_sample(stage.source)
    say("The first has got the sample; it is exported whole.\n")
    exported, _ = _done(stage, "Export", stage.source, Extras(stage.source).export(everything=True))
    if not isinstance(exported.archive_id, str):
        return _FAILED
    received = stage.source.download(exported.archive_id, stage.package)
    with PackageReader.open(stage.package, PackageLimits()) as package:
        package.verify()
        packed = dict(package.manifest.counts)
    finished = stage.source.job(exported.id)
    say(f"Export: {finished.status}, its one download is made; {_counted(packed)}")
    say(f"Package: {received.size_bytes:,} bytes, SHA-256 {received.sha256}\n")

    _planned_and_done(stage, ImportOptions(), values=_VALUES)
    return _changed_and_taken_back(stage) if _is_same(stage) else _FAILED


def _planned_and_done(stage: _Stage, options: ImportOptions, *, values: Values) -> Report:
    """Plan what an import would do in the second instance, show it, do it, and report."""
    say, extras = stage.screen.say, Extras(stage.target)
    plan, report = _done(stage, "Plan", stage.target, extras.plan(stage.package, options, values=values))
    say(f"Plan: {_outcome(report)}. It begins:" if report.outcome else "Plan: nothing to do.")
    for item in islice(extras.items(plan.id, steps=("create", "update")), _ITEMS_SHOWN_MAX):
        for line in item_lines(item):
            say(f"  {line}")
    job, report = _done(stage, "Import", stage.target, extras.execute(plan.id))
    say(f"Import: {job.status}; {_outcome(report)}")
    for hole in report.holes.items[:_HOLES_SHOWN_MAX]:
        say(f"  hole: {hole.kind.replace('_', ' ')} {hole.name}: {hole.message}")
    say(f"  {report.holes.total} secrets are to be filled in; {_count(values)} came along as values.\n")
    return report


def _changed_and_taken_back(stage: _Stage) -> int:
    """Change the first instance, bring that over as well, and take it back."""
    say, extras = stage.screen.say, Extras(stage.target)
    change_sample(stage.source)
    say("Somebody changes the first instance; what is new is merged into the second.\n")
    exported, _ = _done(stage, "Export", stage.source, Extras(stage.source).export(everything=True))
    stage.source.download(str(exported.archive_id), stage.package)
    merged = _planned_and_done(stage, ImportOptions(type="Merge", datasource_overwrite=True), values={})
    if not _is_same(stage):
        return _FAILED
    job, report = _done(stage, "Rollback", stage.target, extras.roll_back(merged.id))
    say(f"Rollback: {job.status}; {_outcome(report)}. The second instance is as it was before, ids included.\n")
    say(
        "Try next:\n"
        "  make serve              a server of your own, with state; then README.md, a first export by hand\n"
        "  romaport export --help  the same from the command line, against any server of the contract\n"
        "  docs/tutorial.md        that, step by step"
    )
    return _SUCCEEDED


def _is_same(stage: _Stage) -> bool:
    """Compare both instances, asset by asset and field by field."""
    extras = Extras(stage.target)
    started = extras.compare(stage.source.instance_id, stage.target.instance_id)
    job, report = _done(stage, "Comparison", stage.target, started)
    differing = list(extras.items(job.id))
    for item in differing[:_ITEMS_SHOWN_MAX]:
        for line in item_lines(item):
            stage.screen.say(f"  {line}")
    if differing:
        stage.screen.say(f"The instances differ in {len(differing)} assets.")
        return False
    stage.screen.say(
        f"Compared field by field: both instances hold the same {_counted(report.outcome['same'])}.\n"
        "Their own are ids, times and secrets; those are new, or for the target's people to fill in.\n"
    )
    return True


def _done(stage: _Stage, title: str, client: Client, job_id: str) -> tuple[JobAnswer, Report]:
    """Follow a job to its end; answer its last state and its report. Raises `_Broken` if it failed."""
    job = JobAnswer(id="", type="", status="", progress_percent=0.0)
    with stage.screen.progress(title) as advance:
        for job in client.wait(job_id):
            advance(job)
    stage.screen.findings(reasons(job))
    if not is_success(job):
        raise _Broken
    return job, Extras(client).report(job_id)


def _count(values: Values) -> int:
    return sum(len(fields) for names in values.values() for fields in names.values())


def _outcome(report: Report) -> str:
    return "; ".join(f"{step}: {_counted(counts)}" for step, counts in report.outcome.items() if counts)


def _counted(counts: Mapping[str, int]) -> str:
    kinds = [kind for kind in creation_order() if kind.name in counts]
    said = [f"{counts[kind.name]} {_plural(kind.title, counts[kind.name])}" for kind in kinds]
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said)


def _plural(title: str, number: int) -> str:
    if number == 1:
        return title
    return f"{title[:-1]}ies" if title.endswith("y") else f"{title}s"


@contextmanager
def _server(folder: Path, environment: Mapping[str, str]) -> Iterator[_Announcement]:
    """Run a server of its own on a free port for as long as the story takes."""
    command = [sys.executable, "-m", "romaport", "serve", "--json", "--port", "0", "--data", str(folder / "state")]
    log = folder / "server.log"
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own program, by its full path
            command, env=environment, stdout=subprocess.PIPE, stderr=written
        )
    try:
        yield _announcement(process, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _announcement(process: "subprocess.Popen[bytes]", log: Path) -> _Announcement:
    assert process.stdout is not None
    limit = threading.Timer(_START_SECONDS, process.kill)
    limit.start()
    try:
        line = process.stdout.readline()
    finally:
        limit.cancel()
    try:
        return msgspec.json.decode(line, type=_Announcement)
    except msgspec.DecodeError as cause:
        said = log.read_text(errors="replace")[-_LOG_LENGTH_MAX:].strip()
        raise Unreachable(endpoint="The demo's server", problem=f"it did not start; it said:\n{said}") from cause
