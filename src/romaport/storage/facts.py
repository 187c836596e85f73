"""What every process on one database must agree on."""

from sqlalchemy import insert, select

from romaport.storage.database import Transaction
from romaport.storage.dialects import hold
from romaport.storage.tables import facts
from romaport.storage.vault import Vault

__all__ = ["check_key"]

_KEY = "secrets_key"
_KNOWN = b"romaport"


def check_key(tx: Transaction, vault: Vault) -> None:
    """Raise `SettingInvalid` if secrets lie under another key than this; the first to come says which it is."""
    hold(tx, f"fact:{_KEY}")
    sealed = tx.execute(select(facts.c.value).where(facts.c.name == _KEY)).scalar_one_or_none()
    if sealed is None:
        tx.execute(insert(facts).values(name=_KEY, value=vault.seal(_KNOWN, owner=_KEY)))
    else:
        vault.open(bytes(sealed), owner=_KEY)
