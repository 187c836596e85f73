"""What the benchmarks of exports and of imports have in common: how a job is measured, and how its rounds are shown."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.figures import Figure, at_least, compared
from benchmarks.place import Served, following
from romaport.client import Client

__all__ = ["INSTANCE", "Rounds", "growth", "rounds_of"]

INSTANCE = "development"
_ROUNDS_MAX = 3
_MIB = 1024 * 1024
_PEAK_MIB_MAX = 64

Limits = Sequence[tuple[str, str, float | None]]
"""What a limit is called, where its rates are, and which share of them is the target."""


def rounds_of(size: int, *, assets_max: int) -> range:
    """Answer the rounds in which so many assets are measured: up to three, with as many in all of them together."""
    return range(max(1, min(_ROUNDS_MAX, assets_max // size)))


@dataclass
class Rounds:
    """Assets per second and MiB, round by round; limits by their names."""

    size: int
    rates: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    limits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, server: Served, start: Callable[[Client], str]) -> None:
        """Begin a job, follow it to Success, and note how fast it was and how much memory it took."""
        # An import that has succeeded still lets go of what it had put aside.
        server.process.rest()
        with server.client(INSTANCE) as client, following(server, INSTANCE) as settled:
            idle = server.process.memory_bytes("VmRSS")
            server.process.forget_peak()
            began_at = time.perf_counter()
            job = settled(start(client))
            self.rates.append(self.size / (time.perf_counter() - began_at))
            assert job.status == "Success", job
            self.peaks.append((server.process.memory_bytes("VmHWM") - idle) / _MIB)

    @property
    def asset_us(self) -> float:
        """How long one asset takes."""
        return round(1e6 / median(self.rates), 2)

    @property
    def peak_mib(self) -> float:
        """The most memory above the idle server."""
        return round(median(self.peaks), 1)

    def figures(self, name: str, limits: Limits) -> list[Figure]:
        """Compare with each limit, and show the peak."""
        return [
            *(
                compared(name, "assets/s", self.rates, (limit, self.limits[which]), at_least(target))
                for limit, which, target in limits
            ),
            Figure(
                name=f"{name}, peak above idle",
                value=self.peak_mib,
                unit="MiB",
                target=_PEAK_MIB_MAX,
                rounds=len(self.peaks),
            ),
        ]


def growth(name: str, rounds: Sequence[Rounds]) -> list[Figure]:
    """Compare the time that an asset takes among the most with that among the fewest, and the peaks of memory."""
    few, many = rounds[0], rounds[-1]
    limit = f"the same with {few.size:,}"
    measured = (("time for one", "us", many.asset_us, few.asset_us), ("peak", "MiB", many.peak_mib, few.peak_mib))
    return [
        Figure(
            name=f"{name}, {many.size:,} assets, {what}",
            value=value,
            unit=unit,
            limit=limit,
            limit_value=limit_value,
            # A peak that is not above the idle server is nothing to compare with.
            ratio=round(value / limit_value, 3) if limit_value > 0 else None,
        )
        for what, unit, value, limit_value in measured
    ]
