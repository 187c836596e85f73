"""Identifiers and generated credentials, all from the operating system's random source."""

import secrets
import string
from collections.abc import Iterator
from itertools import chain
from struct import Struct

__all__ = [
    "ID_LENGTH",
    "ids_in_order",
    "new_access_key",
    "new_id",
    "new_ids",
    "new_password",
    "new_secret",
    "new_token",
]

ID_LENGTH = 32
"""How many characters an id has."""

_ID_BYTES = ID_LENGTH // 2
_DRAWN_AT_ONCE = 256
_DRAWN = Struct(f"{ID_LENGTH}s" * _DRAWN_AT_ONCE)

_UPPER = string.ascii_uppercase + string.digits
_ALPHANUMERIC = string.ascii_letters + string.digits
# Of the 128 bits of an id; the others count milliseconds for some thousand years.
_RANDOM_BITS = 80
# Each of these must be in a password that a device takes (contract 7.9).
_PASSWORD_PARTS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-~!@#$%^&*_=+")


def new_id() -> str:
    """Make an id as the service's own look: 32 hex digits (contract 1.1)."""
    return secrets.token_hex(_ID_BYTES)


def new_ids() -> Iterator[bytes]:
    """Make ids without end, as a header carries them; many at once, which costs a fraction of making each.

    For ids that name and need not be secret; of one thread.
    """
    # Nothing is never drawn, so this does not end.
    return chain.from_iterable(iter(_drawn, ()))


def _drawn() -> tuple[bytes, ...]:
    return _DRAWN.unpack(secrets.token_hex(_ID_BYTES * _DRAWN_AT_ONCE).encode())


def ids_in_order(number: int, *, at: int) -> list[str]:
    """Make ids that follow one another, and those made before, `at` milliseconds since the epoch.

    An index takes them at its end, which costs it a fraction of what it costs anywhere else.
    """
    first = (at << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS - 1)
    return [f"{found:032x}" for found in range(first, first + number)]


def new_token() -> str:
    """Make a bearer token of 256 random bits, safe in a header."""
    return secrets.token_urlsafe(32)


def new_access_key() -> str:
    """Make an access key id (AK): 20 upper-case letters and digits."""
    return "".join(secrets.choice(_UPPER) for _ in range(20))


def new_secret(length: int = 40) -> str:
    """Make a secret of letters and digits, `length` characters long."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


def new_password(length: int = 24) -> str:
    """Make a password of letters of both cases, digits and signs, `length` characters long, with some of each."""
    while True:
        made = "".join(secrets.choice("".join(_PASSWORD_PARTS)) for _ in range(length))
        if all(set(made) & set(part) for part in _PASSWORD_PARTS):
            return made
