"""Passwords: argon2id, a few at a time, and locked after too many wrong ones."""

import base64
import os
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from romaport.auth.options import AuthOptions
from romaport.auth.remembered import Failures
from romaport.clock import Clock, seconds_of
from romaport.errors import ParameterInvalid, RequestsTooMany

__all__ = ["LENGTH_MAX", "LENGTH_MIN", "Passwords", "hashed"]

LENGTH_MIN = 8
LENGTH_MAX = 128

_HASHER = PasswordHasher()
_RETRY_SECONDS = 1


def hashed(password: str) -> str:
    """Hash a new password; raise `ParameterInvalid` if it is too short or too long."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise ParameterInvalid(name="password", rule=f"must have {LENGTH_MIN} to {LENGTH_MAX} characters")
    return _HASHER.hash(password)


class Passwords:
    """Verifies passwords, and makes guessing them slow."""

    def __init__(self, clock: Clock, options: AuthOptions) -> None:
        self._seconds = seconds_of(clock)
        self._wait_seconds = options.password_wait_seconds
        self._turns = BoundedSemaphore(options.password_hashes_at_once)
        self._failures: Failures[tuple[str, str]] = Failures(
            failures_max=options.lockout_failures,
            lock_seconds=options.lockout_seconds,
            entries_max=options.cache_entries_max,
        )
        self._decoy = _decoy()

    def is_right(self, name: tuple[str, str], password: str, stored: str | None) -> bool:
        """Say whether the password of a domain's user is the stored one; None for a user who is not there.

        Raises `RequestsTooMany` for a locked name, and when too many passwords wait already.
        """
        self._refuse_locked(name)
        if not self._turns.acquire(timeout=self._wait_seconds):
            raise RequestsTooMany(retry_seconds=_RETRY_SECONDS)
        try:
            # Asked again: whoever waited for a turn may have waited behind the failure that locks.
            self._refuse_locked(name)
            # A user who is not there costs what a wrong password costs.
            matches = _matches(stored or self._decoy, password) and stored is not None
            if matches:
                self._failures.clear(name)
            else:
                self._failures.add(name, at=self._seconds())
        finally:
            self._turns.release()
        return matches

    def rehashed(self, password: str, stored: str) -> str | None:
        """Answer the new hash of a right password whose hash was made with other parameters; None if it was not."""
        return _HASHER.hash(password) if _HASHER.check_needs_rehash(stored) else None

    def _refuse_locked(self, name: tuple[str, str]) -> None:
        seconds = self._failures.locked_seconds(name, at=self._seconds())
        if seconds:
            raise RequestsTooMany(retry_seconds=seconds)


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _decoy() -> str:
    """Write a hash of today's parameters that no password is known for; costs nothing to make."""
    salt, digest = (
        base64.b64encode(os.urandom(length)).decode().rstrip("=") for length in (_HASHER.salt_len, _HASHER.hash_len)
    )
    costs = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"
