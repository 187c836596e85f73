"""`make chaos`: one long storm, told in a few lines; it ends with 1 if anything was wrong."""

import argparse
import random
import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.storm import Measure, Outcome, Storm


def _said(outcome: Outcome, seed: int) -> str:
    verdict = outcome.verdict
    lines = [
        f"seed {seed}; {outcome.seconds:.0f} s",
        f"{verdict.jobs} jobs, {verdict.polls} polls",
        f"{verdict.unavailable} times 503, {verdict.broken} broken connections",
        f"{sum(outcome.faults.values())} faults: "
        + ", ".join(f"{number} {name}" for name, number in sorted(outcome.faults.items())),
        str(outcome.takeovers),
        f"{len(outcome.wrong)} wrong",
        *(f"  {found}" for found in outcome.wrong),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run one storm, and say how it was."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--folder", type=Path, help="a new folder in which the processes' logs are left")
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    sys.stdout.flush()
    measure = Measure(jobs=given.jobs, faults=given.faults, seconds_max=given.seconds)
    with nullcontext(given.folder) if given.folder else TemporaryDirectory(prefix="romaport-chaos-") as folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        outcome = Storm(measure, given.seed, Path(folder)).run()
    sys.stdout.write(_said(outcome, given.seed))
    return bool(outcome.wrong) or sum(outcome.faults.values()) < given.faults or outcome.verdict.jobs < given.jobs


if __name__ == "__main__":
    sys.exit(main())
