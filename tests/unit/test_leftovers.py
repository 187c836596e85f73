"""The requests that end unfinished uploads are signed as the vendor's own library signs them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from romaport.errors import StoreUnavailable
from romaport.storage.leftovers import Leftovers

KEY, SECRET, REGION = "TESTACCESSKEY", "made-up-secret", "eu-west-9"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LISTED = (
    b'<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Upload><Key>a b/archives/x+y.zip</Key><UploadId>i/d=</UploadId>"
    b"<Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"
    b"<Upload><Key>a b/archives/young.zip</Key><UploadId>2</UploadId>"
    b"<Initiated>2026-01-02T03:00:00.000Z</Initiated></Upload>"
    b"</ListMultipartUploadsResult>"
)


class Store(HTTPServer):
    """Answers a listing, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.status = 200
        self.body = LISTED
        super().__init__(("127.0.0.1", 0), Conversation)


class Conversation(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, {key.lower(): value for key, value in self.headers.items()}))
        body = self.server.body if self.command == "GET" else b""
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_DELETE = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[Store]:
    found = Store()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def leftovers(store: Store) -> Leftovers:
    return Leftovers(
        address=f"http://127.0.0.1:{store.server_port}/bucket",
        prefix="a b/",
        region=REGION,
        access_key=KEY,
        secret_key=SECRET,
        timeout_seconds=5,
    )


def sweep(store: Store) -> list[str]:
    return leftovers(store).sweep("archives", until=datetime(2026, 1, 2, tzinfo=UTC), at=AT)


def test_old_uploads_are_ended_and_young_ones_are_not(store: Store) -> None:
    assert sweep(store) == ["archives/x+y.zip"]
    assert [(method, path) for method, path, _ in store.asked] == [
        ("GET", "/bucket/?prefix=a%20b%2Farchives%2F&uploads="),
        ("DELETE", "/bucket/a%20b/archives/x%2By.zip?uploadId=i%2Fd%3D"),
    ]


def test_the_signatures_are_the_vendors(store: Store) -> None:
    sweep(store)
    for method, path, headers in store.asked:
        request = AWSRequest(method, f"http://127.0.0.1:{store.server_port}{path}")
        request.context["timestamp"] = headers["x-amz-date"]
        request.headers["x-amz-date"] = headers["x-amz-date"]
        request.headers["x-amz-content-sha256"] = headers["x-amz-content-sha256"]
        signer = S3SigV4Auth(Credentials(KEY, SECRET), "s3", REGION)
        signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        assert headers["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(("status", "body"), [(403, LISTED), (500, b""), (200, b"<html>"), (200, b"")])
def test_an_answer_that_is_none_is_a_broken_store(store: Store, status: int, body: bytes) -> None:
    store.status, store.body = status, body
    with pytest.raises(StoreUnavailable):
        sweep(store)
