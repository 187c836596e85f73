"""What every process on one database must agree on."""

from sqlalchemy import insert, select

from romaport.storage.database import Transaction
from romaport.storage.dialects import hold
from romaport.storage.tables import facts
from romaport.storage.vault import Vault

__all__ = ["check_key", "fact"]

_KEY = "secrets_key"
_KNOWN = b"romaport"


def fact(tx: Transaction, name: str) -> bytes | None:
    """Answer what was agreed on under a name, if anything was."""
    found = tx.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()
    return None if found is None else bytes(found)


def check_key(tx: Transaction, vault: Vault) -> None:
    """Raise `SettingInvalid` if secrets lie under another key than this; the first to come says which it is."""
    hold(tx, f"fact:{_KEY}")
    sealed = fact(tx, _KEY)
    if sealed is None:
        tx.execute(insert(facts).values(name=_KEY, value=vault.seal(_KNOWN, owner=_KEY)))
    else:
        vault.open(sealed, owner=_KEY)
