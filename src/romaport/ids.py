"""Identifiers and generated credentials, all from the operating system's random source."""

import secrets
import string

__all__ = ["new_access_key", "new_id", "new_secret", "new_token"]

_UPPER = string.ascii_uppercase + string.digits
_ALPHANUMERIC = string.ascii_letters + string.digits


def new_id() -> str:
    """Make an id as the service's own look: 32 hex digits (contract 1.1)."""
    return secrets.token_hex(16)


def new_token() -> str:
    """Make a bearer token of 256 random bits, safe in a header."""
    return secrets.token_urlsafe(32)


def new_access_key() -> str:
    """Make an access key id (AK): 20 upper-case letters and digits."""
    return "".join(secrets.choice(_UPPER) for _ in range(20))


def new_secret(length: int = 40) -> str:
    """Make a secret of letters and digits, `length` characters long."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))
