"""The names a package and the files inside it may have."""

import re

from romaport.errors import PackageNameWrong

__all__ = ["MANIFEST_NAME", "check_package_name", "file_name", "is_file_name", "is_kind_name", "quoted"]

MANIFEST_NAME = "manifest.json"

KIND_PATTERN = r"[a-z][a-z0-9_-]{0,62}"
KIND = re.compile(KIND_PATTERN)
FILE = re.compile(rf"assets/{KIND_PATTERN}\.jsonl")
STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_-]*")

PACKAGE_NAME_CHARACTERS_MAX = 255
QUOTED_CHARACTERS_MAX = 80


def check_package_name(name: str) -> None:
    """Refuse a file name that the contract does not allow for a package (contract 2.2).

    Letters and digits are the ASCII ones; `.zip` may be in any case.

    Raises PackageNameWrong.
    """
    stem, dot, ending = name.rpartition(".")
    if not dot or ending.lower() != "zip":
        raise PackageNameWrong(problem="the file name must end in .zip")
    if len(name) > PACKAGE_NAME_CHARACTERS_MAX:
        raise PackageNameWrong(problem=f"the file name must have at most {PACKAGE_NAME_CHARACTERS_MAX} characters")
    if not STEM.fullmatch(stem):
        raise PackageNameWrong(
            problem="the file name must start with a letter or digit and, before .zip, have only letters, digits, + - _"
        )


def file_name(kind: str) -> str:
    """Answer the name of the file that holds the assets of a kind."""
    return f"assets/{kind}.jsonl"


def is_kind_name(kind: str) -> bool:
    """Answer whether a kind of this name can have a file in a package."""
    return KIND.fullmatch(kind) is not None


def is_file_name(name: str) -> bool:
    """Answer whether a package may hold a file of this name.

    What is not on this short list needs no further question: there is no absolute, climbing, unprintable or
    upper-case name among them, no backslash, no drive and no folder.
    """
    return name == MANIFEST_NAME or FILE.fullmatch(name) is not None


def quoted(foreign: str) -> str:
    """Answer foreign text for a message: printable ASCII, and never much of it."""
    shown = ascii(foreign[:QUOTED_CHARACTERS_MAX])
    return shown if len(shown) <= QUOTED_CHARACTERS_MAX + 2 else shown[:QUOTED_CHARACTERS_MAX] + "...'"
