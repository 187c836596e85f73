"""The two published vocabularies of job status, and which of ours is which of theirs (contract 1.3)."""

from enum import StrEnum

__all__ = ["FINAL_WORDS", "Dialect", "status_word"]


class Dialect(StrEnum):
    """Which published version of the contract the server speaks (product decision 2)."""

    D2022 = "2022"
    D2025 = "2025"


# Ours are the words of `jobs.states`; the newer words have none for "downloaded", so it stays a success.
_WORDS = {
    Dialect.D2022: {"running": "Running", "succeeded": "Success", "failed": "Failed", "finished": "Finished"},
    Dialect.D2025: {"running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED", "finished": "SUCCEEDED"},
}

FINAL_WORDS = frozenset({"Success", "Failed", "Finished", "SUCCEEDED", "FAILED", "FINISHED"})
"""Every status, in either dialect, after which a job does no more work."""


def status_word(dialect: Dialect, state: str) -> str:
    """Say a job's state in the words of a dialect."""
    return _WORDS[dialect][state]
