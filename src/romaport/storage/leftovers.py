"""Uploads in parts that nobody will finish: a process was killed, or the store was gone, before they were given up.

They are no objects, cost all the same, and obstore neither lists nor ends those of others. So these two requests are
made and signed here (AWS Signature Version 4, https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from romaport.errors import StoreUnavailable

__all__ = ["Leftovers"]

_NOTHING = sha256(b"").hexdigest()
_SIGNED = "host;x-amz-content-sha256;x-amz-date"
_ENDED = (HTTPStatus.NO_CONTENT, HTTPStatus.OK, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """The unfinished uploads of one bucket."""

    address: str
    """Where the bucket answers, as `http://host:port` and the path that stands before a name."""
    prefix: str
    """What stands before every name, with its slash."""
    region: str
    access_key: str
    secret_key: str
    timeout_seconds: int

    def sweep(self, folder: str, *, until: datetime, at: datetime) -> list[str]:
        """End the uploads below a folder that were begun until then, some at a time; answer their names.

        Raises `StoreUnavailable`.
        """
        query = {"prefix": f"{self.prefix}{folder}/", "uploads": ""}
        status, body = self._ask("GET", "", query, at)
        if status != HTTPStatus.OK:
            raise StoreUnavailable(store="archive store")
        names = []
        for key, upload_id, begun_at in _uploads(body):
            if begun_at <= until:
                status, _ = self._ask("DELETE", key, {"uploadId": upload_id}, at)
                if status not in _ENDED:
                    raise StoreUnavailable(store="archive store")
                names.append(key.removeprefix(self.prefix))
        return names

    def _ask(self, method: str, name: str, query: dict[str, str], at: datetime) -> tuple[int, bytes]:
        place = urlsplit(self.address)
        kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
        connection = kind(place.netloc, timeout=self.timeout_seconds)
        path = f"{place.path}/{quote(name)}"
        said = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in sorted(query.items()))
        try:
            connection.request(method, f"{path}?{said}", headers=self._headers(method, path, said, at))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as cause:
            raise StoreUnavailable(store="archive store") from cause
        finally:
            connection.close()

    def _headers(self, method: str, path: str, query: str, at: datetime) -> dict[str, str]:
        moment = at.strftime("%Y%m%dT%H%M%SZ")
        host = urlsplit(self.address).netloc
        headers = f"host:{host}\nx-amz-content-sha256:{_NOTHING}\nx-amz-date:{moment}\n"
        asked = f"{method}\n{path}\n{query}\n{headers}\n{_SIGNED}\n{_NOTHING}"
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        signed = "\n".join(("AWS4-HMAC-SHA256", moment, scope, sha256(asked.encode()).hexdigest()))
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, signed.encode(), "sha256").hex()
        return {
            "host": host,
            "x-amz-content-sha256": _NOTHING,
            "x-amz-date": moment,
            "authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={_SIGNED}, Signature={signature}",
        }


def _uploads(body: bytes) -> list[tuple[str, str, datetime]]:
    """Read name, id and beginning of every upload in a listing."""
    try:
        listed = ET.fromstring(body)  # noqa: S314 - the operator's own store
        return [
            (
                found.findtext("{*}Key", ""),
                found.findtext("{*}UploadId", ""),
                datetime.fromisoformat(found.findtext("{*}Initiated", "")),
            )
            for found in listed.iterfind("{*}Upload")
        ]
    except (ET.ParseError, ValueError) as cause:
        raise StoreUnavailable(store="archive store") from cause
