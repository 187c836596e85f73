"""Requests into bad weather: asked again until they are answered, and every answer judged."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["Asked", "Followed", "Verdict"]

FINAL = ("Success", "Failed", "Finished")
_ANSWER_SECONDS = 180
_PAUSE_SECONDS = 0.1
_REQUEST_SECONDS = 20.0
_REFUSED_RUNNING = "ROMA.10012"


@dataclass
class Verdict:
    """What was seen: counts of what is allowed, and everything that is not."""

    wrong: list[str] = field(default_factory=list)
    unavailable: int = 0
    broken: int = 0
    polls: int = 0
    jobs: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def blame(self, what: str) -> None:
        """Write down what must not happen."""
        with self.turn:
            self.wrong.append(what)

    def count(self, name: str) -> None:
        """Count one more of what may happen."""
        with self.turn:
            setattr(self, name, getattr(self, name) + 1)


@dataclass(frozen=True)
class Answer:
    """An answer, and whether an earlier attempt at the same request may have done it already."""

    response: httpx.Response
    is_repeated: bool


class Asked:
    """One user's requests, each to any of the API processes."""

    def __init__(self, endpoints: Sequence[str], token: str, verdict: Verdict, chance: random.Random) -> None:
        self._endpoints = endpoints
        self._chance = chance
        self._http = httpx.Client(headers={"x-auth-token": token}, timeout=_REQUEST_SECONDS, trust_env=False)
        self.verdict = verdict

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        """Ask until there is an answer; 503 with Retry-After and a broken connection are none."""
        is_repeated = False
        until = time.monotonic() + _ANSWER_SECONDS
        while True:
            assert time.monotonic() < until, f"{method} {path} was never answered"
            try:
                response = self._http.request(method, self._chance.choice(self._endpoints) + path, **request)
            except httpx.TransportError:
                self.verdict.count("broken")
            else:
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return Answer(response, is_repeated)
                self.verdict.count("unavailable")
                if "retry-after" not in response.headers:
                    self.verdict.blame(f"{method} {path}: 503 without Retry-After")
            is_repeated = True
            time.sleep(_PAUSE_SECONDS)

    def begin(self, method: str, path: str, **request: Any) -> tuple[str | None, bool]:
        """Begin a job; answer its id, None if only a refusal says there is one, and whether it was begun before."""
        is_repeated = False
        while True:
            found = self.ask(method, path, **request)
            is_repeated = is_repeated or found.is_repeated
            answer = found.response
            if answer.is_success:
                self.verdict.count("jobs")
                return str(answer.json()["job_id"]), is_repeated
            if is_repeated and answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT):
                if answer.json()["error_code"] != _REFUSED_RUNNING:
                    return None, True
                time.sleep(_PAUSE_SECONDS)
                continue
            self.verdict.blame(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            return None, is_repeated


class Followed:
    """One job, watched by several pollers at once: whoever asks later never sees less."""

    def __init__(self, asked: Asked, path: str) -> None:
        self._asked = asked
        self._path = path
        self._turn = threading.Lock()
        self._seen = 0.0
        self._final = ""

    def poll(self) -> dict[str, Any]:
        """Ask once, and judge the answer by all that was seen before the question."""
        with self._turn:
            seen, final = self._seen, self._final
        response = self._asked.ask("GET", self._path).response
        self._asked.verdict.count("polls")
        if response.status_code != httpx.codes.OK:
            self._asked.verdict.blame(f"{self._path}: {response.status_code} {response.text[:300]}")
            return {"status": "Failed", "progress_percent": 0}
        answer: dict[str, Any] = response.json()
        if answer["progress_percent"] < seen:
            self._asked.verdict.blame(f"{self._path}: fell from {seen} to {answer['progress_percent']}")
        if final and answer["status"] not in (final, "Finished"):
            self._asked.verdict.blame(f"{self._path}: was {final} and is {answer['status']}")
        with self._turn:
            self._seen = max(self._seen, answer["progress_percent"])
            if answer["status"] in FINAL and self._final != "Finished":
                self._final = answer["status"]
        return answer

    def end(self) -> dict[str, Any]:
        """Follow the job to its end, with two pollers beside."""
        others = [threading.Thread(target=self._watch) for _ in range(2)]
        for other in others:
            other.start()
        answer = self._watch()
        for other in others:
            other.join()
        return answer

    def _watch(self) -> dict[str, Any]:
        until = time.monotonic() + _ANSWER_SECONDS * 2
        while True:
            answer = self.poll()
            if answer["status"] in FINAL:
                return answer
            if time.monotonic() > until:
                self._asked.verdict.blame(f"{self._path}: never ended, {answer}")
                return answer
            time.sleep(_PAUSE_SECONDS)
