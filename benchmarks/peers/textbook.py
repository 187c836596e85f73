"""The progress operation as textbooks have it: FastAPI, the async ORM, every question to the database.

It reads romaport's own tables and asks what romaport asks: is the token known and still good, may its user act in
the project and ask for progress, is the job the user's. `python -m benchmarks.peers.textbook PORT DATABASE` prints a
line when it answers.
"""

import hashlib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from granian.constants import Interfaces
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, relationship, selectinload

from benchmarks.peers.serving import run
from romaport.storage import tables

_STATUSES = {"running": "Running", "succeeded": "Success", "failed": "Failed", "finished": "Finished"}
_ROLES = {"Tenant Administrator", "ROMA FullAccess", "ROMA ReadOnlyAccess"}
_ADMINISTRATOR = "Tenant Administrator"


class Mapped(DeclarativeBase):
    """The classes of this module, on romaport's tables."""

    metadata = tables.METADATA


class Grant(Mapped):
    """What a user may do in a project."""

    __table__ = tables.grants


class User(Mapped):
    """Who asks."""

    __table__ = tables.users
    grants = relationship(Grant)


class Token(Mapped):
    """What is kept of a token."""

    __table__ = tables.tokens
    user = relationship(User)


class Finding(Mapped):
    """Why a job failed."""

    __table__ = tables.job_findings


class Job(Mapped):
    """A job."""

    __table__ = tables.jobs
    findings = relationship(Finding, order_by=tables.job_findings.c.position)


class Reason(BaseModel):
    """One reason on the wire."""

    resource_type: str
    resource_name: str
    error_code: str
    error_msg: str


class Progress(BaseModel):
    """The answer on the wire."""

    id: str
    type: str
    status: str
    progress_percent: float
    begin_time: str
    end_time: str | None = None
    reasons: list[Reason] | None = None


def application(path: str) -> FastAPI:
    """Make the application on a database."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    app = FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    async def caller(
        project_id: str, x_auth_token: Annotated[str, Header()], opened: Annotated[AsyncSession, Depends(session)]
    ) -> Any:  # noqa: ANN401 - attributes of mapped tables have no types
        digest = hashlib.sha256(x_auth_token.encode()).digest()
        wanted = select(Token).where(tables.tokens.c.digest == digest)
        token: Any = await opened.scalar(wanted.options(selectinload(Token.user).selectinload(User.grants)))
        if token is None or token.project_id != project_id or not _is_good(token):
            raise HTTPException(401)
        return token.user

    @app.get(
        "/v2/{project_id}/instances/{instance_id}/assets/jobs/{job_id}",
        response_model_exclude_none=True,
    )
    async def progress(
        place: Annotated[dict[str, str], Depends(_place)],
        user: Annotated[Any, Depends(caller)],  # noqa: ANN401 - as above
        opened: Annotated[AsyncSession, Depends(session)],
    ) -> Progress:
        roles = {grant.policy_name for grant in user.grants if grant.project_id == place["project_id"]}
        if not roles & _ROLES:
            raise HTTPException(403)
        wanted = select(Job).where(tables.jobs.c.id == place["job_id"]).options(selectinload(Job.findings))
        job: Any = await opened.scalar(wanted)
        is_here = job is not None and [job.project_id, job.instance_id] == [place["project_id"], place["instance_id"]]
        if not is_here or (job.user_id != user.id and _ADMINISTRATOR not in roles):
            raise HTTPException(404)
        return _answer(job)

    return app


def _is_good(token: Any) -> bool:  # noqa: ANN401 - as above
    now = datetime.now(UTC).timestamp() * 1000
    return bool(token.expires_at > now and token.issued_at >= token.user.tokens_valid_from and token.user.enabled)


def _place(project_id: str, instance_id: str, job_id: str) -> dict[str, str]:
    return {"project_id": project_id, "instance_id": instance_id, "job_id": job_id}


def _answer(job: Any) -> Progress:  # noqa: ANN401 - as above
    return Progress(
        id=job.id,
        type=job.type,
        status=_STATUSES[job.state],
        progress_percent=100.0 if job.ended_at else 0.0,
        begin_time=_moment(job.created_at),
        end_time=_moment(job.ended_at) if job.ended_at else None,
        reasons=[
            Reason(resource_type=one.kind, resource_name=one.name, error_code=one.code, error_msg=one.message)
            for one in job.findings
        ]
        or None,
    )


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    run(application(sys.argv[2]), int(sys.argv[1]), Interfaces.ASGI)
