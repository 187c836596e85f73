"""Secrets at rest: AES-256-GCM under one key, bound to what they belong to.

The key comes from the settings, or from a file made at the first start (mode 0600). Whoever loses
it loses the secrets; whoever copies the database without it has none.
"""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from romaport.errors import SettingInvalid

__all__ = ["Vault", "key_from_file"]

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """Seals and opens small secrets."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise SettingInvalid(name="ROMAPORT_SECRETS_KEY", rule=f"must be {_KEY_BYTES} bytes as hex digits")
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, *, owner: str) -> bytes:
        """Encrypt a secret so that it opens for the same owner only."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> bytes:
        """Decrypt what `seal` made; raise `SettingInvalid` if the key is another one."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.encode())
        except InvalidTag as cause:
            raise SettingInvalid(
                name="ROMAPORT_SECRETS_KEY", rule="is not the key under which this data was written"
            ) from cause


def key_from_file(path: Path) -> bytes:
    """Read the key from a file, making one with a random key first if there is none."""
    if not path.exists():
        # Whole from its first moment on: another process may be waiting to read it.
        made = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(os.urandom(_KEY_BYTES).hex())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return bytes.fromhex(path.read_text().strip())
