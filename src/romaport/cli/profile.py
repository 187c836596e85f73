"""Profiles: where a person's commands go and as whom, kept in files that only that person can read."""

import os
import re
from pathlib import Path

import msgspec
import typer

from romaport.errors import ParameterInvalid

__all__ = ["DEFAULT_PROFILE", "Profile", "load_profile", "save_profile"]

DEFAULT_PROFILE = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An endpoint, what is meant there, and one kind of credentials."""

    endpoint: str = ""
    project: str = ""
    instance: str = ""
    ak: str = ""
    sk: str = ""
    user: str = ""
    password: str = ""
    domain: str = ""
    iam_endpoint: str = ""

    def __repr__(self) -> str:
        return f"Profile(endpoint={self.endpoint!r}, project={self.project!r}, instance={self.instance!r}, ***)"


def _file(name: str) -> Path:
    if _NAME.fullmatch(name) is None:
        raise ParameterInvalid(name="--profile", rule="must be letters, digits, dots, - and _, 64 at most")
    return Path(typer.get_app_dir("romaport")) / "profiles" / f"{name}.json"


def load_profile(name: str) -> Profile | None:
    """Read a profile; None if there is none of this name. Raises `ParameterInvalid` if it cannot be read."""
    file = _file(name)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Profile)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as cause:
        raise ParameterInvalid(name="--profile", rule=f"{file} cannot be read; log in again") from cause


def save_profile(name: str, profile: Profile) -> Path:
    """Write a profile, readable by its owner only, whole or not at all; answer where."""
    import secrets

    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.parent / f".{name}.{secrets.token_hex(4)}"
    try:
        # Created with the narrow mode, not narrowed afterwards: nobody can open it in between.
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(profile)) + b"\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
