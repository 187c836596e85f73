"""A bucket of an S3-protocol store (S3, OBS and others), as the settings describe it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from obstore.store import S3Store

from romaport.errors import SettingInvalid
from romaport.storage.leftovers import Leftovers

__all__ = ["ArchiveOptions", "open_bucket"]

_CONNECT_SECONDS = 5
# A client may take its download slowly; what must not last is silence, and that has a limit of its own.
_WHOLE = timedelta(hours=6)
_SECRET = {"writeOnly": True}


class ArchiveOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where packages are kept, and for how long."""

    url: Annotated[
        str, Meta(description="s3://bucket/prefix of an S3-protocol store; empty keeps packages in the data folder.")
    ] = ""
    endpoint: Annotated[
        str, Meta(description="Address of the store, http(s)://host:port; empty is that of AWS in the region.")
    ] = ""
    region: Annotated[str, Meta(min_length=1, description="Region that requests to the store are signed for.")] = (
        "us-east-1"
    )
    access_key: Annotated[
        str, Meta(description="Access key (AK) of the store; empty takes the role of the machine.")
    ] = ""
    secret_key: Annotated[str, Meta(description="Secret key (SK) of the store.", extra_json_schema=_SECRET)] = ""
    style: Annotated[
        str,
        Meta(
            pattern="^(path|virtual)$",
            description="Where the bucket stands: in the path, or (virtual) in the name of the host, as OBS wants it.",
        ),
    ] = "path"
    timeout_seconds: Annotated[
        int, Meta(ge=1, le=300, description="How long the store may be silent before a request to it is given up.")
    ] = 10
    retry_seconds: Annotated[
        int, Meta(ge=0, le=120, description="How long a request to the store is tried again before 503 is answered.")
    ] = 10
    ttl_seconds: Annotated[
        int, Meta(ge=1, le=31_536_000, description="How long an archive waits for its one download.")
    ] = 86_400
    sweep_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Pause between two looks for expired archives and stray files.")
    ] = 60
    grace_seconds: Annotated[
        int,
        Meta(ge=1, le=604_800, description="Age from which a file without a row is a leftover, and not on its way."),
    ] = 3_600


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A bucket, and what stands before every name in it."""

    bucket: str
    prefix: str
    endpoint: str
    """Empty for the one that the region has."""


def open_bucket(options: ArchiveOptions) -> tuple[S3Store, Leftovers | None]:
    """Open the bucket that the options name; nothing is asked of it yet. Raises `SettingInvalid`.

    What signs by the role of the machine cannot sweep leftovers: None.
    """
    place = _place(options)
    return _store(place, options), _leftovers(place, options) if options.access_key else None


def _leftovers(place: _Place, options: ArchiveOptions) -> Leftovers:
    endpoint = place.endpoint or f"https://s3.{options.region}.amazonaws.com"
    is_named = place.endpoint and options.style == "virtual"
    return Leftovers(
        address=endpoint if is_named else f"{endpoint}/{place.bucket}",
        prefix=f"{place.prefix}/" if place.prefix else "",
        region=options.region,
        access_key=options.access_key,
        secret_key=options.secret_key,
        timeout_seconds=options.timeout_seconds,
    )


def _store(place: _Place, options: ArchiveOptions) -> S3Store:
    # Handed over as a mapping, for an option that is absent must not be empty.
    chosen: dict[str, Any] = {"endpoint": place.endpoint} if place.endpoint else {}
    if options.access_key:
        chosen |= {"access_key_id": options.access_key, "secret_access_key": options.secret_key}
    silence = timedelta(seconds=options.timeout_seconds)
    return S3Store(
        place.bucket,
        prefix=place.prefix or None,
        region=options.region,
        virtual_hosted_style_request=options.style == "virtual",
        # Many stores do not know the request that deletes several objects, and nothing here needs it.
        disable_bulk_delete=True,
        client_options={
            "allow_http": place.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=min(_CONNECT_SECONDS, options.timeout_seconds)),
            "read_timeout": silence,
            "timeout": _WHOLE,
        },
        retry_config={
            "max_retries": 10 if options.retry_seconds else 0,
            "retry_timeout": timedelta(seconds=options.retry_seconds),
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
        },
        **chosen,
    )


def _place(options: ArchiveOptions) -> _Place:
    found = urlsplit(options.url)
    if found.scheme != "s3" or not found.netloc or found.query or found.fragment:
        raise SettingInvalid(name="ROMAPORT_ARCHIVES_URL", rule="must be s3://bucket or s3://bucket/prefix")
    if bool(options.access_key) != bool(options.secret_key):
        raise SettingInvalid(name="ROMAPORT_ARCHIVES_SECRET_KEY", rule="access key and secret key go together")
    endpoint = urlsplit(options.endpoint)
    if options.endpoint and (endpoint.scheme not in ("http", "https") or not endpoint.hostname or endpoint.username):
        raise SettingInvalid(name="ROMAPORT_ARCHIVES_ENDPOINT", rule="must be http://host:port or https://host:port")
    address = options.endpoint.rstrip("/")
    if address and options.style == "virtual":
        address = f"{endpoint.scheme}://{found.netloc}.{endpoint.netloc}"
    return _Place(bucket=found.netloc, prefix=found.path.strip("/"), endpoint=address)
