"""What a benchmark finds, and how it is shown and kept."""

from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement beside the limit it is compared with, both of the same run."""

    name: str
    value: float
    unit: str
    limit: str = ""
    limit_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    rounds: int = 1
    noise_percent: float | None = None
    """How far the limit's own rounds lay apart, as a share of their median: the machine's noise."""


def compared(name: str, unit: str, rounds: list[float], limit: tuple[str, list[float]]) -> Figure:
    """Compare medians of interleaved rounds; more is better."""
    limit_name, limit_rounds = limit
    value, limit_value = median(rounds), median(limit_rounds)
    return Figure(
        name=name,
        value=round(value, 1),
        unit=unit,
        limit=limit_name,
        limit_value=round(limit_value, 1),
        ratio=round(value / limit_value, 3),
        rounds=len(rounds),
        noise_percent=round(100 * (max(limit_rounds) - min(limit_rounds)) / limit_value, 1),
    )


def shown(figures: list[Figure]) -> None:
    """Print the table and write the file."""
    table = Table("benchmark", "value", "unit", "limit", "limit's value", "ratio", "rounds", "noise %")
    for found in figures:
        limit_value = "" if found.limit_value is None else f"{found.limit_value:,.0f}"
        ratio = "" if found.ratio is None else f"{found.ratio:.3f}"
        noise = "" if found.noise_percent is None else f"{found.noise_percent:.1f}"
        row = (found.name, f"{found.value:,.1f}", found.unit, found.limit, limit_value, ratio)
        table.add_row(*row, str(found.rounds), noise)
    Console(width=160).print(table)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
