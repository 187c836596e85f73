"""Running the server in this process: the embedded HTTP server in our own loop, and a stop that cuts nobody off."""

import asyncio
import fcntl
import gc
import json
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from romaport.api import Application
from romaport.assembly import System, build, patiently, unwatched
from romaport.auth import Directory
from romaport.cli.at_hand import answering_at_once
from romaport.errors import NameTaken, SettingInvalid
from romaport.ids import new_secret
from romaport.jobs import Checkpoint
from romaport.settings import ServerOptions, Settings
from romaport.storage import keep_freed, spare_bookkeeping

__all__ = ["FirstCredentials", "alone_in", "announced", "first_start", "run_server", "run_worker", "serve"]

_log = logging.getLogger("romaport.server")

# A token may be 100,000 characters (contract 4.1); the server's own default would do, this says why it must.
_HEADERS_BYTES_MAX = 417_792
_DOMAIN = "romaport"
_PROJECT = "default"
_INSTANCES = ("development", "production")
_USER = "admin"
_LOCK = "server.lock"
# How long a job may compute while a request waits for its turn. Python's own 5 ms come several times for one answer,
# and a write asks the database a dozen times.
_SWITCH_SECONDS = 0.0001
# Files that are open beside the connections of who asks: the database and its own connections, packages, the log.
_FILES_BESIDE = 256


@dataclass(frozen=True, kw_only=True)
class FirstCredentials:
    """What the first start made, and shows once."""

    domain: str
    user: str
    password: str
    access_key: str
    secret_key: str
    project: str
    project_id: str
    instances: dict[str, str]
    """Ids by name."""


def first_start(directory: Directory) -> FirstCredentials | None:
    """Make a project, two instances and an administrator, if there is no user yet."""
    if directory.users():
        return None
    password = new_secret(20)
    try:
        made = directory.furnish(user=_USER, password=password, domain=_DOMAIN, project=_PROJECT, instances=_INSTANCES)
    except NameTaken:
        # Another process was here first.
        return None
    return FirstCredentials(
        domain=_DOMAIN,
        user=_USER,
        password=password,
        access_key=made.access_key,
        secret_key=made.secret_key,
        project=_PROJECT,
        project_id=made.project_id,
        instances=made.instances,
    )


def run_server(
    settings: Settings,
    *,
    announce: Callable[[str, FirstCredentials | None], None],
    checkpoint: Checkpoint | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is told the address once requests are answered.

    Raises `SettingInvalid` if the address or the data folder is another's.
    """
    host = settings.server.host
    port = settings.server.port or _free_port(host)
    # Before anything is made: the credentials of a first start are shown once, and a start that fails shows none.
    _check_address(host, port)
    sys.setswitchinterval(_SWITCH_SECONDS)
    keep_freed()
    if not settings.database.url:
        spare_bookkeeping()
    # On PostgreSQL the folder holds files in the making only, and each process has its own there.
    alone = nullcontext() if settings.database.url else alone_in(settings.data)
    with alone:
        system = build(settings, checkpoint=checkpoint or unwatched)
        credentials = patiently(
            system.database, settings.database.start_seconds, partial(first_start, system.directory)
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(system.app, settings.server, port, lambda address: announce(address, credentials)))


def run_worker(settings: Settings, *, announce: Callable[[], None], checkpoint: Checkpoint | None = None) -> None:
    """Run jobs until SIGINT or SIGTERM; `announce` is called once they are.

    Raises `SettingInvalid` without a database that processes can share.
    """
    if not settings.database.url:
        raise SettingInvalid(name="ROMAPORT_DATABASE_URL", rule="is empty: a worker shares a PostgreSQL database")
    keep_freed()
    system = build(settings, checkpoint=checkpoint or unwatched, is_worker=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(system, announce))


async def _work(system: System, announce: Callable[[], None]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with system.working():
        _keep()
        announce()
        await stopping.wait()
        _log.info("worker_stopping")


def _check_address(host: str, port: int) -> None:
    """Refuse an address that is taken; the HTTP server itself would share it with whoever has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        # What an earlier server's connections left behind is not in the way; a listener is.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError as cause:
            raise SettingInvalid(name="ROMAPORT_SERVER_PORT", rule=f"{host}:{port}: {cause.strerror}") from cause


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other servers off a data folder; each takes what it finds half done there for a leftover of its own.

    The lock is the process's, and ends with it however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise SettingInvalid(name="ROMAPORT_SERVER_DATA", rule=f"another server works on {folder}") from cause
        yield


async def serve(app: Application, options: ServerOptions, port: int, announce: Callable[[str], None]) -> None:
    """Answer requests on a free port until SIGINT or SIGTERM; `announce` is told once they are answered."""
    host = options.host
    server = Server(
        # Bound once: to call an object is to look its method up at every request.
        app.__call__,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        # Where it must find out which version is spoken, whoever never says anything stays connected for good.
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        # Its own bound would be the length of the queue above: who waits on the next connection is never answered.
        backpressure=_allowed(options.connections_max),
        http1_settings=HTTP1Settings(
            header_read_timeout=1000 * options.silence_seconds, max_buffer_size=_HEADERS_BYTES_MAX
        ),
        log_enabled=False,
        log_level=LogLevels.warning,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    with answering_at_once(app.at_once) if app.has_answers_at_hand else nullcontext():
        serving = asyncio.create_task(server.serve())
        await _until_answering(host, port, serving)
    _keep()
    announce(f"http://{host}:{port}")
    await serving


def _allowed(connections_max: int) -> int:
    """Answer how many connections there can be: each is a file, and a server without files accepts nobody.

    The HTTP server has raised the process's limit of files as far as the system lets it, when it was loaded.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = connections_max if files == resource.RLIM_INFINITY else min(connections_max, files - _FILES_BESIDE)
    if allowed < connections_max:
        _log.warning("connections_limited", extra={"wanted": connections_max, "allowed": allowed, "files": files})
    return max(1, allowed)


def _keep() -> None:
    """Look for garbage from now on, but not among what the start has made.

    That stays, and looking through it would keep the process from answering for a tenth of a second now and then.
    """
    gc.freeze()
    gc.enable()


async def _until_answering(host: str, port: int, serving: "asyncio.Task[None]") -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
    await serving


def _free_port(host: str) -> int:
    with socket.socket() as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port


def announced(address: str, credentials: FirstCredentials | None, settings: Settings, *, as_json: bool) -> str:
    """Say where the server answers and, at the first start, with which credentials."""
    if as_json:
        return json.dumps({"endpoint": address, "credentials": asdict(credentials) if credentials else None})
    lines = [f"romaport answers at {address}, data in {settings.data.resolve()}"]
    if settings.server.host not in ("127.0.0.1", "localhost", "::1"):
        lines.append("Put a proxy that speaks TLS before it: tokens and packages travel as they are.")
    if credentials is not None:
        lines.append(_first_lines(address, credentials))
    return "\n".join(lines)


def _first_lines(address: str, found: FirstCredentials) -> str:
    instances = "\n".join(f"    instance     {name}: {instance_id}" for name, instance_id in found.instances.items())
    first = next(iter(found.instances.values()))
    body = {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {"name": found.user, "password": found.password, "domain": {"name": found.domain}}
                },
            },
            "scope": {"project": {"name": found.project}},
        }
    }
    return f"""
First start. These credentials are shown this once:
    user         {found.user} (domain {found.domain})
    password     {found.password}
    access key   {found.access_key}
    secret key   {found.secret_key}
    project      {found.project}: {found.project_id}
{instances}

Ready to paste into another terminal:

TOKEN=$(curl -s -D - -o /dev/null -H 'Content-Type: application/json' \\
  -d '{json.dumps(body)}' \\
  {address}/v3/auth/tokens | tr -d '\\r' | sed -n 's/^x-subject-token: //Ip')
curl -s -H "X-Auth-Token: $TOKEN" {address}/v2/{found.project_id}/instances/{first}/apps
"""
