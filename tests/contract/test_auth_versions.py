"""What is remembered of a credential on a shared database holds until anything that decides about it has changed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.auth_system import AuthSystem, signed
from tests.support.stores import Store

from romaport.auth import Known

pytestmark = pytest.mark.stores("postgresql")

ALLOWING = '{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["roma:apps:*"]}]}'
DENYING = ALLOWING.replace("Allow", "Deny")

Change = Callable[[AuthSystem], object]
CHANGES: dict[str, Change] = {
    "user disabled": lambda system: system.directory.disable_user("ann"),
    "user enabled": lambda system: system.directory.enable_user("ann"),
    "user removed": lambda system: system.directory.remove_user("ann"),
    "password": lambda system: system.directory.set_password("ann", "another password"),
    "permission given": lambda system: system.directory.grant("ann", "dev", "ROMA ReadOnlyAccess"),
    "permission elsewhere": lambda system: system.directory.grant("ann", "prod", "ROMA ReadOnlyAccess"),
    "permission withdrawn": lambda system: system.directory.revoke_grant("ann", "dev", "ROMA FullAccess"),
    "own policy withdrawn": lambda system: system.directory.revoke_grant("ann", "dev", "Own"),
    "key removed": lambda system: system.directory.remove_key(system.directory.keys("ann")[0].access_key),
    # By an earlier release, or by hand: whoever changes a row needs to know nothing of those who remember.
    "grant row": lambda system: system.kept.change("delete from grants where policy_name = 'Own'"),
    "policy row": lambda system: system.kept.change("update policies set document = ? where name = 'Own'", DENYING),
    "user row": lambda system: system.kept.change("update users set enabled = 0 where name = 'ann'"),
}
OTHERS: dict[str, Change] = {
    "another user": lambda system: system.directory.disable_user("rob"),
    "another policy": lambda system: system.directory.add_policy("Other", ALLOWING),
    "another key": lambda system: system.directory.add_key("ann"),
    "another token": lambda system: system.token(),
}


@pytest.fixture
def system(tmp_path: Path, store: Store) -> AuthSystem:
    found = AuthSystem(tmp_path, store=store)
    found.directory.add_policy("Own", ALLOWING)
    found.directory.grant("ann", "dev", "Own")
    return found


@pytest.fixture
def token(system: AuthSystem) -> str:
    return system.token()


@pytest.fixture
def known(system: AuthSystem, token: str) -> dict[str, Known]:
    """What is remembered of a token, and of a signature."""
    key = system.directory.add_key("ann")
    request = signed(key, system.clock(), project=system.dev, path=f"/v2/{system.dev}/instances")
    system.gate.by_token(token, system.dev)
    system.gate.by_signature(request, system.dev)
    remembered = {
        "token": system.gate.remembered(token, system.dev),
        "key": system.gate.remembered_by_signature(request, system.dev),
    }
    return {name: found for name, found in remembered.items() if found is not None}


def confirmed(system: AuthSystem, known: dict[str, Known]) -> set[str]:
    """Answer what still holds."""

    async def read() -> set[str]:
        versions = system.database.versions
        assert versions is not None
        found = await versions.of(*(one.credential for one in known.values()))
        await versions.close()
        return {name for name, one in known.items() if one.confirmed(found) is one.caller}

    return asyncio.run(read())


def test_what_is_remembered_holds_while_nothing_changes(system: AuthSystem, known: dict[str, Known]) -> None:
    assert confirmed(system, known) == {"token", "key"}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_whatever_decides_about_a_credential_ends_what_is_remembered(
    system: AuthSystem, known: dict[str, Known], change: Change
) -> None:
    change(system)
    assert confirmed(system, known) == set()


def test_a_token_that_was_ended_is_remembered_no_longer_and_its_users_key_is(
    system: AuthSystem, known: dict[str, Known], token: str
) -> None:
    system.keystone.revoke(system.token(), token)
    assert confirmed(system, known) == {"key"}


@pytest.mark.parametrize("change", OTHERS.values(), ids=list(OTHERS))
def test_what_is_of_no_concern_to_a_credential_leaves_it_remembered(
    system: AuthSystem, known: dict[str, Known], change: Change
) -> None:
    change(system)
    assert confirmed(system, known) == {"token", "key"}
