"""The whole server in this process: real routes, jobs, database and files, a clock set by hand, jobs held at will."""

import asyncio
import shutil
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from tests.support.s3 import REACHING
from tests.support.stores import Store, Written

from romaport.assembly import build
from romaport.auth import AuthOptions
from romaport.settings import ServerOptions, Settings, read_settings
from romaport.storage import ArchiveOptions

__all__ = ["Account", "EmbeddedServer", "Gates", "HandClock", "token_body"]

PASSWORD = "Quiet-harbour-41"
DOMAIN = "acme"
_SECONDS = 60
_FLEETING = ("tokens",)


class HandClock:
    """Shows the time it was set to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class _Gate:
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)


class Gates:
    """Checkpoints at which a test holds jobs."""

    def __init__(self) -> None:
        self._gates: dict[str, _Gate] = {}
        self.passed: list[str] = []

    def __call__(self, name: str) -> None:
        self.passed.append(name)
        gate = self._gates.get(name)
        if gate is not None:
            gate.reached.set()
            assert gate.opened.wait(_SECONDS), f"{name} was never opened"

    @property
    def is_holding(self) -> bool:
        """Say whether jobs may be held at a checkpoint."""
        return bool(self._gates)

    @contextmanager
    def held(self, name: str) -> Iterator[threading.Event]:
        """Hold every job that passes a checkpoint; the event says that one is there."""
        gate = self._gates[name] = _Gate()
        try:
            yield gate.reached
        finally:
            del self._gates[name]
            gate.opened.set()


class _LoopTransport(httpx.BaseTransport):
    """Hands the requests of a synchronous client to an application in another thread's loop."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.stream = httpx.ByteStream(request.read())
        done = asyncio.run_coroutine_threadsafe(self._answer(request), self._loop)
        return done.result(_SECONDS)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        found = await self._inner.handle_async_request(request)
        body = await found.aread()
        return httpx.Response(found.status_code, headers=found.headers, content=body)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user with a token for one project; `http` asks relative to `/v2/{project_id}/`."""

    id: str
    name: str
    project_id: str
    token: str
    http: httpx.Client = field(repr=False)


def token_body(user: str, project_id: str, password: str = PASSWORD, domain: str = DOMAIN) -> dict[str, Any]:
    """Ask for a token by password, for a project."""
    named = {"name": user, "password": password, "domain": {"name": domain}}
    identity = {"methods": ["password"], "password": {"user": named}}
    return {"auth": {"identity": identity, "scope": {"project": {"id": project_id}}}}


class EmbeddedServer:
    """One server on one data folder and one store, with two projects and users as they are needed."""

    def __init__(self, data: Path, settings: Settings | None = None, *, store: Store | None = None) -> None:
        # Tokens outlive the archives whose end a test waits for by the hands of the clock.
        chosen = settings or Settings(auth=AuthOptions(token_seconds=604_800))
        self.data = data
        self.clock = HandClock()
        self.gates = Gates()
        kept = read_settings((store or Store()).fresh())
        self.settings = msgspec.structs.replace(
            chosen,
            server=ServerOptions(data=str(data), with_worker=kept.server.with_worker),
            database=msgspec.structs.replace(chosen.database, url=kept.database.url),
            archives=_reaching(chosen.archives, kept.archives) if kept.archives.url else chosen.archives,
        )
        self.kept = Written(data, kept.database.url, self.settings.archives)
        self.system = build(self.settings, clock=self.clock, checkpoint=self.gates)
        self.directory = self.system.directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded server")
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._clients: list[httpx.Client] = []
        self._numbers = 0
        self.project_id = ""
        self.other_project_id = ""

    def start(self, *, beside: "EmbeddedServer | None" = None) -> None:
        """Begin to serve, perhaps the projects of another server on the same store."""
        if beside is None:
            self.directory.ensure_domain(DOMAIN)
            self.project_id = self.directory.add_project("dev", DOMAIN)
            self.other_project_id = self.directory.add_project("prod", DOMAIN)
        else:
            self.project_id, self.other_project_id = beside.project_id, beside.other_project_id
        self._thread.start()
        self._await(self._begin())

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        for client in self._clients:
            client.close()
        self._await(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()
        mistold = self.kept.mistold()
        shutil.rmtree(self.data, ignore_errors=True)
        assert mistold == []

    async def _begin(self) -> None:
        app: Any = self.system.app
        lifespan = app({"type": "lifespan", "asgi": {"version": "3.0"}}, self._events.get, self._said.put)
        self._running = asyncio.create_task(lifespan)
        self._events.put_nowait({"type": "lifespan.startup"})
        assert (await self._said.get())["type"] == "lifespan.startup.complete"

    async def _end(self) -> None:
        self._events.put_nowait({"type": "lifespan.shutdown"})
        assert (await self._said.get())["type"] == "lifespan.shutdown.complete"
        await self._running
        await self._loop.shutdown_default_executor()

    def _await(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_SECONDS)

    def begin(self, coroutine: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Run something asynchronous beside the application, in its own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def drain(self) -> None:
        """Wait until no job runs or waits."""
        self._await(self.system.parts.desk.engine.drain())

    def http(self, path: str = "", headers: dict[str, str] | None = None) -> httpx.Client:
        """Open a client that follows no redirect and adds nothing by itself."""
        client = httpx.Client(
            transport=_LoopTransport(self.system.app, self._loop), base_url=f"http://server{path}", headers=headers
        )
        self._clients.append(client)
        return client

    def number(self) -> int:
        """Answer a number that nobody had before."""
        self._numbers += 1
        return self._numbers

    def account(self, policy: str, *, project_id: str = "") -> Account:
        """Add a user with a policy in a project (the first one), and log in."""
        project = project_id or self.project_id
        name = f"user-{self.number()}"
        user_id = self.directory.add_user(name, PASSWORD, DOMAIN)
        self.directory.grant(user_id, project, policy)
        return self.login(user_id, name, project)

    def login(self, user_id: str, name: str, project_id: str) -> Account:
        """Get a token for a user in a project."""
        answer = self.http().post("/v3/auth/tokens", json=token_body(name, project_id), params={"nocatalog": "1"})
        assert answer.status_code == 201, answer.text
        token = answer.headers["x-subject-token"]
        http = self.http(f"/v2/{project_id}/", {"x-auth-token": token})
        return Account(id=user_id, name=name, project_id=project_id, token=token, http=http)

    def instance(self, project_id: str = "") -> str:
        """Add an instance that nobody has used yet; answer its id."""
        return self.directory.add_instance(project_id or self.project_id, f"instance-{self.number()}")

    def written(self) -> dict[str, object]:
        """Answer everything that is written down but tokens: every row of the database, every stored file.

        A job that has just ended may still be cleaning up; unless jobs are held, that is waited for.
        """
        if not self.gates.is_holding:
            self.drain()
        rows = {name: found for name, found in self.kept.everything().items() if name not in _FLEETING}
        return rows | {"files": self.kept.files()}


def _reaching(chosen: ArchiveOptions, kept: ArchiveOptions) -> ArchiveOptions:
    """Reach one store with what was chosen otherwise."""
    return msgspec.structs.replace(chosen, **{name: getattr(kept, name) for name in REACHING})
