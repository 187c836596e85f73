"""Sessions of PostgreSQL that belong to the event loop: asked too often, or waiting too long, for a thread."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from romaport.storage.dialects import DatabaseOptions, network_limits

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["lost_causes", "open_session"]

_STATEMENT_MILLISECONDS = 5_000


def lost_causes() -> tuple[type[Exception], ...]:
    """Answer what is raised where a session cannot be had, is lost, or does not answer."""
    from psycopg import Error

    return (Error, OSError, TimeoutError)


async def open_session(options: DatabaseOptions, purpose: str) -> "AsyncConnection":
    """Open a session in which every statement is a transaction of its own.

    Raises one of `lost_causes`.
    """
    from psycopg import AsyncConnection

    url = make_url(options.url).set(drivername="postgresql").render_as_string(hide_password=False)
    words: dict[str, Any] = {
        "application_name": f"romaport {purpose}",
        "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
        **network_limits(),
    }
    return await AsyncConnection.connect(url, autocommit=True, **words)
