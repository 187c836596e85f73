"""What a person sees: a moving bar on a terminal, a line per change elsewhere, or one JSON object at the end."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from romaport.errors import Refused, RomaportError

if TYPE_CHECKING:
    from rich.console import Console

    from romaport.wire.assets import AssetJobReason, JobAnswer

__all__ = ["Screen"]

# rich takes a while to load, and help must be fast: it is imported where it is used.

# A terminal says how wide it is; elsewhere a table may be this wide before its cells are folded.
_TABLE_WIDTH = 160


class Screen:
    """Where a command's words go. With JSON, stdout is kept for the one object, and the words go to stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, text: str) -> None:
        """Say one sentence of the result."""
        self._console(is_aside=False).print(text, markup=False, highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Say something that is no result: a refusal, or what to do next."""
        self._console(is_aside=True).print(text, markup=False, highlight=False, soft_wrap=True)

    def result(self, answer: dict[str, Any]) -> None:
        """Print the one JSON object, if that was asked for."""
        if self._as_json:
            sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")

    def refuse(self, refusal: RomaportError) -> None:
        """Say what was refused and why."""
        answer = _explained(refusal)
        self.warn(f"Refused: {answer['error_msg']} [{answer['error_code']}]")
        if answer["error_details"] not in {"", answer["error_msg"], str(refusal)}:
            self.warn(f"  {answer['error_details']}")
        if answer["request_id"]:
            self.warn(f"  request {answer['request_id']}")
        self.result(answer)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[["JobAnswer"], None]]:
        """Show how far a job is, while it is followed."""
        console = self._console(is_aside=False)
        if not console.is_terminal:
            yield _Lines(title, self.say)
            return
        with _bar(console) as bar:
            task = bar.add_task(title, total=1.0)
            yield lambda job: bar.update(task, completed=job.progress_percent, description=f"{title}: {job.status}")

    @contextmanager
    def transfer(self, title: str) -> Iterator[Callable[[int, int | None], None]]:
        """Show how far a download is; on a terminal only, since it is short."""
        console = self._console(is_aside=False)
        if not console.is_terminal:
            yield lambda _size, _total: None
            return
        with _bar(console) as bar:
            task = bar.add_task(title, total=None)
            yield lambda size, total: bar.update(task, completed=size, total=total)

    def findings(self, found: Sequence["AssetJobReason"]) -> None:
        """Print why a job failed, a row for each asset."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        if not found:
            return
        table = Table("Kind", "Name", "Code", "What is wrong", box=box.SIMPLE, pad_edge=False)
        for column in table.columns:
            column.overflow = "fold"
        for reason in found:
            cells = (reason.resource_type, reason.resource_name, reason.error_code, reason.error_msg)
            table.add_row(*(Text(cell) for cell in cells))
        self._console(is_aside=False, width=_TABLE_WIDTH).print(table)

    def _console(self, *, is_aside: bool, width: int | None = None) -> "Console":
        """Answer where words go; `width` holds where there is no terminal to ask."""
        from rich.console import Console

        console = Console(stderr=is_aside or self._as_json)
        if width is not None and not console.is_terminal:
            console.width = width
        return console


class _Lines:
    """Says how far a job is, once per change."""

    def __init__(self, title: str, say: Callable[[str], None]) -> None:
        self._title = title
        self._say = say
        self._said = ""

    def __call__(self, job: "JobAnswer") -> None:
        line = f"{self._title}: {job.status}, {job.progress_percent:.0%}"
        if line != self._said:
            self._said = line
            self._say(line)


def _bar(console: "Console") -> Any:  # noqa: ANN401 - rich's type cannot be named without loading rich
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )


def _explained(refusal: RomaportError) -> dict[str, str]:
    if isinstance(refusal, Refused):
        return {
            "error_code": refusal.error_code,
            "error_msg": refusal.error_message,
            "error_details": refusal.error_details,
            "request_id": refusal.request_id,
        }
    sentence = str(refusal)
    return {"error_code": refusal.code, "error_msg": sentence, "error_details": refusal.explanation, "request_id": ""}
