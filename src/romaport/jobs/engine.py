"""What runs jobs, as everyone else sees it. `engine_embedded` is the one in the process."""

from typing import Protocol

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs submitted jobs beside the requests, a bounded number at a time."""

    def submit(self, job_id: str) -> None:
        """Have a job run as soon as a worker is free; may be called from any thread."""

    async def start(self) -> None:
        """Begin to run jobs."""

    async def stop(self) -> None:
        """Take no more jobs, and wait until those that run have reached a safe point."""

    async def drain(self) -> None:
        """Wait until nothing runs and nothing waits."""
