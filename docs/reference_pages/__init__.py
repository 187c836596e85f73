"""The pages of docs/reference that follow from the code, each a function that answers its text."""

from collections.abc import Callable

from docs.reference_pages.commands import commands
from docs.reference_pages.errors import errors
from docs.reference_pages.job_states import job_states
from docs.reference_pages.kinds import kinds
from docs.reference_pages.operations import operations
from docs.reference_pages.settings import settings

__all__ = ["PAGES"]

PAGES: dict[str, Callable[[], str]] = {
    "api.md": operations,
    "cli.md": commands,
    "errors.md": errors,
    "job-states.md": job_states,
    "kinds.md": kinds,
    "settings.md": settings,
}
"""Page to the function that writes it."""
