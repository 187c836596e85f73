"""nginx with a static file: what a poll would cost if its answer were a file, and no question of who asks."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port

from benchmarks.place import SERVER_CORE, Process

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/errors;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  open_file_cache max=16;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=1024; root {folder}/www; }}
}}
"""
_START_SECONDS = 10


@contextmanager
def serving_file(path: str, size_bytes: int) -> Iterator[Process]:
    """Serve a file of a size at the path of a URL, by one worker."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="romaport-nginx-") as name:
        folder, port = Path(name), free_port()
        file = folder / "www" / path.lstrip("/")
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x" * size_bytes)
        user = "user root;" if os.geteuid() == 0 else ""
        configuration = folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, user=user), encoding="ascii")
        command = ["taskset", "-c", str(SERVER_CORE), PROGRAM, "-c", str(configuration), "-e", str(folder / "errors")]
        process = subprocess.Popen(command)
        try:
            _await(port)
            worker = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()[0]
            yield Process(pid=int(worker), port=port)
        finally:
            process.terminate()
            process.wait(_START_SECONDS)


def _await(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline, "nginx does not start"
            time.sleep(0.02)
        else:
            return
