"""A running server as its operator sees it: fresh instances, users with rights, and all that is written down."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic, sleep

from tests.sdk.vendor import Sdk, credentials, opened
from tests.support.server_process import Place, ServerProcess
from tests.support.stores import LIE_IN, Store, Written

from romaport.assembly import open_directory
from romaport.auth import Directory

__all__ = ["Site", "User", "running"]

_PASSWORD = "Quiet-harbour-41"
_CLEANING_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class User:
    """Someone with an access key."""

    id: str
    name: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """One server process and what it keeps."""

    place: Place
    directory: Directory
    kept: Written
    numbers: Iterator[int]

    @property
    def administrator(self) -> User:
        """The user that the first start made."""
        place = self.place
        (user,) = [found for found in self.directory.users() if found.name == place.user]
        return User(id=user.id, name=user.name, access_key=place.access_key, secret_key=place.secret_key)

    def instance(self) -> str:
        """Add an instance that nobody has used yet; answer its id."""
        return self.directory.add_instance(self.place.project, f"instance-{next(self.numbers)}")

    def user(self, *policies: str) -> User:
        """Add a user with these policies in the first project."""
        name = f"user-{next(self.numbers)}"
        user_id = self.directory.add_user(name, _PASSWORD, self.place.domain)
        for policy in policies:
            self.directory.grant(name, self.place.project, policy)
        return self.with_new_key(user_id, name)

    def with_new_key(self, user_id: str, name: str) -> User:
        """Answer a user with one more access key, which nobody has used or misused yet."""
        access_key, secret_key = self.directory.add_key(name)
        return User(id=user_id, name=name, access_key=access_key, secret_key=secret_key)

    @contextmanager
    def sdk(self, client: str, user: User | None = None, project_id: str = "") -> Iterator[Sdk]:
        """Open an SDK client for a user in a project, or for the administrator in the first one."""
        chosen = user or self.administrator
        signer = credentials(chosen.access_key, chosen.secret_key, project_id or self.place.project_id)
        with opened(client, self.place.endpoint, signer) as sdk:
            yield sdk

    def written(self) -> dict[str, object]:
        """Answer everything that is written down: every row of the database, every file kept or in the making."""
        rows = self.kept.everything()
        running = {job_id for (job_id,) in self.kept.rows("select id from jobs where state = 'running'")}
        return rows | {"files": self._files(running)}

    def keys(self, instance_id: str) -> set[tuple[str, ...]]:
        """Answer the kind, then the natural key, of every asset of an instance."""
        rows = self.kept.rows(f"select kind, key from assets where {LIE_IN}", instance_id)
        return {(kind, *json.loads(key)) for kind, key in rows}

    def _files(self, running: set[str]) -> list[str]:
        """Answer the files that are there, once jobs that have just ended have cleaned up."""
        deadline = monotonic() + _CLEANING_SECONDS
        while True:
            files = self.kept.files()
            passing = [
                path for path in files if not path.startswith("archives/") and not any(job in path for job in running)
            ]
            if not passing or monotonic() > deadline:
                return files
            sleep(0.01)


@contextmanager
def running(
    data: Path,
    *,
    settings: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    store: Store | None = None,
) -> Iterator[Site]:
    """Run a server of its own on a new data folder."""
    process = ServerProcess(data, settings=settings, command=command, store=store, is_forked=True)
    place = process.start()
    try:
        with open_directory(process.settings) as directory:
            yield Site(place=place, directory=directory, kept=process.kept, numbers=count(1))
        assert process.kept.mistold() == []
    finally:
        code = process.stop()
    assert code == 0, process.log_path.read_text()[-4000:]
