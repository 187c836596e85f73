"""What a benchmark finds, and how it is shown and kept."""

from enum import StrEnum
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"


class Bound(StrEnum):
    """What a target says."""

    RATIO_AT_LEAST = "ratio >="
    RATIO_AT_MOST = "ratio <="
    VALUE_AT_MOST = "value <="


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement beside the limit it is compared with, both of the same run."""

    name: str
    value: float
    unit: str
    limit: str = ""
    limit_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    bound: Bound = Bound.VALUE_AT_MOST
    rounds: int = 1
    noise_percent: float | None = None
    """How far the limit's own rounds lay apart, as a share of their median: the machine's noise."""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None without one, or without what it is about."""
        measured = self.value if self.bound is Bound.VALUE_AT_MOST else self.ratio
        if self.target is None or measured is None:
            return None
        return measured >= self.target if self.bound is Bound.RATIO_AT_LEAST else measured <= self.target


Target = tuple[Bound, float]


def at_least(ratio: float | None) -> Target | None:
    """Answer the target of a ratio that should be so great; None without one."""
    return None if ratio is None else (Bound.RATIO_AT_LEAST, ratio)


def compared(
    name: str,
    unit: str,
    rounds: list[float],
    limit: tuple[str, list[float]],
    target: Target | None = None,
) -> Figure:
    """Compare medians of interleaved rounds."""
    limit_name, limit_rounds = limit
    value, limit_value = median(rounds), median(limit_rounds)
    bound, wanted = target or (Bound.VALUE_AT_MOST, None)
    return Figure(
        name=name,
        value=round(value, 2),
        unit=unit,
        limit=limit_name,
        limit_value=round(limit_value, 2),
        ratio=round(value / limit_value, 3),
        target=wanted,
        bound=bound,
        rounds=len(rounds),
        noise_percent=round(100 * (max(limit_rounds) - min(limit_rounds)) / limit_value, 1),
    )


def missed(name: str, unit: str, why: str) -> Figure:
    """Answer the row of a comparison that could not be made, which says so."""
    return Figure(name=name, value=0, unit=unit, limit=f"NOT MEASURED: {why}", rounds=0)


def shown(figures: list[Figure]) -> None:
    """Print the table and write the file."""
    table = Table("benchmark", "value", "unit", "limit", "limit's value", "ratio", "target", "met", "rounds", "noise %")
    for found in figures:
        met = {None: "", True: "yes", False: "NO"}[found.is_met]
        row = (found.name, f"{found.value:,.1f}", found.unit, found.limit, _number(found.limit_value, ",.1f"))
        target = "" if found.target is None else f"{found.bound.value} {found.target:g}"
        noise = _number(found.noise_percent, ".1f")
        table.add_row(*row, _number(found.ratio, ".3f"), target, met, str(found.rounds), noise)
    Console(width=180).print(table)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
