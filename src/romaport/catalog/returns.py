"""Taking a job back: what it created goes, what it changed or removed is as it was, ids included."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from romaport.catalog.conflict import CONFLICTS_MAX, Conflict, key_name, taken
from romaport.catalog.store import keeping, selection
from romaport.clock import iso
from romaport.errors import AssetChanged, AssetInUse, ReferenceMissing
from romaport.kinds import KINDS
from romaport.storage import Transaction

__all__ = ["Return", "forget"]


class Return:
    """The way back of one job, within one transaction and one open selection.

    `removed` says that the job removed assets; otherwise it created and changed some.
    """

    def __init__(self, tx: Transaction, job_id: str, *, removed: bool, overwrites: bool) -> None:
        self._tx = tx
        self._job_id = job_id
        self._removed = removed
        self._overwrites = overwrites
        # Whoever overwrites loses what was put into an application since it came.
        selection.gather_origin(tx, job_id, with_owned=overwrites, spared=keeping.kept_ids(job_id))
        self.removes = selection.counts(tx)
        """How many assets go, by kind."""
        self.restores = keeping.counts(tx, job_id)
        """How many assets come back or are as they were again, by kind."""

    def conflicts(self) -> list[Conflict]:
        """Find everything that stands in the way."""
        return [
            *([] if self._overwrites else self._changed()),
            *self._used(),
            *self._clashing(),
            *self._lost(),
        ]

    def _changed(self) -> Iterator[Conflict]:
        changed = keeping.changed_since(self._tx, self._job_id, removes=self._removed, limit=CONFLICTS_MAX)
        for kind, key, who, when in changed:
            change = "deleted" if when is None else f"changed by {who} at {_moment(when)}"
            yield Conflict.of(kind, key, AssetChanged(kind=KINDS[kind].title, name=key_name(key), change=change))

    def _used(self) -> Iterator[Conflict]:
        for kind, key, target_kind, target_key in selection.users_outside(
            self._tx, limit=CONFLICTS_MAX, spared=keeping.kept_ids(self._job_id)
        ):
            users = f"{KINDS[kind].title} {key_name(key)}"
            error = AssetInUse(kind=KINDS[target_kind].title, name=key_name(target_key), users=users)
            yield Conflict.of(target_kind, target_key, error)

    def _clashing(self) -> Iterator[Conflict]:
        for kind, key, field in keeping.clashes(self._tx, self._job_id, selection.chosen(), CONFLICTS_MAX):
            yield Conflict.of(kind, key, taken(KINDS[kind], field or KINDS[kind].name_field, key_name(key)))

    def _lost(self) -> Iterator[Conflict]:
        for kind, key, field in keeping.lost_targets(self._tx, self._job_id, selection.chosen(), CONFLICTS_MAX):
            target = next(found.to for found in KINDS[kind].references if found.field == field)
            yield Conflict.of(
                kind, key, ReferenceMissing(field=field, kind=KINDS[target].title, asset_id="it referred to")
            )

    def apply(self) -> None:
        """Take the job back, in the caller's one transaction."""
        selection.remove_selected(self._tx)
        keeping.restore(self._tx, self._job_id)
        keeping.forget(self._tx, [self._job_id])


def forget(tx: Transaction, job_ids: Collection[str]) -> None:
    """Remove what is kept for jobs, which can then no longer be taken back."""
    keeping.forget(tx, job_ids)


def _moment(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))
