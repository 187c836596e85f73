"""Whoever polls: a thread that asks for a job's progress, and looks at an instance's lists, without pause.

It polls over HTTP from the submission on, over every restart, and keeps what no poller may ever see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any, Protocol, Self

import httpx

_RANKS = {"Running": 0, "Success": 1, "Failed": 1, "Finished": 2}
_PATIENCE_SECONDS = 90
_LOOK_SECONDS = 0.004
_LISTS = {
    "apps": "instances/{instance_id}/apps",
    "datasources": "fdi/instances/{instance_id}/datasources",
    "tasks": "fdi/instances/{instance_id}/tasks",
}

Answer = dict[str, Any]


class Served(Protocol):
    """A server that may be away for a while."""

    @property
    def address(self) -> str | None:
        """Where it answers now; None while it is down."""

    @property
    def project_url_path(self) -> str: ...
    @property
    def token(self) -> str: ...
    def polled(self, number: int) -> None:
        """Be told how often a job was polled, and of -1 when it is no longer."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a job makes of an instance: how long each of its lists is before, and afterwards."""

    before: Mapping[str, int]
    after: Mapping[str, int]


class Follower:
    """Follows one job; use it in a `with`."""

    def __init__(self, served: Served, instance_id: str, job_id: str, change: Change | None = None) -> None:
        self._served = served
        self._instance_id = instance_id
        self._job_id = job_id
        self._change = change
        self._is_changed = False
        self._last: Answer = {}
        self._news = Condition()
        self._over = Event()
        self._polls_count = 0
        self._thread = Thread(target=self._follow, name="follower")
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(_PATIENCE_SECONDS)
        self._served.polled(-1)

    def until(self, holds: Callable[[Answer], bool]) -> Answer:
        """Wait for an answer of which something holds, and answer it."""
        ends_at = monotonic() + _PATIENCE_SECONDS
        with self._news:
            while not self._last or not holds(self._last):
                assert self._news.wait(max(0, ends_at - monotonic())), f"still {self._last}, {self.problems}"
            return self._last

    def until_final(self) -> Answer:
        """Wait for the job's end, and answer what was answered then."""
        return self.until(lambda answer: answer["status"] != "Running")

    def _follow(self) -> None:
        with httpx.Client(timeout=30, headers={"X-Auth-Token": self._served.token}) as http:
            while not self._over.is_set():
                self._look(http)
                self._over.wait(_LOOK_SECONDS)

    def _look(self, http: httpx.Client) -> None:
        answer = self._asked(http, f"instances/{self._instance_id}/assets/jobs/{self._job_id}")
        if answer is not None:
            self._judge(answer)
        if self._change is None:
            return
        for name, path in _LISTS.items():
            listed = self._asked(http, path.format(instance_id=self._instance_id), {"limit": "1"})
            if listed is not None:
                self._judge_list(name, listed["total"], self._change)

    def _asked(self, http: httpx.Client, path: str, query: Mapping[str, str] | None = None) -> Answer | None:
        address = self._served.address
        if address is None:
            return None
        try:
            answer = http.get(f"{address}{self._served.project_url_path}/{path}", params=query)
        except httpx.TransportError:
            return None
        if self._served.address != address:
            # It went down meanwhile, and its port may be anybody's.
            return None
        if answer.status_code != httpx.codes.OK:
            self.problems.append(f"{path}: {answer.status_code} {answer.text}")
            return None
        found: Answer = answer.json()
        return found

    def _judge(self, answer: Answer) -> None:
        last = self._last or answer
        rank, progress = _RANKS[answer["status"]], answer["progress_percent"]
        if progress < last["progress_percent"]:
            self.problems.append(f"progress fell: {last} -> {answer}")
        if rank < _RANKS[last["status"]] or (rank == 1 and _RANKS[last["status"]] == 1 and answer != last):
            self.problems.append(f"status moved back: {last} -> {answer}")
        if (progress >= 1) != (answer["status"] in {"Success", "Finished"}):
            self.problems.append(f"progress and status contradict each other: {answer}")
        with self._news:
            self._last = answer
            self._polls_count += 1
            self._served.polled(self._polls_count)
            self._news.notify_all()

    def _judge_list(self, name: str, total: int, change: Change) -> None:
        if total not in {change.before[name], change.after[name]}:
            self.problems.append(f"{name}: {total} listed, half a job is visible")
        if self._is_changed and total != change.after[name]:
            self.problems.append(f"{name}: {total} listed after other lists had changed already")
        self._is_changed = self._is_changed or (total == change.after[name] != change.before[name])
