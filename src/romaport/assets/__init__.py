"""The asset operations, each one story: export, import, delete, download."""

from collections.abc import Callable

from romaport.assets.deletions import run_deletion, start_deletion
from romaport.assets.desk import Desk, Selected
from romaport.assets.downloads import find_archive, may_see, sweep, take_archive
from romaport.assets.exports import run_export, start_export
from romaport.assets.imports import ImportOptions, run_import, start_import
from romaport.jobs import JobContext, JobType

__all__ = [
    "STORIES",
    "Desk",
    "ImportOptions",
    "Selected",
    "find_archive",
    "may_see",
    "start_deletion",
    "start_export",
    "start_import",
    "sweep",
    "take_archive",
]

STORIES: dict[str, Callable[[Desk, JobContext], None]] = {
    JobType.EXPORT: run_export,
    JobType.IMPORT: run_import,
    JobType.DELETE: run_deletion,
}
"""What runs a job of each type."""
