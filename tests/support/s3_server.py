"""moto's server, which tells of unfinished uploads when they began: by itself it dates every one to 2010.

Whatever sweeps up uploads that nobody finished would take those that are on their way.
"""

import sys
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto.s3.models import FakeMultipart
from moto.s3.responses import S3Response
from moto.server import main

_began: dict[str, datetime] = {}
_begin, _list = FakeMultipart.__init__, S3Response.list_multipart_uploads


def _noted(upload: FakeMultipart, *given: Any, **named: Any) -> None:
    _begin(upload, *given, **named)
    _began[upload.id] = datetime.now(UTC)


def _dated(response: S3Response) -> Any:
    def serialized(found: Any) -> Any:
        for upload in found.result["Uploads"]:
            upload["Initiated"] = _began[upload["UploadId"]].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return S3Response.serialized(response, found)

    with patch.object(response, "serialized", serialized):
        return _list(response)


if __name__ == "__main__":
    with (
        patch.object(FakeMultipart, "__init__", _noted),
        patch.object(S3Response, "list_multipart_uploads", _dated),
    ):
        main(sys.argv[1:])
