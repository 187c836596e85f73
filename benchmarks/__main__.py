"""Run every benchmark, or the named ones: `python -m benchmarks [NAME ...]`; `--list` names them."""

import sys

from benchmarks import cluster, exports, feed, imports, latency, poll, start_up, waiters
from benchmarks.figures import shown
from romaport.storage import keep_freed, spare_bookkeeping

BENCHMARKS = {
    "cluster": cluster.measure,
    "export": exports.measure,
    "feed": feed.measure,
    "import": imports.measure,
    "latency": latency.measure,
    "poll": poll.measure,
    "start_up": start_up.measure,
    "waiters": waiters.measure,
}


def main(names: list[str]) -> int:
    """Run and show; answer the exit code."""
    if names == ["--list"]:
        print("\n".join(BENCHMARKS))
        return 0
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    # As a server does: a limit that works by another method would be none.
    keep_freed()
    spare_bookkeeping()
    shown([figure for name in names or BENCHMARKS for figure in BENCHMARKS[name]()])
    return 0


sys.exit(main(sys.argv[1:]))
