"""A real HTTP server on loopback that speaks canned answers of the contract, and remembers what it was asked."""

import hashlib
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import msgspec

from romaport.wire.signing import SecretKey, SignedRequest, is_signed_by, parse_authorization

AK = "AKOFTHETESTS00000000"
SK = "a-secret-key-that-nobody-may-see"
PROJECT = "p" * 32
INSTANCE = "i" * 32
ROOT = f"/v2/{PROJECT}/instances/{INSTANCE}"
TASKS = f"/v2/{PROJECT}/fdi/instances/{INSTANCE}/tasks"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    is_signed: bool


@dataclass
class Reply:
    """One answer to send; a promised length longer than the body breaks the connection off."""

    status: int = 200
    json: object = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised_bytes: int | None = None


Answer = Reply | Callable[[Asked], Reply]


class CannedServer:
    """Answers each path's replies in turn; the last one stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.endpoint = ""
        self._replies: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def answers(self, method: str, path: str, *replies: Answer) -> None:
        """Set what a path answers, in turn."""
        self._replies[f"{method} {path}"] = deque(replies)

    def reply(self, asked: Asked) -> Reply:
        """Answer a request."""
        self.asked.append(asked)
        replies = self._replies.get(f"{asked.method} {asked.path}")
        if not replies:
            return Reply(404, {"error_code": "ROMA.1007", "error_msg": "Invalid request URL.", "request_id": "r1"})
        answer = replies.popleft() if len(replies) > 1 else replies[0]
        return answer if isinstance(answer, Reply) else answer(asked)

    def bodies(self, path: str) -> list[object]:
        """Answer the JSON bodies that a path was sent."""
        return [msgspec.json.decode(asked.body) for asked in self.asked if asked.path == path and asked.body]


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    canned: CannedServer

    def do_any(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, path, dict(parse_qsl(query)), headers, body, is_signed=False)
        asked.is_signed = self._is_signed(path, query, asked)
        self._send(self.canned.reply(asked))

    do_GET = do_POST = do_PUT = do_DELETE = do_any  # noqa: N815 - the names that http.server calls

    def _is_signed(self, path: str, query: str, asked: Asked) -> bool:
        authorization = parse_authorization(asked.headers.get("authorization", ""))
        request = SignedRequest(
            method=asked.method,
            path=path,
            query=query,
            headers=asked.headers,
            payload_hash=hashlib.sha256(asked.body).hexdigest(),
        )
        return authorization is not None and is_signed_by(request, authorization, SecretKey(SK))

    def _send(self, reply: Reply) -> None:
        content = reply.body if reply.json is None else msgspec.json.encode(reply.json)
        promised = len(content) if reply.promised_bytes is None else reply.promised_bytes
        self.send_response(reply.status)
        for name, value in {"content-length": str(promised), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        if promised != len(content):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""


@contextmanager
def canned_server() -> Iterator[CannedServer]:
    """Serve on a free port."""
    canned = CannedServer()
    connection = type("_Bound", (_Connection,), {"canned": canned})
    with ThreadingHTTPServer(("127.0.0.1", 0), connection) as http:
        http.daemon_threads = True
        http.block_on_close = False
        canned.endpoint = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield canned
        finally:
            http.shutdown()
            thread.join()


def job(status: str, progress: float, **more: object) -> Reply:
    """Answer a job's progress."""
    return Reply(json={"id": "j1", "type": "exportAsset", "status": status, "progress_percent": progress, **more})
