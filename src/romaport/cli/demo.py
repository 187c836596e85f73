"""The main job as a story: a sample leaves one instance and arrives in another, on a server that is gone afterwards."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from romaport.cli.contents import Contents, Hole, differences, read_contents
from romaport.cli.output import Screen
from romaport.cli.sample import COMPANY, fill_sample
from romaport.client import AccessKey, Client, Secret, is_success, reasons
from romaport.errors import Unreachable
from romaport.kinds import KINDS
from romaport.packages import PackageLimits, PackageReader
from romaport.wire.assets import JobAnswer

__all__ = ["run_demo"]

_SUCCEEDED, _FAILED, _INTERRUPTED = 0, 1, 130
# Far longer than a start or a stop takes; a server that needs more is stuck.
_START_SECONDS = 60
_STOP_SECONDS = 40
_LOG_LENGTH_MAX = 2000
_DIFFERENCES_SHOWN_MAX = 20
_PACKAGE_NAME = "tidewell.zip"


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
    except KeyboardInterrupt:
        screen.warn("\nInterrupted. The demo's server is stopped, its data removed.")
        return _INTERRUPTED


def _told(stage: _Stage) -> int:
    say = stage.screen.say
    fill_sample(stage.source)
    before = read_contents(stage.source)
    say(f"The first has got {_counted(before.counts)}.\n")

    exported = _followed(stage, "Export", stage.source, lambda: _export(stage.source))
    if not is_success(exported) or not isinstance(exported.archive_id, str):
        return _FAILED
    received = stage.source.download(exported.archive_id, stage.package)
    with PackageReader.open(stage.package, PackageLimits()) as package:
        package.verify()
        packed = dict(package.manifest.counts)
        holes = _holes(package)
    say(f"Package: {received.size_bytes:,} bytes, SHA-256 {received.sha256}")
    say(f"It holds {_counted(packed)}, and none of their {len(holes)} secrets.\n")

    imported = _followed(stage, "Import", stage.target, lambda: stage.target.import_package(stage.package))
    if not is_success(imported):
        return _FAILED
    after = read_contents(stage.target)
    finished = stage.source.job(exported.id)
    say(f"\nExport: {finished.status}, its one download is made; {_counted(packed)}")
    say(f"Import: {imported.status}; {_counted(after.counts)}")
    return _compared(stage.screen, before, after, holes)


def _export(client: Client) -> str:
    return client.export(apps=[app.id for app in client.apps()])


def _followed(stage: _Stage, title: str, client: Client, start: Callable[[], str]) -> JobAnswer:
    job = JobAnswer(id="", type="", status="", progress_percent=0.0)
    with stage.screen.progress(title) as advance:
        for job in client.wait(start()):
            advance(job)
    stage.screen.findings(reasons(job))
    return job


def _holes(package: PackageReader) -> list[Hole]:
    return [
        # A schedule goes by the name of its task, and so the last part of a key is a name for every kind.
        Hole(kind, entry.key[-1], path)
        for kind in package.manifest.counts
        for entry in package.entries(kind)
        for path in entry.holes
    ]


def _compared(screen: Screen, before: Contents, after: Contents, holes: list[Hole]) -> int:
    found = differences(before, after, holes)
    for sentence in found[:_DIFFERENCES_SHOWN_MAX]:
        screen.say(f"  {sentence}")
    if found:
        screen.say(f"The instances differ in {len(found)} places.")
        return _FAILED
    screen.say(
        "Read through the API, asset by asset: both instances hold the same assets.\n"
        "Their own are ids, times and secrets; those are new, or for the target's people to fill in.\n\n"
        "Try next:\n"
        "  make serve              a server of your own, with state; then README.md, a first export by hand\n"
        "  romaport export --help  the same from the command line, against any server of the contract\n"
        "  docs/tutorial.md        that, step by step"
    )
    return _SUCCEEDED


def _counted(counts: Mapping[str, int]) -> str:
    kinds = [kind for kind in KINDS if kind in counts]
    said = [f"{counts[kind]} {kind.replace('_', ' ')}{'' if counts[kind] == 1 else 's'}" for kind in kinds]
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said)


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
