"""Comparisons: two sides, each an instance or a package, by natural key and field by field."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from romaport.assets.desk import Desk, actor_of
from romaport.assets.uploads import SIDES, check_package, kept, upload_path
from romaport.catalog import Actor, Whole, is_sound, key_name, selected
from romaport.ids import new_id
from romaport.jobs import Item, JobContext, JobType, Outcome, Owner
from romaport.kinds import MASK, Change, Kind, changes, creation_order, split
from romaport.packages import PackageReader, key_text

__all__ = ["DIFFERS", "SAME", "Compared", "Side", "compared", "run_comparison", "start_comparison"]

SAME, DIFFERS = "same", "differs"
"""The steps of assets that are on both sides; the others are named by the side that has them."""

_COUNTED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison: an instance of the project by id, or an uploaded package."""

    instance_id: str = ""
    package: Path | None = None


class Compared(Protocol):
    """An asset as instances and packages both show it."""

    @property
    def key(self) -> tuple[str, ...]:
        """The names of what scopes it, then its own."""
        ...

    @property
    def body(self) -> str | msgspec.Raw:
        """Its plain fields, a JSON text."""
        ...

    @property
    def references(self) -> Mapping[str, tuple[str, ...]]:
        """Keys of other assets, by field."""
        ...

    @property
    def unique(self) -> Mapping[str, str]:
        """Values that no other of the kind may have, by field."""
        ...


def start_comparison(desk: Desk, owner: Owner, actor: Actor, sides: tuple[Side, Side]) -> str:
    """Check the packages whole, keep them, and open a comparison job; answer its id.

    Whose instances they are is for the caller to have checked. Raises what a package has wrong.
    """
    for side in sides:
        if side.package is not None:
            check_package(desk, side.package)
    with desk.database.snapshot() as tx:
        desk.ledger.admit(tx, owner, JobType.COMPARE)
    job_id = new_id()
    named = dict(zip(SIDES, sides, strict=True))
    packages = {upload_path(job_id, name): side.package for name, side in named.items() if side.package is not None}
    request = {name: side.instance_id for name, side in named.items()} | {"sees_all": actor.sees_all}
    with kept(desk, packages, "compare.kept") as tx:
        desk.engine.submit(tx, desk.ledger.open(tx, owner, JobType.COMPARE, request, job_id=job_id))
        desk.checkpoint("compare.opening")
    return job_id


def _remove_uploads(desk: Desk, job_id: str) -> None:
    for name in SIDES:
        desk.archives.remove(upload_path(job_id, name))


def run_comparison(desk: Desk, context: JobContext) -> None:
    """Read both sides in the order of their keys, and write down where they differ."""
    request = context.job.request
    with ExitStack() as stack:
        tx = stack.enter_context(context.snapshot())
        stack.enter_context(selected(tx))
        readers = {name: stack.enter_context(_package(desk, context, name)) for name in SIDES if not request[name]}
        context.checkpoint("compare.fetched")
        member_id = actor_of(context, desk).member_id
        whole = Whole(tx, {request[name] for name in SIDES if request[name]}, member_id=member_id)
        held = sum(whole.count(request[name]) for name in SIDES if request[name])
        packed = sum(sum(reader.manifest.counts.values()) for reader in readers.values())
        context.plan({}, total=held + packed)
        left, right = (_reading(whole, request[name], readers.get(name)) for name in SIDES)
        found = (item for kind in creation_order() for item in compared(kind, left(kind), right(kind)))
        outcome = _write(desk, context, found)
    with context.transaction() as tx:
        context.record(tx, done=context.job.total, outcome=outcome)
        desk.ledger.succeed(tx, context.job)
        context.checkpoint("compare.ending")
    _remove_uploads(desk, context.job.id)
    context.checkpoint("compare.ended")


def _reading(whole: Whole, instance_id: str, reader: PackageReader | None) -> Callable[[Kind], Iterator[Compared]]:
    if reader is not None:
        return lambda kind: reader.entries(kind.name)
    return lambda kind: whole.departing(kind, instance_id)


@contextmanager
def _package(desk: Desk, context: JobContext, side: str) -> Iterator[PackageReader]:
    path = desk.scratch_file(context, f"{side}.zip")
    try:
        desk.archives.fetch(upload_path(context.job.id, side), path)
        with PackageReader.open(path, desk.limits) as reader:
            yield reader
    finally:
        path.unlink(missing_ok=True)


def compared(kind: Kind, left: Iterator[Compared], right: Iterator[Compared]) -> Iterator[Item]:
    """Yield every asset of a kind on either side with where it is and how it differs.

    Both sides come in the order of their keys; the step is `same`, `differs`, or the only side that has it.
    """
    mine, theirs = next(left, None), next(right, None)
    while mine is not None or theirs is not None:
        order = _order(mine, theirs)
        if order < 0:
            assert mine is not None
            yield Item(kind=kind.name, key=mine.key, step="left")
        elif order > 0:
            assert theirs is not None
            yield Item(kind=kind.name, key=theirs.key, step="right")
        else:
            assert mine is not None
            assert theirs is not None
            found = _changes(kind, mine, theirs)
            yield Item(kind=kind.name, key=mine.key, step=DIFFERS if found else SAME, changes=found)
        mine = mine if order > 0 else next(left, None)
        theirs = theirs if order < 0 else next(right, None)


def _order(left: Compared | None, right: Compared | None) -> int:
    """Answer -1, 0 or 1: which of the two comes first, by key; one that is not there comes last."""
    if left is None or right is None:
        return 1 if left is None else -1
    mine, theirs = key_text(left.key), key_text(right.key)
    return (mine > theirs) - (mine < theirs)


def _changes(kind: Kind, left: Compared, right: Compared) -> list[Change]:
    mine, theirs = _body(left), _body(right)
    found = changes(mine, theirs)
    if found:
        found = _shown(_open(kind, left, mine), _open(kind, right, theirs))
    return [*found, *changes(_named(left), _named(right))]


def _shown(mine: dict[str, Any] | None, theirs: dict[str, Any] | None) -> list[Change]:
    if mine is None or theirs is None:
        return [{"field": "body", "before": MASK, "after": MASK}]
    return changes(mine, theirs)


def _body(asset: Compared) -> dict[str, Any]:
    text = asset.body if isinstance(asset.body, str) else bytes(asset.body)
    body: dict[str, Any] = msgspec.json.decode(text)
    return body


def _open(kind: Kind, asset: Compared, body: dict[str, Any]) -> dict[str, Any] | None:
    """Take out of a body what must not be shown; a package may have been made by anyone, so it may have secrets.

    None for a body that is none of the kind: who knows what it holds.
    """
    if isinstance(asset.body, str):
        return body
    return split(kind, body).body if is_sound(kind, bytes(asset.body)) else None


def _named(asset: Compared) -> dict[str, str]:
    return {field: key_name(key) for field, key in asset.references.items()} | dict(asset.unique)


def _write(desk: Desk, context: JobContext, found: Iterable[Item]) -> Outcome:
    """Write down what differs, in short transactions with the progress; answer how much of each there is."""
    outcome: Outcome = {}
    first = done = 0
    items = iter(found)
    while batch := list(islice(items, _COUNTED_AT_ONCE)):
        for item in batch:
            counts = outcome.setdefault(item.step, {})
            counts[item.kind] = counts.get(item.kind, 0) + 1
            done += 1 if item.step in SIDES else 2
        differing = [item for item in batch if item.step != SAME]
        with context.transaction() as tx:
            desk.ledger.write_items(tx, context.job, differing, first=first)
            context.record(tx, done=done)
        first += len(differing)
        context.checkpoint("compare.counted")
    return outcome
