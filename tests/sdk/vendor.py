"""The vendor's SDK, its sync and its async client behind one call, so that every test can run with both."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkroma.v2 import RomaAsyncClient, RomaClient

__all__ = ["CLIENTS", "Sdk", "credentials", "decoded", "opened"]

CLIENTS = {"sync": RomaClient, "async": RomaAsyncClient}
_WORD_BEGINS = re.compile(r"(?<!^)(?=[A-Z])")
_CHUNK_BYTES = 65_536
_ID = re.compile(r"[0-9a-f]{32}")


def credentials(access_key: str, secret_key: str, project_id: str | None = None) -> Any:
    """Make what the SDK signs with."""
    return BasicCredentials(access_key, secret_key, project_id)


def decoded(model: Any) -> Any:
    """Answer all that a model of the SDK's holds, as plain values to compare; what is absent is None."""
    if isinstance(model, list):
        return [decoded(item) for item in model]
    if hasattr(model, "openapi_types"):
        return {name: decoded(getattr(model, name)) for name in model.openapi_types}
    return model


class Sdk:
    """One client of the vendor's, and what its last answer looked like on the wire."""

    def __init__(self, client: Any, *, is_async: bool) -> None:
        self._client = client
        self._is_async = is_async
        self.answers: list[Any] = []

    def send(self, request: Any, headers: Mapping[str, str] | None = None) -> Any:
        """Send a request of the SDK's; answer the model that the SDK made of the response.

        A file in it is closed, since the SDK leaves that to its caller.
        """
        try:
            return self._send(request, headers)
        finally:
            body = getattr(request, "body", None)
            for part in vars(body).values() if hasattr(body, "openapi_types") else ():
                if isinstance(part, FormFile):
                    part.close()

    def _send(self, request: Any, headers: Mapping[str, str] | None) -> Any:
        operation = _WORD_BEGINS.sub("_", type(request).__name__.removesuffix("Request")).lower()
        operation += "_async" * self._is_async
        if headers:
            invoker = getattr(self._client, f"{operation}_invoker")(request)
            for name, value in headers.items():
                invoker.add_header(name, value)
            answer = invoker.invoke()
        else:
            answer = getattr(self._client, operation)(request)
        return answer.result() if self._is_async else answer

    def refused(
        self, request: Any, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> str:
        """Send a request that must be refused just so; answer the refusal's details.

        `message` is a regular expression for the whole sentence.
        """
        with pytest.raises(ClientRequestException) as refusal:
            self.send(request, headers)
        error = refusal.value
        assert (error.status_code, error.error_code) == (status, code), error
        assert re.fullmatch(message, error.error_msg), error.error_msg
        assert _ID.fullmatch(error.request_id)
        body = self.answers[-1].json()
        assert body["request_id"] == error.request_id
        assert (body["error_code"], body["error_msg"]) == (error.error_code, error.error_msg)
        details: str = body["error_details"]
        assert details
        return details

    def save(self, request: Any, path: Path) -> int:
        """Send a download request and write what comes to a file; answer its size in bytes."""

        def write(stream: Any) -> None:
            with stream, path.open("wb") as file:
                for chunk in stream.iter_content(_CHUNK_BYTES):
                    file.write(chunk)

        self.send(request).consume_download_stream(write)
        return path.stat().st_size


@contextmanager
def opened(
    name: str,
    endpoint: str,
    signer: Any,
    *,
    region: str = "",
    build: Callable[[Any], Any] = lambda builder: builder,
    change: Callable[[Any], None] | None = None,
) -> Iterator[Sdk]:
    """Open a client, `sync` or `async`, for an endpoint.

    With a region it is built as for the vendor's cloud, which finds out the project by itself. `build` has the
    last word on the builder; `change` is handed every request, signed and ready, before it goes out.
    """
    builder = CLIENTS[name].new_builder().with_credentials(signer)
    builder = builder.with_region(Region(region, endpoint)) if region else builder.with_endpoint(endpoint)
    handler = HttpHandler()
    client = build(builder.with_http_handler(handler)).build()
    sdk = Sdk(client, is_async=name == "async")
    handler.add_response_handler(lambda **seen: sdk.answers.append(seen["response"]))
    if change is not None:
        handler.add_request_handler(lambda **seen: change(seen["request"]))
    try:
        yield sdk
    finally:
        client.get_http_client().close()
        client.get_http_client().executor.shutdown()
