"""A package that can meet nothing: put in its place out of sight while it is read, and shown by one change.

Each row is written once, in short steps. Other writers wait for one of them at a time, however large the package is,
and it is still seen whole or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from romaport.catalog.conflict import CONFLICTS_MAX
from romaport.catalog.holding import Held
from romaport.catalog.intake import Batch
from romaport.catalog.store import placing, rows, spaces, staging
from romaport.catalog.store.brought import Into
from romaport.catalog.store.conflicts import Dangling
from romaport.catalog.store.placing import Edge
from romaport.kinds import KINDS, creation_order
from romaport.storage import Transaction

__all__ = [
    "Landing",
    "Portion",
    "Walk",
    "clear_portion",
    "discard_portion",
    "hidden_ids",
    "hidden_jobs",
    "remove_space",
    "staged_extents",
]

_HELD_MAX = 60_000
# The kinds whose references the checks of the whole ask for; of a package that is refused no others are placed, since
# to remove them takes as long.
_ASKED = {kind.name for kind in KINDS.values() if kind.also_unique or kind.quota_within}

Portion = list[tuple[str, range]]
"""Some of what is staged: kinds, and positions in the file of each."""

staged_extents = staging.extents


class Walk:
    """Through what is staged for a job, what is referred to before what refers to it."""

    def __init__(self, extents: Mapping[str, int]) -> None:
        """Begin with how many assets are staged of each kind."""
        kinds = (kind.name for kind in creation_order() if kind.name in extents)
        self._left = [(kind, range(extents[kind])) for kind in kinds]

    def portion(self, number: int) -> Portion:
        """Go on by so many assets, or as many as are left; answer them, and nothing at the end."""
        found: Portion = []
        while number and self._left:
            kind, positions = self._left.pop(0)
            taken, rest = positions[:number], positions[number:]
            number -= len(taken)
            if taken:
                found.append((kind, taken))
            if rest:
                self._left.insert(0, (kind, rest))
        return found


class Landing:
    """The way of one package into an instance that holds nothing; each method in the caller's transaction.

    Where writers wait for one another, references are held back until there are many, and then come due. Those are
    placed in the order of the index by their targets, while others are held back anew: each of its pages is written to
    once for many of them.
    """

    def __init__(self, into: Into, *, holds_back: bool) -> None:
        """Begin; with `holds_back`, references are not placed with the assets that have them."""
        self.into = replace(into, is_placed=True)
        self._held_max = _HELD_MAX if holds_back else 0
        self.is_begun = False
        """Whether an earlier attempt has placed some of it."""
        self._held, self._due = Held(), Held()
        self._dangling: list[tuple[str, int, str, Dangling]] = []
        self._is_refused = False
        self._due_count = 0
        # Of all assets that were read, those whose references are held back, and those whose are due.
        self._read_count = self._held_assets = self._due_assets = 0

    @property
    def done_count(self) -> int:
        """How many assets refer to everything by now that they can refer to, of those that were read."""
        share = len(self._due) / self._due_count if self._due_count else 0
        return self._read_count - self._held_assets - round(self._due_assets * share)

    @property
    def is_settled(self) -> bool:
        """Say whether what was read before something last came due need not be read again by another attempt."""
        return not self._due and not self._is_refused

    def come_due(self, *, at_once: bool = False) -> bool:
        """Have all that is held back come due, if nothing else is and it is so much; say whether it was so."""
        if self._due or not (at_once or len(self._held) >= self._held_max):
            return False
        self._held, self._due = Held(), self._held
        self._due_count = len(self._due)
        self._held_assets, self._due_assets = 0, self._held_assets
        return True

    def is_free(self, tx: Transaction) -> bool:
        """Say whether the instance holds nothing that a package could meet."""
        return spaces.is_free(tx, self.into.instance_id)

    def is_possible(self, tx: Transaction) -> bool:
        """Say whether the package can land: the instance is free, and no other way was begun."""
        has_begun = self.into.job_id in spaces.hidden(tx)
        return self.is_free(tx) and (has_begun or not staging.extents(tx, self.into.job_id))

    def prepare(self, tx: Transaction) -> None:
        """Make the space that the package is placed in, or go on with what an earlier attempt has placed."""
        spaces.add(tx, self.into.job_id, self.into.instance_id)
        self.is_begun = bool(spaces.counts(tx, self.into.job_id))

    def known(self, tx: Transaction, kind: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Answer by key the ids of what an earlier attempt has placed, of the assets that are placed next."""
        return placing.ids(tx, self.into.job_id, kind, keys)

    def place(self, tx: Transaction, batch: Batch) -> None:
        """Put assets in their place, out of sight, as far as they are not there, and see to their references."""
        owners = {found.position: found.new_id for found in batch.assets}
        kinds = {found.kind for found in batch.assets}
        there = rows.ids_of(tx, self.into.job_id, kinds, list(owners.values())) if self.is_begun else set()
        values = [(owners[found.position], found) for found in batch.unique]
        placing.place(tx, self.into, [found for found in batch.assets if found.new_id not in there])
        placing.hold_values(tx, self.into, [(owner, found) for owner, found in values if owner not in there])
        self._lead(tx, batch)
        self._is_refused |= bool(batch.problems or self._dangling)
        edges = (
            (found.target_id, owners[found.position], found.field, found.owns)
            for found in batch.references
            if found.target_id is not None and (not self._is_refused or found.kind in _ASKED)
        )
        self._read_count += len(batch.assets)
        if self._held_max:
            self._held.add(edges)
            self._held_assets += len(batch.assets)
        else:
            self.refer(tx, sorted(edges))

    def _lead(self, tx: Transaction, batch: Batch) -> None:
        """Look up where references lead that came without it, which few do; note those that lead nowhere.

        What is referred to comes before what refers to it.
        """
        open_ = [found for found in batch.references if found.target_id is None]
        for kind in {found.target_kind for found in open_}:
            there = placing.ids(tx, self.into.job_id, kind, (found.target_key for found in open_))
            for found in open_:
                if found.target_kind == kind:
                    found.target_id = there.get(found.target_key)
        nowhere = [found for found in open_ if found.target_id is None]
        keys = {found.position: found.key for found in batch.assets} if nowhere else {}
        for found in nowhere:
            target = (found.target_kind, found.target_key_bare)
            dangling = (found.kind, keys[found.position], found.field, *target)
            self._dangling.append((found.kind, found.position, found.field, dangling))
        # Only so many of them are told, the first ones.
        if len(self._dangling) > 2 * CONFLICTS_MAX:
            self._dangling = sorted(self._dangling)[:CONFLICTS_MAX]

    @property
    def dangling(self) -> list[Dangling]:
        """The references that lead nowhere, as many as are told."""
        return [found for *_, found in sorted(self._dangling)[:CONFLICTS_MAX]]

    def due(self, number: int) -> list[Edge]:
        """Let so many go of the references that are due, or as many as there are, in order."""
        return self._due.take(number)

    def excess(self, number: int) -> list[Edge]:
        """Let so many go of those that are due, if so many more are held back than there is room for."""
        return self._due.take(number) if len(self._held) + len(self._due) - self._held_max >= number else []

    def refer(self, tx: Transaction, edges: Sequence[Edge]) -> None:
        """Have assets refer to what is in its place."""
        placing.refer(tx, edges, again=self.is_begun)

    def survey(self, tx: Transaction) -> None:
        """Have the database know how much is placed, before it is asked about all of it."""
        placing.survey_placed(tx)

    def show(self, tx: Transaction) -> None:
        """Have everything that was placed be seen from the end of the transaction on."""
        spaces.show(tx, self.into.job_id, self.into.instance_id)


def discard_portion(tx: Transaction, job_id: str, portion: Portion) -> None:
    """Remove some of what is staged for a job."""
    for kind, positions in portion:
        staging.discard_some(tx, job_id, kind, positions)


def hidden_jobs(tx: Transaction) -> list[str]:
    """Answer the jobs whose assets are placed and not shown."""
    return spaces.hidden(tx)


def hidden_ids(tx: Transaction, job_id: str, number: int) -> list[str]:
    """Answer so many, or as many as there are, of the assets of a kind that a job has placed and not shown."""
    kinds = reversed(creation_order())
    found = (spaces.some(tx, job_id, kind.name, limit=number) for kind in kinds)
    return next(filter(None, found), [])


def clear_portion(tx: Transaction, ids: Sequence[str]) -> None:
    """Remove some of what a job has placed and not shown, which nothing refers to that stays."""
    rows.remove(tx, ids)


def remove_space(tx: Transaction, job_id: str) -> None:
    """Remove the space of a job in which nothing lies any more."""
    spaces.remove(tx, job_id)
