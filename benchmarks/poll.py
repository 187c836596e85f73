"""The progress operation with real credentials, against a bare ASGI application on the same server."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from tests.support.ports import free_port

from benchmarks.figures import Figure, compared
from benchmarks.place import LOAD_CORE, Served, served, settled, started

_ROUNDS = 5
_SECONDS = 3


def measure() -> list[Figure]:
    """Answer polls per second with a token and with a signature."""
    with served() as server:
        with server.client("development") as client:
            app = client.post("instances", client.instance_id, "apps", body={"name": "polled"})
            assert isinstance(app, dict)
            job, _ = settled(client, client.export(apps=[str(app["id"])]))
        path = (
            f"/v2/{server.credentials['project_id']}/instances/{server.credentials['instances']['development']}"
            f"/assets/jobs/{job.id}"
        )
        address = urlsplit(server.endpoint)
        token = _request(path, address.netloc, f"X-Auth-Token: {server.token()}\r\n")
        signed = _request(path, address.netloc, _signature(server, path, address.netloc))
        hello_port = free_port()
        command = [sys.executable, "-m", "benchmarks.peers.hello", str(hello_port), "230"]
        with started(command, dict(os.environ)):
            rounds: dict[str, list[float]] = {"token": [], "signed": [], "hello": []}
            for _ in range(_ROUNDS):
                rounds["hello"].append(_load(hello_port, token))
                rounds["token"].append(_load(int(address.port or 0), token))
                rounds["signed"].append(_load(int(address.port or 0), signed))
    hello = ("bare ASGI hello-world, same server", rounds["hello"])
    return [
        compared("poll, token", "polls/s", rounds["token"], hello),
        compared("poll, AK/SK signature", "polls/s", rounds["signed"], hello),
    ]


def _request(path: str, host: str, credentials: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{credentials}\r\n".encode()


def _signature(server: Served, path: str, host: str) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415 - beside its use

    from romaport.wire.signing import EMPTY_HASH, SignedRequest, sign  # noqa: PLC0415 - beside its use

    found = server.credentials
    request = SignedRequest(method="GET", path=path, query="", headers={"host": host}, payload_hash=EMPTY_HASH)
    added = sign(
        request,
        access_key=found["access_key"],
        secret=found["secret_key"],
        at=datetime.now(UTC),
        project_id=found["project_id"],
    )
    return "".join(f"{name}: {value}\r\n" for name, value in added.items())


def _load(port: int, request: bytes) -> float:
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "benchmarks.load", str(port), str(_SECONDS)]
    done = subprocess.run(command, input=request, capture_output=True, check=True)
    return float(done.stdout)
