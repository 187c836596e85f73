"""The asset operations, each one story: export, import, delete, download, plan, rollback, compare, report."""

from collections.abc import Callable

from romaport.assets.comparisons import Side, compared, run_comparison, start_comparison
from romaport.assets.deletions import run_deletion, start_deletion
from romaport.assets.desk import Desk, Selected, may_see
from romaport.assets.downloads import find_archive, outdate_answers, sweep, take_archive
from romaport.assets.exports import Choice, run_export, start_chosen_export, start_export
from romaport.assets.imports import run_import, start_import
from romaport.assets.plans import run_plan, start_execution, start_plan
from romaport.assets.reports import Window, find_items, find_report
from romaport.assets.rollbacks import run_rollback, start_rollback
from romaport.assets.uploads import ImportOptions, Values
from romaport.jobs import JobContext, JobType

__all__ = [
    "STORIES",
    "Choice",
    "Desk",
    "ImportOptions",
    "Selected",
    "Side",
    "Values",
    "Window",
    "compared",
    "find_archive",
    "find_items",
    "find_report",
    "may_see",
    "outdate_answers",
    "start_chosen_export",
    "start_comparison",
    "start_deletion",
    "start_execution",
    "start_export",
    "start_import",
    "start_plan",
    "start_rollback",
    "sweep",
    "take_archive",
]

STORIES: dict[str, Callable[[Desk, JobContext], None]] = {
    JobType.EXPORT: run_export,
    JobType.IMPORT: run_import,
    JobType.DELETE: run_deletion,
    JobType.PLAN: run_plan,
    JobType.ROLLBACK: run_rollback,
    JobType.COMPARE: run_comparison,
}
"""What runs a job of each type."""
