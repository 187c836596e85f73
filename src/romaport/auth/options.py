"""What operators may set about credentials."""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["AuthOptions"]


class AuthOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long credentials hold, how long they are trusted, and when guessing ends."""

    token_seconds: Annotated[int, Meta(ge=60, le=604_800, description="How long a token is valid.")] = 86_400
    cache_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=300,
            description="How long a verified credential is remembered. On SQLite, a disabled user, a changed "
            "password or a withdrawn permission is felt at the latest after this; on PostgreSQL at once.",
        ),
    ] = 5
    cache_entries_max: Annotated[
        int, Meta(ge=16, le=1_000_000, description="Verified credentials, and failures, that this process remembers.")
    ] = 10_000
    signature_skew_seconds: Annotated[
        int, Meta(ge=1, le=3_600, description="How far the date of a signature may be from this server's clock.")
    ] = 900
    lockout_failures: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="Wrong passwords in a row that lock a user name; an access key is locked by one more.",
        ),
    ] = 5
    lockout_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="How long a user name or an access key stays locked.")
    ] = 300
    password_hashes_at_once: Annotated[
        int, Meta(ge=1, le=64, description="Passwords verified at once; each takes 64 MiB of memory for its time.")
    ] = 2
    password_wait_seconds: Annotated[
        int, Meta(ge=1, le=60, description="How long a password waits for its verification before 429 is answered.")
    ] = 10
