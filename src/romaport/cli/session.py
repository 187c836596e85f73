"""One command of the client: its connection, its screen, and how it follows a job to the end.

Exit codes: 0 the job succeeded; 1 it failed; 2 wrong usage, refused, or no answer; 130 after Ctrl-C.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from romaport.cli.connection import Connection, open_client, where
from romaport.cli.output import Screen
from romaport.errors import ParameterInvalid, RomaportError

if TYPE_CHECKING:
    from romaport.client import Client
    from romaport.wire.assets import JobAnswer

__all__ = ["FAILED", "REFUSED", "Session", "conclude", "finish", "followed", "going_on", "refusals", "session_of"]

# The client and its HTTP library take a while to load, and help must be fast: they are imported where they are used.

FAILED, REFUSED = 1, 2
_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Session:
    """One command's client, screen and options."""

    client: "Client"
    screen: Screen
    connection: Connection


@contextmanager
def session_of(connection: Connection, *, refused: int = REFUSED) -> Iterator[Session]:
    """Open a client for a command, and say what it is refused, with that exit code."""
    screen = Screen(as_json=connection.as_json)
    with refusals(screen, refused), open_client(connection) as client:
        yield Session(client=client, screen=screen, connection=connection)


@contextmanager
def refusals(screen: Screen, refused: int = REFUSED) -> Iterator[None]:
    """Turn a refusal into a sentence and an exit code."""
    try:
        yield
    except RomaportError as refusal:
        screen.refuse(refusal)
        raise typer.Exit(refused) from refusal
    except OSError as cause:
        screen.warn(f"Refused: {cause.filename}: {cause.strerror}")
        screen.result({"error_code": "", "error_msg": f"{cause.filename}: {cause.strerror}"})
        raise typer.Exit(refused) from cause
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None


def finish(session: Session, job_id: str, *, title: str, output: Path | None = None) -> None:
    """Follow a job to its end, fetch its package if that is wanted, and conclude."""
    with going_on(session, job_id, output):
        job = followed(session, job_id, title)
        package = None if output is None else _fetch(session, job, output)
    conclude(session.screen, job, package)


def followed(session: Session, job_id: str, title: str) -> "JobAnswer":
    """Follow a job to its end, showing how far it is; answer its last state."""
    answers = session.client.wait(job_id)
    with session.screen.progress(title) as advance:
        job = next(answers)
        advance(job)
        for job in answers:
            advance(job)
    return job


def _fetch(session: Session, job: "JobAnswer", output: Path) -> dict[str, Any] | None:
    from romaport.client import is_success

    if not is_success(job):
        return None
    if not isinstance(job.archive_id, str):
        raise ParameterInvalid(
            name="--output", rule="the job has no package: downloaded already, expired, or no export"
        )
    with session.screen.transfer(f"Download to {output.name}") as advance:
        found = session.client.download(job.archive_id, output, advance=advance)
    session.screen.say(f"{output}: {found.size_bytes} bytes, SHA-256 {found.sha256}")
    return {"file": str(output), "size_bytes": found.size_bytes, "sha256": found.sha256}


@contextmanager
def going_on(session: Session, job_id: str, output: Path | None = None) -> Iterator[None]:
    """Whatever ends the command early, say that the job goes on, and how to follow it again."""
    named = [] if output is None else ["--output", str(output)]
    again = shlex.join(["romaport", "jobs", "wait", job_id, *named, *where(session.connection)])
    try:
        yield
    except KeyboardInterrupt:
        session.screen.warn(f"\nThe job goes on. Follow it again with:\n  {again}")
        session.screen.result({"job": {"id": job_id}, "follow": again})
        raise
    except RomaportError:
        session.screen.warn(f"What became of the job, this tells:\n  {again}")
        raise


def conclude(screen: Screen, job: "JobAnswer", package: dict[str, Any] | None = None) -> None:
    """Print a job as it is, and end with the exit code that says so."""
    from msgspec import to_builtins

    from romaport.client import is_final, is_success, reasons

    screen.say(f"Job {job.id}: {job.status}, {job.progress_percent:.0%}")
    screen.findings(reasons(job))
    screen.result({"job": to_builtins(job)} | ({} if package is None else {"package": package}))
    if is_final(job) and not is_success(job):
        raise typer.Exit(FAILED)
