"""Taking a job back: what it created goes, what it changed or removed is as it was, ids included."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from romaport.catalog.conflict import CONFLICTS_MAX, Conflict, key_name, taken
from romaport.catalog.naming import follow_rename
from romaport.catalog.store import doubles, keeping, rows, selection
from romaport.clock import iso
from romaport.errors import AssetChanged, ReferenceMissing, RoleMissing
from romaport.kinds import KINDS, Kind, creation_order, namesakes
from romaport.storage import Transaction

__all__ = ["Return", "follow", "forget"]

_NAMESAKES = {namesakes(kind) for kind in KINDS.values() if kind.joins}


class Return:
    """The way back of one job, within one transaction and one open selection.

    `removed` says that the job removed assets; otherwise it created and changed some. Of a user other than an
    administrator, `member_id` says who takes it back.
    """

    def __init__(
        self, tx: Transaction, job_id: str, *, removed: bool, overwrites: bool, member_id: str | None = None
    ) -> None:
        self._tx = tx
        self._job_id = job_id
        self._removed = removed
        self._member_id = member_id
        self._overwrites = overwrites
        # Whoever overwrites loses what was put into an application since it came.
        selection.gather_origin(tx, job_id, with_owned=overwrites, spared=keeping.kept_ids(job_id))
        self._rename()
        self.removes = selection.counts(tx)
        """How many assets go, by kind."""
        self.restores = keeping.counts(tx, job_id)
        """How many assets come back or are as they were again, by kind."""

    def _rename(self) -> None:
        """Have what comes back named after what scopes it, which may have another name by now."""
        for kind in (found for found in creation_order() if found.scopes):
            for asset_id, was, targets in keeping.scopes_of(self._tx, self._job_id, kind.name):
                key = _rescoped(kind, was, targets)
                if key != was:
                    keeping.rename(self._tx, self._job_id, asset_id, key=key, name=msgspec.json.decode(key)[-1])

    def conflicts(self) -> list[Conflict]:
        """Find everything that stands in the way."""
        return [
            *([] if self._overwrites else self._changed()),
            *self._forbidden(),
            *self._used(),
            *self._clashing(),
            *self._doubled(),
            *self._lost(),
        ]

    def _changed(self) -> Iterator[Conflict]:
        changed = keeping.changed_since(self._tx, self._job_id, removes=self._removed, limit=CONFLICTS_MAX)
        for kind, key, who, when in changed:
            change = "deleted" if when is None else f"changed by {who} at {_moment(when)}"
            yield Conflict.of(kind, key, AssetChanged(kind=KINDS[kind].title, name=key_name(key), change=change))

    def _forbidden(self) -> Iterator[Conflict]:
        if self._member_id is None:
            return
        going = selection.chosen()
        for kind, key in keeping.forbidden(self._tx, self._job_id, going, self._member_id, CONFLICTS_MAX):
            yield Conflict.of(kind, key, RoleMissing(role="modify"))

    def _used(self) -> Iterator[Conflict]:
        spared = keeping.kept_ids(self._job_id)
        yield from map(Conflict.in_use, selection.users_outside(self._tx, limit=CONFLICTS_MAX, spared=spared))

    def _clashing(self) -> Iterator[Conflict]:
        for kind, key, field in keeping.clashes(
            self._tx, self._job_id, selection.chosen(), _NAMESAKES, limit=CONFLICTS_MAX
        ):
            yield Conflict.of(kind, key, taken(KINDS[kind], field or KINDS[kind].name_field, key_name(key)))

    def _doubled(self) -> Iterator[Conflict]:
        for kind in KINDS.values():
            if kind.also_unique and kind.refusals.also_taken is not None:
                for key, other in doubles.returning(self._tx, self._job_id, selection.chosen(), kind, CONFLICTS_MAX):
                    yield Conflict.of(kind.name, key, kind.refusals.also_taken(name=key_name(other)))

    def _lost(self) -> Iterator[Conflict]:
        for kind, key, field in keeping.lost_targets(self._tx, self._job_id, selection.chosen(), CONFLICTS_MAX):
            target = next(found.to for found in KINDS[kind].references if found.field == field)
            yield Conflict.of(
                kind, key, ReferenceMissing(field=field, kind=KINDS[target].title, asset_id="it referred to")
            )

    def apply(self) -> None:
        """Take the job back, in the caller's one transaction."""
        selection.remove_selected(self._tx)
        renamed = keeping.renamed(self._tx, self._job_id)
        keeping.restore(self._tx, self._job_id)
        follow_rename(self._tx, renamed)
        # What they refer to may have another key since they were kept.
        rows.retell(self._tx, keeping.kept_ids(self._job_id))
        keeping.forget(self._tx, [self._job_id])


def _rescoped(kind: Kind, key: str, targets: Mapping[str, str | None]) -> str:
    """Answer a key anew, from the keys of what scopes it now; as it is when one of those is lost."""
    scopes = [targets[found.field] for found in kind.scopes if found.field in targets]
    if None in scopes:
        return key
    own = msgspec.json.decode(key)[-1:] if kind.name_field else []
    return rows.key_text([*(part for scope in scopes for part in msgspec.json.decode(scope or "[]")), *own])


def follow(tx: Transaction, job_id: str, instance_id: str) -> None:
    """Have what is kept for a job lie where the assets of its instance lie by now."""
    keeping.follow(tx, job_id, instance_id)


def forget(tx: Transaction, job_ids: Collection[str]) -> None:
    """Remove what is kept for jobs, which can then no longer be taken back."""
    keeping.forget(tx, job_ids)


def _moment(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))
