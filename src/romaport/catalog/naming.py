"""Natural keys: what an asset is called within what scopes it, and what follows when one of those is renamed."""

from collections.abc import Collection, Mapping

from romaport.catalog.store import rows
from romaport.ids import new_id
from romaport.kinds import KINDS, Asset, Kind
from romaport.storage import Transaction

__all__ = ["follow_rename", "key_of"]

_SCOPES = tuple((kind.name, found.field) for kind in KINDS.values() for found in kind.scopes)


def key_of(kind: Kind, targets: Mapping[str, Asset], name: str) -> tuple[str, ...]:
    """Answer the key of an asset that refers to these: the keys of what scopes it, then its own name."""
    scope = [part for found in kind.scopes if found.field in targets for part in targets[found.field].key]
    return (*scope, name) if kind.name_field else tuple(scope)


def follow_rename(tx: Transaction, ids: Collection[str]) -> None:
    """Have all that refers to assets tell their new keys, in its own key too where they scope it, and so on down."""
    rows.retell_referring(tx, ids)
    below = rows.loaded(tx, rows.keyed_by(tx, ids, _SCOPES)).values()
    for found in below:
        key = key_of(KINDS[found.kind], found.references, found.name)
        rows.set_columns(tx, found.id, key=rows.key_text(key), name=key[-1], change_id=new_id())
    if below:
        follow_rename(tx, [found.id for found in below])
