"""Natural keys: what an asset is called within what scopes it, and what follows when one of those is renamed."""

from collections.abc import Mapping

from romaport.catalog.store import rows
from romaport.ids import new_id
from romaport.kinds import KINDS, Asset, Kind
from romaport.storage import Transaction

__all__ = ["key_of", "rename_scoped"]

_SCOPES = tuple((kind.name, found.field) for kind in KINDS.values() for found in kind.scopes)
_SCOPING_KINDS = frozenset(found.to for kind in KINDS.values() for found in kind.scopes)


def key_of(kind: Kind, targets: Mapping[str, Asset], name: str) -> tuple[str, ...]:
    """Answer the key of an asset that refers to these: the keys of what scopes it, then its own name."""
    scope = [part for found in kind.scopes if found.field in targets for part in targets[found.field].key]
    return (*scope, name) if kind.name_field else tuple(scope)


def rename_scoped(tx: Transaction, asset_id: str) -> None:
    """Give the assets whose keys contain an asset's its new one, and so on down."""
    for found in rows.loaded(tx, rows.keyed_by(tx, asset_id, _SCOPES)).values():
        key = key_of(KINDS[found.kind], found.references, found.name)
        rows.set_columns(tx, found.id, key=rows.key_text(key), name=key[-1], change_id=new_id())
        if found.kind in _SCOPING_KINDS:
            rename_scoped(tx, found.id)
